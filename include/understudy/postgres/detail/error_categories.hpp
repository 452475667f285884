#pragma once

#include <understudy/postgres/error.hpp>

namespace understudy::postgres::detail {

inline const char* text_of(ClientErrc e) noexcept {
    switch (e) {
    case ClientErrc::connect_failed:
        return "no PostgreSQL server can be reached at the address";
    case ClientErrc::host_not_found:
        return "the database's host name has no address";
    case ClientErrc::connection_lost:
        return "the connection to the database was lost";
    case ClientErrc::stalled:
        return "the database was silent for too long";
    case ClientErrc::tls_failed:
        return "no trusted encrypted connection to the database could be made";
    case ClientErrc::client_failure:
        return "the database client failed";
    case ClientErrc::bad_answer:
        return "the database's answer has an unexpected shape";
    case ClientErrc::text_with_nul:
        return "a text has a NUL character, which PostgreSQL cannot store";
    case ClientErrc::text_not_utf8:
        return "a text is not UTF-8";
    case ClientErrc::value_out_of_range:
        return "a date or moment is outside what PostgreSQL can store";
    }
    return "unknown error";
}

inline bool holds(ClientErrc e, Condition c) noexcept {
    const bool about_value =
        e == ClientErrc::text_with_nul || e == ClientErrc::text_not_utf8 || e == ClientErrc::value_out_of_range;
    const bool transient = e == ClientErrc::connect_failed || e == ClientErrc::host_not_found ||
                           e == ClientErrc::connection_lost || e == ClientErrc::stalled;
    switch (c) {
    case Condition::retryable:
        return transient;
    case Condition::applied_unknown:
        return e == ClientErrc::connection_lost || e == ClientErrc::stalled || e == ClientErrc::client_failure ||
               e == ClientErrc::bad_answer;
    case Condition::recoverable_by_fallback:
        return !about_value;
    case Condition::refused:
        return about_value;
    case Condition::cancelled:
        return false;
    }
    return false;
}

// Class 08 is about connections, 40 about transactions that lost against others, 53 about resources, 55P03 and 57 about
// the operator and locks, 58 and XX about the server's own trouble, 22 and 23 about the values of this statement
// (PostgreSQL's documentation, appendix A).
inline bool sqlstate_holds(int value, Condition c) noexcept {
    const error_code ec{value, sqlstate_category()};
    const bool connection = is_sqlstate(ec, "08");
    const bool operators = is_sqlstate(ec, "57");
    const bool transient = connection || operators || is_sqlstate(ec, "40") || is_sqlstate(ec, "53") ||
                           is_sqlstate(ec, "55P03") || is_sqlstate(ec, "25006") || is_sqlstate(ec, "58");
    const bool about_value = is_sqlstate(ec, "22") || is_sqlstate(ec, "23");
    switch (c) {
    case Condition::retryable:
        return transient;
    case Condition::applied_unknown:
        // A statement that failed with any other code was rolled back.
        return is_sqlstate(ec, "08007") || is_sqlstate(ec, "40003");
    case Condition::recoverable_by_fallback:
        return !about_value;
    case Condition::refused:
        return about_value;
    case Condition::cancelled:
        return is_sqlstate(ec, "57014");
    }
    return false;
}

inline const char* text_of_class(const error_code& ec) noexcept {
    struct Text {
        std::string_view code;
        const char* text;
    };
    static constexpr Text texts[] = {
        {"28P01", "the database does not accept the password"},
        {"28", "the database does not let the role in: wrong role, address or encryption"},
        {"3D000", "the database does not exist"},
        {"3F000", "the schema does not exist"},
        {"42P01", "a table that the program needs does not exist; were the migrations run?"},
        {"42703", "a column that the program needs does not exist; were the migrations run?"},
        {"42501", "the database role lacks a permission"},
        {"40P01", "the database broke a deadlock"},
        {"40", "the transaction lost against another one"},
        {"53300", "the database has no connection left"},
        {"53", "the database is short of a resource"},
        {"57014", "the database cancelled the statement"},
        {"57", "the database is shutting down or starting up"},
        {"55P03", "a lock is not available"},
        {"25006", "the database accepts no writes"},
        {"22", "the database refused a value"},
        {"23", "the database refused a row"},
        {"08", "the connection to the database failed"},
    };
    for (const auto& entry : texts) {
        if (is_sqlstate(ec, entry.code))
            return entry.text;
    }
    return "the database refused the statement";
}

// Boost's base class has friends, which GCC takes for a sign that its destructor is accessible.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
#endif

class ClientCategory final : public boost::system::error_category {
public:
    constexpr ClientCategory() noexcept
        : error_category(0x756e64657273'0101ULL) {}
    const char* name() const noexcept override { return "understudy.postgres"; }
    std::string message(int value) const override { return text_of(static_cast<ClientErrc>(value)); }
    using error_category::equivalent;
    bool equivalent(int value, const boost::system::error_condition& condition) const noexcept override {
        if (condition.category() == condition_category())
            return holds(static_cast<ClientErrc>(value), static_cast<Condition>(condition.value()));
        return error_category::equivalent(value, condition);
    }
};

class SqlstateCategory final : public boost::system::error_category {
public:
    constexpr SqlstateCategory() noexcept
        : error_category(0x756e64657273'0102ULL) {}
    const char* name() const noexcept override { return "understudy.postgres.sqlstate"; }
    std::string message(int value) const override {
        return std::string{text_of_class({value, *this})} + " (SQLSTATE " + sqlstate_text(value) + ")";
    }
    using error_category::equivalent;
    bool equivalent(int value, const boost::system::error_condition& condition) const noexcept override {
        if (condition.category() == condition_category())
            return sqlstate_holds(value, static_cast<Condition>(condition.value()));
        return error_category::equivalent(value, condition);
    }
};

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

inline constexpr ClientCategory client_category_instance{};
inline constexpr SqlstateCategory sqlstate_category_instance{};

} // namespace understudy::postgres::detail

namespace understudy::postgres {

inline const boost::system::error_category& client_category() noexcept {
    return detail::client_category_instance;
}
inline const boost::system::error_category& sqlstate_category() noexcept {
    return detail::sqlstate_category_instance;
}

} // namespace understudy::postgres
