#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace service {

/// Lets one event an interval through, so that an outage does not drown the log.
class LogThrottle {
public:
    using Clock = std::chrono::steady_clock;

    explicit LogThrottle(Clock::duration interval = std::chrono::seconds{1})
        : interval_{interval} {}

    /// How many events were held back since the last one that passed; nothing if this one is held back.
    std::optional<std::uint64_t> pass(Clock::time_point now) noexcept {
        if (last_ && now - *last_ < interval_) {
            ++held_back_;
            return std::nullopt;
        }
        last_ = now;
        return std::exchange(held_back_, 0);
    }

private:
    Clock::duration interval_;
    std::optional<Clock::time_point> last_;
    std::uint64_t held_back_ = 0;
};

} // namespace service
