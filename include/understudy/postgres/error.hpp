#pragma once

#include <understudy/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace understudy::postgres {

/// What can go wrong with a connection, or between a value and its column, before any server answers with a SQLSTATE.
enum class ClientErrc {
    /// No server accepts connections at the address.
    connect_failed = 1,
    /// The host's name has no address.
    host_not_found,
    /// The connection broke, or its server shut down, while requests were out.
    connection_lost,
    /// A connection with requests out was silent for too long and was given up.
    stalled,
    /// The encrypted connection could not be made: the server offers none, or its certificate is not the expected one.
    tls_failed,
    /// libpq reported something that fits nowhere else.
    client_failure,
    /// An answer has another shape than the statement promises: a missing column, another type, NULL for a member that
    /// cannot be null.
    bad_answer,
    /// A text has a NUL character, which PostgreSQL cannot store.
    text_with_nul,
    /// A text is not UTF-8.
    text_not_utf8,
    /// A date or moment outside what PostgreSQL can store.
    value_out_of_range,
};

/// The category of `ClientErrc`.
const boost::system::error_category& client_category() noexcept;
/// The category of SQLSTATE codes; see `sqlstate_error`.
const boost::system::error_category& sqlstate_category() noexcept;

inline error_code make_error_code(ClientErrc e) noexcept {
    return {static_cast<int>(e), client_category()};
}

/// The number that stands for a SQLSTATE: its five characters read in base 36. 0 if `text` is none.
constexpr int sqlstate_value(std::string_view text) noexcept {
    if (text.size() != 5)
        return 0;
    int value = 0;
    for (const char c : text) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return 0;
        value = value * 36 + digit;
    }
    return value;
}

/// The five characters of a SQLSTATE.
inline std::string sqlstate_text(int value) {
    std::string text(5, '0');
    for (std::size_t i = 5; i-- > 0; value /= 36)
        text[i] = static_cast<char>(value % 36 < 10 ? '0' + value % 36 : 'A' + value % 36 - 10);
    return text;
}

/// The error code of a SQLSTATE, `client_failure` if `text` is none.
inline error_code sqlstate_error(std::string_view text) noexcept {
    const int value = sqlstate_value(text);
    if (value == 0)
        return make_error_code(ClientErrc::client_failure);
    return {value, sqlstate_category()};
}

/// Whether an error is the given SQLSTATE, or belongs to the class if `text` has two characters.
inline bool is_sqlstate(const error_code& ec, std::string_view text) noexcept {
    if (ec.category() != sqlstate_category())
        return false;
    if (text.size() == 2)
        return ec.value() / (36 * 36 * 36) == sqlstate_value(std::string{text} + "000") / (36 * 36 * 36);
    return ec.value() == sqlstate_value(text);
}

/// What a server or libpq said of a failure: for logs. It never contains a password, may contain values of rows, and is
/// not for clients.
struct Diagnostics {
    std::string sqlstate;
    std::string message;
    std::string detail;
    std::string hint;
    std::string table;
    std::string column;
    std::string constraint;

    bool empty() const noexcept { return sqlstate.empty() && message.empty(); }
};

} // namespace understudy::postgres

template<>
struct boost::system::is_error_code_enum<understudy::postgres::ClientErrc> : std::true_type {};

#include <understudy/postgres/detail/error_categories.hpp>
