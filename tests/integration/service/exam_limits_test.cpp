#include "reservation_rows.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

// Exam `10` with three places, and students 1 to 9.
struct Office : tests::ReservationRows {
    Office()
        : ReservationRows{"reserve_places"} {
        exam("10", 3);
        for (int i = 1; i <= 9; ++i)
            student(std::to_string(i));
    }

    static std::string place(const std::string& contact) { return wish("10", contact, "k" + contact); }
    static std::string limit(int places) { return R"({"exam":"10","places_at_most":)" + std::to_string(places) + "}"; }
    std::string limits() { return sql.value("SELECT count(*) FROM exam_limits"); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(exam_limits)

BOOST_AUTO_TEST_CASE(an_exam_without_bookings_may_go) {
    Office office;
    office.booking("100", "1", "10", "is_active = 'Cancelled'");
    BOOST_TEST(office.objection(Office::limit(0)) == "");
    BOOST_TEST(office.limits() == "1");
}

BOOST_AUTO_TEST_CASE(bookings_that_are_active_or_completed_hold_places) {
    for (const auto* status : {"Active", "Completed"}) {
        Office office;
        office.booking("100", "1", "10", "is_active = '" + std::string{status} + "'");
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
    office.booking("100", "1", "10", "idempotency_key = 'k1'");
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
        office.booking("100", "1", "10", "is_active = 'Cancelled'");
        office.sql.run(doubt);
        BOOST_TEST(office.objection(Office::limit(0)) == "NOT_COVERED", doubt);
        BOOST_TEST(office.limits() == "0");
    }
}

BOOST_AUTO_TEST_CASE(while_an_exam_is_limited_bookings_beyond_that_wait) {
    Office office;
    office.booking("100", "1", "10");
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
