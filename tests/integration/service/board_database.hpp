#pragma once

#include "exam_board.hpp"
#include "integration/postgres/database.hpp"
#include "migrations.hpp"
#include "pooled_database.hpp"
#include "scripted_reader.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace tests {

template<class Variant>
service::Provenance provenance_of(const Variant& result) {
    return std::visit(
        [](const auto& one) {
            if constexpr (requires { one.provenance; })
                return one.provenance;
            else
                return service::Provenance{};
        },
        result);
}

/// An exam board over a schema of its own, whose rows are made by hand, and a source that does what it is told.
class BoardDatabase {
public:
    BoardDatabase()
        : database_{}
        , board_{service::pooled_database(*database_.pool), reader, service::ReadingParams{}, service::LocalCalendar{},
                 [this] { return *understudy::parse_timestamp(now); }} {
        const auto report = service::migrate(database_.params);
        if (!report.ok())
            throw std::runtime_error{report.problem};
    }

    std::string now = "2026-05-10T16:00:00.000Z";
    ScriptedReader reader;

    service::AvailableResult available(service::AvailableQuestion question) {
        return wait<service::AvailableResult>([&](auto handler) { board_.available(question, handler); });
    }
    service::CapacityResult capacity(const std::string& id) {
        return wait<service::CapacityResult>([&](auto handler) { board_.capacity(id, handler); });
    }
    std::vector<std::string> on_offer(service::MockType type) {
        Outcome<understudy::error_code, std::vector<std::string>> outcome;
        board_.on_offer(type, outcome.handler());
        return std::get<1>(outcome.wait(database_.io));
    }

    std::vector<std::string> due() {
        Outcome<understudy::error_code, std::vector<std::string>> outcome;
        board_.due(*understudy::parse_timestamp(now), outcome.handler());
        return std::get<1>(outcome.wait(database_.io));
    }

    Session::Rows run(const std::string& sql) { return database_.sql.run(sql); }
    understudy::postgres::Pool& pool() { return *database_.pool; }
    const service::ExamBoardStats& stats() const { return board_.stats(); }
    const std::string& schema() const { return database_.params.schema; }

    /// Rows as a complete read with ticket 50 left them, changed by `changes`.
    BoardDatabase& exam(const std::string& id, const std::string& changes = {}) {
        run("INSERT INTO hubspot_mock_exams (hubspot_id, mock_exam_name, mock_type, location, exam_date, start_time, "
            "end_time, capacity, total_bookings, is_active, prerequisite_exam_ids, version, ticket, as_of, mark, "
            "state, synced_at) VALUES ('" +
            id +
            "', 'An exam', 'Clinical Skills', 'Mississauga', '2026-05-20', '2026-05-20T14:00:00Z', "
            "'2026-05-20T17:00:00Z', 12, 99, 'true', '{}', 1, 51, 50, 0, 1, now())");
        return change("hubspot_mock_exams", id, changes);
    }
    BoardDatabase& booking(const std::string& id, const std::string& exam, const std::string& changes = {}) {
        run("INSERT INTO hubspot_bookings (hubspot_id, booking_id, name, email, attending_location, is_active, "
            "associated_contact_id, associated_mock_exam, version, ticket, as_of, mark, state, synced_at) VALUES ('" +
            id + "', 'Clinical Skills-S1-May 20, 2026', 'Ann Lee', 'ann@example.org', 'calgary', 'Active', '999', '" +
            exam + "', 1, 51, 50, 0, 1, now())");
        return change("hubspot_bookings", id, changes);
    }
    /// Says that the set was read with ticket 50.
    BoardDatabase& cover_exams() { return cover("hubspot_mock_exams.all_exams", ""); }
    BoardDatabase& cover_exam(const std::string& id) { return cover("hubspot_bookings.bookings_of_exam", id); }

private:
    BoardDatabase& change(const std::string& table, const std::string& id, const std::string& changes) {
        if (!changes.empty())
            run("UPDATE " + table + " SET " + changes + " WHERE hubspot_id = '" + id + "'");
        return *this;
    }
    BoardDatabase& cover(const std::string& kind, const std::string& parent) {
        run("INSERT INTO understudy_sets (kind, parent, ticket, as_of, mark, synced_at) VALUES ('" + kind + "', '" +
            parent + "', 52, 50, 0, now())");
        return *this;
    }

    template<class Result, class Ask>
    Result wait(Ask&& ask) {
        Outcome<Result> outcome;
        ask([handler = outcome.handler()](Result result) mutable { handler(std::move(result)); });
        return std::get<0>(outcome.wait(database_.io));
    }

    Database database_;
    service::ExamBoard board_;
};

} // namespace tests
