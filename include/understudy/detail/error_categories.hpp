#pragma once

#include <understudy/error.hpp>

#include <boost/system/errc.hpp>

#include <string_view>

namespace understudy {
namespace detail {

inline const char* text_of(Errc e) noexcept {
    switch (e) {
    case Errc::unavailable:
        return "the store is unavailable";
    case Errc::timed_out:
        return "the store did not answer in time";
    case Errc::rate_limited:
        return "the store's rate limit is used up";
    case Errc::unauthorized:
        return "the store does not accept the credentials";
    case Errc::forbidden:
        return "the credentials lack a permission";
    case Errc::refused:
        return "the store refused the request";
    case Errc::conflict:
        return "a unique value is taken already";
    case Errc::malformed_answer:
        return "the store's answer cannot be understood";
    case Errc::incomplete_record:
        return "the store's answer lacks a member of the record";
    case Errc::schema_mismatch:
        return "the store does not define what the record type needs";
    case Errc::source_lagging:
        return "the source answered an older state than one known already";
    case Errc::contended:
        return "the record kept changing while it was read";
    case Errc::circuit_open:
        return "the store failed repeatedly and is not asked for a moment";
    case Errc::overloaded:
        return "too much work in progress";
    case Errc::shutting_down:
        return "shutting down";
    case Errc::deadline_exceeded:
        return "the deadline passed";
    case Errc::replica_unavailable:
        return "the replica is unavailable";
    case Errc::outcome_unknown:
        return "it is not known yet whether the write took effect";
    case Errc::lease_lost:
        return "the lease ran out";
    case Errc::lease_held:
        return "somebody else has the lease";
    case Errc::record_merged:
        return "the record was merged into another one";
    case Errc::reservation_refused:
        return "what the operation needs is not to be had";
    case Errc::different_request:
        return "an operation with this id was begun for another request";
    case Errc::invalid_argument:
        return "the request is invalid";
    }
    return "unknown error";
}

inline bool holds(Errc e, Condition c) noexcept {
    switch (c) {
    case Condition::retryable:
        return e == Errc::unavailable || e == Errc::timed_out || e == Errc::rate_limited || e == Errc::circuit_open ||
               e == Errc::overloaded || e == Errc::source_lagging || e == Errc::contended ||
               e == Errc::deadline_exceeded || e == Errc::replica_unavailable || e == Errc::shutting_down ||
               e == Errc::lease_lost || e == Errc::lease_held;
    case Condition::applied_unknown:
        return e == Errc::outcome_unknown || e == Errc::timed_out || e == Errc::deadline_exceeded ||
               e == Errc::malformed_answer;
    case Condition::recoverable_by_fallback:
        return !holds(e, Condition::refused);
    case Condition::refused:
        return e == Errc::refused || e == Errc::conflict || e == Errc::record_merged ||
               e == Errc::reservation_refused || e == Errc::different_request || e == Errc::invalid_argument;
    case Condition::cancelled:
        return e == Errc::deadline_exceeded || e == Errc::shutting_down;
    }
    return false;
}

// What the operating system and Asio report (connection refused, reset, end of file, …) is a failure of transport.
// Asio's own categories have no generic equivalents, so they are recognised by being foreign.
inline bool holds_for_transport(const error_code& ec, Condition c) noexcept {
    namespace sys = boost::system::errc;
    const bool cancelled = ec == sys::operation_canceled;
    const bool timeout = ec == sys::timed_out;
    switch (c) {
    case Condition::retryable:
    case Condition::recoverable_by_fallback:
        return ec.failed() && !cancelled;
    case Condition::applied_unknown:
        return ec.failed() && (timeout || ec != sys::connection_refused);
    case Condition::refused:
        return false;
    case Condition::cancelled:
        return cancelled;
    }
    return false;
}

// Boost's base class has friends, which GCC takes for a sign that its destructor is accessible.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
#endif

class ErrcCategory final : public boost::system::error_category {
public:
    constexpr ErrcCategory() noexcept
        : error_category(0x756e64657273'0001ULL) {}
    const char* name() const noexcept override { return "understudy"; }
    std::string message(int value) const override { return text_of(static_cast<Errc>(value)); }
    using error_category::equivalent;
    bool equivalent(int value, const boost::system::error_condition& condition) const noexcept override {
        if (condition.category() == condition_category())
            return holds(static_cast<Errc>(value), static_cast<Condition>(condition.value()));
        return error_category::equivalent(value, condition);
    }
};

class ConditionCategory final : public boost::system::error_category {
public:
    constexpr ConditionCategory() noexcept
        : error_category(0x756e64657273'0002ULL) {}
    const char* name() const noexcept override { return "understudy.condition"; }
    std::string message(int value) const override {
        switch (static_cast<Condition>(value)) {
        case Condition::retryable:
            return "may succeed later";
        case Condition::applied_unknown:
            return "may have taken effect";
        case Condition::recoverable_by_fallback:
            return "another store may answer";
        case Condition::refused:
            return "refused for good";
        case Condition::cancelled:
            return "cancelled";
        }
        return "unknown condition";
    }
    using error_category::equivalent;
    bool equivalent(const error_code& ec, int value) const noexcept override {
        if (ec.category() == errc_category())
            return holds(static_cast<Errc>(ec.value()), static_cast<Condition>(value));
        // An adapter's category, named after it ("understudy.postgres"), decides by its own `equivalent`.
        if (std::string_view{ec.category().name()}.starts_with("understudy."))
            return false;
        return holds_for_transport(ec, static_cast<Condition>(value));
    }
};

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

inline constexpr ErrcCategory errc_category_instance{};
inline constexpr ConditionCategory condition_category_instance{};

} // namespace detail

inline const boost::system::error_category& errc_category() noexcept {
    return detail::errc_category_instance;
}
inline const boost::system::error_category& condition_category() noexcept {
    return detail::condition_category_instance;
}

} // namespace understudy
