#include "admin_gate.hpp"

#include "admin_responses.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>
#include <utility>

namespace service {
namespace {

// What follows `Bearer` (RFC 6750, 2.1); empty if there is no such thing.
std::string_view bearer_of(std::string_view authorization) {
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() < scheme.size())
        return {};
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        const char c = authorization[i];
        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != scheme[i])
            return {};
    }
    authorization.remove_prefix(std::min(authorization.find_first_not_of(' ', scheme.size()), authorization.size()));
    return authorization;
}

// Takes as long whatever they have in common, their lengths included.
bool are_same(std::string_view one, std::string_view other) {
    const auto digest = [](std::string_view text) {
        std::array<unsigned char, SHA256_DIGEST_LENGTH> into;
        SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), into.data());
        return into;
    };
    const auto left = digest(one);
    const auto right = digest(other);
    return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

Response not_believed(TokenRefusal refusal) {
    return unauthorized(name_of(refusal));
}

} // namespace

AdminGate::AdminGate(AdminParams params, KeySet& keys, Now now)
    : params_{std::move(params)}
    , keys_{keys}
    , now_{std::move(now)} {
    if (!params_.jwt_secret.empty())
        secret_ = key_of_secret(params_.jwt_secret);
}

void AdminGate::admit(std::string_view authorization, Access access, Handler handler) {
    if (access == Access::anyone)
        return handler(AdminCaller{});
    const bool enabled = access == Access::cron ? !params_.cron_secret.empty() : params_.believes_tokens();
    if (!enabled)
        return handler(admin_disabled());
    const auto shown = bearer_of(authorization);
    if (shown.empty())
        return handler(unauthorized("no_token"));
    if (access == Access::cron)
        return handler(admit_cron(shown));
    admit_user(std::string{shown}, access, std::move(handler));
}

AdminGate::Admission AdminGate::admit_cron(std::string_view secret) const {
    if (!are_same(secret, params_.cron_secret))
        return unauthorized("wrong_secret");
    return AdminCaller{"cron"};
}

void AdminGate::admit_user(std::string token, Access access, Handler handler) {
    auto header = read_token_header(token);
    if (const auto* refusal = std::get_if<TokenRefusal>(&header))
        return handler(not_believed(*refusal));
    auto& [algorithm, kid] = std::get<TokenHeader>(header);
    if (algorithm == "HS256" && secret_)
        return handler(judge(token, *secret_, access));
    if (algorithm == "HS256" || params_.supabase_url.empty())
        return handler(not_believed(TokenRefusal::algorithm));
    keys_.find(std::move(kid),
               [this, token = std::move(token), access, handler = std::move(handler)](const KeySet::Answer& answer) {
                   if (const auto* key = std::get_if<VerificationKey>(&answer))
                       handler(judge(token, *key, access));
                   else if (const auto* unavailable = std::get_if<KeySet::Unavailable>(&answer))
                       handler(authentication_unavailable(unavailable->retry_after));
                   else
                       handler(not_believed(TokenRefusal::unknown_key));
               });
}

AdminGate::Admission AdminGate::judge(std::string_view token, const VerificationKey& key, Access access) const {
    const TokenRules rules{params_.issuer, params_.audience};
    auto verdict = verify_access_token(token, key, rules, now_());
    if (const auto* refusal = std::get_if<TokenRefusal>(&verdict))
        return not_believed(*refusal);
    auto& accepted = std::get<AccessToken>(verdict);
    if (!accepted.permits(permission_of(access)))
        return forbidden(accepted.subject);
    return AdminCaller{std::move(accepted.subject)};
}

} // namespace service
