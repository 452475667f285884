#include "webhook_params.hpp"

#include <understudy/http/origin.hpp>

#include <algorithm>
#include <stdexcept>

namespace service {
namespace {

constexpr std::size_t shortest_secret = 16;

bool is_visible(char c) {
    return c > 0x20 && c < 0x7f;
}

} // namespace

WebhookParams read_webhook_params(const std::function<std::optional<std::string>(std::string_view)>& environment,
                                  std::vector<std::string>& problems) {
    WebhookParams params;
    const auto secrets = environment("HUBSPOT_WEBHOOK_SECRET").value_or(std::string{});
    for (std::size_t at = 0; at < secrets.size();) {
        const auto comma = std::min(secrets.find(',', at), secrets.size());
        params.secrets.push_back(secrets.substr(at, comma - at));
        at = comma + 1;
    }
    for (const auto& secret : params.secrets) {
        if (secret.size() >= shortest_secret && std::all_of(secret.begin(), secret.end(), &is_visible))
            continue;
        problems.emplace_back("HUBSPOT_WEBHOOK_SECRET must be the app's client secret, 16 characters at least and no "
                              "blanks; several are separated by commas");
        break;
    }

    params.public_url = environment("PUBLIC_URL").value_or(std::string{});
    while (params.public_url.ends_with('/'))
        params.public_url.pop_back();
    if (!params.public_url.empty()) {
        try {
            understudy::http::parse_origin(params.public_url);
        } catch (const std::invalid_argument& error) {
            problems.emplace_back(std::string{"PUBLIC_URL "} + error.what());
        }
    } else if (!params.secrets.empty()) {
        problems.emplace_back("HUBSPOT_WEBHOOK_SECRET needs PUBLIC_URL, the address that HubSpot calls: its signature "
                              "covers it");
    }
    return params;
}

} // namespace service
