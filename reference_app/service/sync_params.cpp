#include "sync_params.hpp"

#include "zone_of.hpp"

#include <understudy/cron_expression.hpp>

#include <chrono>
#include <random>

namespace service {
namespace {

using understudy::CronExpression;
using understudy::Schedule;

constexpr std::string_view off = "off";

Schedule schedule(std::string_view text, const understudy::TimeZone& zone, std::chrono::milliseconds jitter) {
    if (text == off)
        return Schedule::never();
    return Schedule::cron(CronExpression::parse(text).value(), zone).jittered(jitter, std::random_device{}());
}

} // namespace

std::optional<std::string> problem_of_schedule(std::string_view text) {
    if (text == off)
        return std::nullopt;
    const auto parsed = CronExpression::parse(text);
    if (parsed)
        return std::nullopt;
    return "must be a cron expression such as 0 */2 * * *, or off (" + parsed.error().message + ")";
}

understudy::ReconcilerSchedule schedule_of(const SyncParams& params) {
    using namespace std::chrono_literals;
    const auto zone = zone_of(params.time_zone);
    understudy::ReconcilerSchedule when;
    when.incremental = schedule(params.incremental, zone, 5s);
    when.full = schedule(params.full, zone, 60s);
    when.full_at_first = params.full != off;
    return when;
}

} // namespace service
