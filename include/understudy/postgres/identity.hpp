#pragma once

#include <understudy/postgres/connect_params.hpp>
#include <understudy/postgres/detail/sql_template.hpp>
#include <understudy/postgres/pool.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace understudy::postgres {

/// What a start check found; see `async_check_identity`.
struct IdentityReport {
    /// The database is not the one, or not at the point of history, at which the replica was last seen: every row and
    /// every set was marked dirty.
    bool changed = false;
    /// How many rows were marked.
    std::uint64_t marked = 0;
    /// The role may not ask for the system identifier or the timeline, so that a fail-over or restore goes unnoticed
    /// here. `note` says so in words.
    bool unknown = false;
    std::string note;
};

/// The signature with which `async_check_identity` completes.
using IdentitySignature = void(error_code, IdentityReport);

namespace detail {

// The timeline is the first eight digits of the name of the log file being written; the control file learns of a new
// one only at the next checkpoint (PostgreSQL's documentation, "System Administration Functions").
inline std::string identity_query() {
    return "SELECT system_identifier::text, substring(pg_walfile_name(pg_current_wal_lsn()) FOR 8) "
           "FROM pg_control_system()";
}

// $1 system identifier, $2 timeline. All in one transaction; several programs that start at once wait for each other.
//
// A restored database counts tickets again that were drawn before. Tickets of reads that are still under way must not
// pass for new ones: the counter leaps over whatever may have been lost.
inline std::string identity_statement(const std::string& schema, const std::vector<std::string>& tables) {
    SqlNames names{{"meta", qualified(schema, "understudy_meta")},
                   {"sets", qualified(schema, "understudy_sets")},
                   {"sequence", sql_literal(qualified(schema, "understudy_ticket"))}};
    std::string sql = filled(R"(
WITH seen AS MATERIALIZED (
  INSERT INTO {meta} AS m (key, value) VALUES ('database', $1 || '/' || $2)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = now() WHERE m.value <> excluded.value
  RETURNING m.xmax <> 0 AS changed
),
leap AS MATERIALIZED (
  SELECT setval({sequence}, nextval({sequence}) + 4294967296) FROM seen WHERE changed
))",
                             names);
    std::string sum = "0";
    for (std::size_t i = 0; i < tables.size(); ++i) {
        names["table"] = qualified(schema, tables[i]);
        names["n"] = std::to_string(i);
        sql += filled(R"(,
marked{n} AS (
  UPDATE {table} SET mark = 2, ticket = nextval({sequence}) WHERE EXISTS (SELECT FROM leap) RETURNING 1
))",
                      names);
        sum += " + (SELECT count(*) FROM marked" + std::to_string(i) + ")";
    }
    sql += filled(R"(,
marked_sets AS (
  UPDATE {sets} SET mark = 2, ticket = nextval({sequence}) WHERE EXISTS (SELECT FROM leap)
))",
                  names);
    return sql + "\nSELECT EXISTS (SELECT FROM seen WHERE changed), (" + sum + ")::bigint";
}

} // namespace detail

/// Compares the database's identity and timeline with those that the replica was last seen in, and marks every row of
/// `tables` and every set dirty when they changed (a fail-over, a restore, a copy): a replica that lost writes must not
/// pass for current. Call it at start, after the migrations and before the first read. The schema must have
/// `understudy_sets` (see `TableTraits`), and a table `understudy_meta(key TEXT PRIMARY KEY, value TEXT NOT NULL,
/// changed_at TIMESTAMPTZ NOT NULL DEFAULT now())`.
///
/// A role that may not ask is not an error: the report says `unknown`.
///
/// *Errors*: those of `Pool::async_execute`. *Cancellation*: not supported.
template<class Token = boost::asio::deferred_t>
auto async_check_identity(Pool pool, std::vector<std::string> tables, Token&& token = {}) {
    return boost::asio::async_initiate<Token, IdentitySignature>(
        [](auto handler, Pool p, std::vector<std::string> t) {
            const auto call = detail::make_call<detail::Call<IdentityReport>>(std::move(handler), p.get_executor());
            // The copy of the pool keeps it open; both requests are bounded by its time-outs.
            p.async_execute(
                detail::identity_query(), {}, {}, [p, t, call](error_code ec, const Result& result) mutable {
                    IdentityReport report;
                    std::string system;
                    std::string timeline;
                    if (is_sqlstate(ec, "42501") || is_sqlstate(ec, "42883") || is_sqlstate(ec, "55000")) {
                        report.unknown = true;
                        report.note =
                            "the database role may not ask for the database's identity (pg_control_system, "
                            "pg_walfile_name): a fail-over or restore cannot be noticed at start; after one, mark "
                            "the rows dirty by hand";
                    } else if (!ec && !(result.get(0, 0, system) && result.get(0, 1, timeline))) {
                        ec = ClientErrc::bad_answer;
                    }
                    if (report.unknown || ec) {
                        if (!std::exchange(call->done, true))
                            call->deliver(report.unknown ? error_code{} : ec, std::move(report));
                        return;
                    }
                    p.async_execute(detail::identity_statement(p.params().schema, t), Parameters::of(system, timeline),
                                    {}, [call](error_code failed, const Result& marked) {
                                        IdentityReport found;
                                        std::int64_t count = 0;
                                        if (!failed && !(marked.get(0, 0, found.changed) && marked.get(0, 1, count)))
                                            failed = ClientErrc::bad_answer;
                                        found.marked = static_cast<std::uint64_t>(count);
                                        if (!std::exchange(call->done, true))
                                            call->deliver(failed, std::move(found));
                                    });
                });
        },
        token, std::move(pool), std::move(tables));
}

} // namespace understudy::postgres
