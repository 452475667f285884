#pragma once

#include "admin_desk.hpp"
#include "http_message.hpp"
#include "student_directory.hpp"

#include <string_view>

namespace service {

/// What admins write of bookings, once the gate let them in. Outlives the requests that it was given.
class BookingAdminEndpoints {
public:
    BookingAdminEndpoints(StudentDirectory& students, AdminDesk& desk);

    void book(const Request& request, Respond respond);
    void cancel_batch(const Request& request, Respond respond);
    void cancel_bookings_of_exam(std::string_view exam_id, const Request& request, Respond respond);
    void mark_attendance(std::string_view exam_id, std::string_view body, Respond respond);

private:
    StudentDirectory& students_;
    AdminDesk& desk_;
};

} // namespace service
