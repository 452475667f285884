#pragma once

#include "admin_desk.hpp"
#include "journaled_booking_desk.hpp"

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace service {

/// Carries out what admins decide about bookings, at the desk where students ask: what is decided is decided under the
/// same locks and written once. The desk outlives what is asked of it.
class JournaledAdminDesk final : public AdminDesk {
public:
    explicit JournaledAdminDesk(JournaledBookingDesk& desk);

    void book(BookingOrder order, AdminOverride rights, BookHandler handler) override;
    void cancel(AdminCancellation cancellation, CancelHandler handler) override;
    void mark_attendance(std::string exam_id, std::vector<AttendanceMark> marks, AttendanceHandler handler) override;

private:
    // All the ids of the exam that has this one.
    using ExamIds = std::variant<std::vector<std::string>, ExamNotFound, SourceUnavailable>;

    void find_exam(std::string id, std::function<void(ExamIds)> handler);

    JournaledBookingDesk& desk_;
};

} // namespace service
