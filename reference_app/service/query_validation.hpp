#pragma once

#include "booking_directory.hpp"
#include "exam_directory.hpp"
#include "validation.hpp"

#include <string_view>

namespace service {

struct BookingListQuestion {
    Credentials student;
    /// Without the contact, who is not identified yet.
    BookingsQuestion page;
};

/// Read the query of a request, as it came. Parameters that are not known are ignored, those that are known may be
/// given once.
Validated<AvailableQuestion> validate_available_exams(std::string_view query);
Validated<AvailableQuestion> validate_available_discussions(std::string_view query);
Validated<BookingListQuestion> validate_booking_list(std::string_view query);
Validated<Credentials> validate_student(std::string_view query);

} // namespace service
