#include "mortal_house.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <ctime>
#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace tests;
namespace json = boost::json;

namespace {

const json::array write_kinds{"create", "batch_create", "update", "batch_update", "archive", "batch_archive"};

// What an admin asks for.
struct Job {
    std::string name;
    // What the bodies of its writes say, one each.
    std::vector<std::string> writes;
    std::function<HttpExchange()> ask;
    // Whether it is done, once and in full, or not at all; at the source and in the replica.
    std::function<void(bool done)> check;
};

struct AdminHouse : MortalHouse {
    std::string member(std::string_view table, const std::string& id, const std::string& column) {
        return sql("SELECT coalesce((SELECT " + column + "::text FROM " + std::string{table} + " WHERE hubspot_id = '" +
                   id + "'), '~')");
    }
    // An exam's property and the replica's column of it are the same.
    void check_exam(const std::string& id, const char* name, const std::string& value) {
        BOOST_TEST(property(exam_type, id, name) == value, name << " of exam " << id);
        BOOST_TEST(member("hubspot_mock_exams", id, name) == value, name << " of exam " << id);
    }
    void check_booking(const std::string& id, const char* name, const std::string& value) {
        BOOST_TEST(property(booking_type, id, name) == value, name << " of booking " << id);
        BOOST_TEST(member("hubspot_bookings", id, name) == value, name << " of booking " << id);
    }
    std::string booked(int student, const std::string& exam_id) const {
        const auto answer = book(student, exam_id);
        BOOST_TEST_REQUIRE(answer.status == 201, answer.body);
        return record_of(answer);
    }
    // It is in the replica.
    std::string known_exam(int days) {
        const auto id = exam(50, days);
        BOOST_TEST_REQUIRE(HttpExchange(port, "GET", "/api/mock-exams/" + id + "/capacity").receive().status == 200);
        return id;
    }
    int exams_named(const std::string& name) {
        const auto url = hubspot->url();
        HttpExchange exchange{static_cast<unsigned short>(std::stoi(url.substr(url.rfind(':') + 1)))};
        exchange.send("GET", "/crm/v3/objects/" + std::string{exam_type} + "?limit=100&properties=mock_exam_name", {},
                      "Authorization: Bearer " + std::string{token} + "\r\n");
        const auto listed = exchange.receive().json();
        BOOST_TEST(!listed.as_object().contains("paging"));
        int number = 0;
        for (const auto& record : listed.at("results").as_array())
            number += record.at("properties").at("mock_exam_name") == json::value(name);
        return number;
    }
    std::string dead() { return sql("SELECT count(*) FROM understudy_operations WHERE state = 4"); }
    void check_nothing_is_left() {
        BOOST_TEST(dead() == "0");
        for (const auto* table : {"booking_reservations", "exam_limits"})
            BOOST_TEST(sql("SELECT count(*) FROM " + std::string{table}) == "0", table);
    }

    // Each with a student of its own.
    std::vector<Job> jobs_about_students() {
        std::vector<Job> all;
        all.push_back(cancel_of_exam(++student_));
        all.push_back(batch_cancel(++student_));
        all.push_back(booking(++student_));
        all.push_back(tokens(++student_));
        rest();
        return all;
    }
    std::vector<Job> jobs_about_exams() {
        std::vector<Job> all;
        all.push_back(attendance(++student_));
        all.push_back(exam_change());
        all.push_back(exam_deletion());
        all.push_back(activation());
        rest();
        return all;
    }
    // All of them at once: what is cut off of one is nothing to the others.
    void die_at(const std::vector<Job>& jobs, Moment contacts, Moment others) {
        hubspot->control("POST", "counters/reset");
        interrupt({{"kind", write_kinds}, {"path", "/0-1/"}}, contacts);
        interrupt({{"kind", write_kinds}}, others);
        std::vector<HttpExchange> asked;
        for (const auto& job : jobs)
            asked.push_back(job.ask());
        for (const auto& job : jobs)
            for (const auto& text : job.writes)
                while (!written(text)) {
                }
        kill();
        hubspot->clear_faults();
    }
    // Whether a write that says so has come to the source.
    bool written(const std::string& text) {
        const auto log = hubspot->control("GET", "log");
        const auto& calls = log.at("log").as_array();
        return std::any_of(calls.begin(), calls.end(), [&](const json::value& call) {
            return std::find(write_kinds.begin(), write_kinds.end(), call.at("kind")) != write_kinds.end() &&
                   contains(call.at("body").as_string(), text);
        });
    }

    Job cancel_of_exam(int student) {
        credits(student, "1", "1");
        const auto id = known_exam(30);
        const auto record = booked(student, id);
        auto ask = [=, this] {
            return ask_admin("PATCH", "/api/admin/mock-exams/" + id + "/cancel-bookings", "bookings.batch_cancel",
                             {{"bookings", json::array{json::object{{"id", record}}}}, {"refundTokens", true}});
        };
        auto check = [=, this](bool done) {
            check_booking(record, "is_active", done ? "Cancelled" : "Active");
            BOOST_TEST(credit(student) == (done ? "1" : "0"));
            BOOST_TEST(credit(student, "shared_mock_credits") == "1");
            BOOST_TEST(notes(booking_type, record).size() == (done ? 2U : 1U));
            same_as_source(student);
            if (!done)
                return;
            const auto again = ask().receive();
            BOOST_TEST(again.json().at("data").at("summary").at("skipped") == 1, again.body);
            BOOST_TEST(credit(student) == "1");
        };
        return {"cancel-bookings", {record, id_of(student)}, ask, check};
    }
    Job batch_cancel(int student) {
        credits(student, "1", "1");
        const std::vector<std::string> records{booked(student, known_exam(30)), booked(student, known_exam(31))};
        auto ask = [=, this] {
            json::array bookings;
            for (const auto& record : records)
                bookings.push_back(json::object{{"id", record}});
            return ask_admin("POST", "/api/admin/bookings/batch-cancel", "bookings.batch_cancel",
                             {{"bookings", bookings}});
        };
        auto check = [=, this](bool done) {
            BOOST_TEST(booked_at_source(student) == (done ? "0 + 2" : "2 + 0"));
            BOOST_TEST(credit(student) == (done ? "1" : "0"));
            BOOST_TEST(credit(student, "shared_mock_credits") == (done ? "1" : "0"));
            BOOST_TEST(notes("0-1", id_of(student)).size() == (done ? 4U : 2U));
            same_as_source(student);
            if (!done)
                return;
            BOOST_TEST(ask().receive().status == 422);
            BOOST_TEST(credit(student) == "1");
        };
        return {"batch-cancel", {records[0], records[1], id_of(student)}, ask, check};
    }
    Job booking(int student) {
        credits(student, "1");
        const auto id = known_exam(30);
        warm(student, id);
        auto ask = [=, this] {
            return ask_admin("POST", "/api/admin/bookings/create", "bookings.create",
                             {{"student_id", student_of(student)},
                              {"email", email_of(student)},
                              {"mock_exam_id", id},
                              {"attending_location", "calgary"}},
                             "my-key");
        };
        auto check = [=, this](bool done) {
            BOOST_TEST(booked_at_source(student) == (done ? "1 + 0" : "0 + 0"));
            BOOST_TEST(credit(student) == "1");
            BOOST_TEST(notes("0-1", id_of(student)).size() == (done ? 1U : 0U));
            same_as_source(student);
            const auto again = ask().receive();
            BOOST_TEST(again.status == (done ? 200 : 201), again.body);
            BOOST_TEST(booked_at_source(student) == "1 + 0");
            check_booking(record_of(again), "token_used", "Admin Override");
        };
        return {"bookings/create", {student_of(student)}, ask, check};
    }
    Job attendance(int student) {
        credits(student, "1");
        const auto id = known_exam(30);
        const auto record = booked(student, id);
        auto ask = [=, this] {
            return ask_admin("POST", "/api/admin/mock-exams/" + id + "/attendance", "bookings.cancel",
                             {{"bookings", json::array{json::object{{"bookingId", record}, {"attended", true}}}}});
        };
        auto check = [=, this](bool done) {
            check_booking(record, "is_active", done ? "Completed" : "Active");
            check_booking(record, "attendance", done ? "Yes" : "~");
            BOOST_TEST(credit(student) == "0");
        };
        return {"attendance", {record}, ask, check};
    }
    Job exam_change() {
        const auto id = known_exam(40);
        auto ask = [=, this] {
            return ask_admin("PATCH", "/api/admin/mock-exams/" + id, "exams.edit", {{"capacity", 7}});
        };
        return {"exam change", {id}, ask, [=, this](bool done) { check_exam(id, "capacity", done ? "7" : "50"); }};
    }
    Job exam_deletion() {
        const auto id = known_exam(41);
        auto ask = [=, this] { return ask_admin("DELETE", "/api/admin/mock-exams/" + id, "exams.delete", {}); };
        auto check = [=, this](bool done) {
            const auto record = hubspot->control("GET", "records/" + std::string{exam_type} + "/" + id);
            BOOST_TEST(record.at("state") == (done ? "archived" : "live"));
            BOOST_TEST((member("hubspot_mock_exams", id, "state") == "1") == !done);
            if (done)
                BOOST_TEST(ask().receive().status == 404);
        };
        return {"exam deletion", {id}, ask, check};
    }
    Job tokens(int student) {
        credits(student, "1");
        BOOST_TEST_REQUIRE(login(student).status == 200);
        auto ask = [=, this] {
            return ask_admin("PATCH", "/api/admin/trainees/" + id_of(student) + "/tokens", "contacts.tokens",
                             {{"tokens", {{"situational_judgment", 9}}}});
        };
        auto check = [=, this](bool done) {
            BOOST_TEST(credit(student) == (done ? "9" : "1"));
            same_as_source(student);
        };
        return {"tokens", {id_of(student)}, ask, check};
    }
    Job activation() {
        const auto id = known_exam(42);
        hubspot->control("PATCH", "records/" + std::string{exam_type} + "/" + id,
                         {{"properties",
                           {{"is_active", "scheduled"},
                            {"scheduled_activation_datetime", std::to_string((std::time(nullptr) - 60) * 1000)}}}});
        sql("UPDATE hubspot_mock_exams SET mark = 2 WHERE hubspot_id = '" + id + "' RETURNING mark");
        auto ask = [this] {
            HttpExchange exchange{port};
            exchange.send("POST", "/api/admin/cron/activate-scheduled-exams", {},
                          "Authorization: Bearer " + std::string{cron_secret} + "\r\n");
            return exchange;
        };
        return {"activation", {id}, ask, [=, this](bool done) {
                    check_exam(id, "is_active", done ? "true" : "scheduled");
                }};
    }

private:
    int student_ = 100;
};

} // namespace

BOOST_AUTO_TEST_SUITE(kills)

BOOST_AUTO_TEST_CASE(d5_d8_what_admins_do_is_done_once_wherever_it_was_killed) {
    AdminHouse house;
    struct Boundary {
        std::vector<Job> (AdminHouse::*jobs)();
        Moment contacts;
        Moment others;
    };
    using enum Moment;
    const Boundary boundaries[] = {
        {&AdminHouse::jobs_about_students, before, before}, {&AdminHouse::jobs_about_students, after, after},
        {&AdminHouse::jobs_about_students, before, after},  {&AdminHouse::jobs_about_students, after, before},
        {&AdminHouse::jobs_about_exams, before, before},    {&AdminHouse::jobs_about_exams, after, after},
    };
    for (const auto& [make, contacts, others] : boundaries) {
        const auto jobs = (house.*make)();
        house.die_at(jobs, contacts, others);
        house.rise();
        for (const auto& job : jobs)
            BOOST_TEST_CONTEXT(job.name << ", contacts " << name_of(contacts) << ", others " << name_of(others))
        job.check(true);
        house.rest();
        house.check_nothing_is_left();
    }
    house.stop();
}

BOOST_AUTO_TEST_CASE(d8_what_is_refused_after_a_kill_is_not_done) {
    AdminHouse house;
    for (const auto make : {&AdminHouse::jobs_about_students, &AdminHouse::jobs_about_exams}) {
        const auto jobs = (house.*make)();
        house.die_at(jobs, Moment::before, Moment::before);
        house.refuse({{"kind", write_kinds}});
        house.start();
        house.settle();
        house.hubspot->clear_faults();
        house.rest();
        for (const auto& job : jobs)
            BOOST_TEST_CONTEXT(job.name) job.check(false);
        house.rest();
        house.check_nothing_is_left();
    }
    house.stop();
}

// The one of a refund's two writes that took effect is taken back when the other is refused.
BOOST_AUTO_TEST_CASE(d5_d8_a_cancellation_whose_refund_is_refused_after_a_kill_is_taken_back) {
    AdminHouse house;
    const auto job = house.cancel_of_exam(101);
    house.rest();
    house.refuse(change_of("sj_credits"));
    house.die(change_of("Cancelled"), Moment::after, job.ask);
    job.check(false);
    house.check_nothing_is_left();
    house.stop();
}

// Nothing names an exam at the source before it is there: whether one was made is for somebody to find out, and nobody
// makes it again meanwhile.
BOOST_AUTO_TEST_CASE(d8_an_exam_whose_creation_was_killed_is_never_made_twice) {
    AdminHouse house;
    int number = 0;
    for (const auto& [moment, made] : {std::pair{Moment::before, 0}, {Moment::late, 1}, {Moment::after, 1}})
        BOOST_TEST_CONTEXT(name_of(moment)) {
            const auto name = "Exam " + std::to_string(++number);
            const auto ask = [&] {
                return house.ask_admin("POST", "/api/admin/mock-exams/create", "exams.create",
                                       {{"mock_exam_name", name},
                                        {"mock_type", "Situational Judgment"},
                                        {"location", "Mississauga"},
                                        {"exam_date", days_from_now(30)},
                                        {"capacity", 3}});
            };
            house.die(a_creation, moment, ask);
            BOOST_TEST(house.dead() == std::to_string(number));
            const auto again = ask().receive();
            BOOST_TEST(again.status == 503, again.body);
            BOOST_TEST(again.json().at("error").at("code") == "OUTCOME_UNKNOWN");
            BOOST_TEST(house.by_kind({"create", "batch_create"}) == 0);
            BOOST_TEST(house.exams_named(name) == made);
        }
    house.stop();
}

BOOST_AUTO_TEST_SUITE_END()
