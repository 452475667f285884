#pragma once

#include "contact_credits.hpp"
#include "credit_rules.hpp"
#include "source_unavailable.hpp"

#include <understudy/date_time.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace service {

/// What an admin who books for a student may do.
struct AdminOverride {
    /// There may be more bookings than places.
    bool capacity = false;
};

/// A place in an exam for a student. Date, kind and place of the exam are the exam's, whatever the request says.
struct BookingOrder {
    /// Who asks, as the replica or the source knows the contact; the balance is read again before it is spent.
    ContactCredits contact;
    std::string exam_id;
    /// The kind that the asker means; nothing if the request does not say.
    std::optional<MockType> mock_type;
    std::optional<std::string> name;
    /// True for right.
    std::optional<bool> dominant_hand;
    std::optional<std::string> attending_location;
    /// The asker's own; empty: one is derived from what is asked for.
    std::string idempotency_key;
    /// An admin asks, and nothing is paid.
    std::optional<AdminOverride> by_admin{};
};

/// What a booking was paid with.
struct Payment {
    CreditField field = CreditField::shared_mock_credits;
    /// Before the booking was paid.
    CreditBreakdown before;
    /// After that.
    CreditBreakdown after;
};

struct Booked {
    /// `{mock_type}-{student_id}-{Month D, YYYY}`.
    std::string booking_id;
    /// The record's id.
    std::string record_id;
    std::string idempotency_key;
    std::string exam_id;
    MockType mock_type = MockType::situational_judgment;
    understudy::Date exam_date{};
    std::optional<std::string> location;
    /// Nothing where an admin booked.
    std::optional<Payment> payment;
    /// The same was asked for before, and this is the answer from then.
    bool repeated = false;
    /// The replica will show it later.
    bool replica_pending = false;
};

enum class BookingRefusal : std::uint8_t {
    contact_not_found,
    exam_not_found,
    exam_not_active,
    /// The exam is of another kind than the asker means, or of one that this endpoint does not book.
    invalid_exam_type,
    insufficient_credits,
    exam_full,
    duplicate_booking,
    prerequisite_not_met,
    /// An exam of this kind cannot be booked without it; see `booking_requirements.hpp`.
    dominant_hand_required,
    attending_location_required,
    /// The idempotency key was used for something else.
    key_reused,
    /// The source accepts it from nobody.
    refused,
};

struct BookingRefused {
    BookingRefusal reason = BookingRefusal::refused;
    /// Of `prerequisite_not_met`: the ids of the exams.
    std::vector<std::string> missing_exams{};
};

/// It was sent, and nobody knows yet what became of it. It goes on; the same request joins it.
struct OutcomeUnknown {};

using BookResult = std::variant<Booked, BookingRefused, SourceUnavailable, ReplicaUnavailable, OutcomeUnknown>;

/// A booking that is to be cancelled.
struct Cancellation {
    /// The record's id.
    std::string record_id;
    std::optional<std::string> reason;
};

/// Where a credit went back to.
struct CreditRestored {
    CreditField field = CreditField::shared_mock_credits;
    std::int64_t amount = 1;
    std::int64_t new_balance = 0;
};

struct Cancelled {
    std::string record_id;
    understudy::Timestamp cancelled_at{};
    /// Nothing where nothing had been paid.
    std::optional<CreditRestored> restored;
    /// Something had been paid, and the contact that it belongs to is gone.
    bool refund_lost = false;
    bool replica_pending = false;
};

enum class CancelRefusal : std::uint8_t {
    not_found,
    access_denied,
    /// The booking is of another exam than the one whose bookings are to be cancelled.
    other_exam,
    already_cancelled,
    /// What took place is not given back.
    completed,
    /// The source does not accept it.
    refused,
};

using CancelResult = std::variant<Cancelled, CancelRefusal, SourceUnavailable, ReplicaUnavailable, OutcomeUnknown>;

enum class ProfileRefusal : std::uint8_t { contact_not_found, refused };

/// The contact after the change.
struct ProfileChanged {
    std::string ndecc_exam_date;
    bool replica_pending = false;
};

using ProfileResult =
    std::variant<ProfileChanged, ProfileRefusal, SourceUnavailable, ReplicaUnavailable, OutcomeUnknown>;

/// Who the application asks to write. Each handler is called once, from the same thread, possibly before the call
/// returns.
class BookingDesk {
public:
    using BookHandler = std::function<void(BookResult)>;
    using CancelHandler = std::function<void(std::vector<CancelResult>)>;
    using ProfileHandler = std::function<void(ProfileResult)>;

    virtual ~BookingDesk() = default;

    virtual void book(BookingOrder order, BookHandler handler) = 0;
    /// Cancels bookings of one contact, in one operation; credits go back to the fields that paid. One result for each,
    /// in the order given; what is refused for one keeps no other from being done.
    virtual void cancel(std::string contact_id, std::vector<Cancellation> cancellations, CancelHandler handler) = 0;
    virtual void change_exam_date(std::string contact_id, std::string ndecc_exam_date, ProfileHandler handler) = 0;
};

} // namespace service
