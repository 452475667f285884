#include "reservation_rows.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

// Exam `10` with one place, exam `11`, and student `S1`.
struct Desk : tests::ReservationRows {
    Desk()
        : ReservationRows{"reserve_bookings"} {
        exam("10", 1);
        exam("11", 5);
        student("1");
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(reservations)

BOOST_AUTO_TEST_CASE(a_place_is_given_once) {
    Desk desk;
    desk.student("2");
    BOOST_TEST(desk.objection(Desk::wish("10", "1", "a")) == "");
    BOOST_TEST(desk.objection(Desk::wish("10", "2", "b")) == "EXAM_FULL");
    BOOST_TEST(desk.sql.value("SELECT count(*) FROM booking_reservations") == "1");
}

BOOST_AUTO_TEST_CASE(d6_of_many_at_once_the_first_in_line_get_the_places) {
    Desk desk;
    desk.exam("12", 3);
    Desk::Wishes wishes;
    for (int i = 100; i < 200; ++i) {
        desk.student(std::to_string(i));
        wishes.emplace_back("op" + std::to_string(i), Desk::wish("12", std::to_string(i), "k" + std::to_string(i)));
    }
    const auto objections = desk.reserve(wishes);
    BOOST_TEST(objections.size() == 97U);
    for (const auto* first : {"op100", "op101", "op102"})
        BOOST_TEST(!objections.contains(first));
    for (const auto& [id, objection] : objections)
        BOOST_TEST_REQUIRE(objection == "EXAM_FULL");
}

BOOST_AUTO_TEST_CASE(a_booking_that_is_mirrored_counts_once_beside_its_reservation) {
    Desk desk;
    desk.student("2");
    desk.student("3");
    desk.exam("12", 2);
    BOOST_TEST(desk.objection(Desk::wish("12", "1", "a")) == "");
    desk.booking("900", "1", "12", "idempotency_key = 'a'");
    BOOST_TEST(desk.objection(Desk::wish("12", "2", "b")) == "");
    BOOST_TEST(desk.objection(Desk::wish("12", "3", "c")) == "EXAM_FULL");
}

BOOST_AUTO_TEST_CASE(completed_bookings_take_places_and_cancelled_ones_do_not) {
    Desk desk;
    desk.student("2");
    desk.booking("900", "2", "10", "is_active = 'Cancelled'");
    BOOST_TEST(desk.objection(Desk::wish("10", "2", "a")) == "");
    desk.exam("12", 1);
    desk.booking("901", "2", "12", "is_active = 'Completed'");
    BOOST_TEST(desk.objection(Desk::wish("12", "1", "b")) == "EXAM_FULL");
}

BOOST_AUTO_TEST_CASE(an_admin_books_over_the_places_and_never_twice_a_day) {
    Desk desk;
    for (const auto* id : {"2", "3"})
        desk.student(id);
    const auto over = [](std::string wish, const char* value = "true") {
        wish.pop_back();
        return wish + R"(,"override_capacity":)" + value + "}";
    };
    BOOST_TEST(desk.objection(Desk::wish("10", "1", "a")) == "");
    BOOST_TEST(desk.objection(over(Desk::wish("10", "2", "b"), "false")) == "EXAM_FULL");
    BOOST_TEST(desk.objection(over(Desk::wish("10", "2", "c"))) == "");
    BOOST_TEST(desk.objection(over(Desk::wish("11", "2", "d"))) == "DUPLICATE_BOOKING");
    BOOST_TEST(desk.objection(Desk::wish("10", "3", "e")) == "EXAM_FULL");
    desk.exam("12", 5);
    desk.sql.run("UPDATE understudy_sets SET mark = 2 WHERE parent = '12'");
    BOOST_TEST(desk.objection(over(Desk::wish("12", "3", "f"))) == "NOT_COVERED");
}

BOOST_AUTO_TEST_CASE(d7_one_of_a_kind_and_day_whoever_of_a_student_s_contacts_books) {
    Desk desk;
    BOOST_TEST(desk.objection(Desk::wish("10", "1", "a")) == "");
    BOOST_TEST(desk.objection(Desk::wish("11", "1", "b")) == "DUPLICATE_BOOKING");
    // Two contacts with one number, in one call: neither lock of theirs knows of the other.
    desk.student("2", "7");
    desk.student("3", "7");
    const auto objections =
        desk.reserve({{"x", Desk::wish("11", "2", "c", "7")}, {"y", Desk::wish("11", "3", "d", "7")}});
    BOOST_TEST(objections.size() == 1U);
    BOOST_TEST(objections.at("y") == "DUPLICATE_BOOKING");
}

BOOST_AUTO_TEST_CASE(d7_an_active_booking_of_the_day_is_in_the_way_and_a_cancelled_one_is_not) {
    Desk desk;
    desk.booking("900", "1", "10");
    BOOST_TEST(desk.objection(Desk::wish("11", "1", "a")) == "DUPLICATE_BOOKING");
    desk.sql.run("UPDATE hubspot_bookings SET is_active = 'Cancelled'");
    BOOST_TEST(desk.objection(Desk::wish("11", "1", "b")) == "");
    // By what it is called, where its exam is not known.
    desk.student("2");
    desk.booking("901", "2", "404", "booking_id = 'Clinical Skills-S2-May 20, 2026'");
    BOOST_TEST(desk.objection(Desk::wish("11", "2", "c")) == "DUPLICATE_BOOKING");
}

BOOST_AUTO_TEST_CASE(nothing_is_decided_on_what_is_not_known_for_sure) {
    for (const std::string doubt :
         {"UPDATE understudy_sets SET mark = 2 WHERE parent = '10'",
          "UPDATE understudy_sets SET mark = 2 WHERE parent = '1'", "DELETE FROM understudy_sets WHERE parent = '10'",
          "DELETE FROM understudy_sets WHERE parent = '1'", "UPDATE understudy_sets SET as_of = 0, synced_at = NULL",
          "UPDATE hubspot_mock_exams SET mark = 2 WHERE hubspot_id = '10'",
          "DELETE FROM hubspot_mock_exams WHERE hubspot_id = '10'", "UPDATE hubspot_bookings SET mark = 2",
          "UPDATE hubspot_bookings SET as_of = 49"}) {
        Desk desk;
        desk.booking("900", "1", "11", "is_active = 'Cancelled'");
        desk.booking("901", "9", "10", "is_active = 'Cancelled'");
        desk.sql.run(doubt);
        BOOST_TEST(desk.objection(Desk::wish("10", "1", "a")) == "NOT_COVERED", doubt);
        BOOST_TEST(desk.sql.value("SELECT count(*) FROM booking_reservations") == "0");
    }
}

BOOST_AUTO_TEST_CASE(a_reservation_ends_with_its_operation) {
    Desk desk;
    const auto begin = [&](const std::string& id) {
        desk.sql.run(
            "INSERT INTO understudy_operations (id, seq, kind, keys, request, plan, state, fence, reservation) "
            "VALUES ('" +
            id + "', 1, 'book', '{}', '', 'p', 1, 1, 'x')");
        return desk.reserve({{id, Desk::wish("10", "1", id)}})[id];
    };
    BOOST_TEST(begin("a") == "");
    desk.sql.run("UPDATE understudy_operations SET state = 2, ended_at = now(), reservation = ''");
    BOOST_TEST(begin("b") == "");
    desk.sql.run("DELETE FROM understudy_operations");
    BOOST_TEST(begin("c") == "");
}

// Two that decide at the same time: the second sees what the first one took.
BOOST_AUTO_TEST_CASE(d6_places_are_counted_under_the_exam_s_lock) {
    Desk desk;
    desk.student("2");
    desk.sql.run("BEGIN");
    BOOST_TEST(desk.objection(Desk::wish("10", "1", "a")) == "");
    tests::Session other{Desk::server().conninfo()};
    other.run("SET search_path = " + desk.sql.value("SELECT current_schema()") + "; SET lock_timeout = '100ms'");
    BOOST_CHECK_THROW(other.run("SELECT reserve_bookings(ARRAY['z'], ARRAY['" + Desk::wish("10", "2", "b") + "'])"),
                      std::runtime_error);
    desk.sql.run("COMMIT");
    BOOST_TEST(other.run("SELECT * FROM reserve_bookings(ARRAY['z'], ARRAY['" + Desk::wish("10", "2", "b") + "'])")
                   .at(0)
                   .at(1) == "EXAM_FULL");
}

BOOST_AUTO_TEST_SUITE_END()
