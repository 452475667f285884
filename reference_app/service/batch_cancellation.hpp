#pragma once

#include "booking_desk.hpp"
#include "http_message.hpp"
#include "student_directory.hpp"
#include "write_validation.hpp"

#include <vector>

namespace service {

/// Cancels bookings, each for the student whom its item names, and answers once, item by item in the order of the
/// request. What belongs to one contact is one operation; a booking that is named again is cancelled by then. What
/// cannot be done for one item keeps no other from being done. The directory and the desk outlive the answer.
void cancel_batch(StudentDirectory& students, BookingDesk& desk, std::vector<CancellationQuestion> questions,
                  Respond respond);

} // namespace service
