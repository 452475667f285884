#pragma once

#include <understudy/date_time.hpp>

#include <string_view>

namespace date {
class time_zone;
}

namespace service {

/// Days as people in one place count them, whatever zone this machine is in. Immutable; may be used from any thread.
class LocalCalendar {
public:
    /// Where "today" is decided.
    static constexpr std::string_view exams_zone = "America/Toronto";

    /// Throws `std::runtime_error` that says what to install if the system has no such zone.
    explicit LocalCalendar(std::string_view zone = exams_zone);

    /// The day that it is there.
    understudy::Date today(understudy::Timestamp now) const;
    /// The first moment of a day there. A day is 23, 24 or 25 hours long. The date must be valid.
    understudy::Timestamp start_of_day(understudy::Date day) const;
    /// The first moment after it.
    understudy::Timestamp end_of_day(understudy::Date day) const;

private:
    const date::time_zone* zone_;
};

} // namespace service
