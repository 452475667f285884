#pragma once

#include "booking.hpp"
#include "booking_desk.hpp"
#include "note.hpp"

#include <understudy/date_time.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace service {

/// A text as HTML that shows it, line by line.
std::string as_html(std::string_view text);

/// Who booked what, and what paid for it. The booking's own id is still to come.
Note note_of_booking(const Booking& booking, const std::string& student_id, const Booked& booked,
                     understudy::Timestamp at);

/// Who cancelled what and why, and what was given back. `admin`: who did it instead of the student; empty for nobody.
Note note_of_cancellation(const Booking& booking, const Cancelled& cancelled, const std::optional<std::string>& reason,
                          std::string_view admin);

} // namespace service
