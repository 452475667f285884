#pragma once

#include "admin_desk.hpp"
#include "booking_desk.hpp"
#include "validation.hpp"

#include <understudy/date_time.hpp>

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace service {

struct BookingQuestion {
    Credentials student;
    /// Without the contact, who is not identified yet.
    BookingOrder order;
};

struct CancellationQuestion {
    Credentials student;
    Cancellation cancellation;
};

/// Bookings of one exam that are to be cancelled.
struct ExamCancellation {
    std::vector<Cancellation> bookings;
    /// Whether what was paid goes back.
    bool refund = true;
};

struct ExamDateQuestion {
    Credentials student;
    /// `YYYY-MM-DD`.
    std::string ndecc_exam_date;
};

/// What is said where a booking lacks what its kind of exam needs.
inline constexpr std::string_view dominant_hand_missing = "dominant_hand is required for Clinical Skills";
inline constexpr std::string_view attending_location_missing =
    "attending_location is required for Situational Judgment and Mini-mock";

/// Whether a client may choose this key for its request: 1 to 255 visible ASCII characters.
bool is_idempotency_key(std::string_view text) noexcept;

/// Read what a student asks to be written; unknown members are ignored. So are `contact_id` and `exam_date` of a
/// booking: whose it is and when are facts. Of a discussion, so is `mock_type`. Ids are any texts.
Validated<BookingQuestion> validate_booking(const boost::json::object& body, std::optional<std::string_view> key);
Validated<BookingQuestion> validate_discussion_booking(const boost::json::object& body,
                                                       std::optional<std::string_view> key);
Validated<CancellationQuestion> validate_cancellation(const boost::json::object& body);
Validated<std::vector<CancellationQuestion>> validate_batch_cancellation(const boost::json::object& body);

/// Read what an admin asks to be written of bookings. Whose they are is no question there, except of a new one.
Validated<BookingQuestion> validate_admin_booking(const boost::json::object& body, std::optional<std::string_view> key);
Validated<std::vector<Cancellation>> validate_admin_cancellation(const boost::json::object& body);
Validated<ExamCancellation> validate_exam_cancellation(const boost::json::object& body);
/// No booking is marked twice.
Validated<std::vector<AttendanceMark>> validate_attendance(const boost::json::object& body);

/// `today` is the first day that can be chosen.
Validated<ExamDateQuestion> validate_exam_date(const boost::json::object& body, understudy::Date today);

} // namespace service
