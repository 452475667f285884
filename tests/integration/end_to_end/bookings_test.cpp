#include "booking_house.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <map>
#include <string>
#include <vector>

using namespace tests;
namespace json = boost::json;

BOOST_AUTO_TEST_SUITE(bookings)

BOOST_AUTO_TEST_CASE(i7_a_new_exam_date_is_at_hubspot_and_in_the_replica_before_the_answer) {
    BookingHouse house;
    house.start();
    BOOST_TEST(house.login(1).status == 200);
    house.hubspot->control("POST", "counters/reset");
    const auto date = days_from_now(90);
    const auto body =
        json::serialize(json::object{{"student_id", student_of(1)}, {"email", email_of(1)}, {"ndecc_exam_date", date}});
    const auto changed = HttpExchange{house.port, "PUT", "/api/user/update-ndecc-date", body}.receive();
    BOOST_TEST(changed.status == 200, changed.body);
    BOOST_TEST(house.writes() == 1);
    const auto login = house.login(1);
    BOOST_TEST(login.json().at("data").at("ndecc_exam_date").as_string() == date);
    BOOST_TEST(login.json().at("data").at("_metadata").at("data_source").as_string() == "supabase");
    BOOST_TEST(house.credit(1, "ndecc_exam_date") == date);
    house.stop();
}

BOOST_AUTO_TEST_CASE(a_booking_of_a_warm_student_is_three_calls_and_the_new_balance_is_there_at_once) {
    BookingHouse house;
    const auto exam = house.exam(5);
    house.credits(1, "2");
    house.start();
    house.warm(1, exam);
    house.hubspot->control("POST", "counters/reset");

    const auto booked = house.book(1, exam);
    BOOST_TEST_REQUIRE(booked.status == 201, booked.body);
    BOOST_TEST(booked.json().at("data").at("credit_details").at("remaining_credits") == 1);
    // The contact is read, then the booking is made and paid side by side.
    std::vector<std::string> calls;
    const auto log = house.hubspot->control("GET", "log");
    for (const auto& call : log.at("log").as_array())
        calls.emplace_back(call.at("kind").as_string());
    BOOST_TEST_REQUIRE(calls.size() >= 3U);
    BOOST_TEST(calls[0] == "batch_read");
    std::sort(calls.begin() + 1, calls.begin() + 3);
    BOOST_TEST(calls[1] == "batch_create");
    BOOST_TEST(calls[2] == "batch_update");
    // What follows the answer is not counted here.
    BOOST_TEST(house.by_kind_and_type(booking_type, {"create", "batch_create", "update", "batch_update"}) == 1);
    BOOST_TEST(house.by_kind_and_type("0-1", {"update", "batch_update"}) == 1);

    const auto login = house.login(1);
    BOOST_TEST(login.json().at("data").at("credits").at("sj_credits") == 1);
    BOOST_TEST(login.json().at("data").at("_metadata").at("data_source").as_string() == "supabase");
    BOOST_TEST(house.active(1) == 1U);
    BOOST_TEST(house.credit(1) == "1");
    const auto record = record_of(booked);
    BOOST_TEST(house.property(booking_type, record, "is_active") == "Active");
    BOOST_TEST(house.property(booking_type, record, "token_used") == "Situational Judgment Token");
    house.settle();
    BOOST_TEST(house.sql("SELECT count(*) FROM booking_reservations") == "0");
    house.stop();
}

BOOST_AUTO_TEST_CASE(d4_one_credit_pays_one_of_two_bookings_at_once) {
    BookingHouse house;
    const auto first = house.exam(5, 30);
    const auto second = house.exam(5, 31);
    house.credits(1, "0", "1");
    house.start();
    std::vector<HttpExchange> exchanges;
    exchanges.push_back(house.ask_booking(1, first));
    exchanges.push_back(house.ask_booking(1, second));
    BOOST_TEST(spelled(tally(exchanges)) == "1 x 201, 1 x 402 INSUFFICIENT_CREDITS");
    BOOST_TEST(house.credit(1, "shared_mock_credits") == "0");
    BOOST_TEST(house.active(1) == 1U);
}

BOOST_AUTO_TEST_CASE(d6_fifty_at_once_for_one_place_are_one_booking) {
    BookingHouse house;
    const auto exam = house.exam(1);
    for (int i = 1; i <= 50; ++i)
        house.credits(i, "1");
    house.credits(1, "0"); // the first in line cannot pay
    house.start();
    std::vector<HttpExchange> exchanges;
    for (int i = 1; i <= 50; ++i)
        exchanges.push_back(house.ask_booking(i, exam));
    BOOST_TEST(spelled(tally(exchanges)) == "1 x 201, 1 x 402 INSUFFICIENT_CREDITS, 48 x 409 EXAM_FULL");
    int spent = 0;
    for (int i = 2; i <= 50; ++i)
        spent += house.credit(i) == "0";
    BOOST_TEST(spent == 1);
    BOOST_TEST(house.by_kind_and_type(booking_type, {"create", "batch_create"}) == 1);
}

BOOST_AUTO_TEST_CASE(d7_two_exams_of_one_kind_and_day_are_one_booking) {
    BookingHouse house;
    const auto first = house.exam(5);
    const auto second = house.exam(5);
    house.credits(1, "5");
    house.start();
    std::vector<HttpExchange> exchanges;
    exchanges.push_back(house.ask_booking(1, first));
    exchanges.push_back(house.ask_booking(1, second));
    BOOST_TEST(spelled(tally(exchanges)) == "1 x 201, 1 x 409 DUPLICATE_BOOKING");
    BOOST_TEST(house.credit(1) == "4");
}

BOOST_AUTO_TEST_CASE(the_same_key_is_the_same_booking_at_once_and_later_and_no_other_request) {
    BookingHouse house;
    const auto exam = house.exam(5);
    const auto other = house.exam(5, 31);
    house.credits(1, "5");
    house.start();
    const auto before = house.bookings_at_source(id_of(1)).size();
    std::vector<HttpExchange> exchanges;
    for (int i = 0; i < 5; ++i)
        exchanges.push_back(house.ask_booking(1, exam, "my-key"));
    std::string record;
    for (auto& exchange : exchanges) {
        const auto answer = exchange.receive();
        BOOST_TEST((answer.status == 201 || answer.status == 200), answer.body);
        BOOST_TEST((record.empty() || record == record_of(answer)));
        record = record_of(answer);
    }
    const auto again = house.book(1, exam, "my-key");
    BOOST_TEST(again.status == 200);
    BOOST_TEST(again.json().at("data").at("idempotent_request").as_bool());
    BOOST_TEST(record_of(again) == record);
    BOOST_TEST(again.json().at("data").at("credit_details").at("remaining_credits") == 4);
    BOOST_TEST(house.book(1, other, "my-key").status == 422);
    // Without a key, too: the same within five minutes is the same.
    BOOST_TEST(house.credit(1) == "4");
    BOOST_TEST(house.bookings_at_source(id_of(1)).size() == before + 1);
}

BOOST_AUTO_TEST_CASE(d5_a_cancellation_gives_the_credit_back_once_and_the_place_is_free_again) {
    BookingHouse house;
    const auto exam = house.exam(1);
    house.credits(1, "1");
    house.start();
    const auto booked = house.book(1, exam);
    BOOST_TEST_REQUIRE(booked.status == 201, booked.body);
    std::vector<HttpExchange> exchanges;
    exchanges.push_back(house.ask_cancel(1, record_of(booked)));
    exchanges.push_back(house.ask_cancel(1, record_of(booked)));
    BOOST_TEST(spelled(tally(exchanges)) == "1 x 200, 1 x 409 ALREADY_CANCELED");
    BOOST_TEST(house.credit(1) == "1");
    BOOST_TEST(house.property(booking_type, record_of(booked), "is_active") == "Cancelled");
    BOOST_TEST(house.property(booking_type, record_of(booked), "token_refunded") == "true");
    BOOST_TEST(house.login(1).json().at("data").at("credits").at("sj_credits") == 1);
    // Within the same five minutes.
    const auto again = house.book(1, exam);
    BOOST_TEST(again.status == 201, again.body);
    BOOST_TEST(record_of(again) != record_of(booked));
    BOOST_TEST(house.credit(1) == "0");
}

BOOST_AUTO_TEST_CASE(d5_fifty_cancellations_of_one_student_are_two_round_trips_and_one_patch_of_the_contact) {
    constexpr int number = 50;
    BookingHouse house;
    house.credits(101, "3", "2");
    const auto bulk = [&](std::string_view type, json::object made) {
        made["count"] = number;
        return house.hubspot->control("POST", "records/" + std::string{type} + "/bulk", made).at("ids").as_array();
    };
    const auto exams = bulk(exam_type, {{"properties",
                                         {{"mock_exam_name", "Exam {id}"},
                                          {"mock_type", "Situational Judgment"},
                                          {"exam_date", days_from_now(30)},
                                          {"capacity", "5"},
                                          {"is_active", "true"}}}});
    const auto bookings =
        bulk(booking_type, {{"properties",
                             {{"booking_id", "Booking {id}"},
                              {"idempotency_key", "key {id}"},
                              {"token_used", "Situational Judgment Token"},
                              {"is_active", "Active"}}},
                            {"associations", json::array{json::object{{"type", "0-1"}, {"ids", {id_of(101)}}},
                                                         json::object{{"type", exam_type}, {"ids", exams}}}}});
    house.start();
    house.warm(101, std::string{exams[0].as_string()});
    house.rest();

    json::array items;
    for (const auto& booking : bookings)
        items.push_back({{"id", booking}, {"student_id", student_of(101)}, {"email", email_of(101)}});
    house.hubspot->control("POST", "counters/reset");
    // Whatever is asked of the source waits until it is let go.
    house.hubspot->fault({{"action", "hold"}});
    HttpExchange asked{house.port, "POST", "/api/bookings/batch-cancel",
                       json::serialize(json::object{{"bookings", items}})};
    // The bookings, whose they are and of which exams, and the contact.
    house.wait_for_held(4);
    house.hubspot->control("POST", "release");
    // The bookings, and the contact: nothing else is asked in between.
    while (house.calls() < 6) {
    }
    BOOST_TEST(house.by_kind({"batch_read", "association_batch_read"}) == 4);
    BOOST_TEST(house.by_kind({"batch_update"}) >= 2);
    house.hubspot->clear_faults();
    house.hubspot->control("POST", "release");
    // The notes, and what is read again, come after the answer.
    const auto answer = asked.receive();
    BOOST_TEST(answer.status == 200, answer.body);
    BOOST_TEST(answer.json().at("data").at("summary").at("successful") == number);
    house.rest();
    BOOST_TEST(house.by_kind_and_type("0-1", {"update", "batch_update"}) == 1);
    // One batch of each, unless the machine is so busy that they do not all come in time for it.
    BOOST_TEST(house.by_kind_and_type(booking_type, {"update", "batch_update"}) <= 3);
    BOOST_TEST(house.by_kind_and_type("0-46", {"create", "batch_create"}) <= 3);
    BOOST_TEST(house.credit(101) == "53");
    BOOST_TEST(house.credit(101, "shared_mock_credits") == "2");
    BOOST_TEST(house.active(101) == 0U);
    house.same_as_source(101);
    house.stop();
}

// D14: nobody is refused because of locks or limits, and the calls are few.
BOOST_AUTO_TEST_CASE(d12_nobody_cancels_another_student_s_booking) {
    BookingHouse house;
    const auto exam = house.exam(5);
    house.credits(1, "1");
    house.start();
    const auto booked = house.book(1, exam);
    BOOST_TEST_REQUIRE(booked.status == 201, booked.body);
    const auto refused = house.ask_cancel(2, record_of(booked)).receive();
    BOOST_TEST(refused.status == 403);
    BOOST_TEST(house.property(booking_type, record_of(booked), "is_active") == "Active");
}

BOOST_AUTO_TEST_CASE(while_hubspot_is_down_nothing_is_booked_and_nothing_spent) {
    BookingHouse house;
    const auto exam = house.exam(5);
    house.credits(1, "1");
    house.start();
    house.warm(1, exam);
    house.hubspot->control("POST", "counters/reset");
    house.break_hubspot();
    const auto refused = house.book(1, exam);
    BOOST_TEST(refused.status == 503);
    BOOST_TEST(code_of(refused) == "SOURCE_UNAVAILABLE");
    BOOST_TEST(house.writes() == 0);
    house.settle();
    BOOST_TEST(house.credit(1) == "1");
    BOOST_TEST(house.sql("SELECT count(*) FROM booking_reservations") == "0");
}

BOOST_AUTO_TEST_CASE(without_the_database_nothing_is_sent) {
    BookingHouse house;
    const auto exam = house.exam(5);
    house.credits(1, "1");
    house.start();
    house.warm(1, exam);
    house.hubspot->control("POST", "counters/reset");
    postgres().halt();
    const auto refused = house.book(1, exam);
    BOOST_TEST(refused.status == 503);
    BOOST_TEST(code_of(refused) == "REPLICA_UNAVAILABLE");
    BOOST_TEST(house.writes() == 0);
    postgres().restart();
    BOOST_TEST(house.credit(1) == "1");
}

// D8: the booking took effect at HubSpot, and the service was killed before it heard of it.
BOOST_AUTO_TEST_CASE(d8_a_booking_that_a_kill_interrupted_is_finished_after_the_restart) {
    BookingHouse house;
    const auto exam = house.exam(5);
    house.credits(1, "3");
    house.variables["UNDERSTUDY_LEASE"] = "1s";
    house.variables["UNDERSTUDY_LANDING_LIMIT"] = "1s";
    house.start();
    house.warm(1, exam);
    house.hubspot->fault({{"action", "hold"}, {"when", "after"}, {"kind", {"create", "batch_create"}}, {"times", 1}});
    auto asked = house.ask_booking(1, exam, "my-key");
    house.wait_for_held(1);
    house.service->signal(SIGKILL);
    house.service->wait();
    house.hubspot->control("POST", "release");
    BOOST_TEST(house.sql("SELECT count(*) FROM understudy_operations WHERE state = 1") == "1");

    house.start();
    house.settle();
    BOOST_TEST(house.active(1) == 1U);
    BOOST_TEST(house.credit(1) == "2");
    BOOST_TEST(house.login(1).json().at("data").at("credits").at("sj_credits") == 2);
    const auto again = house.book(1, exam, "my-key");
    BOOST_TEST(again.status == 200, again.body);
    BOOST_TEST(house.property(booking_type, record_of(again), "is_active") == "Active");
    BOOST_TEST(house.credit(1) == "2");
    BOOST_TEST(house.sql("SELECT count(*) FROM booking_reservations") == "0");
    house.stop();
}

BOOST_AUTO_TEST_SUITE_END()
