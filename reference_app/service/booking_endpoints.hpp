#pragma once

#include "booking_directory.hpp"
#include "http_message.hpp"
#include "student_directory.hpp"

#include <string_view>

namespace service {

/// What is answered about bookings, to the student whose they are. Outlives the requests that it was given.
class BookingEndpoints {
public:
    BookingEndpoints(StudentDirectory& students, BookingDirectory& bookings)
        : students_{students}
        , bookings_{bookings} {}

    void list(std::string_view query, Respond respond);
    void get(std::string_view id, std::string_view query, Respond respond);

private:
    StudentDirectory& students_;
    BookingDirectory& bookings_;
};

} // namespace service
