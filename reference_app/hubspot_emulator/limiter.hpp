#pragma once

#include "instant.hpp"
#include "settings.hpp"

#include <deque>
#include <optional>

namespace hubspot_emulator {

enum class RatePolicy { ten_secondly_rolling, search_secondly, daily };

/// Counts calls exactly, in windows that end now. Refused calls take nothing from a window.
class Limiter {
public:
    std::optional<RatePolicy> admit(bool search, const LimitSettings& limits, Millis now);

    int remaining(const LimitSettings& limits, Millis now);
    int remaining_this_second(int limit, Millis now) const;
    std::int64_t remaining_today(const LimitSettings& limits, Millis now);
    void reset() { *this = {}; }

private:
    void forget(Millis now);

    std::deque<Millis> calls_, searches_;
    Millis day_ = 0;
    std::int64_t today_ = 0;
};

} // namespace hubspot_emulator
