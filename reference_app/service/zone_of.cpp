#include "zone_of.hpp"

#include <date/tz.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace service {

const date::time_zone* find_zone(std::string_view name) {
    try {
        return date::locate_zone(std::string{name});
    } catch (const std::exception& reason) {
        throw std::runtime_error{"the system's time zones lack " + std::string{name} +
                                 ": install them (Debian's package tzdata): " + reason.what()};
    }
}

understudy::TimeZone zone_of(std::string_view name) {
    using understudy::Timestamp;
    using understudy::TimeZone;
    return TimeZone{[zone = find_zone(name)](Timestamp moment) {
        const auto info = zone->get_info(moment);
        const date::sys_days always = date::year::min() / date::January / 1;
        const date::sys_days for_ever = date::year::max() / date::December / 31;
        return TimeZone::Span{info.begin <= always ? Timestamp::min() : Timestamp{info.begin},
                              info.end >= for_ever ? Timestamp::max() : Timestamp{info.end}, info.offset};
    }};
}

} // namespace service
