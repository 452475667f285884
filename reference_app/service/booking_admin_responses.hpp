#pragma once

#include "admin_desk.hpp"
#include "http_message.hpp"

#include <string>
#include <vector>

namespace service {

/// With the missing exams, or with what the request lacks, in the error's `details`.
Response admin_booking_refused(const BookingRefused& refused);

/// What became of bookings, named as in the request: 200 if none failed, 207 if some did, 422 if all did. What was so
/// before is skipped. `Retry-After` is the longest of the items'.
Response exam_cancellation_answer(const std::vector<std::string>& ids, const std::vector<CancelResult>& results,
                                  bool with_refund);
Response attendance_answer(const std::vector<std::string>& ids, const std::vector<AttendanceResult>& results);

} // namespace service
