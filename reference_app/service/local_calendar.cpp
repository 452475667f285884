#include "local_calendar.hpp"
#include "zone_of.hpp"

#include <date/tz.h>

namespace service {

LocalCalendar::LocalCalendar(std::string_view zone)
    : zone_{find_zone(zone)} {}

understudy::Date LocalCalendar::today(understudy::Timestamp now) const {
    const auto local = zone_->to_local(now);
    return understudy::Date{std::chrono::sys_days{std::chrono::floor<std::chrono::days>(local.time_since_epoch())}};
}

understudy::Timestamp LocalCalendar::start_of_day(understudy::Date day) const {
    const date::local_days midnight{std::chrono::sys_days{day}.time_since_epoch()};
    // Where clocks are put forward at midnight the day begins with the change; where they are put back, with the first.
    return zone_->to_sys(midnight, date::choose::earliest);
}

understudy::Timestamp LocalCalendar::end_of_day(understudy::Date day) const {
    return start_of_day(understudy::Date{std::chrono::sys_days{day} + std::chrono::days{1}});
}

} // namespace service
