#pragma once

#include "booking_directory.hpp"
#include "http_message.hpp"
#include "student_directory.hpp"

namespace service {

/// The answer of bookings/list, as old as the older of the page and the student's credits.
Response booking_list_answer(const BookingPage& page, const Student& student);
/// The answer of bookings/:id, whose owner the student is known to be.
Response booking_answer(const FoundBooking& found, const Student& student);
Response booking_not_found();
/// The booking is somebody else's.
Response access_denied();

} // namespace service
