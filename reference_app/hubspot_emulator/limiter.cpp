#include "limiter.hpp"

#include <algorithm>

namespace hubspot_emulator {

void Limiter::forget(Millis now) {
    while (!calls_.empty() && calls_.front() <= now - 10 * second_ms)
        calls_.pop_front();
    while (!searches_.empty() && searches_.front() <= now - second_ms)
        searches_.pop_front();
    if (now / day_ms != day_) {
        day_ = now / day_ms;
        today_ = 0;
    }
}

std::optional<RatePolicy> Limiter::admit(bool search, const LimitSettings& limits, Millis now) {
    forget(now);
    if (today_ >= limits.per_day)
        return RatePolicy::daily;
    if (search && static_cast<int>(searches_.size()) >= limits.searches_per_second)
        return RatePolicy::search_secondly;
    if (!search && static_cast<int>(calls_.size()) >= limits.per_ten_seconds)
        return RatePolicy::ten_secondly_rolling;
    ++today_;
    (search ? searches_ : calls_).push_back(now);
    return {};
}

int Limiter::remaining(const LimitSettings& limits, Millis now) {
    forget(now);
    return std::max(0, limits.per_ten_seconds - static_cast<int>(calls_.size()));
}

int Limiter::remaining_this_second(int limit, Millis now) const {
    auto begin = std::upper_bound(calls_.begin(), calls_.end(), now - second_ms);
    return std::max(0, limit - static_cast<int>(calls_.end() - begin));
}

std::int64_t Limiter::remaining_today(const LimitSettings& limits, Millis now) {
    forget(now);
    return std::max<std::int64_t>(0, limits.per_day - today_);
}

} // namespace hubspot_emulator
