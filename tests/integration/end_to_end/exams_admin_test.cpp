#include "admin_token.hpp"
#include "booking_house.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <ctime>
#include <map>
#include <string>
#include <vector>

using namespace tests;
namespace json = boost::json;

namespace {

constexpr std::string_view cron_secret = "the-secret-of-the-timed-jobs";

std::string moment(int seconds) {
    const std::time_t then = std::time(nullptr) + seconds;
    std::tm parts{};
    ::gmtime_r(&then, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// A house that admins run.
struct AdminHouse : BookingHouse {
    AdminHouse() {
        variables["SUPABASE_JWT_SECRET"] = jwt_secret;
        variables["SUPABASE_JWT_ISSUER"] = jwt_issuer;
        variables["CRON_SECRET"] = cron_secret;
    }

    HttpAnswer ask(std::string_view method, std::string_view path, const std::string& shown,
                   std::string_view body = {}) const {
        HttpExchange exchange{port};
        exchange.send(method, path, body, "Authorization: Bearer " + shown + "\r\n");
        return exchange.receive();
    }
    HttpAnswer create(const json::object& changes = {}) const {
        json::object body{{"mock_exam_name", "An exam"},
                          {"mock_type", "Situational Judgment"},
                          {"location", "Mississauga"},
                          {"exam_date", days_from_now(30)},
                          {"capacity", 3}};
        for (const auto& [name, value] : changes)
            body[name] = value;
        return ask("POST", "/api/admin/mock-exams/create", admin_token({"exams.create"}), json::serialize(body));
    }
    std::string created(const json::object& changes = {}) const {
        const auto answer = create(changes);
        BOOST_TEST_REQUIRE(answer.status == 201, answer.body);
        return std::string{answer.json().at("data").at("mock_exam_id").as_string()};
    }
    HttpAnswer edit(const std::string& id, const json::object& changes) const {
        return ask("PATCH", "/api/admin/mock-exams/" + id, admin_token({"exams.edit"}), json::serialize(changes));
    }
    HttpAnswer remove(const std::string& id) const {
        return ask("DELETE", "/api/admin/mock-exams/" + id, admin_token({"exams.delete"}));
    }
    HttpAnswer activate(const char* method = "POST") const {
        return ask(method, "/api/admin/cron/activate-scheduled-exams", std::string{cron_secret});
    }
    HttpAnswer set_tokens(int student, const json::object& tokens) const {
        return ask("PATCH", "/api/admin/trainees/" + id_of(student) + "/tokens", admin_token({"contacts.tokens"}),
                   json::serialize(json::object{{"tokens", tokens}}));
    }
    // What a discussion requires of its students; one of them books none of it.
    std::string missing_for(const std::string& discussion) const {
        HttpExchange exchange{port};
        exchange.send("POST", "/api/mock-discussions/create-booking",
                      json::serialize(json::object{{"student_id", student_of(1)},
                                                   {"email", email_of(1)},
                                                   {"mock_exam_id", discussion},
                                                   {"discussion_format", "Virtual"}}));
        const auto answer = exchange.receive();
        BOOST_TEST(answer.status == 400, answer.body);
        return json::serialize(answer.json().at("missing_exams"));
    }
    std::string required_at_source(const std::string& discussion) {
        const auto record = hubspot->control("GET", "records/" + std::string{exam_type} + "/" + discussion);
        json::array required;
        for (const auto& edge : record.at("associations").as_array())
            if (edge.at("typeId") == 1340)
                required.push_back(edge.at("id"));
        return json::serialize(required);
    }
    // The ids of the exams on offer, with what is said of them.
    std::map<std::string, json::object> on_offer() const {
        const auto answer =
            HttpExchange{port, "GET", "/api/mock-exams/available?mock_type=Situational%20Judgment"}.receive();
        BOOST_TEST(answer.status == 200, answer.body);
        std::map<std::string, json::object> exams;
        const auto body = answer.json();
        for (const auto& exam : body.at("data").as_array())
            exams[std::string{exam.at("mock_exam_id").as_string()}] = exam.as_object();
        return exams;
    }
    std::string state_of(std::string_view type, const std::string& id) {
        return std::string{hubspot->control("GET", "records/" + std::string{type} + "/" + id).at("state").as_string()};
    }
    // Runs the program beside the service.
    struct Ran {
        int status = 0;
        std::string output;
    };
    Ran run(std::vector<std::string> arguments) const {
        ServiceProcess process{std::move(arguments),
                               {{"SUPABASE_DB_URL", postgres().conninfo()}, {"SUPABASE_SCHEMA_NAME", schema}}};
        Ran ran;
        ran.status = process.wait();
        ran.output = process.output();
        return ran;
    }
};

std::string admin_code(const HttpAnswer& answer) {
    return std::string{answer.json().at("error").at("code").as_string()};
}

} // namespace

BOOST_AUTO_TEST_SUITE(exams_admin)

BOOST_AUTO_TEST_CASE(an_exam_is_made_changed_and_deleted_and_the_replica_shows_it_at_once) {
    AdminHouse house;
    house.start();
    house.on_offer();
    const auto id = house.created({{"mock_set", "C"}});
    BOOST_TEST(house.property(exam_type, id, "is_active") == "true");
    BOOST_TEST(house.property(exam_type, id, "mock_set") == "C");
    BOOST_TEST(house.on_offer().at(id).at("available_slots") == 3);

    const auto edited = house.edit(id, {{"capacity", 7}, {"location", "Calgary"}});
    BOOST_TEST(edited.status == 200, edited.body);
    BOOST_TEST(edited.json().at("data").at("available_slots") == 7);
    BOOST_TEST(house.property(exam_type, id, "capacity") == "7");
    BOOST_TEST(house.on_offer().at(id).at("location") == "Calgary");
    BOOST_TEST(house.on_offer().at(id).at("available_slots") == 7);

    const auto deleted = house.remove(id);
    BOOST_TEST(deleted.status == 200, deleted.body);
    BOOST_TEST(house.state_of(exam_type, id) == "archived");
    BOOST_TEST(!house.on_offer().contains(id));
    BOOST_TEST(house.remove(id).status == 404);
    BOOST_TEST(admin_code(house.edit(id, {{"capacity", 1}})) == "EXAM_NOT_FOUND");
    house.stop();
}

BOOST_AUTO_TEST_CASE(what_a_discussion_requires_is_changed_and_counts_at_once) {
    AdminHouse house;
    house.start();
    const auto first = house.created();
    const auto second = house.created({{"location", "Calgary"}});
    const auto discussion = house.created({{"mock_type", "Mock Discussion"}, {"prerequisite_exam_ids", {first}}});
    const auto only = [](const std::string& id) { return json::serialize(json::array{json::string(id)}); };
    BOOST_TEST(house.missing_for(discussion) == only(first));

    const auto edited = house.edit(discussion, {{"prerequisite_exam_ids", {second}}, {"capacity", 9}});
    BOOST_TEST(edited.status == 200, edited.body);
    BOOST_TEST(edited.json().at("data").at("prerequisite_exam_ids") == json::array{json::string(second)});
    BOOST_TEST(house.missing_for(discussion) == only(second));
    BOOST_TEST(house.required_at_source(discussion) == only(second));
    BOOST_TEST(house.property(exam_type, discussion, "capacity") == "9");

    // It stays so when nothing of it can be done.
    BOOST_TEST(admin_code(house.edit(discussion, {{"prerequisite_exam_ids", {"299999999999"}}})) == "VALIDATION_ERROR");
    BOOST_TEST(admin_code(house.edit(discussion, {{"prerequisite_exam_ids", {discussion}}})) == "VALIDATION_ERROR");
    BOOST_TEST(admin_code(house.edit(first, {{"prerequisite_exam_ids", {second}}})) == "VALIDATION_ERROR");
    BOOST_TEST(house.required_at_source(discussion) == only(second));
    BOOST_TEST(house.edit(discussion, {{"prerequisite_exam_ids", json::array{}}}).status == 200);
    BOOST_TEST(house.required_at_source(discussion) == "[]");
    house.stop();
}

BOOST_AUTO_TEST_CASE(nobody_without_the_permission_writes_anything) {
    AdminHouse house;
    house.start();
    const auto other = admin_token({"exams.edit", "bookings.create"});
    BOOST_TEST(house.ask("POST", "/api/admin/mock-exams/create", other, "{}").status == 403);
    BOOST_TEST(house.ask("DELETE", "/api/admin/mock-exams/400000000001", other).status == 403);
    BOOST_TEST(house.ask("PATCH", "/api/admin/trainees/" + id_of(1) + "/tokens", other, "{}").status == 403);
    BOOST_TEST(house.ask("POST", "/api/admin/cron/activate-scheduled-exams", other).status == 401);
    BOOST_TEST(house.ask("PATCH", "/api/admin/mock-exams/400000000001", "nonsense", "{}").status == 401);
    BOOST_TEST(house.calls() == 0);
}

BOOST_AUTO_TEST_CASE(an_exam_asked_for_twice_is_made_once) {
    AdminHouse house;
    house.start();
    const auto id = house.created();
    const auto again = house.create();
    BOOST_TEST(again.status == 200, again.body);
    BOOST_TEST(again.json().at("data").at("mock_exam_id").as_string() == id);
    BOOST_TEST(again.json().at("idempotent_request").as_bool());
    BOOST_TEST(house.remove(id).status == 200);
    BOOST_TEST(house.created() != id);
    house.stop();
}

BOOST_AUTO_TEST_CASE(an_exam_with_bookings_is_not_deleted_and_keeps_their_places) {
    AdminHouse house;
    house.credits(1, "2");
    house.credits(2, "2");
    house.start();
    const auto id = house.created();
    const auto first = house.book(1, id);
    const auto second = house.book(2, id);
    BOOST_TEST_REQUIRE(first.status == 201, first.body);
    BOOST_TEST_REQUIRE(second.status == 201, second.body);

    const auto refused = house.remove(id);
    BOOST_TEST(refused.status == 409, refused.body);
    BOOST_TEST(admin_code(refused) == "HAS_BOOKINGS");
    BOOST_TEST(house.state_of(exam_type, id) == "live");
    BOOST_TEST(admin_code(house.edit(id, {{"capacity", 1}})) == "CAPACITY_BELOW_BOOKINGS");
    BOOST_TEST(house.property(exam_type, id, "capacity") == "3");
    BOOST_TEST(house.edit(id, {{"capacity", 2}}).status == 200);
    BOOST_TEST(house.book(3, id).status != 201);

    BOOST_TEST(house.ask_cancel(1, record_of(first)).receive().status == 200);
    BOOST_TEST(house.remove(id).status == 409);
    BOOST_TEST(house.ask_cancel(2, record_of(second)).receive().status == 200);
    BOOST_TEST(house.remove(id).status == 200);
    BOOST_TEST(house.state_of(exam_type, id) == "archived");
    BOOST_TEST(house.book(1, id).status == 404);
    BOOST_TEST(house.sql("SELECT count(*) FROM exam_limits") == "0");
    house.stop();
}

// Whoever is first: a booking in an exam that is gone, or an exam gone from under a booking, there is not.
BOOST_AUTO_TEST_CASE(a_deletion_and_bookings_at_once_leave_no_booking_without_an_exam) {
    AdminHouse house;
    for (int i = 1; i <= 4; ++i)
        house.credits(i, "1");
    house.start();
    const auto id = house.created();
    std::vector<HttpExchange> exchanges;
    for (int i = 1; i <= 4; ++i) {
        exchanges.push_back(house.ask_booking(i, id));
    }
    HttpExchange deletion{house.port};
    deletion.send("DELETE", "/api/admin/mock-exams/" + id, "",
                  "Authorization: Bearer " + admin_token({"exams.delete"}) + "\r\n");
    int booked = 0;
    for (auto& exchange : exchanges)
        booked += exchange.receive().status == 201;
    const auto deleted = deletion.receive();
    BOOST_TEST((deleted.status == 200 || deleted.status == 409), deleted.body);
    BOOST_TEST((deleted.status == 200) == (booked == 0));
    BOOST_TEST(house.state_of(exam_type, id) == (booked == 0 ? "archived" : "live"));
    house.stop();
}

BOOST_AUTO_TEST_CASE(scheduled_exams_are_activated_when_their_time_has_come) {
    AdminHouse house;
    house.start();
    const auto due = house.created({{"is_active", "scheduled"}, {"scheduled_activation_datetime", moment(-60)}});
    const auto later = house.created(
        {{"is_active", "scheduled"}, {"scheduled_activation_datetime", moment(86'400)}, {"location", "Calgary"}});
    BOOST_TEST(!house.on_offer().contains(due));
    BOOST_TEST(house.ask("POST", "/api/admin/cron/activate-scheduled-exams", "wrong").status == 401);
    const auto answer = house.activate();
    BOOST_TEST(answer.status == 200, answer.body);
    const auto body = answer.json();
    BOOST_TEST(body.at("success").as_bool());
    const auto& ids = body.at("successful_ids").as_array();
    BOOST_TEST(std::count(ids.begin(), ids.end(), json::value(due)) == 1);
    BOOST_TEST(std::count(ids.begin(), ids.end(), json::value(later)) == 0);
    BOOST_TEST(house.property(exam_type, due, "is_active") == "true");
    BOOST_TEST(house.property(exam_type, later, "is_active") == "scheduled");
    BOOST_TEST(house.on_offer().contains(due));
    BOOST_TEST(house.activate("GET").json() ==
               json::parse(R"({"success":true,"activated":0,"failed":0,"successful_ids":[],"failed_ids":[]})"));
    house.stop();
}

BOOST_AUTO_TEST_CASE(six_hundred_exams_are_activated_in_a_few_calls) {
    AdminHouse house;
    const auto made = house.hubspot->control("POST", "records/" + std::string{exam_type} + "/bulk",
                                             {{"count", 600},
                                              {"properties",
                                               {{"mock_exam_name", "Exam {id}"},
                                                {"mock_type", "Situational Judgment"},
                                                {"exam_date", days_from_now(40)},
                                                {"capacity", "5"},
                                                {"is_active", "scheduled"},
                                                {"scheduled_activation_datetime", moment(-3600)}}}});
    house.start();
    const auto answer = house.activate().json();
    BOOST_TEST(answer.at("success").as_bool());
    BOOST_TEST(answer.at("activated").to_number<int>() >= 600);
    BOOST_TEST(answer.at("failed") == 0);
    for (const auto index : {0U, 99U, 100U, 599U})
        BOOST_TEST(house.property(exam_type, std::string{made.at("ids").at(index).as_string()}, "is_active") == "true");
    // A read and a write for a hundred of them, and now and then one more for those that come late.
    BOOST_TEST(house.by_kind({"update", "batch_update"}) <= 30);
    BOOST_TEST(
        house.sql("SELECT count(*) FROM hubspot_mock_exams WHERE is_active = 'true' AND capacity = 5 AND state = "
                  "1 AND exam_date = '" +
                  days_from_now(40) + "'") >= "600");
    house.stop();
}

BOOST_AUTO_TEST_CASE(the_service_activates_by_itself) {
    AdminHouse house;
    house.variables["UNDERSTUDY_ACTIVATION_INTERVAL"] = "50ms";
    house.start();
    const auto due = house.created({{"is_active", "scheduled"}, {"scheduled_activation_datetime", moment(-60)}});
    while (house.sql("SELECT is_active FROM hubspot_mock_exams WHERE hubspot_id = '" + due + "'") != "true") {
    }
    BOOST_TEST(house.property(exam_type, due, "is_active") == "true");
    house.stop();
}

BOOST_AUTO_TEST_CASE(d11_an_activation_that_failed_says_so_and_the_next_one_does_it) {
    AdminHouse house;
    house.variables["UNDERSTUDY_BOOKING_TIMEOUT"] = "2s";
    house.start();
    const auto due = house.created({{"is_active", "scheduled"}, {"scheduled_activation_datetime", moment(-60)}});
    house.on_offer();
    house.break_hubspot();
    const auto failed = house.activate();
    BOOST_TEST((failed.status == 207 || failed.status == 503), failed.body);
    BOOST_TEST(!failed.json().at("success").as_bool());
    house.hubspot->control("DELETE", "faults");
    auto answer = house.activate();
    // The source is left alone for a moment.
    while (answer.status != 200)
        answer = house.activate();
    BOOST_TEST(house.property(exam_type, due, "is_active") == "true");
    house.stop();
}

BOOST_AUTO_TEST_CASE(tokens_are_set_and_what_changed_is_told) {
    AdminHouse house;
    house.credits(1, "2");
    house.start();
    BOOST_TEST(house.login(1).status == 200);
    // What somebody did in HubSpot's own screens is what it was before.
    house.credits(1, "4");
    const auto answer = house.set_tokens(1, {{"situational_judgment", 9}, {"shared_mock", 0}});
    BOOST_TEST(answer.status == 200, answer.body);
    BOOST_TEST(answer.json().at("data").at("tokens") ==
               json::parse(R"({"situational_judgment":{"before":4,"after":9,"difference":5},
                               "shared_mock":{"before":0,"after":0,"difference":0}})"));
    BOOST_TEST(house.property("0-1", id_of(1), "sj_credits") == "9");
    BOOST_TEST(house.login(1).json().at("data").at("credits").at("sj_credits") == 9);
    BOOST_TEST(house
                   .ask("PATCH", "/api/admin/trainees/999/tokens", admin_token({"contacts.tokens"}),
                        R"({"tokens":{"mini_mock":1}})")
                   .status == 404);
    house.stop();
}

// Credits and paying bookings change together by what the admins' answers say, whatever else is under way.
BOOST_AUTO_TEST_CASE(d4_tokens_set_while_students_book_are_conserved) {
    AdminHouse house;
    house.credits(1, "5");
    house.start();
    std::vector<HttpExchange> exchanges;
    std::vector<std::string> exams;
    for (int i = 0; i < 4; ++i)
        exams.push_back(house.created({{"exam_date", days_from_now(30 + i)}}));
    std::vector<HttpExchange> settings;
    for (int i = 0; i < 4; ++i) {
        exchanges.push_back(house.ask_booking(1, exams[static_cast<std::size_t>(i)]));
        settings.emplace_back(house.port)
            .send("PATCH", "/api/admin/trainees/" + id_of(1) + "/tokens",
                  json::serialize(json::object{{"tokens", {{"situational_judgment", 6 + i}}}}),
                  "Authorization: Bearer " + admin_token({"contacts.tokens"}) + "\r\n");
    }
    std::int64_t paid = 0;
    for (auto& exchange : exchanges)
        paid += exchange.receive().status == 201;
    std::int64_t differences = 0;
    for (auto& setting : settings) {
        const auto answer = setting.receive();
        BOOST_TEST_REQUIRE(answer.status == 200, answer.body);
        differences +=
            answer.json().at("data").at("tokens").at("situational_judgment").at("difference").to_number<std::int64_t>();
    }
    BOOST_TEST(paid == 4);
    BOOST_TEST(std::stoll(house.property("0-1", id_of(1), "sj_credits")) + paid == 5 + differences);
    house.stop();
}

// The answer to a creation is lost: nobody can say whether there is such an exam, so nobody makes it again.
BOOST_AUTO_TEST_CASE(a_creation_without_an_answer_is_a_dead_letter_that_somebody_decides_about) {
    AdminHouse house;
    BOOST_TEST(house.run({"dead-letters"}).status == 1);
    house.variables["UNDERSTUDY_LANDING_LIMIT"] = "1s";
    house.variables["UNDERSTUDY_BOOKING_TIMEOUT"] = "30s";
    house.start();
    house.hubspot->fault({{"action", "reset"}, {"when", "after"}, {"kind", {"create", "batch_create"}}, {"times", 1}});
    const auto lost = house.create();
    BOOST_TEST(lost.status == 503, lost.body);
    BOOST_TEST(admin_code(lost) == "OUTCOME_UNKNOWN");
    BOOST_TEST(house.create().status == 503);
    BOOST_TEST(house.by_kind({"create", "batch_create"}) == 1);

    const auto listed = house.run({"dead-letters", "--json"});
    BOOST_TEST_REQUIRE(listed.status == 0, listed.output);
    const auto letters = json::parse(listed.output);
    const auto& all = letters.at("dead_letters").as_array();
    BOOST_TEST_REQUIRE(all.size() == 1U);
    const auto id = std::string{all[0].at("id").as_string()};
    BOOST_TEST(all[0].at("kind") == "create exam");
    BOOST_TEST(contains(all[0].at("cause").as_string(), "must not be sent twice"));
    const auto& step = all[0].at("steps").at(0);
    BOOST_TEST(step.at("action") == "create");
    BOOST_TEST(step.at("record") == "mock exam");
    BOOST_TEST(step.at("outcome") == "not known to have taken effect");
    const auto shown = house.run({"dead-letters", "list"});
    BOOST_TEST(shown.status == 0);
    for (const auto& part : {id, std::string{"create exam"}, std::string{"not known"}, std::string{"An exam"}})
        BOOST_TEST(contains(shown.output, part), shown.output);

    // It goes on, and is dead again: the source knows no more than before.
    const auto fence = house.sql("SELECT fence FROM understudy_operations WHERE state = 4");
    const auto replayed = house.run({"dead-letters", "replay", id});
    BOOST_TEST(replayed.status == 0, replayed.output);
    BOOST_TEST(contains(replayed.output, "takes it over"), replayed.output);
    while (house.sql("SELECT count(*) FROM understudy_operations WHERE state = 4 AND fence > " + fence) != "1") {
    }
    BOOST_TEST(house.by_kind({"create", "batch_create"}) == 1);

    BOOST_TEST(house.run({"dead-letters", "drop", "nonsense"}).status == 1);
    BOOST_TEST(house.run({"dead-letters", "drop", id}).status == 0);
    BOOST_TEST(house.run({"dead-letters", "drop", id}).status == 1);
    BOOST_TEST(house.run({"dead-letters", "replay", id}).status == 1);
    BOOST_TEST(house.run({"dead-letters"}).status == 1);
    BOOST_TEST(house.run({"dead-letters", "burn"}).status == 2);
    // Whoever dropped it has looked: the exam may be asked for again.
    BOOST_TEST(house.created() != "");
    house.stop();
}

BOOST_AUTO_TEST_CASE(without_a_database_dead_letters_cannot_be_shown) {
    AdminHouse house;
    ServiceProcess process{{"dead-letters"}, {{"SUPABASE_DB_URL", "postgresql://nobody:hunter2@127.0.0.1:1/none"}}};
    BOOST_TEST(process.wait() == 3);
    BOOST_TEST(!contains(process.output(), "hunter2"));
}

BOOST_AUTO_TEST_SUITE_END()
