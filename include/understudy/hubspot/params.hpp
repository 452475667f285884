#pragma once

#include <understudy/http/origin.hpp>
#include <understudy/hubspot/error_detail.hpp>
#include <understudy/hubspot/paths.hpp>
#include <understudy/rate_report.hpp>
#include <understudy/read_options.hpp>

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace understudy::hubspot {

/// Waits until one more call may be sent, at most as long as the options say and in the order of their priority, and
/// says whether it may.
using Permit = std::function<void(RateBucket, const ReadOptions&, std::function<void(boost::system::error_code)>)>;

/// How to talk to one HubSpot account.
struct Params {
    /// A service key or a private app's token. Never printed.
    std::string access_token{};
    std::string base_url = "https://api.hubapi.com";
    /// See `is_api_version`.
    std::string api_version = "2026-09";
    /// A PEM file with the certificates to trust instead of the system's; empty for the system's.
    std::string ca_file{};
    /// Connections at the same time; one call occupies one.
    std::size_t max_connections = 16;
    /// Gets what each answer says about the limits.
    RateObserver on_rate{};
    /// Asked before each further call of a store's operation: a store that is `Budgeted` was given a permit for one,
    /// and an answer that leaves questions open leads to more. May be empty.
    Permit permit{};
    /// Gets the detail of each failure.
    ErrorObserver on_error{};
};

/// Finds a setting by its name, as `std::getenv` does.
using Lookup = std::function<std::optional<std::string>(std::string_view)>;

/// Reads `HUBSPOT_ACCESS_TOKEN` (required), `HUBSPOT_BASE_URL`, `HUBSPOT_API_VERSION` and `HUBSPOT_CA_FILE`; one that
/// is set to nothing counts as not set. Throws `std::invalid_argument` that names every setting that is missing or
/// wrong.
inline Params params_from(const Lookup& lookup) {
    Params params;
    std::string wrong;
    const auto complain = [&wrong](std::string_view what) { wrong.append(wrong.empty() ? "" : "; ").append(what); };
    const auto read = [&lookup](std::string_view name, std::string& into) {
        if (auto value = lookup(name); value && !value->empty())
            into = std::move(*value);
    };
    read("HUBSPOT_ACCESS_TOKEN", params.access_token);
    read("HUBSPOT_BASE_URL", params.base_url);
    read("HUBSPOT_API_VERSION", params.api_version);
    read("HUBSPOT_CA_FILE", params.ca_file);

    if (params.access_token.empty())
        complain("HUBSPOT_ACCESS_TOKEN is not set: it must hold a service key or the token of a private app");
    else if (!std::ranges::all_of(params.access_token, [](char c) { return c > 0x20 && c < 0x7f; }))
        complain("HUBSPOT_ACCESS_TOKEN holds characters that no token has (blanks, line ends or letters beyond ASCII)");
    try {
        http::parse_origin(params.base_url);
    } catch (const std::invalid_argument& error) {
        complain(std::string{"HUBSPOT_BASE_URL "} + error.what());
    }
    if (!is_api_version(params.api_version))
        complain("HUBSPOT_API_VERSION must be v3 or a dated version such as 2026-09");
    if (!wrong.empty())
        throw std::invalid_argument{wrong};
    return params;
}

} // namespace understudy::hubspot
