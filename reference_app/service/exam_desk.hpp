#pragma once

#include "booking_desk.hpp"
#include "credit_rules.hpp"
#include "mock_exam.hpp"
#include "source_unavailable.hpp"
#include "validation.hpp"

#include <understudy/patch.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace service {

/// An exam that is to be made.
struct ExamOrder {
    /// Without an id.
    MockExam exam;
    /// The asker's own; empty: what is asked for names itself, so that the same asked twice is one exam.
    std::string idempotency_key;
};

/// What is to be changed of an exam.
struct ExamChange {
    understudy::Patch<MockExam> patch{};
    /// The exams that it is to require.
    understudy::Links<MockExam> links{};

    bool empty() const noexcept { return patch.empty() && links.empty(); }
};

/// The exam after it was made or changed, or as it was before it was deleted.
struct ExamWritten {
    MockExam exam;
    /// The same was asked for before, and this is the exam from then.
    bool repeated = false;
    /// The replica will show it later.
    bool replica_pending = false;
};

/// What the exam would be breaks the rules; see `exam_rules.hpp`.
struct InvalidExam {
    ValidationErrors errors;
};

enum class ExamRefusal : std::uint8_t {
    not_found,
    /// Bookings hold places of it: it cannot go.
    has_bookings,
    /// Bookings hold more places than it would have.
    capacity_below_bookings,
    /// The exam is not scheduled, or not yet to be activated.
    not_due,
    /// The idempotency key was used for something else.
    key_reused,
    /// The source accepts it from nobody.
    refused,
};

using ExamResult =
    std::variant<ExamWritten, InvalidExam, ExamRefusal, SourceUnavailable, ReplicaUnavailable, OutcomeUnknown>;

/// What a member of a contact is to hold.
struct TokenCount {
    CreditField field = CreditField::shared_mock_credits;
    std::int32_t count = 0;

    friend bool operator==(const TokenCount&, const TokenCount&) = default;
};

/// What became of one of them.
struct TokenChange {
    CreditField field = CreditField::shared_mock_credits;
    /// Nothing if the source had no value.
    std::optional<std::int32_t> before;
    std::int32_t after = 0;

    std::int64_t difference() const noexcept { return std::int64_t{after} - before.value_or(0); }

    friend bool operator==(const TokenChange&, const TokenChange&) = default;
};

struct TokensChanged {
    /// The survivor, if the contact was merged into another one.
    std::string contact_id;
    /// In the order given, those that were so already included.
    std::vector<TokenChange> changes;
    bool replica_pending = false;
};

enum class TokensRefusal : std::uint8_t { contact_not_found, refused };

using TokensResult = std::variant<TokensChanged, TokensRefusal, SourceUnavailable, ReplicaUnavailable, OutcomeUnknown>;

/// Who the application asks to write exams, and what students hold. Each handler is called once, from the same thread,
/// possibly before the call returns.
class ExamDesk {
public:
    using ExamHandler = std::function<void(ExamResult)>;
    using TokensHandler = std::function<void(TokensResult)>;

    virtual ~ExamDesk() = default;

    virtual void create(ExamOrder order, ExamHandler handler) = 0;
    virtual void change(std::string exam_id, ExamChange change, ExamHandler handler) = 0;
    virtual void remove(std::string exam_id, ExamHandler handler) = 0;
    /// Puts a scheduled exam whose time has come on offer.
    virtual void activate(std::string exam_id, ExamHandler handler) = 0;
    virtual void set_tokens(std::string contact_id, std::vector<TokenCount> tokens, TokensHandler handler) = 0;
};

} // namespace service
