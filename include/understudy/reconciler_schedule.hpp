#pragma once

#include <understudy/cron_expression.hpp>
#include <understudy/date_time.hpp>
#include <understudy/schedule.hpp>
#include <understudy/time_zone.hpp>

#include <chrono>
#include <functional>

namespace understudy {

/// When passes are due.
struct ReconcilerSchedule {
    Schedule incremental = Schedule::every(std::chrono::minutes{1});
    Schedule full = Schedule::cron(CronExpression::parse("0 */2 * * *").value(), TimeZone::utc());
    /// Whether a full pass is due at once if none has ever come to its end, or one was interrupted.
    bool full_at_first = true;
    /// The time of day that cron expressions go by. Passes are not lost when it jumps, see `Schedule::next`.
    std::function<Timestamp()> wall_clock = [] {
        return std::chrono::floor<Timestamp::duration>(std::chrono::system_clock::now());
    };
};

} // namespace understudy
