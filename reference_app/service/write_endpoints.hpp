#pragma once

#include "booking_desk.hpp"
#include "http_message.hpp"
#include "local_calendar.hpp"
#include "student_directory.hpp"
#include "wall_clock.hpp"

#include <functional>
#include <string_view>

namespace service {

/// What a student writes: bookings, cancellations, the date of the NDECC exam. Who the student is, and so whose the
/// bookings are, is decided by number and address alone. Outlives the requests that it was given.
class WriteEndpoints {
public:
    using Now = std::function<understudy::Timestamp()>;

    WriteEndpoints(StudentDirectory& students, BookingDesk& desk, LocalCalendar calendar = LocalCalendar{},
                   Now now = &wall_clock_now);

    void book_exam(const Request& request, Respond respond);
    void book_discussion(const Request& request, Respond respond);
    void cancel(std::string_view id, std::string_view body, Respond respond);
    void cancel_batch(std::string_view body, Respond respond);
    void change_exam_date(std::string_view body, Respond respond);

private:
    StudentDirectory& students_;
    BookingDesk& desk_;
    LocalCalendar calendar_;
    Now now_;
};

} // namespace service
