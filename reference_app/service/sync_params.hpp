#pragma once

#include <understudy/reconciler_params.hpp>
#include <understudy/reconciler_schedule.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace service {

/// When and how the replica is reconciled.
struct SyncParams {
    /// Cron expressions, or `off`.
    std::string incremental = "* * * * *";
    std::string full = "0 */2 * * *";
    /// Where the expressions are told the time.
    std::string time_zone = "America/Toronto";
    understudy::ReconcilerParams passes{};
};

/// What is wrong with a cron expression or `off`; nothing if it can be used.
std::optional<std::string> problem_of_schedule(std::string_view text);

/// The schedule that the texts stand for, which must be right. Services that run side by side have different jitters.
understudy::ReconcilerSchedule schedule_of(const SyncParams& params);

} // namespace service
