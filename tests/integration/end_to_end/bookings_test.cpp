#include "house.hpp"

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

namespace {

constexpr std::string_view exam_type = "2-50158913";
constexpr std::string_view booking_type = "2-50158943";

std::string days_from_now(int days) {
    const std::time_t then = std::time(nullptr) + days * 86'400;
    std::tm parts{};
    ::gmtime_r(&then, &parts);
    char text[16];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &parts)};
}

// A house in which students book.
struct BookingHouse : House {
    explicit BookingHouse(std::vector<std::string> options = {})
        : House{std::move(options)} {
        migrate();
    }

    std::string exam(int capacity, int days = 30) {
        const auto made = hubspot->control("POST", "records/" + std::string{exam_type},
                                           {{"properties",
                                             {{"mock_exam_name", "An exam"},
                                              {"mock_type", "Situational Judgment"},
                                              {"location", "Mississauga"},
                                              {"exam_date", days_from_now(days)},
                                              {"capacity", std::to_string(capacity)},
                                              {"is_active", "true"}}}});
        return std::string{made.at("id").as_string()};
    }
    void credits(int student, const std::string& own, const std::string& shared = "0") {
        hubspot->control("PATCH", "records/0-1/" + id_of(student),
                         {{"properties", {{"sj_credits", own}, {"shared_mock_credits", shared}}}});
    }
    // What the source itself holds.
    std::string property(std::string_view type, const std::string& id, const char* name) {
        const auto record = hubspot->control("GET", "records/" + std::string{type} + "/" + id);
        const auto& value = record.at("properties").at(name);
        return value.is_string() ? std::string{value.as_string()} : "~";
    }
    std::string credit(int student, const char* field = "sj_credits") { return property("0-1", id_of(student), field); }
    std::int64_t by_kind(std::initializer_list<const char*> kinds) {
        const auto counters = hubspot->counters();
        const auto& counts = counters.at("by_kind").as_object();
        std::int64_t sum = 0;
        for (const auto* kind : kinds)
            if (const auto* count = counts.if_contains(kind))
                sum += count->to_number<std::int64_t>();
        return sum;
    }
    std::int64_t writes() { return by_kind({"create", "batch_create", "update", "batch_update"}); }

    // Everything that a booking rests on is in the replica.
    void warm(int student, const std::string& exam_id) {
        BOOST_TEST_REQUIRE(login(student).status == 200);
        BOOST_TEST_REQUIRE(HttpExchange(port, "GET", "/api/mock-exams/" + exam_id + "/capacity").receive().status ==
                           200);
        BOOST_TEST_REQUIRE(list(student).status == 200);
    }
    HttpAnswer list(int student) const {
        return HttpExchange{port, "GET",
                            "/api/bookings/list?student_id=" + student_of(student) + "&email=" + email_of(student)}
            .receive();
    }
    std::size_t active(int student) const {
        const auto listed = list(student).json();
        const auto& bookings = listed.at("data").at("bookings").as_array();
        return static_cast<std::size_t>(std::count_if(bookings.begin(), bookings.end(), [](const json::value& booking) {
            return booking.at("is_active") == "Active";
        }));
    }

    HttpExchange ask_booking(int student, const std::string& exam_id, const std::string& key = {}) const {
        const auto body = json::serialize(json::object{{"student_id", student_of(student)},
                                                       {"email", email_of(student)},
                                                       {"mock_exam_id", exam_id},
                                                       {"attending_location", "calgary"}});
        HttpExchange exchange{port};
        exchange.send("POST", "/api/bookings/create", body,
                      key.empty() ? std::string{} : "Idempotency-Key: " + key + "\r\n");
        return exchange;
    }
    HttpAnswer book(int student, const std::string& exam_id, const std::string& key = {}) const {
        return ask_booking(student, exam_id, key).receive();
    }
    HttpExchange ask_cancel(int student, const std::string& booking) const {
        const auto body =
            json::serialize(json::object{{"student_id", student_of(student)}, {"email", email_of(student)}});
        return HttpExchange{port, "DELETE", "/api/bookings/" + booking, body};
    }

    // Until nothing that was promised is left to do.
    void settle() {
        while (sql("SELECT count(*) FROM understudy_operations WHERE state < 2") != "0") {
        }
    }
    void wait_for_held(int number) {
        while (count("held") < number) {
        }
    }
};

std::string record_of(const HttpAnswer& booked) {
    return std::string{booked.json().at("data").at("booking_record_id").as_string()};
}

// How many answers there are of each kind: `201`, `409 EXAM_FULL`.
std::map<std::string, int> tally(std::vector<HttpExchange>& exchanges) {
    std::map<std::string, int> kinds;
    for (auto& exchange : exchanges) {
        const auto answer = exchange.receive();
        ++kinds[std::to_string(answer.status) + (answer.status < 300 ? "" : " " + code_of(answer))];
    }
    return kinds;
}
std::string spelled(const std::map<std::string, int>& kinds) {
    std::string text;
    for (const auto& [kind, number] : kinds)
        text += (text.empty() ? "" : ", ") + std::to_string(number) + " x " + kind;
    return text;
}

} // namespace

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
    BOOST_TEST(house.writes() == 2);

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
    BOOST_TEST(house.by_kind({"create", "batch_create"}) == 1);
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
    BOOST_TEST(house.by_kind({"create", "batch_create"}) == 1);
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

BOOST_AUTO_TEST_CASE(d5_many_cancellations_of_one_student_are_two_round_trips_and_one_patch_of_the_contact) {
    BookingHouse house;
    house.credits(1, "3", "2");
    house.start();
    json::array items;
    for (int i = 0; i < 5; ++i) {
        const auto booked = house.book(1, house.exam(5, 30 + i));
        BOOST_TEST_REQUIRE(booked.status == 201, booked.body);
        items.push_back({{"id", record_of(booked)}, {"student_id", student_of(1)}, {"email", email_of(1)}});
    }
    items.push_back({{"id", "999"}, {"student_id", student_of(1)}, {"email", email_of(1)}});
    BOOST_TEST(house.credit(1) == "0");
    BOOST_TEST(house.credit(1, "shared_mock_credits") == "0");
    house.hubspot->control("POST", "counters/reset");
    const auto answer = HttpExchange{house.port, "POST", "/api/bookings/batch-cancel",
                                     json::serialize(json::object{{"bookings", items}})}
                            .receive();
    BOOST_TEST(answer.status == 207, answer.body);
    BOOST_TEST(answer.json().at("data").at("summary").at("successful") == 5);
    BOOST_TEST(house.by_kind({"batch_update"}) == 2);
    BOOST_TEST(house.writes() == 2);
    BOOST_TEST(house.credit(1) == "3");
    BOOST_TEST(house.credit(1, "shared_mock_credits") == "2");
    BOOST_TEST(house.active(1) == 0U);
}

// D14: nobody is refused because of locks or limits, and the calls are few.
BOOST_AUTO_TEST_CASE(d14_a_rush_of_a_hundred_students_is_a_few_calls) {
    BookingHouse house;
    const auto exam = house.exam(100);
    for (int i = 1; i <= 100; ++i)
        house.credits(i, "1");
    house.start();
    for (int i = 1; i <= 100; ++i)
        house.warm(i, exam);
    house.hubspot->change({{"latency_ms", 100}});
    house.hubspot->control("POST", "counters/reset");
    std::vector<HttpExchange> exchanges;
    for (int i = 1; i <= 100; ++i)
        exchanges.push_back(house.ask_booking(i, exam));
    BOOST_TEST(spelled(tally(exchanges)) == "100 x 201");
    // Three when they arrive together; how soon a busy machine can send them is not judged here.
    BOOST_TEST(house.writes() <= 40);
    BOOST_TEST(house.count("status_429") == 0);
}

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
