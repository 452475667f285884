#pragma once

#include "credit_rules.hpp"
#include "provenance.hpp"
#include "source_unavailable.hpp"

#include <understudy/date_time.hpp>

#include <boost/describe/enum.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace service {

/// As the source calls them (`is_active` of a booking).
enum class BookingStatus : std::uint8_t { Active, Completed, Cancelled };
BOOST_DESCRIBE_ENUM(BookingStatus, Active, Completed, Cancelled)

/// As the source calls them (`attendance` of a booking).
enum class Attendance : std::uint8_t { Yes, No };
BOOST_DESCRIBE_ENUM(Attendance, Yes, No)

/// What a booking shows of its exam.
struct ExamFacts {
    /// Nothing for a kind that this service does not know.
    std::optional<MockType> mock_type;
    std::optional<understudy::Date> exam_date;
    std::optional<understudy::Timestamp> start_time;
    std::optional<understudy::Timestamp> end_time;
    std::optional<std::string> location;

    friend bool operator==(const ExamFacts&, const ExamFacts&) = default;
};

/// A booking with the facts of its exam.
struct BookingView {
    /// The record's id.
    std::string id;
    /// `{mock_type}-{student_id}-{Month D, YYYY}`.
    std::optional<std::string> booking_id;
    std::optional<std::string> name;
    std::optional<std::string> email;
    /// Nothing where the source has no value, or one that this service does not know.
    std::optional<BookingStatus> status;
    std::optional<Attendance> attendance;
    /// True for right.
    std::optional<bool> dominant_hand;
    std::optional<std::string> attending_location;
    /// Whose booking it is.
    std::optional<std::string> contact_id;
    std::optional<std::string> mock_exam_id;
    /// Nothing where the booking has no exam, or the exam is gone.
    std::optional<ExamFacts> exam;

    friend bool operator==(const BookingView&, const BookingView&) = default;
};

/// Which of a student's bookings: by the exam's date, in Toronto's calendar. An exam today is upcoming. A booking
/// whose exam or date is not known is in `all` alone.
enum class BookingFilter : std::uint8_t { all, upcoming, past };

struct BookingsQuestion {
    std::string contact_id;
    BookingFilter filter = BookingFilter::all;
    /// From 1.
    std::int64_t page = 1;
    /// 1 to 100.
    std::int64_t limit = 20;
};

/// One page. Latest exam first, of upcoming ones the next first; on one day the later booking first, of upcoming ones
/// the earlier; bookings without a date come last.
struct BookingPage {
    std::vector<BookingView> bookings;
    /// Of all pages.
    std::int64_t total_bookings = 0;
    std::int64_t current_page = 1;
    std::int64_t limit = 20;
    Provenance provenance;

    std::int64_t total_pages() const noexcept { return (total_bookings + limit - 1) / limit; }
    bool has_next() const noexcept { return current_page < total_pages(); }
    bool has_previous() const noexcept { return current_page > 1; }
};

struct FoundBooking {
    BookingView booking;
    Provenance provenance;
};

/// The source says that there is no such booking.
struct BookingNotFound {};

using BookingsResult = std::variant<BookingPage, SourceUnavailable>;
using BookingResult = std::variant<FoundBooking, BookingNotFound, SourceUnavailable>;

/// Who the application asks about bookings. Each handler is called once, from the same thread, possibly before the call
/// returns.
class BookingDirectory {
public:
    using BookingsHandler = std::function<void(BookingsResult)>;
    using BookingHandler = std::function<void(BookingResult)>;

    virtual ~BookingDirectory() = default;

    /// A student's bookings, cancelled ones included. A page behind the last one is empty.
    virtual void list(BookingsQuestion question, BookingsHandler handler) = 0;
    /// Anybody's booking: whether the asker may see it is for the caller to decide.
    virtual void get(std::string booking_id, BookingHandler handler) = 0;
};

} // namespace service
