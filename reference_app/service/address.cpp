#include "address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace service {
namespace {

constexpr std::size_t mapped_prefix = 12;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Proxies write `address`, `address:port`, `[address]` or `[address]:port`.
std::optional<Address> parse_hop(std::string_view text) {
    text = trimmed(text);
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        return end == std::string_view::npos ? std::nullopt : Address::parse(text.substr(1, end - 1));
    }
    if (std::count(text.begin(), text.end(), ':') == 1)
        text = text.substr(0, text.find(':'));
    return Address::parse(text);
}

} // namespace

Address::Address(const std::array<std::uint8_t, 4>& v4) noexcept {
    bytes_[10] = bytes_[11] = 0xff;
    std::copy(v4.begin(), v4.end(), bytes_.begin() + mapped_prefix);
}

std::optional<Address> Address::parse(std::string_view text) {
    const std::string terminated{text};
    if (terminated.size() != std::char_traits<char>::length(terminated.c_str()))
        return std::nullopt;
    std::array<std::uint8_t, 4> v4{};
    if (::inet_pton(AF_INET, terminated.c_str(), v4.data()) == 1)
        return Address{v4};
    Bytes v6{};
    if (::inet_pton(AF_INET6, terminated.c_str(), v6.data()) == 1)
        return Address{v6};
    return std::nullopt;
}

bool Address::is_v4() const noexcept {
    return std::all_of(bytes_.begin(), bytes_.begin() + 10, [](auto byte) { return byte == 0; }) &&
           bytes_[10] == 0xff && bytes_[11] == 0xff;
}

std::string Address::text() const {
    char buffer[INET6_ADDRSTRLEN] = "";
    if (is_v4())
        ::inet_ntop(AF_INET, bytes_.data() + mapped_prefix, buffer, sizeof buffer);
    else
        ::inet_ntop(AF_INET6, bytes_.data(), buffer, sizeof buffer);
    return buffer;
}

Address Address::prefix(unsigned bits) const noexcept {
    Address cut = *this;
    for (unsigned i = 0; i < cut.bytes_.size(); ++i) {
        const unsigned kept = std::clamp(bits, 8 * i, 8 * i + 8) - 8 * i;
        cut.bytes_[i] = static_cast<std::uint8_t>(cut.bytes_[i] & (0xff00u >> kept));
    }
    return cut;
}

std::optional<Network> Network::parse(std::string_view text) {
    const auto slash = text.find('/');
    const auto base = Address::parse(text.substr(0, slash));
    if (!base)
        return std::nullopt;
    const unsigned width = base->is_v4() ? 32 : 128;
    unsigned bits = width;
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (error != std::errc{} || end != digits.data() + digits.size() || bits > width)
            return std::nullopt;
    }
    Network network;
    network.bits_ = 128 - width + bits;
    network.base_ = base->prefix(network.bits_);
    return network.base_ == *base ? std::optional{network} : std::nullopt;
}

Address client_of(const Address& peer, std::string_view forwarded_for, std::span<const Network> trusted) {
    const auto is_proxy = [&](const Address& address) {
        return std::any_of(trusted.begin(), trusted.end(), [&](const Network& n) { return n.contains(address); });
    };
    Address client = peer;
    while (!forwarded_for.empty() && is_proxy(client)) {
        const auto comma = forwarded_for.rfind(',');
        const auto hop = parse_hop(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1));
        if (!hop)
            break;
        client = *hop;
        forwarded_for = comma == std::string_view::npos ? std::string_view{} : forwarded_for.substr(0, comma);
    }
    return client;
}

} // namespace service
