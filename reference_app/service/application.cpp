#include "application.hpp"

#include "responses.hpp"

#include <understudy/date_time.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace service {
namespace {

using namespace std::chrono_literals;

constexpr auto slow = 1s;

understudy::Timestamp wall_clock_now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// What the body asks for, or the answer that refuses it.
template<class T>
std::variant<T, Response> read_body(std::string_view text, Validated<T> (*validate)(const boost::json::object&)) {
    boost::system::error_code error;
    const auto body = boost::json::parse(text, error);
    if (error)
        return malformed_json();
    if (!body.is_object())
        return invalid_request({"the body must be a JSON object"});
    auto validated = validate(body.get_object());
    if (const auto* errors = std::get_if<ValidationErrors>(&validated))
        return invalid_request(*errors);
    return std::move(std::get<T>(validated));
}

Response answer_failure(const SourceUnavailable& failure) {
    auto response = source_unavailable(failure.retry_after);
    response.reason = failure.error.message();
    return response;
}

} // namespace

Application::Application(ApplicationParams params, StudentDirectory& students, Metrics& metrics, const Log& log,
                         Now now)
    : params_{std::move(params)}
    , students_{students}
    , metrics_{metrics}
    , log_{log}
    , now_{std::move(now)}
    , limiter_{params_.rate_limit}
    , started_{now_()} {}

void Application::handle(const Request& request, Respond respond) {
    const auto began = now_();
    const auto match = find_route(request.method, request.path);
    auto finish = [this, began, match, respond = std::move(respond), method = request.method, path = request.path,
                   id = request.id, origin = std::string{request.origin}](Response response) {
        add_cors(response, origin);
        const auto took = now_() - began;
        metrics_.count_request(match.endpoint, response.status, took);
        report(name_of(method), path, id, response, took);
        respond(std::move(response));
    };

    const bool limited = !match.endpoint || !is_probe(*match.endpoint);
    if (limited) {
        if (const auto wait = limiter_.take(request.client, began))
            return finish(too_many_requests(*wait));
    }
    if (request.method == Method::options)
        return finish(answer_preflight(request, match));
    if (!match.known_path)
        return finish(not_found());
    if (!match.endpoint)
        return finish(method_not_allowed(allowed_methods(request.path)));
    dispatch(*match.endpoint, request, std::move(finish));
}

Response Application::answer_preflight(const Request& request, const RouteMatch& match) const {
    if (!match.known_path && request.path != "*")
        return not_found();
    const auto allowed = allowed_methods(request.path);
    Response response;
    response.status = 204;
    response.headers.emplace_back("Allow", allowed);
    if (allows_origin(request.origin)) {
        response.headers.emplace_back("Access-Control-Allow-Methods", allowed);
        response.headers.emplace_back("Access-Control-Allow-Headers",
                                      "Authorization, Content-Type, Idempotency-Key, X-Idempotency-Key, X-Request-Id");
        response.headers.emplace_back("Access-Control-Max-Age", "86400");
    }
    return response;
}

void Application::dispatch(Endpoint endpoint, const Request& request, Respond respond) {
    switch (endpoint) {
    case Endpoint::login:
        return login(request, std::move(respond));
    case Endpoint::validate_exam_credits:
        return validate_exam_credits(request, std::move(respond));
    case Endpoint::validate_discussion_credits:
        return validate_discussion_credits(request, std::move(respond));
    case Endpoint::health: {
        HealthReport report;
        report.draining = draining_;
        report.version = UNDERSTUDY_VERSION;
        report.uptime = std::chrono::floor<std::chrono::seconds>(now_() - started_);
        return respond(health_answer(report));
    }
    case Endpoint::livez:
        return respond(live_answer());
    case Endpoint::readyz:
        return respond(ready_answer(draining_));
    case Endpoint::metrics: {
        Response response;
        response.content_type = Metrics::content_type;
        response.body = metrics_.text();
        return respond(std::move(response));
    }
    }
    respond(internal_error());
}

void Application::login(const Request& request, Respond respond) {
    auto body = read_body(request.body, &validate_login);
    if (auto* refusal = std::get_if<Response>(&body))
        return respond(std::move(*refusal));
    identify(
        std::move(std::get<Credentials>(body)),
        [](const Student& found) { return login_answer(found, wall_clock_now()); }, std::move(respond));
}

void Application::validate_exam_credits(const Request& request, Respond respond) {
    auto body = read_body(request.body, &validate_credit_question);
    if (auto* refusal = std::get_if<Response>(&body))
        return respond(std::move(*refusal));
    answer_credits(std::move(std::get<CreditQuestion>(body)), std::move(respond));
}

void Application::validate_discussion_credits(const Request& request, Respond respond) {
    auto body = read_body(request.body, &validate_login);
    if (auto* refusal = std::get_if<Response>(&body))
        return respond(std::move(*refusal));
    CreditQuestion question;
    question.student = std::move(std::get<Credentials>(body));
    question.mock_type = MockType::mock_discussion;
    answer_credits(std::move(question), std::move(respond));
}

void Application::answer_credits(CreditQuestion question, Respond respond) {
    identify(
        std::move(question.student),
        [type = question.mock_type](const Student& found) { return credits_answer(found, type); }, std::move(respond));
}

void Application::identify(Credentials student, std::function<Response(const Student&)> answer, Respond respond) {
    students_.identify(std::move(student.student_id), std::move(student.email),
                       [answer = std::move(answer), respond = std::move(respond)](const StudentResult& result) {
                           if (const auto* found = std::get_if<Student>(&result))
                               respond(answer(*found));
                           else if (std::holds_alternative<StudentNotFound>(result))
                               respond(student_not_found());
                           else if (std::holds_alternative<EmailMismatch>(result))
                               respond(email_mismatch());
                           else
                               respond(answer_failure(std::get<SourceUnavailable>(result)));
                       });
}

bool Application::allows_origin(std::string_view origin) const {
    const auto& allowed = params_.cors_origins;
    return !origin.empty() && std::any_of(allowed.begin(), allowed.end(),
                                          [&](const std::string& one) { return one == "*" || one == origin; });
}

void Application::add_cors(Response& response, const std::string& origin) const {
    if (params_.cors_origins.empty())
        return;
    const bool any = params_.cors_origins.front() == "*";
    if (!any)
        response.headers.emplace_back("Vary", "Origin");
    if (!allows_origin(origin))
        return;
    response.headers.emplace_back("Access-Control-Allow-Origin", any ? "*" : origin);
    response.headers.emplace_back("Access-Control-Expose-Headers", "Age, Retry-After, X-Data-Freshness, X-Request-Id");
}

void Application::report(std::string_view method, std::string_view path, std::string_view id, const Response& response,
                         Clock::duration took) const {
    const bool problem = response.status >= 500 || took > slow;
    if (params_.access_log == AccessLog::off || (params_.access_log == AccessLog::problems && !problem))
        return;
    const auto milliseconds = std::chrono::duration<double, std::milli>{took}.count();
    log_.write(problem ? LogLevel::warning : LogLevel::info, "request",
               {{"request_id", id},
                {"method", method},
                {"path", path},
                {"status", response.status},
                {"ms", milliseconds},
                {"reason", response.reason}});
}

} // namespace service
