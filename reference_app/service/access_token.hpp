#pragma once

#include "verification_key.hpp"

#include <understudy/date_time.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace service {

/// What a verified access token says of who shows it.
struct AccessToken {
    /// The user's id.
    std::string subject;
    /// From the claims `permissions` and `app_metadata.permissions`, an array of texts each.
    std::vector<std::string> permissions;

    bool permits(std::string_view permission) const noexcept;
};

/// Why a token is not believed.
enum class TokenRefusal : std::uint8_t {
    too_long,
    malformed,
    algorithm,
    unknown_key,
    signature,
    issuer,
    audience,
    expired,
    not_yet_valid,
    incomplete,
};

/// In a word, for the log.
std::string_view name_of(TokenRefusal refusal) noexcept;

/// What a token says of its signature. Whoever made it says so, so that it chooses a key and nothing else.
struct TokenHeader {
    /// `HS256`, `RS256` or `ES256`.
    std::string algorithm;
    /// The key's id; empty where the token names none.
    std::string kid;
};

/// What is demanded of a token.
struct TokenRules {
    std::string issuer;
    std::string audience;
    /// How far the clocks of those who issue and those who verify may be apart.
    std::chrono::seconds leeway{30};
};

/// Reads the header of a JSON Web Token in its compact form (RFC 7515, 7.1): three parts in base64url without padding,
/// 8 KiB at most, an algorithm of the three, no critical extensions.
std::variant<TokenHeader, TokenRefusal> read_token_header(std::string_view token);

/// Verifies a token as Supabase Auth issues them: its algorithm is the key's own, its signature is the key's, `iss` is
/// the issuer, `aud` is or holds the audience, `exp` is there and not over at `now`, `nbf` is not ahead of it, `sub`
/// names somebody.
///
/// Permissions are an array of texts in the claim `permissions`, where a custom access token hook puts what it adds, or
/// in `app_metadata`, which only the project's own back end can write; what else is there counts for nothing, above all
/// `user_metadata`, which users write themselves. Sources: supabase.com/docs/guides/auth/jwt-fields and
/// …/auth/auth-hooks/custom-access-token-hook.
std::variant<AccessToken, TokenRefusal> verify_access_token(std::string_view token, const VerificationKey& key,
                                                            const TokenRules& rules, understudy::Timestamp now);

} // namespace service
