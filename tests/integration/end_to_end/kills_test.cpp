#include "mortal_house.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace tests;
namespace json = boost::json;

namespace {

struct StudentHouse : MortalHouse {
    HttpExchange put_date(int student, const std::string& date) const {
        return {port, "PUT", "/api/user/update-ndecc-date", body(student, {{"ndecc_exam_date", date}})};
    }
    HttpExchange ask_discussion(int student, const std::string& exam, const std::string& key) const {
        HttpExchange exchange{port};
        exchange.send("POST", "/api/mock-discussions/create-booking",
                      body(student, {{"mock_exam_id", exam}, {"discussion_format", "Virtual"}}),
                      "Idempotency-Key: " + key + "\r\n");
        return exchange;
    }
    HttpExchange ask_cancel_all(int student, const std::vector<std::string>& bookings) const {
        json::array items;
        for (const auto& booking : bookings)
            items.push_back({{"id", booking}, {"student_id", student_of(student)}, {"email", email_of(student)}});
        return {port, "POST", "/api/bookings/batch-cancel", json::serialize(json::object{{"bookings", items}})};
    }

private:
    static std::string body(int student, json::object more) {
        more["student_id"] = student_of(student);
        more["email"] = email_of(student);
        return json::serialize(more);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(kills)

BOOST_AUTO_TEST_CASE(d8_a_booking_that_was_killed_at_any_call_is_made_and_paid_once) {
    StudentHouse house;
    const auto exam = house.exam(50);
    const std::pair<json::object, Moment> boundaries[] = {
        {a_creation, Moment::before},
        {a_creation, Moment::late},
        {a_creation, Moment::after},
        {change_of("sj_credits"), Moment::before},
        {change_of("sj_credits"), Moment::after},
    };
    int student = 100;
    for (const auto& [calls, moment] : boundaries)
        BOOST_TEST_CONTEXT(json::serialize(calls) << ' ' << name_of(moment)) {
            house.credits(++student, "3");
            house.warm(student, exam);
            house.die(calls, moment, [&] { return house.ask_booking(student, exam, "my-key"); });
            BOOST_TEST(house.booked_at_source(student) == "1 + 0");
            BOOST_TEST(house.credit(student) == "2");
            BOOST_TEST(house.notes("0-1", id_of(student)).size() == 1U);
            house.same_as_source(student);
            // Who asks again is told of it.
            const auto again = house.book(student, exam, "my-key");
            BOOST_TEST(again.status == 200, again.body);
            BOOST_TEST(house.booked_at_source(student) == "1 + 0");
        }
    BOOST_TEST(house.sql("SELECT count(*) FROM understudy_operations WHERE state <> 2") == "0");
    BOOST_TEST(house.sql("SELECT count(*) FROM booking_reservations") == "0");
    house.stop();
}

BOOST_AUTO_TEST_CASE(d8_a_booking_that_was_killed_before_it_was_decided_is_not_made) {
    StudentHouse house;
    const auto exam = house.exam(50);
    house.credits(101, "3");
    house.warm(101, exam);
    house.die({{"kind", "batch_read"}, {"body_contains", id_of(101)}}, Moment::after,
              [&] { return house.ask_booking(101, exam, "my-key"); });
    BOOST_TEST(house.booked_at_source(101) == "0 + 0");
    BOOST_TEST(house.credit(101) == "3");
    house.same_as_source(101);
    BOOST_TEST(house.sql("SELECT count(*) FROM booking_reservations") == "0");
    // Its key is free.
    const auto again = house.book(101, exam, "my-key");
    BOOST_TEST(again.status == 201, again.body);
    house.stop();
}

BOOST_AUTO_TEST_CASE(d8_a_booking_whose_payment_is_refused_after_a_kill_is_taken_back) {
    StudentHouse house;
    const auto exam = house.exam(50);
    house.credits(101, "3");
    house.warm(101, exam);
    house.refuse(change_of("sj_credits"));
    house.die(a_creation, Moment::after, [&] { return house.ask_booking(101, exam, "my-key"); });
    BOOST_TEST(house.booked_at_source(101) == "0 + 0");
    BOOST_TEST(house.credit(101) == "3");
    house.same_as_source(101);
    BOOST_TEST(house.sql("SELECT count(*) FROM understudy_operations WHERE state = 4") == "0");
    BOOST_TEST(house.sql("SELECT count(*) FROM booking_reservations") == "0");
    house.stop();
}

BOOST_AUTO_TEST_CASE(d5_d8_a_cancellation_that_was_killed_at_any_call_is_done_and_refunded_once) {
    StudentHouse house;
    const auto exam = house.exam(50);
    const std::pair<json::object, Moment> boundaries[] = {
        {change_of("Cancelled"), Moment::before}, {change_of("Cancelled"), Moment::late},
        {change_of("Cancelled"), Moment::after},  {change_of("sj_credits"), Moment::before},
        {change_of("sj_credits"), Moment::after},
    };
    int student = 100;
    for (const auto& [calls, moment] : boundaries)
        BOOST_TEST_CONTEXT(json::serialize(calls) << ' ' << name_of(moment)) {
            house.credits(++student, "3");
            house.warm(student, exam);
            const auto booked = house.book(student, exam);
            BOOST_TEST_REQUIRE(booked.status == 201, booked.body);
            house.die(calls, moment, [&] { return house.ask_cancel(student, record_of(booked)); });
            BOOST_TEST(house.booked_at_source(student) == "0 + 1");
            BOOST_TEST(house.credit(student) == "3");
            BOOST_TEST(house.notes("0-1", id_of(student)).size() == 2U);
            house.same_as_source(student);
            BOOST_TEST(house.ask_cancel(student, record_of(booked)).receive().status == 409);
            BOOST_TEST(house.credit(student) == "3");
        }
    BOOST_TEST(house.sql("SELECT count(*) FROM understudy_operations WHERE state NOT IN (2, 3)") == "0");
    house.stop();
}

BOOST_AUTO_TEST_CASE(d5_d8_a_batch_of_cancellations_that_was_killed_is_done_and_refunded_once) {
    StudentHouse house;
    const std::string exams[] = {house.exam(50, 30), house.exam(50, 31), house.exam(50, 32)};
    int student = 100;
    for (const auto* property : {"Cancelled", "sj_credits"})
        BOOST_TEST_CONTEXT(property) {
            house.credits(++student, "2", "1");
            std::vector<std::string> bookings;
            for (const auto& exam : exams) {
                const auto booked = house.book(student, exam);
                BOOST_TEST_REQUIRE(booked.status == 201, booked.body);
                bookings.push_back(record_of(booked));
            }
            house.die(change_of(property), Moment::after, [&] { return house.ask_cancel_all(student, bookings); });
            BOOST_TEST(house.booked_at_source(student) == "0 + 3");
            BOOST_TEST(house.credit(student) == "2");
            BOOST_TEST(house.credit(student, "shared_mock_credits") == "1");
            house.same_as_source(student);
        }
    house.stop();
}

BOOST_AUTO_TEST_CASE(d8_a_new_exam_date_that_was_killed_is_written_once) {
    StudentHouse house;
    int student = 100;
    for (const auto moment : {Moment::before, Moment::after})
        BOOST_TEST_CONTEXT(name_of(moment)) {
            BOOST_TEST(house.login(++student).status == 200);
            const auto date = days_from_now(90);
            house.die(change_of("ndecc_exam_date"), moment, [&] { return house.put_date(student, date); });
            BOOST_TEST(house.credit(student, "ndecc_exam_date") == date);
            house.same_as_source(student);
        }
    house.stop();
}

BOOST_AUTO_TEST_CASE(d8_a_discussion_that_was_killed_is_booked_and_paid_once) {
    StudentHouse house;
    const auto exam = house.exam(50, 30, "Mock Discussion");
    int student = 100;
    for (const auto& calls : {a_creation, change_of("mock_discussion_token")})
        BOOST_TEST_CONTEXT(json::serialize(calls)) {
            house.hubspot->control("PATCH", "records/0-1/" + id_of(++student),
                                   {{"properties", {{"mock_discussion_token", "2"}}}});
            house.warm(student, exam);
            house.die(calls, Moment::after, [&] { return house.ask_discussion(student, exam, "my-key"); });
            BOOST_TEST(house.booked_at_source(student) == "1 + 0");
            BOOST_TEST(house.credit(student, "mock_discussion_token") == "1");
            house.same_as_source(student);
            BOOST_TEST(house.ask_discussion(student, exam, "my-key").receive().status == 200);
        }
    house.stop();
}

BOOST_AUTO_TEST_CASE(d4_d6_two_services_spend_one_credit_and_fill_one_place_once) {
    BookingHouse house;
    const auto first = house.exam(5, 30);
    const auto second = house.exam(5, 31);
    const auto narrow = house.exam(1, 32);
    for (int i = 1; i <= 20; ++i)
        house.credits(100 + i, "1");
    house.start();
    ServiceProcess other{{"serve"}, house.variables};
    const unsigned short ports[] = {house.port, other.port()};
    std::vector<HttpExchange> exchanges;
    for (int i = 0; i < 2; ++i) {
        house.port = ports[i];
        exchanges.push_back(house.ask_booking(101, i == 0 ? first : second));
    }
    BOOST_TEST(spelled(tally(exchanges)) == "1 x 201, 1 x 402 INSUFFICIENT_CREDITS");
    BOOST_TEST(house.credit(101) == "0");
    BOOST_TEST(house.booked_at_source(101) == "1 + 0");
    exchanges.clear();
    for (int i = 2; i <= 20; ++i) {
        house.port = ports[i % 2];
        exchanges.push_back(house.ask_booking(100 + i, narrow));
    }
    BOOST_TEST(spelled(tally(exchanges)) == "1 x 201, 18 x 409 EXAM_FULL");
    house.rest();
    int booked = 0;
    for (int i = 2; i <= 20; ++i) {
        booked += house.booked_at_source(100 + i) == "1 + 0";
        house.same_as_source(100 + i);
    }
    BOOST_TEST(booked == 1);
    // I7: what one of them wrote, the other one shows.
    for (const auto port : ports) {
        house.port = port;
        BOOST_TEST(house.login(101).json().at("data").at("credits").at("sj_credits") == 0);
        BOOST_TEST(house.active(101) == 1U);
    }
    other.signal(SIGTERM);
    BOOST_TEST(other.wait() == 0);
    house.stop();
}

BOOST_AUTO_TEST_CASE(d9_a_contact_that_is_merged_away_while_it_books_is_charged_as_the_survivor) {
    BookingHouse house;
    const auto exam = house.exam(5);
    house.credits(101, "3");
    house.credits(102, "3");
    house.start();
    house.warm(101, exam);
    // Its balance was read, and nothing was written yet.
    house.hubspot->fault(
        {{"action", "hold"}, {"when", "after"}, {"times", 1}, {"kind", "batch_read"}, {"body_contains", id_of(101)}});
    auto asked = house.ask_booking(101, exam);
    house.wait_for_held(1);
    const auto merged =
        house.hubspot->control("POST", "merge", {{"type", "0-1"}, {"primary", id_of(102)}, {"other", id_of(101)}});
    const auto survivor = std::string{merged.at("id").as_string()};
    house.hubspot->control("POST", "release");
    const auto answer = asked.receive();
    BOOST_TEST(answer.status == 201, answer.body);
    house.rest();
    BOOST_TEST(house.property("0-1", survivor, "sj_credits") == "2");
    int active = 0;
    for (const auto& [id, state] : house.bookings_at_source(survivor))
        active += state == "Active";
    BOOST_TEST(active == 1);
    BOOST_TEST(house.sql("SELECT count(*) FROM understudy_operations WHERE state = 4") == "0");
    BOOST_TEST(house.sql("SELECT count(*) FROM booking_reservations") == "0");
    house.stop();
}

BOOST_AUTO_TEST_CASE(one_cancellation_of_a_batch_that_hubspot_refuses_keeps_no_other_from_being_done) {
    StudentHouse house;
    house.credits(101, "3");
    std::vector<std::string> bookings;
    for (int i = 0; i < 3; ++i) {
        const auto booked = house.book(101, house.exam(5, 30 + i));
        BOOST_TEST_REQUIRE(booked.status == 201, booked.body);
        bookings.push_back(record_of(booked));
    }
    house.rest();
    house.refuse(change_of(bookings[1]));
    const auto answer = house.ask_cancel_all(101, bookings).receive();
    BOOST_TEST(answer.status == 207, answer.body);
    const auto data = answer.json().at("data");
    BOOST_TEST(data.at("summary").at("successful") == 2);
    BOOST_TEST(!data.at("results").at(1).at("success").as_bool());
    house.rest();
    BOOST_TEST(house.booked_at_source(101) == "1 + 2");
    BOOST_TEST(house.property(booking_type, bookings[1], "is_active") == "Active");
    BOOST_TEST(house.credit(101) == "2");
    house.same_as_source(101);
    house.stop();
}

BOOST_AUTO_TEST_SUITE_END()
