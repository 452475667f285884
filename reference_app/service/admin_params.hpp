#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace service {

/// Whom the admin endpoints believe.
struct AdminParams {
    /// `https://<project>.supabase.co`, where the keys of the project's access tokens are published; empty for none.
    std::string supabase_url;
    /// A PEM file with the certificates to trust there instead of the system's; empty for the system's.
    std::string ca_file;
    /// What tokens are signed with by HS256; empty where none is believed that is. Never printed.
    std::string jwt_secret;
    /// Who must have issued a token.
    std::string issuer;
    /// Whom a token must be meant for: Supabase gives `authenticated` to those who have signed in.
    std::string audience = "authenticated";
    /// What the timed jobs show; empty where they are not let in. Never printed.
    std::string cron_secret;

    bool believes_tokens() const noexcept { return !supabase_url.empty() || !jwt_secret.empty(); }
};

/// Reads `SUPABASE_URL`, `SUPABASE_CA_FILE`, `SUPABASE_JWT_SECRET`, `SUPABASE_JWT_ISSUER` and `CRON_SECRET`; one that
/// is set to nothing counts as not set. Adds what is wrong with them to `problems`, a sentence each that names the
/// variable and repeats no secret.
AdminParams read_admin_params(const std::function<std::optional<std::string>(std::string_view)>& environment,
                              std::vector<std::string>& problems);

} // namespace service
