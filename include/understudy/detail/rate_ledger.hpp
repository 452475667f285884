#pragma once

#include <understudy/rate_report.hpp>
#include <understudy/read_options.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <deque>

namespace understudy::detail {

// The book of one bucket: which calls count against the rolling window, and from when another may be sent. Time counts
// from any fixed point of a monotonic clock.
class RateLedger {
public:
    using Instant = std::chrono::nanoseconds;

    RateLedger(int limit, Instant window, Instant margin, double reserve)
        : limit_{std::max(limit, 1)}
        , window_{window}
        , margin_{margin}
        , reserve_{reserve} {}

    int limit() const noexcept { return limit_; }

    // The earliest moment at which one more call may be sent, as far as is known; `now` if at once.
    Instant earliest(Priority priority, Instant now) {
        forget(now);
        const int room = std::max(usable_by(priority), 1) - 1;
        Instant at = when_counted_falls_to(room, now);
        if (now < foreign_until_ && foreign_ > 0) {
            const Instant without_others = std::max(at, foreign_until_);
            at = foreign_ <= room ? std::min(when_counted_falls_to(room - foreign_, now), without_others)
                                  : without_others;
        }
        return std::max(at, blocked_until_);
    }

    void take(Instant now) { expiries_.push_back(now + window_ + margin_); }

    void learn(const RateReport& report, Instant now) {
        if (report.interval.count() > 0)
            window_ = report.interval;
        if (report.limit && *report.limit > 0)
            limit_ = *report.limit;
        const Instant asked = now - report.elapsed;
        if (report.remaining && asked >= foreign_since_) {
            forget(now);
            // The server has counted those of ours that were sent before the call that it answers; what it has counted
            // beyond them was sent by others.
            const auto ours = std::count_if(expiries_.begin(), expiries_.end(),
                                            [&](Instant expiry) { return expiry - window_ - margin_ <= asked; });
            foreign_ = std::max(0, limit_ - *report.remaining - static_cast<int>(ours));
            foreign_since_ = asked;
            foreign_until_ = now + window_;
        }
        if (report.refused || report.retry_after)
            blocked_until_ =
                std::max(blocked_until_, now + Instant{report.retry_after.value_or(
                                                   std::chrono::duration_cast<std::chrono::milliseconds>(window_))});
    }

private:
    int usable_by(Priority priority) const noexcept {
        if (priority != Priority::background)
            return limit_;
        return limit_ - std::max(1, static_cast<int>(std::ceil(limit_ * reserve_)));
    }

    Instant when_counted_falls_to(int room, Instant now) const {
        const auto counted = static_cast<int>(expiries_.size());
        return counted <= room ? now : expiries_[static_cast<std::size_t>(counted - room - 1)];
    }

    void forget(Instant now) {
        while (!expiries_.empty() && expiries_.front() <= now)
            expiries_.pop_front();
    }

    int limit_;
    Instant window_;
    Instant margin_;
    double reserve_;
    std::deque<Instant> expiries_;
    int foreign_ = 0;
    Instant foreign_since_ = Instant::min();
    Instant foreign_until_{0};
    Instant blocked_until_{0};
};

} // namespace understudy::detail
