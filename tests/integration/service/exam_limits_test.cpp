#include "integration/private_postgres.hpp"
#include "migrations.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>
#include <vector>

using tests::Session;

namespace {

tests::PrivatePostgres& server() {
    static tests::PrivatePostgres postgres;
    return postgres;
}

// A schema of the test's own: exam `10` with three places, of whose bookings everything is known as of ticket 50, and
// students 1 to 9.
struct Office {
    Office() {
        static int number = 0;
        understudy::postgres::ConnectParams params;
        params.conninfo = server().conninfo();
        params.schema = "office" + std::to_string(++number);
        const auto report = service::migrate(params);
        BOOST_TEST_REQUIRE(report.ok(), report.problem);
        sql.run("SET search_path = " + params.schema);
        sql.run("INSERT INTO hubspot_mock_exams (hubspot_id, mock_type, exam_date, capacity, is_active, version, "
                "ticket, as_of, mark, state, synced_at) VALUES ('10', 'Clinical Skills', '2026-05-20', 3, 'true', 1, "
                "51, 50, 0, 1, now())");
        cover("bookings_of_exam", "10");
        for (int i = 1; i <= 9; ++i) {
            const auto id = std::to_string(i);
            sql.run("INSERT INTO hubspot_contact_credits (hubspot_id, student_id, version, ticket, as_of, mark, state, "
                    "synced_at) VALUES ('" +
                    id + "', 'S" + id + "', 1, 51, 50, 0, 1, now())");
            cover("bookings_of_contact", id);
        }
    }

    void cover(const std::string& kind, const std::string& parent) {
        sql.run(
            "INSERT INTO understudy_sets (kind, parent, ticket, as_of, mark, synced_at) VALUES ('hubspot_bookings." +
            kind + "', '" + parent + "', 52, 50, 0, now())");
    }
    void booking(const std::string& id, const std::string& contact, const std::string& status = "Active",
                 const std::string& changes = "mark = 0") {
        sql.run("INSERT INTO hubspot_bookings (hubspot_id, is_active, associated_contact_id, associated_mock_exam, "
                "version, ticket, as_of, mark, state, synced_at) VALUES ('" +
                id + "', '" + status + "', '" + contact + "', '10', 1, 51, 50, 0, 1, now())");
        sql.run("UPDATE hubspot_bookings SET " + changes + " WHERE hubspot_id = '" + id + "'");
    }

    static std::string place(const std::string& contact) {
        return R"({"exam":"10","contact":")" + contact + R"(","student":"S)" + contact +
               R"(","mock_type":"Clinical Skills","date":"2026-05-20","booking_id":"Clinical Skills-S)" + contact +
               R"(-May 20, 2026","key":"k)" + contact + R"("})";
    }
    static std::string limit(int places) { return R"({"exam":"10","places_at_most":)" + std::to_string(places) + "}"; }

    // What is objected to operations of these names, handed in together in that order.
    using Wishes = std::vector<std::pair<std::string, std::string>>;
    std::map<std::string, std::string> reserve(const Wishes& wishes) {
        std::string ids;
        std::string texts;
        for (const auto& [id, text] : wishes) {
            ids += (ids.empty() ? "'" : ", '") + id + "'";
            texts += (texts.empty() ? "'" : ", '") + text + "'";
        }
        std::map<std::string, std::string> objections;
        for (const auto& row : sql.run("SELECT * FROM reserve_places(ARRAY[" + ids + "], ARRAY[" + texts + "])"))
            objections[row[0]] = row[1];
        return objections;
    }
    std::string objection(const std::string& wish) {
        const auto id = "op" + std::to_string(++operations_);
        return reserve({{id, wish}})[id];
    }
    std::string limits() { return sql.value("SELECT count(*) FROM exam_limits"); }

    Session sql{server().conninfo()};

private:
    int operations_ = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(exam_limits)

BOOST_AUTO_TEST_CASE(an_exam_without_bookings_may_go) {
    Office office;
    office.booking("100", "1", "Cancelled");
    BOOST_TEST(office.objection(Office::limit(0)) == "");
    BOOST_TEST(office.limits() == "1");
}

BOOST_AUTO_TEST_CASE(bookings_that_are_active_or_completed_hold_places) {
    for (const auto* status : {"Active", "Completed"}) {
        Office office;
        office.booking("100", "1", status);
        BOOST_TEST(office.objection(Office::limit(0)) == "HAS_BOOKINGS");
        BOOST_TEST(office.objection(Office::limit(1)) == "");
        BOOST_TEST(office.limits() == "1");
    }
}

BOOST_AUTO_TEST_CASE(so_do_bookings_on_their_way) {
    Office office;
    BOOST_TEST(office.objection(Office::place("1")) == "");
    BOOST_TEST(office.objection(Office::limit(0)) == "HAS_BOOKINGS");
    // It is mirrored, and counts once.
    office.booking("100", "1", "Active", "idempotency_key = 'k1'");
    BOOST_TEST(office.objection(Office::limit(0)) == "HAS_BOOKINGS");
    BOOST_TEST(office.objection(Office::limit(1)) == "");
}

BOOST_AUTO_TEST_CASE(what_is_not_known_for_sure_is_read_first) {
    const char* const doubts[] = {
        "DELETE FROM understudy_sets WHERE kind = 'hubspot_bookings.bookings_of_exam'",
        "UPDATE understudy_sets SET mark = 2",
        "UPDATE hubspot_mock_exams SET mark = 2",
        "UPDATE hubspot_bookings SET mark = 2",
        "UPDATE hubspot_bookings SET as_of = 49",
        "DELETE FROM hubspot_mock_exams",
    };
    for (const auto* doubt : doubts) {
        Office office;
        office.booking("100", "1", "Cancelled");
        office.sql.run(doubt);
        BOOST_TEST(office.objection(Office::limit(0)) == "NOT_COVERED", doubt);
        BOOST_TEST(office.limits() == "0");
    }
}

BOOST_AUTO_TEST_CASE(while_an_exam_is_limited_bookings_beyond_that_wait) {
    Office office;
    office.booking("100", "1");
    BOOST_TEST(office.objection(Office::limit(2)) == "");
    const auto objections = office.reserve({{"a", Office::place("2")}, {"b", Office::place("3")}});
    BOOST_TEST(!objections.contains("a"));
    BOOST_TEST(objections.at("b") == "NOT_COVERED");
    office.sql.run("DELETE FROM exam_limits");
    BOOST_TEST(office.objection(Office::place("3")) == "");
    BOOST_TEST(office.objection(Office::place("4")) == "EXAM_FULL");
}

BOOST_AUTO_TEST_CASE(of_a_deletion_and_a_booking_at_once_one_is_done) {
    Office office;
    const auto objections = office.reserve({{"a", Office::place("1")}, {"b", Office::limit(0)}});
    BOOST_TEST(objections.at("a") == "NOT_COVERED");
    BOOST_TEST(!objections.contains("b"));
}

BOOST_AUTO_TEST_CASE(a_limit_lasts_as_long_as_its_operation) {
    for (const auto* end : {"UPDATE understudy_operations SET reservation = ''", "DELETE FROM understudy_operations"}) {
        Office office;
        office.sql.run("INSERT INTO understudy_operations (id, seq, kind, keys, request, plan, state, fence, "
                       "reservation) VALUES ('op1', 1, '', '{}', '', '', 1, 1, 'x')");
        BOOST_TEST(office.objection(Office::limit(0)) == "");
        BOOST_TEST(office.limits() == "1");
        office.sql.run(end);
        BOOST_TEST(office.limits() == "0");
    }
}

BOOST_AUTO_TEST_SUITE_END()
