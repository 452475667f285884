#pragma once

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>

#include <string>
#include <type_traits>

namespace understudy {

using boost::system::error_code;

/// What went wrong, in words that belong to no vendor. Adapters translate their server's answers into these once.
///
/// Generic code compares against `Condition`, never against one of these values.
enum class Errc {
    /// The server cannot be reached or answered with a transient failure; nothing is known to have taken effect.
    unavailable = 1,
    /// No answer in time. A read may be repeated; a write may have taken effect.
    timed_out,
    /// The server's rate limit is used up.
    rate_limited,
    /// The server's credentials are missing, wrong or expired.
    unauthorized,
    /// The credentials lack a permission that the call needs.
    forbidden,
    /// The server understood the request and will never accept it.
    refused,
    /// A unique value is taken already.
    conflict,
    /// The server's answer cannot be understood.
    malformed_answer,
    /// The server's answer lacks a member of the record, so it cannot stand for the record.
    incomplete_record,
    /// The server does not define something that the record type needs.
    schema_mismatch,
    /// The source answered a state older than one that is known already.
    source_lagging,
    /// The key kept changing while it was read.
    contended,
    /// The circuit breaker is open: the store failed repeatedly a moment ago and is not asked.
    circuit_open,
    /// A bound on work in progress is reached.
    overloaded,
    /// The component is shutting down and takes no new work.
    shutting_down,
    /// The caller's time was up before there was an answer.
    deadline_exceeded,
    /// The replica is needed to decide and cannot be reached.
    replica_unavailable,
    /// The write was sent, and nobody knows yet whether it took effect. It goes on, and will be known.
    outcome_unknown,
    /// The lease had run out: somebody else may have taken over what this session held.
    lease_lost,
    /// Somebody else has the lease.
    lease_held,
    /// The record was merged into another one.
    record_merged,
    /// What an operation reserves is not to be had; its report says what.
    reservation_refused,
    /// An operation with the same id was begun for another request.
    different_request,
    /// The request itself is wrong; the message of the component that refused it says how.
    invalid_argument,
};

/// What a caller can do about an error; compare an `error_code` with one of these.
enum class Condition {
    /// The same call may succeed later.
    retryable = 1,
    /// A write that failed like this may have taken effect.
    applied_unknown,
    /// Another store may answer instead: the next tier, or an older value.
    recoverable_by_fallback,
    /// Final: repeating the same call is of no use.
    refused,
    /// The time that the caller gave, or its patience, ran out.
    cancelled,
};

/// The category of `Errc`.
const boost::system::error_category& errc_category() noexcept;
/// The category of `Condition`.
const boost::system::error_category& condition_category() noexcept;

inline error_code make_error_code(Errc e) noexcept {
    return {static_cast<int>(e), errc_category()};
}
inline boost::system::error_condition make_error_condition(Condition c) noexcept {
    return {static_cast<int>(c), condition_category()};
}

} // namespace understudy

template<>
struct boost::system::is_error_code_enum<understudy::Errc> : std::true_type {};
template<>
struct boost::system::is_error_condition_enum<understudy::Condition> : std::true_type {};

#include <understudy/detail/error_categories.hpp>
