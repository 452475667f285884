#include "verification_key.hpp"

#include <boost/json/serialize.hpp>

#include <openssl/err.h>

#include <algorithm>
#include <new>

namespace service {
namespace {

namespace json = boost::json;

// RFC 7518, 3.3.
constexpr std::size_t shortest_rsa_key = 2048;

std::shared_ptr<const cjose_jwk_t> owned(cjose_jwk_t* key) {
    return {key, [](cjose_jwk_t* last) { cjose_jwk_release(last); }};
}

std::string_view text_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
}

bool is_absent_or(const json::object& jwk, std::string_view name, std::string_view expected) {
    return !jwk.contains(name) || text_of(jwk, name) == expected;
}

bool may_verify(const json::object& jwk) {
    const auto* operations = jwk.if_contains("key_ops");
    if (!operations)
        return true;
    return operations->is_array() &&
           std::ranges::any_of(operations->get_array(), [](const json::value& one) { return one == "verify"; });
}

} // namespace

VerificationKey key_of_secret(std::string_view secret) {
    auto* key = cjose_jwk_create_oct_spec(reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size(), nullptr);
    if (!key)
        throw std::bad_alloc{};
    return {"HS256", owned(key)};
}

std::optional<VerificationKey> key_of_jwk(const json::object& jwk) {
    const auto kty = text_of(jwk, "kty");
    const bool rsa = kty == "RSA";
    if (!rsa && (kty != "EC" || text_of(jwk, "crv") != "P-256"))
        return std::nullopt;
    const std::string_view algorithm = rsa ? "RS256" : "ES256";
    if (!is_absent_or(jwk, "alg", algorithm) || !is_absent_or(jwk, "use", "sig") || !may_verify(jwk))
        return std::nullopt;

    json::object relevant;
    for (const std::string_view name : {"kty", "crv", "n", "e", "x", "y"})
        if (const auto* value = jwk.if_contains(name))
            relevant[name] = *value;
    const auto text = json::serialize(relevant);
    const auto key = owned(cjose_jwk_import(text.data(), text.size(), nullptr));
    ERR_clear_error();
    if (!key || (rsa && cjose_jwk_get_keysize(key.get(), nullptr) < shortest_rsa_key))
        return std::nullopt;
    return VerificationKey{algorithm, key};
}

} // namespace service
