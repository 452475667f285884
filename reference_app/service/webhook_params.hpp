#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace service {

/// Whose deliveries of events are believed.
struct WebhookParams {
    /// The app's client secret; several while one is replaced by another, none where nobody is believed. Never printed.
    std::vector<std::string> secrets;
    /// What HubSpot calls the service by, without a slash at the end: what it signs begins with it.
    std::string public_url;
    /// HubSpot waits for five seconds.
    std::chrono::milliseconds timeout{4'000};
};

/// Bytes of a delivery: a hundred events take some 50,000, and a value may have 65,536 of its own.
inline constexpr std::size_t webhook_body_limit = 1024 * 1024;

/// Reads `HUBSPOT_WEBHOOK_SECRET` and `PUBLIC_URL`; one that is set to nothing counts as not set. Adds what is wrong
/// with them to `problems`, a sentence each that names the variable and repeats no secret.
WebhookParams read_webhook_params(const std::function<std::optional<std::string>(std::string_view)>& environment,
                                  std::vector<std::string>& problems);

} // namespace service
