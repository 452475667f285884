#include "admin_params.hpp"

#include <understudy/http/origin.hpp>

#include <algorithm>
#include <stdexcept>

namespace service {
namespace {

// RFC 7518, 3.2: a key for HS256 is no shorter than its hash.
constexpr std::size_t shortest_jwt_secret = 32;
constexpr std::size_t shortest_cron_secret = 16;

bool is_this_machine(std::string_view host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool is_visible(char c) {
    return c > 0x20 && c < 0x7f;
}

} // namespace

AdminParams read_admin_params(const std::function<std::optional<std::string>(std::string_view)>& environment,
                              std::vector<std::string>& problems) {
    const auto read = [&](std::string_view name) { return environment(name).value_or(std::string{}); };
    AdminParams params;
    params.supabase_url = read("SUPABASE_URL");
    params.ca_file = read("SUPABASE_CA_FILE");
    params.jwt_secret = read("SUPABASE_JWT_SECRET");
    params.issuer = read("SUPABASE_JWT_ISSUER");
    params.cron_secret = read("CRON_SECRET");

    while (params.supabase_url.ends_with('/'))
        params.supabase_url.pop_back();
    if (!params.supabase_url.empty()) {
        try {
            const auto origin = understudy::http::parse_origin(params.supabase_url);
            if (!origin.tls && !is_this_machine(origin.host))
                problems.emplace_back(
                    "SUPABASE_URL must start with https://: the keys of access tokens come from there");
        } catch (const std::invalid_argument& error) {
            problems.emplace_back(std::string{"SUPABASE_URL "} + error.what());
        }
        if (params.issuer.empty())
            params.issuer = params.supabase_url + "/auth/v1";
    }
    if (const auto& secret = params.jwt_secret; !secret.empty()) {
        if (secret.size() < shortest_jwt_secret)
            problems.emplace_back("SUPABASE_JWT_SECRET must have at least 32 bytes");
        if (!is_visible(secret.front()) || !is_visible(secret.back()))
            problems.emplace_back("SUPABASE_JWT_SECRET begins or ends with a blank or a line end");
        if (params.issuer.empty())
            problems.emplace_back("SUPABASE_JWT_SECRET needs SUPABASE_URL or SUPABASE_JWT_ISSUER: a token is believed "
                                  "only if the project itself issued it");
    }
    if (const auto& secret = params.cron_secret; !secret.empty()) {
        if (secret.size() < shortest_cron_secret)
            problems.emplace_back("CRON_SECRET must have at least 16 characters");
        if (!std::all_of(secret.begin(), secret.end(), &is_visible))
            problems.emplace_back("CRON_SECRET must be of letters, digits and signs in ASCII: it goes in a header");
    }
    return params;
}

} // namespace service
