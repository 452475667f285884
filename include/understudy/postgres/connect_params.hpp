#pragma once

#include <understudy/postgres/detail/conninfo.hpp>
#include <understudy/postgres/error.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::postgres {

/// Whether connections prepare statements.
enum class StatementMode {
    /// Prepared, unless the port is 6543 (Supabase's transaction pooler); plain from the moment on when a server says
    /// that a prepared statement is not there, or is there already, as poolers of transactions do.
    automatic,
    /// Prepared always.
    prepared,
    /// Never: text and parameters in every request.
    plain,
};

/// Where the database is and how connections to it behave.
struct ConnectParams {
    /// As libpq takes it: `postgresql://…` or `key=value …`.
    std::string conninfo;
    /// The schema that holds every table; each name in a statement is qualified with it.
    std::string schema = "public";
    StatementMode statements = StatementMode::automatic;
    /// Connections per pool. One serves coalesced reads; the others keep them from waiting behind writes.
    std::size_t max_connections = 3;
    /// Requests out on one connection.
    std::size_t pipeline_depth = 64;
    /// Requests waiting for a connection; above it they fail with `Errc::overloaded`.
    std::size_t max_waiting = 10'000;
    /// For one connection to be ready, name resolution and TLS included.
    std::chrono::milliseconds connect_timeout{10'000};
    /// For a request that brings no time-out of its own.
    std::chrono::milliseconds request_timeout{10'000};
    /// A connection with requests out is given up when nothing arrives for so long.
    std::chrono::milliseconds stall_timeout{30'000};
    /// The pause after a failed connection attempt: it doubles from the first value to the second, each one shortened
    /// at random by up to a half, so that many clients do not come back at once.
    std::chrono::milliseconds backoff_first{100};
    std::chrono::milliseconds backoff_last{5'000};
    /// Sent first on each connection that prepares statements. A prepared statement keeps its plan: a look-up that was
    /// planned while its table was small would go on scanning it when it has grown, ten times slower than by the index.
    /// A table that can only be scanned then looks so dear that PostgreSQL would compile the statement, for half a
    /// second, to save nothing: hence no JIT. Empty for nothing.
    std::string session_setup = "SELECT set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false)";
    /// As the server shows it in `pg_stat_activity`.
    std::string application_name = "understudy";
    /// Called with what the server or libpq said of each failed request or connection: for logs. May be empty.
    std::function<void(const error_code&, const Diagnostics&)> on_failure{};

    /// Whether statements may be prepared, the port considered.
    bool prepares() const {
        if (statements != StatementMode::automatic)
            return statements == StatementMode::prepared;
        const auto parsed = detail::Conninfo::parse(conninfo);
        return !parsed || parsed->get("port") != "6543";
    }

    /// What is wrong with the parameters, one sentence each, naming the variable; empty when all is well. Nothing of
    /// the connection string is repeated: it holds a password.
    std::vector<std::string> problems(std::string_view conninfo_name = "conninfo",
                                      std::string_view schema_name = "schema") const {
        std::vector<std::string> found;
        if (conninfo.empty())
            found.push_back(std::string{conninfo_name} + " is empty");
        else if (!detail::Conninfo::parse(conninfo))
            found.push_back(
                std::string{conninfo_name} +
                " is no PostgreSQL connection string (postgresql://user:password@host:port/database); special "
                "characters in the password must be percent-encoded");
        if (!detail::is_identifier(schema))
            found.push_back(
                std::string{schema_name} +
                " must be a schema's name: letters, digits and underscores, not starting with a digit or with "
                "pg_, at most 63 characters");
        if (max_connections == 0 || pipeline_depth == 0)
            found.emplace_back("a pool needs at least one connection and room for one request on it");
        if (connect_timeout.count() <= 0 || request_timeout.count() <= 0 || stall_timeout.count() <= 0)
            found.emplace_back("the database time-outs must be above zero");
        if (backoff_first.count() <= 0 || backoff_last < backoff_first)
            found.emplace_back("the pauses between connection attempts must be above zero and must not shrink");
        return found;
    }
};

/// `"schema"."name"`, for use in a statement.
inline std::string qualified(std::string_view schema, std::string_view name) {
    return detail::quoted(schema) + "." + detail::quoted(name);
}

} // namespace understudy::postgres
