#pragma once

#include <understudy/time_zone.hpp>

#include <string_view>

namespace date {
class time_zone;
}

namespace service {

/// A zone of the system's, by its name in the IANA time zone database. Throws `std::runtime_error` that names it and
/// says what to install if the system has no such zone.
const date::time_zone* find_zone(std::string_view name);

/// The same for schedules. Clocks are known to change until 2037, the last year that the system's files list.
understudy::TimeZone zone_of(std::string_view name);

} // namespace service
