#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace service {

/// An IP address. IPv4 addresses are kept as IPv4-mapped IPv6 ones (RFC 4291, section 2.5.5.2), so one client has one
/// address whichever socket it came through.
class Address {
public:
    using Bytes = std::array<std::uint8_t, 16>;

    Address() = default;
    explicit Address(const Bytes& v6) noexcept
        : bytes_{v6} {}
    explicit Address(const std::array<std::uint8_t, 4>& v4) noexcept;

    static std::optional<Address> parse(std::string_view text);

    const Bytes& bytes() const noexcept { return bytes_; }
    bool is_v4() const noexcept;
    std::string text() const;

    /// The address with all bits after the first `bits` (of 128) cleared.
    Address prefix(unsigned bits) const noexcept;

    friend bool operator==(const Address&, const Address&) = default;

private:
    Bytes bytes_{};
};

/// A block of addresses in CIDR notation: `10.0.0.0/8`, `2001:db8::/32`, or a single address.
class Network {
public:
    /// Nothing if the text is no network or has bits set behind its prefix.
    static std::optional<Network> parse(std::string_view text);

    bool contains(const Address& address) const noexcept { return address.prefix(bits_) == base_; }

private:
    Address base_;
    unsigned bits_ = 128;
};

/// Who sent a request. `X-Forwarded-For` is believed only as far as trusted proxies wrote it: read from the right, the
/// first address that is not a trusted proxy is the client. What cannot be read ends the walk at the proxy before it.
Address client_of(const Address& peer, std::string_view forwarded_for, std::span<const Network> trusted);

/// The address that limits are counted for: an IPv6 client owns its whole /64.
inline Address limit_key(const Address& client) noexcept {
    return client.is_v4() ? client : client.prefix(64);
}

} // namespace service
