#include "migrations.hpp"

#include <understudy/postgres/detail/connect_failure.hpp>
#include <understudy/postgres/result.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include <poll.h>

namespace service {
namespace {

using understudy::Errc;
using understudy::error_code;
using understudy::postgres::ConnectParams;
using understudy::postgres::Diagnostics;
using understudy::postgres::Result;
namespace detail = understudy::postgres::detail;

// What ends a run: thrown inside this file only.
struct Refusal {
    error_code error;
    std::string problem;
};

class Session {
public:
    explicit Session(const ConnectParams& params) {
        auto conninfo = detail::Conninfo::parse(params.conninfo);
        if (!conninfo)
            throw Refusal{Errc::invalid_argument, "the connection string cannot be read"};
        conninfo->set_default("application_name", params.application_name + " migrate");
        conninfo->set("client_encoding", "UTF8");
        connection_.reset(PQconnectStartParams(conninfo->keywords().data(), conninfo->values().data(), 0));
        // Verbose messages carry the SQLSTATE of a refusal.
        PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
        connect(std::chrono::steady_clock::now() + params.connect_timeout);
        PQsetNoticeReceiver(
            connection_.get(), [](void*, const PGresult*) {}, nullptr);
        if (PQstatus(connection_.get()) != CONNECTION_OK) {
            auto failure = detail::connect_failure(connection_.get());
            throw Refusal{failure.code, failure.code.message() + ": " + one_line(failure.diagnostics.message)};
        }
    }

    Result run(const std::string& sql) {
        Result result{PQexec(connection_.get(), sql.c_str())};
        check(result);
        return result;
    }

    Result run(const char* sql, const std::vector<std::string>& values) {
        std::vector<const char*> pointers;
        for (const auto& value : values)
            pointers.push_back(value.c_str());
        Result result{PQexecParams(connection_.get(), sql, static_cast<int>(values.size()), nullptr, pointers.data(),
                                   nullptr, nullptr, 0)};
        check(result);
        return result;
    }

private:
    struct Finish {
        void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    };

    void connect(std::chrono::steady_clock::time_point deadline) {
        auto state = PGRES_POLLING_WRITING;
        while (PQstatus(connection_.get()) != CONNECTION_BAD && state != PGRES_POLLING_OK) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
            pollfd ready{PQsocket(connection_.get()), state == PGRES_POLLING_READING ? short{POLLIN} : short{POLLOUT},
                         0};
            if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) == 0)
                throw Refusal{Errc::timed_out, "the database did not answer in time"};
            state = PQconnectPoll(connection_.get());
        }
    }

    // Without the place in the server's source that a verbose message ends with.
    static std::string one_line(std::string text) {
        text.resize(std::min(text.find("\nLOCATION:"), text.size()));
        while (!text.empty() && text.back() == '\n')
            text.pop_back();
        std::replace_if(
            text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
        return text;
    }

    void check(const Result& result) const {
        const auto ec = result.error();
        if (!ec)
            return;
        const Diagnostics said = result.diagnostics();
        if (said.sqlstate.empty()) {
            throw Refusal{understudy::postgres::ClientErrc::connection_lost,
                          one_line(PQerrorMessage(connection_.get()))};
        }
        throw Refusal{ec, ec.message() + ": " + said.message + (said.detail.empty() ? "" : " (" + said.detail + ")")};
    }

    std::unique_ptr<PGconn, Finish> connection_;
};

std::string cell(const Result& result, std::size_t row, std::size_t column) {
    return std::string{result.field(row, column).value_or("")};
}

bool exists(Session& session, const std::string& schema, const char* table) {
    const auto found = session.run("SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                                   "WHERE n.nspname = $1 AND c.relname = $2",
                                   {schema, table});
    return found.rows() != 0;
}

// The version of the schema, after its history was compared with ours.
int compare(Session& session, const std::string& schema, std::span<const Migration> known) {
    if (!exists(session, schema, "understudy_migrations"))
        return 0;
    const auto applied =
        session.run("SELECT version, name, checksum FROM " +
                    understudy::postgres::qualified(schema, "understudy_migrations") + " ORDER BY version");
    int version = 0;
    for (std::size_t row = 0; row < applied.rows(); ++row) {
        version = std::stoi(cell(applied, row, 0));
        const auto it = std::find_if(known.begin(), known.end(), [&](const auto& m) { return m.version == version; });
        if (it == known.end())
            throw Refusal{Errc::schema_mismatch,
                          "the schema " + schema + " is newer than this program: it has migration " +
                              cell(applied, row, 1) + ", the last one known here is " +
                              (known.empty() ? "none" : std::string{known.back().name}) + "; use a newer program"};
        if (it->checksum != cell(applied, row, 2))
            throw Refusal{Errc::schema_mismatch, "migration " + cell(applied, row, 1) + " of schema " + schema +
                                                     " was applied from another text than this program has (SHA-256 " +
                                                     cell(applied, row, 2) + " then, " + std::string{it->checksum} +
                                                     " now); a migration must not change"};
        if (version != static_cast<int>(row) + 1)
            throw Refusal{Errc::schema_mismatch, "the history of schema " + schema + " lacks migration " +
                                                     std::to_string(row + 1) + ": understudy_migrations was edited"};
    }
    return version;
}

void record(Session& session, const Migration& migration) {
    session.run("INSERT INTO understudy_migrations (version, name, checksum) VALUES ($1::integer, $2, $3)",
                {std::to_string(migration.version), std::string{migration.name}, std::string{migration.checksum}});
}

template<class Work>
MigrationReport reported(const ConnectParams& params, Work work) {
    MigrationReport report;
    if (const auto problems = params.problems(); !problems.empty()) {
        report.error = Errc::invalid_argument;
        report.problem = problems.front();
        return report;
    }
    try {
        Session session{params};
        work(session, report);
    } catch (const Refusal& refusal) {
        report.error = refusal.error;
        report.problem = refusal.problem;
        report.names.clear();
        report.after = report.before;
    }
    return report;
}

} // namespace

MigrationReport migrate(const ConnectParams& params, std::span<const Migration> known) {
    return reported(params, [&](Session& session, MigrationReport& report) {
        const std::string& schema = params.schema;
        session.run("BEGIN");
        session.run("SELECT pg_advisory_xact_lock(hashtextextended('understudy migrations of ' || $1, 0))", {schema});
        if (session.run("SELECT 1 FROM pg_namespace WHERE nspname = $1", {schema}).rows() == 0)
            session.run("CREATE SCHEMA " + detail::quoted(schema));
        session.run("SET LOCAL search_path = " + detail::quoted(schema));
        report.before = compare(session, schema, known);
        if (report.before == 0 && !exists(session, schema, "understudy_migrations")) {
            session.run("CREATE TABLE understudy_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
                        "checksum TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())");
            session.run("ALTER TABLE understudy_migrations ENABLE ROW LEVEL SECURITY");
        }
        report.after = report.before;
        for (const auto& migration : known) {
            if (migration.version <= report.before)
                continue;
            try {
                session.run(std::string{migration.sql});
            } catch (const Refusal& refusal) {
                throw Refusal{refusal.error,
                              "migration " + std::string{migration.name} + " failed: " + refusal.problem};
            }
            record(session, migration);
            report.names.emplace_back(migration.name);
            report.after = migration.version;
        }
        session.run("COMMIT");
    });
}

MigrationReport check_migrations(const ConnectParams& params, std::span<const Migration> known) {
    return reported(params, [&](Session& session, MigrationReport& report) {
        report.before = compare(session, params.schema, known);
        report.after = report.before;
        std::string missing;
        for (const auto& migration : known) {
            if (migration.version > report.before)
                missing += (missing.empty() ? "" : ", ") + std::string{migration.name};
        }
        if (!missing.empty())
            throw Refusal{Errc::schema_mismatch, "the schema " + params.schema +
                                                     " is older than this program; run `understudy migrate`, which "
                                                     "applies " +
                                                     missing};
    });
}

} // namespace service
