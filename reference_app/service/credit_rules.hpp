#pragma once

#include "contact_credits.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace service {

/// The kinds of mock exam; each is paid with its own credits.
enum class MockType : std::uint8_t { situational_judgment, clinical_skills, mini_mock, mock_discussion };

/// The kind that bears this name in requests and at the source; nothing if none does.
std::optional<MockType> parse_mock_type(std::string_view name) noexcept;
std::string_view name_of(MockType type) noexcept;

/// The members of a contact that hold credits.
enum class CreditField : std::uint8_t {
    sj_credits,
    cs_credits,
    sjmini_credits,
    mock_discussion_token,
    shared_mock_credits
};

/// The property that holds it.
std::string_view name_of(CreditField field) noexcept;

/// What the member says; nothing if it was read as having no value.
std::optional<std::int32_t> held(const ContactCredits& contact, CreditField field) noexcept;
/// What the member holds: zero if it was read as having no value, and never less than zero.
std::int64_t balance(const ContactCredits& contact, CreditField field) noexcept;

/// What a student can pay one kind of exam with.
struct CreditBreakdown {
    std::int64_t specific = 0;
    /// Zero for kinds that shared credits do not pay.
    std::int64_t shared = 0;

    std::int64_t available() const noexcept { return specific + shared; }
    /// A booking costs one credit.
    bool eligible() const noexcept { return available() >= 1; }

    friend bool operator==(const CreditBreakdown&, const CreditBreakdown&) = default;
};

CreditBreakdown breakdown(const ContactCredits& contact, MockType type) noexcept;

/// Which member pays for a booking: the kind's own credits first, then the shared ones where the kind takes those;
/// nothing if the student has none.
std::optional<CreditField> paying_field(const ContactCredits& contact, MockType type) noexcept;

} // namespace service
