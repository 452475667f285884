#pragma once

#include "verification_key.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cjose/base64.h>
#include <cjose/jws.h>
#include <cjose/util.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

/// In base64url, as a part of a token.
inline std::string encoded(std::string_view text) {
    char* out = nullptr;
    std::size_t size = 0;
    cjose_base64url_encode(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), &out, &size, nullptr);
    std::string result{out, size};
    cjose_get_dealloc()(out);
    return result;
}

/// Makes tokens, as Supabase Auth does.
class TokenMaker {
public:
    static TokenMaker hs256(std::string_view secret) {
        return {cjose_jwk_create_oct_spec(reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size(), nullptr),
                "HS256", ""};
    }
    static TokenMaker rs256(std::string kid, std::size_t bits = 2048) {
        constexpr std::uint8_t exponent[] = {1, 0, 1};
        return {cjose_jwk_create_RSA_random(bits, exponent, sizeof exponent, nullptr), "RS256", std::move(kid)};
    }
    static TokenMaker es256(std::string kid, cjose_jwk_ec_curve curve = CJOSE_JWK_EC_P_256) {
        return {cjose_jwk_create_EC_random(curve, nullptr), "ES256", std::move(kid)};
    }

    /// The same key under another algorithm's name.
    TokenMaker calling_itself(std::string algorithm) const {
        auto other = *this;
        other.algorithm_ = std::move(algorithm);
        return other;
    }
    TokenMaker with_kid(std::string kid) const {
        auto other = *this;
        other.kid_ = std::move(kid);
        return other;
    }

    std::string operator()(const boost::json::value& claims) const {
        boost::json::object header{{"alg", algorithm_}, {"typ", "JWT"}};
        if (!kid_.empty())
            header["kid"] = kid_;
        return sign(header, boost::json::serialize(claims));
    }
    std::string sign(const boost::json::object& header, std::string_view payload) const {
        const std::unique_ptr<cjose_header_t, decltype(&cjose_header_release)> own{cjose_header_new(nullptr),
                                                                                   &cjose_header_release};
        for (const auto& member : header) {
            const std::string name{member.key()};
            if (const auto* value = member.value().if_string())
                cjose_header_set(own.get(), name.c_str(), value->c_str(), nullptr);
            else
                cjose_header_set_raw(own.get(), name.c_str(), boost::json::serialize(member.value()).c_str(), nullptr);
        }
        const std::unique_ptr<cjose_jws_t, decltype(&cjose_jws_release)> jws{
            cjose_jws_sign(key_.get(), own.get(), reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size(),
                           nullptr),
            &cjose_jws_release};
        const char* text = nullptr;
        if (!jws || !cjose_jws_export(jws.get(), &text, nullptr))
            throw std::runtime_error{"cannot sign with " + algorithm_};
        return text;
    }

    /// As a set of keys has it.
    boost::json::object public_jwk() const {
        char* text = cjose_jwk_to_json(key_.get(), false, nullptr);
        auto jwk = boost::json::parse(text).as_object();
        cjose_get_dealloc()(text);
        jwk["kid"] = kid_;
        jwk["alg"] = algorithm_;
        jwk["use"] = "sig";
        jwk["key_ops"] = boost::json::array{"verify"};
        return jwk;
    }
    service::VerificationKey public_key() const { return service::key_of_jwk(public_jwk()).value(); }

private:
    TokenMaker(cjose_jwk_t* key, std::string algorithm, std::string kid)
        : key_{key, [](cjose_jwk_t* last) { cjose_jwk_release(last); }}
        , algorithm_{std::move(algorithm)}
        , kid_{std::move(kid)} {}

    std::shared_ptr<cjose_jwk_t> key_;
    std::string algorithm_;
    std::string kid_;
};

namespace sample {

inline constexpr std::string_view secret = "a-secret-of-more-than-thirty-two-bytes";
inline constexpr std::string_view issuer = "https://project.supabase.co/auth/v1";
inline constexpr std::int64_t now = 1'800'000'000;

/// What Supabase puts into a token of somebody who has signed in.
inline boost::json::object claims() {
    return {{"iss", issuer},
            {"sub", "8ccaa7af-909f-44e7-84cb-67cdccb56be6"},
            {"aud", "authenticated"},
            {"exp", now + 3600},
            {"iat", now - 60},
            {"email", "ann@example.org"},
            {"app_metadata", {{"provider", "email"}}},
            {"user_metadata", boost::json::object{}},
            {"role", "authenticated"}};
}
/// The same with one claim put, or taken away by null.
inline boost::json::object claims_with(std::string_view name, boost::json::value value) {
    auto all = claims();
    if (value.is_null())
        all.erase(name);
    else
        all[name] = std::move(value);
    return all;
}

} // namespace sample
