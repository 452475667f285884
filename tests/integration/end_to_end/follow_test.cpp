#include "booking_house.hpp"

#include <csignal>

using namespace tests;
namespace json = boost::json;
namespace utf = boost::unit_test;

namespace {

struct FollowHouse : BookingHouse {
    using BookingHouse::BookingHouse;

    std::string total(const std::string& exam_id) { return property(exam_type, exam_id, "total_bookings"); }
    std::string dead() { return sql("SELECT count(*) FROM understudy_operations WHERE state = 4"); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(following)

BOOST_AUTO_TEST_CASE(a_booking_of_a_warm_student_is_eight_calls_in_all) {
    FollowHouse house;
    const auto exam = house.exam(5);
    house.credits(1, "1");
    house.start();
    house.warm(1, exam);
    house.rest();
    house.hubspot->control("POST", "counters/reset");
    const auto booked = house.book(1, exam);
    BOOST_TEST_REQUIRE(booked.status == 201, booked.body);
    house.rest();
    BOOST_TEST(house.calls() <= 8, json::serialize(house.hubspot->counters()));
    BOOST_TEST(house.total(exam) == "1");
    const auto notes = house.notes(booking_type, record_of(booked));
    BOOST_TEST_REQUIRE(notes.size() == 1U);
    BOOST_TEST(contains(notes[0], "Situational Judgment-" + student_of(1)));
    BOOST_TEST(contains(notes[0], "Paid with: Situational Judgment Token"));
    BOOST_TEST((house.notes("0-1", id_of(1)) == notes));
    house.same_as_source(1);
    BOOST_TEST(house.dead() == "0");
}

BOOST_AUTO_TEST_CASE(a_reason_for_cancelling_is_noted_as_it_was_written) {
    FollowHouse house;
    const auto exam = house.exam(5);
    house.credits(1, "1");
    house.start();
    const auto booked = house.book(1, exam);
    BOOST_TEST_REQUIRE(booked.status == 201, booked.body);
    house.rest();
    BOOST_TEST(house.total(exam) == "1");
    const auto body = json::serialize(json::object{{"student_id", student_of(1)},
                                                   {"email", email_of(1)},
                                                   {"reason", "<script>alert(\"ill\")</script> & 'late'\nsorry"}});
    BOOST_TEST(HttpExchange(house.port, "DELETE", "/api/bookings/" + record_of(booked), body).receive().status == 200);
    house.rest();
    const auto notes = house.notes(booking_type, record_of(booked));
    BOOST_TEST_REQUIRE(notes.size() == 2U);
    const auto& last = contains(notes[0], "cancelled") ? notes[0] : notes[1];
    BOOST_TEST(
        contains(last, "Reason: &lt;script&gt;alert(&quot;ill&quot;)&lt;/script&gt; &amp; &#39;late&#39;<br>sorry"),
        last);
    BOOST_TEST(contains(last, "Given back: Situational Judgment Token"), last);
    BOOST_TEST(house.total(exam) == "0");
}

BOOST_AUTO_TEST_CASE(d14_a_rush_of_a_hundred_is_twenty_calls_with_all_that_follows, *utf::label("rush")) {
    FollowHouse house;
    const auto exam = house.exam(100);
    for (int i = 1; i <= 100; ++i)
        house.credits(i, "1");
    house.start();
    for (int i = 1; i <= 100; ++i)
        house.warm(i, exam);
    house.rest();
    house.hubspot->change({{"latency_ms", 500}});
    house.hubspot->control("POST", "counters/reset");
    std::vector<HttpExchange> exchanges;
    for (int i = 1; i <= 100; ++i)
        exchanges.push_back(house.ask_booking(i, exam));
    BOOST_TEST(spelled(tally(exchanges)) == "100 x 201");
    house.rest();
    BOOST_TEST_MESSAGE("calls " << house.calls());
    BOOST_TEST(house.calls() <= MOST_RUSH_CALLS, json::serialize(house.hubspot->counters()));
    BOOST_TEST(house.count("status_429") == 0);
    BOOST_TEST(house.total(exam) == "100");
    for (const int student : {1, 50, 100}) {
        BOOST_TEST(house.notes("0-1", id_of(student)).size() == 1U);
        house.same_as_source(student);
    }
}

BOOST_AUTO_TEST_CASE(d8_what_follows_a_booking_survives_a_kill_right_after_the_answer) {
    FollowHouse house;
    const auto exam = house.exam(5);
    house.credits(1, "1");
    house.variables["UNDERSTUDY_LEASE"] = "1s";
    house.variables["UNDERSTUDY_LANDING_LIMIT"] = "1s";
    house.start();
    const auto booked = house.book(1, exam);
    BOOST_TEST_REQUIRE(booked.status == 201, booked.body);
    house.service->signal(SIGKILL);
    house.service->wait();
    house.start();
    house.rest();
    BOOST_TEST(house.notes(booking_type, record_of(booked)).size() == 1U);
    BOOST_TEST(house.total(exam) == "1");
    BOOST_TEST(house.dead() == "0");
}

BOOST_AUTO_TEST_SUITE_END()
