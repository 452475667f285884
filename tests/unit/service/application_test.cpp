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
#include "wall_clock.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdio>

#include <unistd.h>

using namespace service;
using namespace std::chrono_literals;

namespace {

struct Fixture {
    ScriptedDirectory students;
    ScriptedExams exams;
    ScriptedBookings bookings;
    ScriptedDesk desk;
    ScriptedAdminDesk admin_desk;
    ScriptedExamDesk exam_desk;
    ScriptedReader reader;
    ExamActivation activation{reader, [](auto, const auto& found) { found({}, {}); }, exam_desk, 1s};
    ScriptedKeys published;
    AdminGate gate{AdminParams{}, published.keys, &wall_clock_now};
    Metrics metrics;
    Log log = Log::silent();
    ClosedWebhooks webhooks;
    ScriptedSync sync;
    Application::Clock::time_point now{1h};
    ApplicationParams params;
    std::optional<Application> application;
    int answers = 0;
    Response answer;

    Fixture() {
        students.add(ann());
        params.cors_origins = {"https://book.example.org"};
        params.rate_limit.burst = 3;
        params.rate_limit.per_second = 1;
    }

    const Response& ask(Method method, std::string_view path, std::string_view body = {},
                        std::string_view origin = {}) {
        if (!application)
            application.emplace(params,
                                ApplicationParts{students, exams, bookings, desk, admin_desk, gate, exam_desk,
                                                 activation, webhooks.endpoint, sync.endpoints},
                                metrics, log, [this] { return now; });
        Request request;
        request.method = method;
        const auto query = std::min(path.find('?'), path.size());
        request.path = path.substr(0, query);
        request.query = path.substr(std::min(query + 1, path.size()));
        request.body = body;
        request.origin = origin;
        request.idempotency_key = "key-1";
        request.id = "request-1";
        answer = Response{};
        application->handle(request, [this](Response response) {
            ++answers;
            answer = std::move(response);
        });
        return answer;
    }
    std::string header(std::string_view name) const {
        const auto at = std::find_if(answer.headers.begin(), answer.headers.end(),
                                     [&](const auto& one) { return one.first == name; });
        return at == answer.headers.end() ? "" : at->second;
    }
    std::string code() const { return std::string{boost::json::parse(answer.body).at("code").as_string()}; }
};

// What is written to standard error during its life.
class StandardError {
public:
    StandardError()
        : file_{std::tmpfile()}
        , before_{::dup(STDERR_FILENO)} {
        ::dup2(::fileno(file_), STDERR_FILENO);
    }
    ~StandardError() {
        ::dup2(before_, STDERR_FILENO);
        ::close(before_);
        std::fclose(file_);
    }
    StandardError(const StandardError&) = delete;
    StandardError& operator=(const StandardError&) = delete;

    std::string text() const {
        std::fflush(stderr);
        std::rewind(file_);
        std::string all(100'000, '\0');
        all.resize(std::fread(all.data(), 1, all.size(), file_));
        return all;
    }

private:
    std::FILE* file_;
    int before_;
};

constexpr std::string_view login = "/api/user/login";
constexpr std::string_view ann_logs_in = R"({"student_id":"ANN1","email":"Ann@Example.org"})";

} // namespace

BOOST_FIXTURE_TEST_SUITE(application_suite, Fixture)

BOOST_AUTO_TEST_CASE(a_student_logs_in) {
    BOOST_TEST(ask(Method::post, login, ann_logs_in).status == 200u);
    BOOST_TEST(boost::json::parse(answer.body).at("data").at("contact_id") == "101");
    BOOST_TEST(header("X-Data-Freshness") == "fresh");
    BOOST_TEST(answers == 1);
}

BOOST_AUTO_TEST_CASE(credits_are_validated_for_exams_and_discussions) {
    ask(Method::post, "/api/mock-exams/validate-credits",
        R"({"student_id":"ANN1","email":"ann@example.org","mock_type":"Situational Judgment"})");
    BOOST_TEST(boost::json::parse(answer.body).at("data").at("available_credits") == 3);
    ask(Method::post, "/api/mock-discussions/validate-credits", ann_logs_in);
    BOOST_TEST(answer.status == 200u);
    BOOST_TEST(boost::json::parse(answer.body).at("data").at("eligible") == false);
}

BOOST_AUTO_TEST_CASE(refusals_tell_the_two_kinds_of_wrong_apart) {
    ask(Method::post, login, R"({"student_id":"BOB1","email":"bob@example.org"})");
    BOOST_TEST(answer.status == 404u);
    BOOST_TEST(code() == "STUDENT_NOT_FOUND");
    ask(Method::post, login, R"({"student_id":"ANN1","email":"bob@example.org"})");
    BOOST_TEST(answer.status == 400u);
    BOOST_TEST(code() == "EMAIL_MISMATCH");
    ask(Method::post, login, R"({"student_id":"BOB1","email":"ann@example.org"})");
    BOOST_TEST(answer.status == 400u);
    BOOST_TEST(code() == "EMAIL_MISMATCH");
}

// D10 at the service's edge.
BOOST_AUTO_TEST_CASE(d10_a_failed_read_is_503_on_every_endpoint) {
    params.rate_limit.per_second = 0;
    for (const auto error : {understudy::Errc::unavailable, understudy::Errc::rate_limited, understudy::Errc::timed_out,
                             understudy::Errc::unauthorized}) {
        students.fail_with(error);
        for (const auto path :
             {"/api/user/login", "/api/mock-exams/validate-credits", "/api/mock-discussions/validate-credits"}) {
            ask(Method::post, path, R"({"student_id":"ANN1","email":"ann@example.org","mock_type":"Mini-mock"})");
            BOOST_TEST(answer.status == 503u, path);
            BOOST_TEST(code() == "SOURCE_UNAVAILABLE");
            BOOST_TEST(std::stoi(header("Retry-After")) > 0);
            BOOST_TEST(answer.body.find("credits") == std::string::npos);
            BOOST_TEST(answer.body.find(make_error_code(error).message()) == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(bodies_that_make_no_sense) {
    params.rate_limit.per_second = 0;
    for (const auto* body : {"", "{", "{\"student_id\":\"A1\",}", "nonsense", "{} {}", "\"\xff\"",
                             "[[[[[[[[[[[[[[[[[[[[["
                             "[[[[[[[[[[[[[[[[[[[["}) {
        BOOST_TEST(ask(Method::post, login, body).status == 400u, body);
        BOOST_TEST(code() == "INVALID_JSON", body);
    }
    for (const auto* body : {"[]", "null", "17", "\"text\"", "{}"}) {
        BOOST_TEST(ask(Method::post, login, body).status == 400u, body);
        BOOST_TEST(code() == "VALIDATION_ERROR", body);
    }
    BOOST_TEST(students.asked == 0);
}

BOOST_AUTO_TEST_CASE(paths_and_methods) {
    BOOST_TEST(ask(Method::get, "/nowhere").status == 404u);
    BOOST_TEST(ask(Method::get, login).status == 405u);
    BOOST_TEST(header("Allow") == "POST, OPTIONS");
    BOOST_TEST(ask(Method::head, "/livez").status == 200u);
}

BOOST_AUTO_TEST_CASE(each_endpoint_answers_at_its_path) {
    params.rate_limit.per_second = 0;
    ask(Method::get, "/api/mock-exams/available?mock_type=Mini-mock");
    BOOST_TEST(answer.status == 200u);
    BOOST_TEST((exams.question.mock_type == MockType::mini_mock));
    BOOST_TEST(header("X-Data-Freshness") == "fresh");
    ask(Method::get, "/api/mock-discussions/available");
    BOOST_TEST(answer.status == 200u);
    BOOST_TEST((exams.question.mock_type == MockType::mock_discussion));
    BOOST_TEST(ask(Method::get, "/api/mock-exams/%3501/capacity").status == 200u);
    BOOST_TEST(exams.exam_id == "501");
    BOOST_TEST(ask(Method::get, "/api/bookings/list?student_id=ANN1&email=ann@example.org").status == 200u);
    BOOST_TEST(bookings.question.contact_id == "101");
    BOOST_TEST(ask(Method::get, "/api/bookings/701?student_id=ANN1&email=ann@example.org").status == 200u);
    BOOST_TEST(bookings.booking_id == "701");
    BOOST_TEST(ask(Method::head, "/api/bookings/701?student_id=ANN1&email=ann@example.org").status == 200u);
    const std::pair<const char*, std::string_view> rows[] = {
        {"/api/mock-exams/available", "GET, HEAD, OPTIONS"},
        {"/api/mock-discussions/available", "GET, HEAD, OPTIONS"},
        {"/api/mock-exams/501/capacity", "GET, HEAD, OPTIONS"},
        {"/api/bookings/list", "GET, HEAD, OPTIONS"},
        {"/api/bookings/701", "GET, HEAD, DELETE, OPTIONS"},
        {"/api/bookings/create", "POST, OPTIONS"},
        {"/api/bookings/batch-cancel", "POST, OPTIONS"},
        {"/api/mock-discussions/create-booking", "POST, OPTIONS"},
        {"/api/user/update-ndecc-date", "PUT, OPTIONS"},
    };
    for (const auto& [path, allowed] : rows) {
        BOOST_TEST(ask(Method::patch, path).status == 405u, path);
        BOOST_TEST(header("Allow") == allowed, path);
        BOOST_TEST(ask(Method::options, path).status == 204u, path);
    }
}

BOOST_AUTO_TEST_CASE(each_endpoint_that_writes_answers_at_its_path) {
    params.rate_limit.per_second = 0;
    const std::string ann = R"({"student_id":"ANN1","email":"ann@example.org")";
    BOOST_TEST(ask(Method::post, "/api/bookings/create", ann + R"(,"mock_exam_id":"501"})").status == 201u);
    BOOST_TEST(desk.order.exam_id == "501");
    BOOST_TEST(desk.order.idempotency_key == "key-1");
    BOOST_TEST(ask(Method::post, "/api/mock-discussions/create-booking", ann + R"(,"mock_exam_id":"502"})").status ==
               201u);
    BOOST_TEST((desk.order.mock_type == MockType::mock_discussion));
    BOOST_TEST(ask(Method::delete_, "/api/bookings/701", ann + "}").status == 200u);
    BOOST_TEST(desk.cancels.back().ids == std::vector<std::string>{"701"});
    BOOST_TEST(ask(Method::post, "/api/bookings/batch-cancel", R"({"bookings":[)" + ann + R"(,"id":"702"}]})").status ==
               200u);
    BOOST_TEST(desk.cancels.back().ids == std::vector<std::string>{"702"});
    BOOST_TEST(ask(Method::put, "/api/user/update-ndecc-date", ann + R"(,"ndecc_exam_date":"9000-01-01"})").status ==
               200u);
    BOOST_TEST(desk.exam_date == "9000-01-01");
}

BOOST_AUTO_TEST_CASE(what_the_replica_does_not_show_yet_may_be_known_to_browsers) {
    ask(Method::post, login, ann_logs_in, "https://book.example.org");
    BOOST_TEST(header("Access-Control-Expose-Headers").find("X-Replica-Sync") != std::string::npos);
    ask(Method::options, "/api/bookings/create", {}, "https://book.example.org");
    BOOST_TEST(header("Access-Control-Allow-Headers").find("Idempotency-Key") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(paths_that_cannot_be_read) {
    params.rate_limit.per_second = 0;
    for (const auto* path : {"/api/bookings/1%2F2", "/api/bookings/%", "/api/bookings/%ff", "/api/bookings/\xff"})
        for (const auto method : {Method::get, Method::post, Method::options}) {
            BOOST_TEST(ask(method, path).status == 400u, path);
            BOOST_TEST(code() == "INVALID_PATH", path);
        }
}

BOOST_AUTO_TEST_CASE(the_log_names_no_person) {
    params.rate_limit.per_second = 0;
    params.access_log = AccessLog::all;
    log = Log{LogLevel::info, LogFormat::text};
    std::string said;
    {
        const StandardError error;
        ask(Method::get, "/api/bookings/list?student_id=ANN1&email=ann@example.org");
        ask(Method::get, "/api/bookings/list?student_id=ANN1&email=bob@example.org");
        students.fail_with(understudy::Errc::unavailable);
        ask(Method::get, "/api/bookings/701?student_id=ANN1&email=ann@example.org");
        ask(Method::get, "/api/bookings/ann@example.org");
        ask(Method::get, "/api/bookings/ann%40example.org?x");
        ask(Method::get, "/api/bookings/list%3Femail=ann%40example.org");
        ask(Method::get, "/email=ann@example.org");
        said = error.text();
    }
    BOOST_TEST(std::count(said.begin(), said.end(), '\n') == 7, said);
    BOOST_TEST(said.find("path=/api/bookings/list ") != std::string::npos, said);
    BOOST_TEST(said.find("path=/api/bookings/701 ") != std::string::npos, said);
    for (const auto* word : {"ann", "bob", "example.org", "ANN1", "email"})
        BOOST_TEST(said.find(word) == std::string::npos, word << " in\n" << said);
}

BOOST_AUTO_TEST_CASE(what_is_for_admins_is_refused_in_the_form_of_admins) {
    const auto code = [&] { return boost::json::parse(answer.body).at("error").at("code"); };
    BOOST_TEST(ask(Method::get, "/api/admin/nowhere").status == 404u);
    BOOST_TEST(code() == "NOT_FOUND");
    BOOST_TEST(ask(Method::get, "/api/admin/bookings/create").status == 405u);
    BOOST_TEST(code() == "METHOD_NOT_ALLOWED");
    BOOST_TEST(header("Allow") == "POST, OPTIONS");
    ask(Method::post, login, ann_logs_in);
    BOOST_TEST(ask(Method::post, "/api/admin/bookings/create").status == 429u);
    BOOST_TEST(code() == "RATE_LIMITED");
    BOOST_TEST(header("Retry-After") == "1");
    BOOST_TEST(boost::json::parse(answer.body).at("retryAfter") == 1);
    // Who is no admin is told as ever.
    BOOST_TEST(ask(Method::get, "/nowhere").status == 429u);
    BOOST_TEST(boost::json::parse(answer.body).at("code") == "RATE_LIMITED");
}

BOOST_AUTO_TEST_CASE(the_rate_limit_spares_probes_and_names_the_wait) {
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(ask(Method::post, login, ann_logs_in).status == 200u);
    BOOST_TEST(ask(Method::post, login, ann_logs_in).status == 429u);
    BOOST_TEST(header("Retry-After") == "1");
    BOOST_TEST(boost::json::parse(answer.body).at("retryAfter") == 1);
    BOOST_TEST(ask(Method::get, "/nowhere").status == 429u);
    for (const auto* path : {"/livez", "/readyz", "/api/health", "/metrics"})
        BOOST_TEST(ask(Method::get, path).status == 200u, path);
    now += 1s;
    BOOST_TEST(ask(Method::post, login, ann_logs_in).status == 200u);
    BOOST_TEST(students.asked == 4);
}

BOOST_AUTO_TEST_CASE(preflights_name_what_configured_origins_may_do) {
    params.rate_limit.per_second = 0;
    BOOST_TEST(ask(Method::options, login, {}, "https://book.example.org").status == 204u);
    BOOST_TEST(answer.body.empty());
    BOOST_TEST(header("Access-Control-Allow-Origin") == "https://book.example.org");
    BOOST_TEST(header("Access-Control-Allow-Methods") == "POST, OPTIONS");
    BOOST_TEST(header("Vary") == "Origin");
    BOOST_TEST(ask(Method::options, login, {}, "https://evil.example").status == 204u);
    BOOST_TEST(header("Access-Control-Allow-Origin").empty());
    BOOST_TEST(header("Access-Control-Allow-Methods").empty());
    BOOST_TEST(ask(Method::options, "*").status == 204u);
    BOOST_TEST(ask(Method::options, "/nowhere").status == 404u);
    ask(Method::post, login, "{", "https://book.example.org");
    BOOST_TEST(header("Access-Control-Allow-Origin") == "https://book.example.org");
}

BOOST_AUTO_TEST_CASE(every_origin_may_be_allowed) {
    params.cors_origins = {"*"};
    ask(Method::post, login, ann_logs_in, "https://anywhere.example");
    BOOST_TEST(header("Access-Control-Allow-Origin") == "*");
    BOOST_TEST(header("Vary").empty());
}

BOOST_AUTO_TEST_CASE(a_draining_service_still_answers_but_is_not_ready) {
    ask(Method::get, "/readyz");
    application->drain();
    BOOST_TEST(ask(Method::get, "/readyz").status == 503u);
    BOOST_TEST(ask(Method::get, "/livez").status == 200u);
    BOOST_TEST(ask(Method::post, login, ann_logs_in).status == 200u);
}

BOOST_AUTO_TEST_CASE(requests_are_counted) {
    ask(Method::post, login, ann_logs_in);
    ask(Method::get, "/nowhere");
    metrics.add([](MetricSink& sink) {
        sink.gauge("parts", "Parts of the house", 1, {{"kind", "door"}});
        sink.gauge("parts", "Parts of the house", 2, {{"kind", "win\"dow"}});
    });
    ask(Method::get, "/metrics");
    BOOST_TEST(answer.content_type == Metrics::content_type);
    const auto has = [&](std::string_view line) {
        BOOST_TEST((answer.body.find(line) != std::string::npos), line << " in\n" << answer.body);
    };
    has("understudy_http_requests_total{endpoint=\"login\",status=\"200\"} 1");
    has("understudy_http_requests_total{endpoint=\"none\",status=\"404\"} 1");
    has("understudy_http_request_seconds_count{endpoint=\"login\"} 1");
    has("# TYPE understudy_parts gauge\nunderstudy_parts{kind=\"door\"} 1\nunderstudy_parts{kind=\"win\\\"dow\"} 2");
}

BOOST_AUTO_TEST_SUITE_END()
