#pragma once

#include <understudy/guarded_params.hpp>

#include <chrono>
#include <cstdint>

namespace understudy::detail {

// A circuit breaker. Time counts from any fixed point of a monotonic clock.
class Breaker {
public:
    using Instant = std::chrono::nanoseconds;

    enum class State : std::uint8_t { closed, open };

    explicit Breaker(const GuardedParams& params)
        : params_{params} {}

    State state() const noexcept { return failures_ >= params_.failures_to_open ? State::open : State::closed; }

    // Whether a call may go out now. While open, one probe per interval may.
    bool admit(Instant now) noexcept {
        if (state() == State::closed)
            return true;
        if (now < next_probe_)
            return false;
        next_probe_ = now + params_.probe_interval;
        return true;
    }

    // Whether the last that was heard of the store, not long ago, was a failure.
    bool failing(Instant now) const noexcept { return failures_ > 0 && now - last_failure_ < params_.memory; }

    void on_success() noexcept { failures_ = 0; }

    void on_failure(Instant now) noexcept {
        last_failure_ = now;
        if (state() == State::open)
            return;
        if (++failures_ == params_.failures_to_open)
            next_probe_ = now + params_.probe_interval;
    }

private:
    GuardedParams params_;
    int failures_ = 0;
    Instant last_failure_{0};
    Instant next_probe_{0};
};

} // namespace understudy::detail
