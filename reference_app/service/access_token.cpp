#include "access_token.hpp"

#include <boost/json/parse.hpp>

#include <cjose/base64.h>
#include <cjose/jws.h>
#include <cjose/util.h>

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>

namespace service {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_token = 8 * 1024;
constexpr std::size_t longest_subject = 256;
// 64 bytes in base64url.
constexpr std::size_t es256_signature_size = 86;

struct Parts {
    std::string_view header;
    std::string_view payload;
    std::string_view signature;
};

// Base64url without padding (RFC 7515, 2), which the library's own decoder does not insist on.
bool is_base64url(std::string_view text) {
    return !text.empty() && text.size() % 4 != 1 && std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

std::optional<Parts> split(std::string_view token) {
    const auto first = token.find('.');
    if (first == token.npos)
        return std::nullopt;
    const auto second = token.find('.', first + 1);
    if (second == token.npos)
        return std::nullopt;
    // A third dot is no letter of the signature.
    const Parts parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1)};
    if (!is_base64url(parts.header) || !is_base64url(parts.payload) || !is_base64url(parts.signature))
        return std::nullopt;
    return parts;
}

std::optional<json::object> parse_object(std::string_view text) {
    boost::system::error_code error;
    auto value = json::parse(text, error);
    if (error || !value.is_object())
        return std::nullopt;
    return std::move(value.get_object());
}

std::optional<json::object> decode_object(std::string_view part) {
    std::uint8_t* bytes = nullptr;
    std::size_t size = 0;
    if (!cjose_base64url_decode(part.data(), part.size(), &bytes, &size, nullptr))
        return std::nullopt;
    const std::unique_ptr<std::uint8_t, cjose_dealloc_fn_t> owner{bytes, cjose_get_dealloc()};
    return parse_object({reinterpret_cast<const char*>(bytes), size});
}

std::string_view text_of(const json::value& value) {
    return value.is_string() ? std::string_view{value.get_string()} : std::string_view{};
}

std::string_view text_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value ? text_of(*value) : std::string_view{};
}

// Seconds since 1970, with fractions (RFC 7519, 2).
std::optional<double> date_of(const json::object& claims, std::string_view name) {
    const auto* value = claims.if_contains(name);
    return value && value->is_number() ? std::optional{value->to_number<double>()} : std::nullopt;
}

// The claims, if the signature is the key's.
std::optional<json::object> signed_claims(std::string_view token, const VerificationKey& key) {
    const std::unique_ptr<cjose_jws_t, decltype(&cjose_jws_release)> jws{
        cjose_jws_import(token.data(), token.size(), nullptr), &cjose_jws_release};
    const bool genuine = jws && cjose_jws_verify(jws.get(), key.key.get(), nullptr);
    // What a forged signature leaves there is not for the next TLS connection of this thread to find.
    ERR_clear_error();
    std::uint8_t* payload = nullptr;
    std::size_t size = 0;
    if (!genuine || !cjose_jws_get_plaintext(jws.get(), &payload, &size, nullptr))
        return std::nullopt;
    return parse_object({reinterpret_cast<const char*>(payload), size});
}

bool is_meant_for(const json::object& claims, std::string_view audience) {
    const auto* value = claims.if_contains("aud");
    if (!value)
        return false;
    if (const auto* several = value->if_array())
        return std::ranges::any_of(*several, [&](const json::value& one) { return text_of(one) == audience; });
    return text_of(*value) == audience;
}

void add_permissions(const json::object& from, std::vector<std::string>& into) {
    const auto* value = from.if_contains("permissions");
    const auto* list = value ? value->if_array() : nullptr;
    if (!list)
        return;
    for (const auto& one : *list)
        if (const auto* text = one.if_string())
            into.emplace_back(*text);
}

} // namespace

bool AccessToken::permits(std::string_view permission) const noexcept {
    return std::ranges::find(permissions, permission) != permissions.end();
}

std::string_view name_of(TokenRefusal refusal) noexcept {
    constexpr std::array<std::string_view, 10> names{"too_long",      "malformed", "algorithm", "unknown_key",
                                                     "signature",     "issuer",    "audience",  "expired",
                                                     "not_yet_valid", "incomplete"};
    return names[static_cast<std::size_t>(refusal)];
}

std::variant<TokenHeader, TokenRefusal> read_token_header(std::string_view token) {
    if (token.size() > longest_token)
        return TokenRefusal::too_long;
    const auto parts = split(token);
    const auto header = parts ? decode_object(parts->header) : std::nullopt;
    if (!header || header->contains("crit"))
        return TokenRefusal::malformed;
    const auto algorithm = text_of(*header, "alg");
    if (algorithm != "HS256" && algorithm != "RS256" && algorithm != "ES256")
        return TokenRefusal::algorithm;
    if (algorithm == "ES256" && parts->signature.size() != es256_signature_size)
        return TokenRefusal::signature;
    return TokenHeader{std::string{algorithm}, std::string{text_of(*header, "kid")}};
}

std::variant<AccessToken, TokenRefusal> verify_access_token(std::string_view token, const VerificationKey& key,
                                                            const TokenRules& rules, understudy::Timestamp now) {
    const auto header = read_token_header(token);
    if (const auto* refusal = std::get_if<TokenRefusal>(&header))
        return *refusal;
    if (std::get<TokenHeader>(header).algorithm != key.algorithm)
        return TokenRefusal::algorithm;
    const auto claims = signed_claims(token, key);
    if (!claims)
        return TokenRefusal::signature;

    if (text_of(*claims, "iss") != rules.issuer)
        return TokenRefusal::issuer;
    if (!is_meant_for(*claims, rules.audience))
        return TokenRefusal::audience;
    const std::chrono::duration<double> time = now.time_since_epoch();
    const auto leeway = static_cast<double>(rules.leeway.count());
    const auto expires = date_of(*claims, "exp");
    if (!expires)
        return TokenRefusal::incomplete;
    if (time.count() >= *expires + leeway)
        return TokenRefusal::expired;
    if (claims->contains("nbf")) {
        const auto begins = date_of(*claims, "nbf");
        if (!begins)
            return TokenRefusal::incomplete;
        if (time.count() + leeway < *begins)
            return TokenRefusal::not_yet_valid;
    }
    AccessToken accepted;
    accepted.subject = text_of(*claims, "sub");
    if (accepted.subject.empty() || accepted.subject.size() > longest_subject)
        return TokenRefusal::incomplete;
    add_permissions(*claims, accepted.permissions);
    if (const auto* metadata = claims->if_contains("app_metadata"); metadata && metadata->is_object())
        add_permissions(metadata->get_object(), accepted.permissions);
    return accepted;
}

} // namespace service
