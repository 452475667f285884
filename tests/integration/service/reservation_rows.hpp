#pragma once

#include "integration/private_postgres.hpp"
#include "migrations.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tests {

/// A schema of a test's own with the rows that reservations are judged by: of each exam and student that is put there
/// everything is known as of ticket 50. All exams are of one kind and day.
class ReservationRows {
public:
    /// Names and texts of reservations.
    using Wishes = std::vector<std::pair<std::string, std::string>>;

    /// `function` is the one that judges.
    explicit ReservationRows(std::string function)
        : sql{server().conninfo()}
        , function_{std::move(function)} {
        static int number = 0;
        understudy::postgres::ConnectParams params;
        params.conninfo = server().conninfo();
        params.schema = "rows" + std::to_string(++number);
        const auto report = service::migrate(params);
        BOOST_TEST_REQUIRE(report.ok(), report.problem);
        sql.run("SET search_path = " + params.schema);
    }

    void exam(const std::string& id, int capacity) {
        sql.run(
            "INSERT INTO hubspot_mock_exams (hubspot_id, mock_type, exam_date, capacity, is_active, version, ticket, "
            "as_of, mark, state, synced_at) VALUES ('" +
            id + "', 'Clinical Skills', '2026-05-20', " + std::to_string(capacity) +
            ", 'true', 1, 51, 50, 0, 1, now())");
        cover("bookings_of_exam", id);
    }
    void student(const std::string& id, const std::string& number = {}) {
        sql.run("INSERT INTO hubspot_contact_credits (hubspot_id, student_id, version, ticket, as_of, mark, state, "
                "synced_at) VALUES ('" +
                id + "', 'S" + (number.empty() ? id : number) + "', 1, 51, 50, 0, 1, now())");
        cover("bookings_of_contact", id);
    }
    void cover(const std::string& kind, const std::string& parent) {
        sql.run(
            "INSERT INTO understudy_sets (kind, parent, ticket, as_of, mark, synced_at) VALUES ('hubspot_bookings." +
            kind + "', '" + parent + "', 52, 50, 0, now())");
    }
    void booking(const std::string& id, const std::string& contact, const std::string& exam,
                 const std::string& changes = "mark = 0") {
        sql.run("INSERT INTO hubspot_bookings (hubspot_id, is_active, associated_contact_id, associated_mock_exam, "
                "version, ticket, as_of, mark, state, synced_at) VALUES ('" +
                id + "', 'Active', '" + contact + "', '" + exam + "', 1, 51, 50, 0, 1, now())");
        sql.run("UPDATE hubspot_bookings SET " + changes + " WHERE hubspot_id = '" + id + "'");
    }

    static std::string wish(const std::string& exam, const std::string& contact, const std::string& key,
                            const std::string& student = {}) {
        return R"({"exam":")" + exam + R"(","contact":")" + contact + R"(","student":"S)" +
               (student.empty() ? contact : student) +
               R"(","mock_type":"Clinical Skills","date":"2026-05-20","booking_id":"Clinical Skills-S)" + contact +
               R"(-May 20, 2026","key":")" + key + R"("})";
    }
    /// What is objected to operations of these names, handed in together in that order.
    std::map<std::string, std::string> reserve(const Wishes& wishes) {
        std::string ids;
        std::string texts;
        for (const auto& [id, text] : wishes) {
            ids += (ids.empty() ? "'" : ", '") + id + "'";
            texts += (texts.empty() ? "'" : ", '") + text + "'";
        }
        std::map<std::string, std::string> objections;
        for (const auto& row : sql.run("SELECT * FROM " + function_ + "(ARRAY[" + ids + "], ARRAY[" + texts + "])"))
            objections[row[0]] = row[1];
        return objections;
    }
    std::string objection(const std::string& wish) {
        const auto id = "op" + std::to_string(++operations_);
        return reserve({{id, wish}})[id];
    }

    static PrivatePostgres& server() {
        static PrivatePostgres postgres;
        return postgres;
    }

    Session sql;

private:
    std::string function_;
    int operations_ = 0;
};

} // namespace tests
