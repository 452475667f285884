#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <ctime>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

inline constexpr std::string_view jwt_secret = "a-secret-of-more-than-thirty-two-bytes";
inline constexpr std::string_view jwt_issuer = "https://project.supabase.co/auth/v1";

inline std::string base64url(std::string_view text) {
    std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
    const auto size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(size));
    while (out.ends_with('='))
        out.pop_back();
    for (char& c : out)
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    return out;
}

/// A token of somebody with these permissions, as Supabase Auth signs it by HS256.
inline std::string admin_token(std::initializer_list<std::string_view> permissions) {
    namespace json = boost::json;
    json::array all;
    for (const auto permission : permissions)
        all.emplace_back(permission);
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    const json::object claims{{"iss", jwt_issuer},      {"sub", "8ccaa7af-909f-44e7-84cb-67cdccb56be6"},
                              {"aud", "authenticated"}, {"exp", now + 3600},
                              {"iat", now - 60},        {"role", "authenticated"},
                              {"permissions", all}};
    const auto text = base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + base64url(json::serialize(claims));
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    HMAC(EVP_sha256(), jwt_secret.data(), static_cast<int>(jwt_secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
    return text + "." + base64url({reinterpret_cast<const char*>(digest.data()), size});
}

} // namespace tests
