#include "exam_admin_endpoints.hpp"

#include "exam_rules.hpp"

#include "answered.hpp"
#include "application.hpp"
#include "scripted_admin_desk.hpp"
#include "scripted_bookings.hpp"
#include "scripted_desk.hpp"
#include "scripted_directory.hpp"
#include "scripted_exam_desk.hpp"
#include "scripted_exams.hpp"
#include "scripted_hints.hpp"
#include "scripted_keys.hpp"
#include "scripted_reader.hpp"
#include "scripted_sync.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

struct Fixture : Answered {
    ScriptedExamDesk desk;
    ScriptedExams exams;
    ScriptedReader reader;
    std::vector<std::string> due;
    understudy::error_code due_error;
    // Ten in the evening of May 19 in Toronto.
    understudy::Timestamp now = *understudy::parse_timestamp("2026-05-20T02:00:00Z");
    ExamActivation activation{reader, [this](auto, const auto& found) { found(due_error, due); }, desk, 5s};
    ExamAdminEndpoints endpoints{desk, exams, activation, LocalCalendar{}, [this] { return now; }};

    static json::object clinic() {
        return {{"mock_exam_name", "Clinic"},
                {"mock_type", "Clinical Skills"},
                {"location", "Mississauga"},
                {"mock_set", "B"},
                {"exam_date", "2026-12-05"},
                {"start_time", "2026-12-05T14:00:00Z"},
                {"end_time", "2026-12-05T12:30:00-05:00"},
                {"capacity", 12}};
    }
    static json::object clinic_with(std::string_view name, json::value value) {
        auto body = clinic();
        body[name] = std::move(value);
        return body;
    }
    void create(const json::value& body, std::optional<std::string_view> key = std::nullopt) {
        const auto text = json::serialize(body);
        Request request;
        request.body = text;
        request.idempotency_key = key;
        endpoints.create(request, respond());
    }
    void change(const json::value& body, std::string_view id = "501") {
        endpoints.change(id, json::serialize(body), respond());
    }
    void set_tokens(const json::value& body, std::string_view id = "101") {
        endpoints.set_tokens(id, json::serialize(body), respond());
    }

    std::string error_code() const { return std::string{json().at("error").at("code").as_string()}; }
    std::vector<std::string> details() const {
        std::vector<std::string> all;
        const auto body = json();
        for (const auto& one : body.at("error").at("details").as_array())
            all.emplace_back(one.as_string());
        return all;
    }
    void check_refused(unsigned status, std::string_view expected) const {
        BOOST_TEST(response.status == status);
        BOOST_TEST(json().at("success") == false);
        BOOST_TEST(error_code() == expected);
        BOOST_TEST(!json().as_object().contains("data"));
    }
    // The one thing that is wrong with a body that makes an exam.
    std::string objection(std::string_view name, json::value value) {
        create(clinic_with(name, std::move(value)));
        check_refused(400, "VALIDATION_ERROR");
        const auto all = details();
        BOOST_TEST(all.size() == 1U);
        return all.front();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(exam_admin_endpoints_suite, Fixture)

BOOST_AUTO_TEST_CASE(an_exam_is_made_as_it_was_asked_for) {
    create(clinic());
    BOOST_TEST(response.status == 201U);
    BOOST_TEST(json().at("success") == true);
    BOOST_TEST(data() == json::parse(R"({"mock_exam_id":"501","mock_exam_name":"Clinic","exam_date":"2026-12-05",
        "start_time":"2026-12-05T14:00:00.000Z","end_time":"2026-12-05T17:30:00.000Z","mock_type":"Clinical Skills",
        "mock_set":"B","capacity":12,"total_bookings":0,"available_slots":12,"location":"Mississauga",
        "is_active":"true","scheduled_activation_datetime":null,"prerequisite_exam_ids":[],"status":"available"})"));
    const auto& exam = desk.order.exam;
    BOOST_TEST(exam.hubspot_id.empty());
    BOOST_TEST((exam.exam_date == understudy::parse_date("2026-12-05")));
    BOOST_TEST((exam.end_time == understudy::parse_timestamp("2026-12-05T17:30:00Z")));
    BOOST_TEST(exam.capacity.value() == 12);
    BOOST_TEST(!exam.total_bookings);
    BOOST_TEST(desk.order.idempotency_key.empty());
    create(clinic(), "mine");
    BOOST_TEST(desk.order.idempotency_key == "mine");
}

BOOST_AUTO_TEST_CASE(an_exam_that_was_made_before_is_told_so) {
    ExamWritten written;
    written.exam.hubspot_id = "501";
    written.repeated = written.replica_pending = true;
    desk.exam_result = written;
    create(clinic());
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(json().at("idempotent_request") == true);
    BOOST_TEST(data().at("total_bookings").is_null());
    BOOST_TEST(header("X-Replica-Sync") == "pending");
}

BOOST_AUTO_TEST_CASE(everything_that_is_wrong_is_said_at_once) {
    create(json::object{{"mock_type", "Dancing"}, {"exam_date", "tomorrow"}, {"capacity", -1}, {"mock_set", "I"}});
    check_refused(400, "VALIDATION_ERROR");
    BOOST_TEST(details().size() == 5U);
    BOOST_TEST(desk.log.empty());
    create(json::object{});
    BOOST_TEST(details().size() == 4U);
    endpoints.change("501", "{", respond());
    check_refused(400, "INVALID_JSON");
    endpoints.change("501", "[]", respond());
    check_refused(400, "VALIDATION_ERROR");
}

BOOST_AUTO_TEST_CASE(members_of_an_exam_have_their_values) {
    for (const auto& capacity : {json::value(-1), json::value(10'001), json::value(1.5), json::value("12")})
        BOOST_TEST(objection("capacity", capacity) == "capacity must be a whole number from 0 to 10000");
    for (const auto& set : {"I", "a", "AB"})
        BOOST_TEST(objection("mock_set", set) == "mock_set must be a letter from A to H");
    for (const auto& active : {json::value("yes"), json::value(1), json::value("True")})
        BOOST_TEST(objection("is_active", active) == "is_active must be true, false or scheduled");
    BOOST_TEST(objection("start_time", "14:00") == "start_time must be a time, such as 2026-12-05T14:00:00Z");
    BOOST_TEST(objection("mock_exam_name", json::string(201, 'x')) ==
               "mock_exam_name must not be longer than 200 characters");
    for (const auto& [says, holds] :
         {std::pair<json::value, std::string>{true, "true"}, {false, "false"}, {"true", "true"}, {"false", "false"}}) {
        create(clinic_with("is_active", says));
        BOOST_TEST(desk.order.exam.is_active.value() == holds);
    }
}

BOOST_AUTO_TEST_CASE(days_are_torontos) {
    // It is May 20 in UTC, and May 19 in Toronto.
    auto body = clinic_with("exam_date", "2026-05-19");
    body.erase("start_time");
    body.erase("end_time");
    create(body);
    BOOST_TEST(response.status == 201U);
    body["exam_date"] = "2026-05-18";
    create(body);
    BOOST_TEST(details().front() == "exam_date must not be before today, 2026-05-19");
    // 23:30 in Toronto, in winter.
    auto late = clinic_with("start_time", "2026-12-06T04:30:00Z");
    late["end_time"] = "2026-12-06T06:00:00Z";
    create(late);
    BOOST_TEST(response.status == 201U);
    late["start_time"] = "2026-12-06T05:00:00Z";
    create(late);
    BOOST_TEST(details().front() == "start_time must be on exam_date, in Toronto");
    BOOST_TEST(objection("end_time", "2026-12-05T14:00:00Z") == "end_time must be after start_time");
}

BOOST_AUTO_TEST_CASE(who_is_scheduled_says_when) {
    BOOST_TEST(objection("is_active", "scheduled") ==
               "scheduled_activation_datetime is required where is_active is scheduled");
    BOOST_TEST(objection("scheduled_activation_datetime", "2026-11-01T12:00:00Z") == activation_without_schedule);
    auto body = clinic_with("is_active", "scheduled");
    body["scheduled_activation_datetime"] = "2026-12-06T04:59:59.999Z";
    create(body);
    BOOST_TEST(response.status == 201U);
    BOOST_TEST(data().at("is_active") == "scheduled");
    BOOST_TEST(data().at("scheduled_activation_datetime") == "2026-12-06T04:59:59.999Z");
    body["scheduled_activation_datetime"] = "2026-12-06T05:00:00Z";
    create(body);
    BOOST_TEST(details().front() == "scheduled_activation_datetime must be before exam_date is over, in Toronto");
}

BOOST_AUTO_TEST_CASE(only_a_discussion_requires_other_exams) {
    BOOST_TEST(objection("prerequisite_exam_ids", {"7"}) == "prerequisite_exam_ids are for Mock Discussion alone");
    auto body = clinic_with("mock_type", "Mock Discussion");
    body["prerequisite_exam_ids"] = {"8", "7"};
    create(body);
    BOOST_TEST(response.status == 201U);
    BOOST_TEST((desk.order.exam.prerequisite_exam_ids == std::vector<std::string>{"7", "8"}));
    for (const json::value& wrong : {json::value("7"), json::value{"7", "7"}, json::value{7}, json::value{"seven"}}) {
        body["prerequisite_exam_ids"] = wrong;
        create(body);
        check_refused(400, "VALIDATION_ERROR");
    }
}

BOOST_AUTO_TEST_CASE(a_key_is_visible_ascii) {
    create(clinic(), "two words");
    check_refused(400, "VALIDATION_ERROR");
}

BOOST_AUTO_TEST_CASE(a_change_names_what_it_changes) {
    change(json::object{{"capacity", 9}, {"location", "Calgary"}, {"nonsense", 1}, {"mock_set", nullptr}});
    BOOST_TEST(response.status == 200U);
    understudy::Patch<MockExam> patch;
    patch.set<&MockExam::capacity>(9).set<&MockExam::location>("Calgary");
    BOOST_TEST((desk.patch == patch));
    BOOST_TEST(data().at("capacity") == 9);
    BOOST_TEST(data().at("total_bookings") == 4);
    BOOST_TEST(data().at("available_slots") == 5);
    BOOST_TEST(exams.exam_id == "501");
    change(json::object{{"nonsense", 1}});
    check_refused(400, "VALIDATION_ERROR");
    change(json::object{{"prerequisite_exam_ids", {"7", "7"}}});
    check_refused(400, "VALIDATION_ERROR");
    change(json::object{{"exam_date", "2026-05-18"}});
    check_refused(400, "VALIDATION_ERROR");
    BOOST_TEST(desk.log.size() == 1U);
    change(json::object{{"prerequisite_exam_ids", {"8", "7"}}});
    BOOST_TEST(response.status == 200U);
    understudy::Links<MockExam> links;
    links.set<&MockExam::prerequisite_exam_ids>({"7", "8"});
    BOOST_TEST((desk.links == links && desk.patch.empty()));
    BOOST_TEST((data().at("prerequisite_exam_ids") == json::array{"7", "8"}));
}

BOOST_AUTO_TEST_CASE(a_change_is_done_even_if_nobody_can_count) {
    exams.capacity_result = unavailable(understudy::Errc::timed_out);
    change(json::object{{"capacity", 9}});
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(data().at("total_bookings").is_null());
    BOOST_TEST(data().at("status").is_null());
}

BOOST_AUTO_TEST_CASE(refusals_have_the_form_of_admin_answers) {
    struct Row {
        ExamResult result;
        unsigned status;
        std::string_view code;
    };
    const Row rows[] = {
        {ExamRefusal::not_found, 404, "EXAM_NOT_FOUND"},
        {ExamRefusal::has_bookings, 409, "HAS_BOOKINGS"},
        {ExamRefusal::capacity_below_bookings, 409, "CAPACITY_BELOW_BOOKINGS"},
        {ExamRefusal::key_reused, 422, "IDEMPOTENCY_KEY_REUSED"},
        {ExamRefusal::refused, 422, "SOURCE_REFUSED"},
        {InvalidExam{{"wrong"}}, 400, "VALIDATION_ERROR"},
        {unavailable(understudy::Errc::timed_out), 503, "SOURCE_UNAVAILABLE"},
        {ReplicaUnavailable{}, 503, "REPLICA_UNAVAILABLE"},
        {OutcomeUnknown{}, 503, "OUTCOME_UNKNOWN"},
    };
    for (const auto& row : rows) {
        desk.exam_result = row.result;
        create(clinic());
        check_refused(row.status, row.code);
        BOOST_TEST(header("Retry-After").empty() == (row.status != 503));
        change(json::object{{"capacity", 9}});
        check_refused(row.status, row.code);
        endpoints.remove("501", respond());
        check_refused(row.status, row.code);
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_an_id_is_not_there) {
    for (const auto* id : {"create", "0", "12x", "-1"}) {
        change(json::object{{"capacity", 9}}, id);
        check_refused(404, "EXAM_NOT_FOUND");
        endpoints.remove(id, respond());
        check_refused(404, "EXAM_NOT_FOUND");
        set_tokens(json::object{{"tokens", {{"mini_mock", 1}}}}, id);
        check_refused(404, "CONTACT_NOT_FOUND");
    }
    BOOST_TEST(desk.log.empty());
}

BOOST_AUTO_TEST_CASE(a_deletion_names_the_exam) {
    endpoints.remove("501", respond());
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(data() == json::parse(R"({"mock_exam_id":"501","deleted":true})"));
}

BOOST_AUTO_TEST_CASE(tokens_say_before_after_and_the_difference) {
    set_tokens(json::parse(R"({"tokens":{"situational_judgment":5,"shared_mock":0,"mini_mock":null,"other":"x"}})"));
    BOOST_TEST(response.status == 200U);
    const std::vector<TokenCount> asked{{CreditField::sj_credits, 5}, {CreditField::shared_mock_credits, 0}};
    BOOST_TEST((desk.tokens == asked));
    BOOST_TEST(data() == json::parse(R"({"contact_id":"101","tokens":{
        "situational_judgment":{"before":1,"after":5,"difference":4},
        "shared_mock":{"before":1,"after":0,"difference":-1}}})"));
}

BOOST_AUTO_TEST_CASE(tokens_are_counts) {
    for (const auto* wrong :
         {R"({})", R"({"tokens":null})", R"({"tokens":[]})", R"({"tokens":{}})", R"({"tokens":{"mini_mock":-1}})",
          R"({"tokens":{"mini_mock":10000}})", R"({"tokens":{"mini_mock":"3"}})", R"({"tokens":{"mini_mock":1.5}})"}) {
        set_tokens(json::parse(wrong));
        check_refused(400, "VALIDATION_ERROR");
    }
    BOOST_TEST(desk.log.empty());
    set_tokens(json::parse(R"({"tokens":{"mini_mock":9999,"mock_discussion":0}})"));
    BOOST_TEST(response.status == 200U);
    desk.tokens_result = TokensRefusal::contact_not_found;
    set_tokens(json::parse(R"({"tokens":{"mini_mock":1}})"));
    check_refused(404, "CONTACT_NOT_FOUND");
    desk.tokens_result = unavailable(understudy::Errc::rate_limited);
    set_tokens(json::parse(R"({"tokens":{"mini_mock":1}})"));
    check_refused(503, "SOURCE_UNAVAILABLE");
    BOOST_TEST(response.body.find("before") == std::string::npos);
}

// D11
BOOST_AUTO_TEST_CASE(d11_an_activation_that_failed_is_no_success) {
    due = {"7", "8"};
    endpoints.activate(respond());
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(json() == json::parse(R"({"success":true,"activated":2,"failed":0,"successful_ids":["7","8"],
                                         "failed_ids":[]})"));
    desk.activation_results["8"] = unavailable(understudy::Errc::timed_out);
    endpoints.activate(respond());
    BOOST_TEST(response.status == 207U);
    BOOST_TEST(json() == json::parse(R"({"success":false,"activated":1,"failed":1,"successful_ids":["7"],
                                         "failed_ids":["8"]})"));
    due_error = make_error_code(understudy::Errc::replica_unavailable);
    endpoints.activate(respond());
    check_refused(503, "SOURCE_UNAVAILABLE");
}

BOOST_AUTO_TEST_CASE(each_endpoint_asks_for_its_permission) {
    constexpr std::string_view cron_secret = "the-secret-of-the-timed-jobs";
    const auto maker = TokenMaker::hs256(sample::secret);
    AdminParams params;
    params.jwt_secret = sample::secret;
    params.issuer = sample::issuer;
    params.cron_secret = cron_secret;
    ScriptedKeys published;
    AdminGate gate{params, published.keys, [] { return understudy::Timestamp{std::chrono::seconds{sample::now}}; }};
    ScriptedDirectory students;
    ScriptedBookings bookings;
    ScriptedDesk booking_desk;
    ScriptedAdminDesk admin_desk;
    ClosedWebhooks webhooks;
    ScriptedSync sync;
    Metrics metrics;
    const auto quiet = Log::silent();
    ApplicationParams application_params;
    application_params.rate_limit.per_second = 0;
    Application application{application_params,
                            ApplicationParts{students, exams, bookings, booking_desk, admin_desk, gate, desk,
                                             activation, webhooks.endpoint, sync.endpoints},
                            metrics, quiet};
    struct Row {
        Method method;
        std::string_view path;
        std::string_view body;
        std::string_view permission;
        std::string_view asked;
    };
    const auto clinic_text = json::serialize(clinic());
    const Row rows[] = {
        {Method::post, "/api/admin/mock-exams/create", clinic_text, "exams.create", "create"},
        {Method::patch, "/api/admin/mock-exams/501", R"({"capacity":9})", "exams.edit", "change 501"},
        {Method::delete_, "/api/admin/mock-exams/501", "", "exams.delete", "remove 501"},
        {Method::patch, "/api/admin/trainees/101/tokens", R"({"tokens":{"mini_mock":1}})", "contacts.tokens",
         "tokens 101"},
        {Method::post, "/api/admin/cron/activate-scheduled-exams", "", "", "activate 7"},
        {Method::get, "/api/admin/cron/activate-scheduled-exams", "", "", "activate 7"},
    };
    due = {"7"};
    const auto ask = [&](const Row& row, std::string_view shown) {
        const auto authorization = "Bearer " + std::string{shown};
        Request request;
        request.method = row.method;
        request.path = row.path;
        request.body = row.body;
        request.id = "request-1";
        request.authorization = shown.empty() ? std::string_view{} : authorization;
        application.handle(request, respond());
        return response.status;
    };
    for (const auto& row : rows) {
        json::array others;
        for (const auto& other : rows)
            if (!other.permission.empty() && other.permission != row.permission)
                others.emplace_back(other.permission);
        const auto wrong = maker(sample::claims_with("permissions", others));
        BOOST_TEST(ask(row, "") == 401U, row.path);
        BOOST_TEST(ask(row, "nonsense") == 401U, row.path);
        BOOST_TEST(ask(row, wrong) == (row.permission.empty() ? 401U : 403U), row.path);
        if (!row.permission.empty())
            BOOST_TEST(ask(row, cron_secret) == 401U, row.path);
        BOOST_TEST(desk.log.empty(), row.path);
        const auto right = row.permission.empty()
                               ? std::string{cron_secret}
                               : maker(sample::claims_with("permissions", json::array{row.permission}));
        BOOST_TEST(ask(row, right) < 300U, row.path);
        BOOST_TEST_REQUIRE(desk.log.size() == 1U, row.path);
        BOOST_TEST(desk.log.front() == row.asked);
        desk.log.clear();
    }
}

BOOST_AUTO_TEST_SUITE_END()
