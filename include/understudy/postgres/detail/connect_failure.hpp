#pragma once

#include <understudy/postgres/error.hpp>

#include <libpq-fe.h>

#include <string>
#include <string_view>

namespace understudy::postgres::detail {

// Why a connection is not there, or not there any more.
struct Failure {
    error_code code;
    Diagnostics diagnostics;
};

// The SQLSTATE in a verbose message of libpq ("FATAL:  28P01: password authentication failed …"), empty if it has none.
inline std::string_view sqlstate_in(std::string_view message) noexcept {
    for (auto at = message.find(":  "); at != std::string_view::npos; at = message.find(":  ", at + 1)) {
        const auto code = message.substr(at + 3, 5);
        if (sqlstate_value(code) != 0 && message.substr(at + 8, 2) == ": ")
            return code;
    }
    return {};
}

inline Diagnostics diagnostics_of(const PGconn* connection) {
    Diagnostics diagnostics;
    if (connection)
        diagnostics.message = PQerrorMessage(connection);
    diagnostics.sqlstate = sqlstate_in(diagnostics.message);
    return diagnostics;
}

// libpq tells why it could not connect in words only; those about TLS name it.
inline error_code connect_error(const Diagnostics& diagnostics) noexcept {
    if (!diagnostics.sqlstate.empty())
        return sqlstate_error(diagnostics.sqlstate);
    for (const std::string_view word : {"SSL", "certificate", "TLS"}) {
        if (diagnostics.message.find(word) != std::string::npos)
            return ClientErrc::tls_failed;
    }
    return ClientErrc::connect_failed;
}

inline Failure connect_failure(const PGconn* connection) {
    Failure failure;
    failure.diagnostics = diagnostics_of(connection);
    failure.code = connect_error(failure.diagnostics);
    return failure;
}

} // namespace understudy::postgres::detail
