#pragma once

#include "rate_limiter.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace service {

/// Which answered requests are worth a line in the log.
enum class AccessLog : std::uint8_t {
    off,
    /// Server errors and those that took longer than a second.
    problems,
    all,
};

struct ApplicationParams {
    RateLimiterParams rate_limit{};
    /// Origins that may call from a browser; `*` stands for every one.
    std::vector<std::string> cors_origins;
    AccessLog access_log = AccessLog::problems;
};

} // namespace service
