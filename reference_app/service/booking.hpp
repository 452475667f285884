#pragma once

#include "contact_credits.hpp"
#include "mock_exam.hpp"

#include <understudy/date_time.hpp>
#include <understudy/record.hpp>
#include <understudy/relation.hpp>

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace service {

/// A booking at the source, with the contact and the exam that it is associated with. The exam's date, kind and place
/// are the exam's: views join them. Choices are kept as texts, as in `MockExam`.
struct Booking {
    std::string hubspot_id;
    /// `{mock_type}-{student_id}-{Month D, YYYY}`.
    std::optional<std::string> booking_id;
    std::optional<std::string> name;
    std::optional<std::string> email;
    std::optional<std::string> token_used;
    std::optional<std::string> idempotency_key;
    std::optional<std::string> attending_location;
    /// True for right.
    std::optional<bool> dominant_hand;
    /// See `BookingStatus`.
    std::optional<std::string> is_active;
    /// See `Attendance`.
    std::optional<std::string> attendance;
    std::optional<bool> token_refunded;
    std::optional<understudy::Timestamp> token_refunded_at;
    std::optional<std::string> token_refund_admin;
    std::optional<std::string> associated_contact_id;
    std::optional<std::string> associated_mock_exam;

    friend bool operator==(const Booking&, const Booking&) = default;
};
BOOST_DESCRIBE_STRUCT(Booking, (),
                      (hubspot_id, booking_id, name, email, token_used, idempotency_key, attending_location,
                       dominant_hand, is_active, attendance, token_refunded, token_refunded_at, token_refund_admin,
                       associated_contact_id, associated_mock_exam))

} // namespace service

template<>
struct understudy::RecordTraits<service::Booking> {
    static constexpr std::string_view name = "booking";
    static constexpr auto key = &service::Booking::hubspot_id;
    static constexpr bool numeric_keys = true;
    static constexpr auto idempotency_key = &service::Booking::idempotency_key;
    /// Made with the booking, not written like a property.
    using read_only = Members<&service::Booking::associated_contact_id, &service::Booking::associated_mock_exam>;
};

namespace service {

struct BookingsOfExam : understudy::Relation<MockExam, &Booking::associated_mock_exam> {
    static constexpr std::string_view name = "bookings_of_exam";
};

struct BookingsOfContact : understudy::Relation<ContactCredits, &Booking::associated_contact_id> {
    static constexpr std::string_view name = "bookings_of_contact";
};

} // namespace service
