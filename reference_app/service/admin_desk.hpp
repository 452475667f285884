#pragma once

#include "booking_desk.hpp"
#include "exam_directory.hpp"
#include "source_unavailable.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace service {

/// Bookings that an admin cancels, whosever they are.
struct AdminCancellation {
    std::vector<Cancellation> bookings{};
    /// Only bookings of this exam; empty: of any.
    std::string exam_id{};
    /// Whether what was paid goes back.
    bool refund = true;
    /// What `token_refund_admin` says of those whose payment goes back.
    std::string admin{};
};

/// A result for each, in the order given, or why nothing was begun.
using AdminCancelResult = std::variant<std::vector<CancelResult>, ExamNotFound, SourceUnavailable>;

/// Whether a student came.
struct AttendanceMark {
    /// The booking's.
    std::string record_id;
    /// Nothing: nobody knows, and the booking is active again.
    std::optional<bool> attended;
};

struct AttendanceMarked {
    std::optional<bool> attended;
    /// It said so before, and nothing was written.
    bool unchanged = false;
    bool replica_pending = false;
};

enum class AttendanceRefusal : std::uint8_t { not_found, other_exam, cancelled, refused };

using AttendanceResult =
    std::variant<AttendanceMarked, AttendanceRefusal, SourceUnavailable, ReplicaUnavailable, OutcomeUnknown>;

/// A result for each, in the order given, or why nothing was begun.
using AttendanceResults = std::variant<std::vector<AttendanceResult>, ExamNotFound, SourceUnavailable>;

/// Who the application asks to write what admins decide about bookings. Each handler is called once, from the same
/// thread, possibly before the call returns.
class AdminDesk {
public:
    using BookHandler = BookingDesk::BookHandler;
    using CancelHandler = std::function<void(AdminCancelResult)>;
    using AttendanceHandler = std::function<void(AttendanceResults)>;

    virtual ~AdminDesk() = default;

    /// Books for a student who pays nothing; by the rules that hold for students, except that there may be more
    /// bookings than places if `rights` say so.
    virtual void book(BookingOrder order, AdminOverride rights, BookHandler handler) = 0;
    /// The bookings of one contact are one operation; what is refused for one keeps no other from being done.
    virtual void cancel(AdminCancellation cancellation, CancelHandler handler) = 0;
    /// Each booking is an operation of its own.
    virtual void mark_attendance(std::string exam_id, std::vector<AttendanceMark> marks, AttendanceHandler handler) = 0;
};

} // namespace service
