#pragma once

#include <understudy/cron_expression.hpp>
#include <understudy/date_time.hpp>
#include <understudy/time_zone.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace understudy::detail {

// Clocks that are changed by this much are corrected, not put forward or back (cron(8), Notes).
inline constexpr std::chrono::hours clock_correction{3};

// The moments that a cron expression means in a time zone. Where clocks are put forward, a fixed-time expression that
// means a minute that is left out means the moment of the change; where they are put back, it means the first of two
// equal minutes only.
class CronFirings {
public:
    CronFirings(const CronExpression& expression, const TimeZone& zone)
        : expression_{expression}
        , zone_{zone} {}

    std::optional<Timestamp> next_after(Timestamp moment) const {
        using namespace std::chrono;
        constexpr milliseconds tick{1};
        for (auto span = zone_.span_at(moment);; span = zone_.span_at(span.end)) {
            // The last local time that does not count any more.
            auto passed = local(std::max(moment, before(span)), span.offset);
            if (expression_.fixed_time() && span.begin != Timestamp::min()) {
                const auto change = span.offset - zone_.span_at(span.begin - tick).offset;
                if (change > seconds{0} && change < clock_correction && moment < span.begin) {
                    const auto skipped = expression_.next_after(minute_of(passed - change));
                    if (!skipped)
                        return std::nullopt;
                    if (*skipped <= passed)
                        return span.begin;
                }
                if (change < seconds{0} && -change < clock_correction)
                    passed = std::max(passed, local(span.begin - tick, span.offset - change));
            }
            const auto next = expression_.next_after(minute_of(passed));
            if (!next)
                return std::nullopt;
            const auto at = Timestamp{next->time_since_epoch() - span.offset};
            if (span.end == Timestamp::max() || at < span.end)
                return at;
        }
    }

private:
    using Local = std::chrono::local_time<std::chrono::milliseconds>;

    static Timestamp before(const TimeZone::Span& span) noexcept {
        return span.begin == Timestamp::min() ? span.begin : span.begin - std::chrono::milliseconds{1};
    }
    static Local local(Timestamp moment, std::chrono::seconds offset) noexcept {
        return Local{moment.time_since_epoch() + offset};
    }
    static CivilMinute minute_of(Local moment) noexcept { return std::chrono::floor<std::chrono::minutes>(moment); }

    const CronExpression& expression_;
    const TimeZone& zone_;
};

} // namespace understudy::detail
