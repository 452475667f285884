#pragma once

#include <understudy/date_time.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace understudy {

/// How far the clocks of a place are ahead of UTC, and when they change. Bound to whatever library knows the places:
/// the core knows none. Copies are cheap; as safe to use from several threads as what it is bound to.
class TimeZone {
public:
    /// A stretch of time in which the clocks are not changed.
    struct Span {
        /// Where it begins; `Timestamp::min()` if it always was so.
        Timestamp begin;
        /// The first moment after it; `Timestamp::max()` if it always will be so.
        Timestamp end;
        /// Local time less UTC.
        std::chrono::seconds offset;
    };

    /// `span_at` answers with the stretch that a moment is in. Neighbouring stretches meet: the moment before one's
    /// begin is in the one before it.
    explicit TimeZone(std::function<Span(Timestamp)> span_at)
        : span_at_{std::move(span_at)} {}

    static TimeZone utc() {
        return TimeZone{[](Timestamp) { return Span{Timestamp::min(), Timestamp::max(), std::chrono::seconds{0}}; }};
    }

    Span span_at(Timestamp moment) const { return span_at_(moment); }

private:
    std::function<Span(Timestamp)> span_at_;
};

} // namespace understudy
