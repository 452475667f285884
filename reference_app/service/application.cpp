#include "application.hpp"

#include "query_string.hpp"
#include "request_body.hpp"
#include "responses.hpp"
#include "wall_clock.hpp"
#include "with_student.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace service {
namespace {

using namespace std::chrono_literals;

constexpr auto slow = 1s;

// Paths go to the log only if nothing in them can be a person's: what a path is mistaken for may be an address.
std::string loggable(std::string_view path) {
    constexpr std::size_t longest = 128;
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '-' ||
               c == '_' || c == '.';
    };
    return path.size() <= longest && std::all_of(path.begin(), path.end(), is_plain) ? std::string{path} : "(unusual)";
}

} // namespace

Application::Application(ApplicationParams params, const ApplicationParts& parts, Metrics& metrics, const Log& log,
                         Now now)
    : params_{std::move(params)}
    , students_{parts.students}
    , exams_{parts.exams}
    , bookings_{parts.students, parts.bookings}
    , writes_{parts.students, parts.booking_desk}
    , booking_admin_{parts.students, parts.admin_desk}
    , exam_admin_{parts.exam_desk, parts.exams, parts.activation}
    , webhooks_{parts.webhooks}
    , sync_{parts.sync}
    , gate_{parts.gate}
    , metrics_{metrics}
    , log_{log}
    , now_{std::move(now)}
    , limiter_{params_.rate_limit}
    , started_{now_()} {}

void Application::handle(const Request& request, Respond respond) {
    const auto began = now_();
    const auto path = decode_path(request.path);
    const auto match = path ? find_route(request.method, *path) : RouteMatch{};
    auto finish = [this, began, endpoint = match.endpoint, respond = std::move(respond), method = request.method,
                   path = loggable(request.path), id = request.id,
                   origin = std::string{request.origin}](Response response) {
        add_cors(response, origin);
        const auto took = now_() - began;
        metrics_.count_request(endpoint, response.status, took);
        report(name_of(method), path, id, response, took);
        respond(std::move(response));
    };

    const auto audience = audience_of(path.value_or(""));
    const bool limited = !match.endpoint || !is_probe(*match.endpoint);
    if (limited) {
        if (const auto wait = limiter_.take(request.client, began))
            return finish(too_many_requests(*wait, audience));
    }
    if (!path)
        return finish(unreadable_path());
    if (request.method == Method::options)
        return finish(answer_preflight(*path, request.origin, match));
    if (!match.known_path)
        return finish(not_found(audience));
    if (!match.endpoint)
        return finish(method_not_allowed(allowed_methods(*path), audience));
    if (match.access != Access::anyone)
        return admit(match.access, *path, request, std::move(finish));
    dispatch(match, request, std::move(finish));
}

void Application::admit(Access access, std::string path, const Request& request, Respond respond) {
    gate_.admit(request.authorization, access,
                [this, path = std::move(path), request, respond = std::move(respond)](AdminGate::Admission admission) {
                    const auto match = find_route(request.method, path);
                    const auto endpoint = name_of(*match.endpoint);
                    if (auto* refusal = std::get_if<Response>(&admission)) {
                        log_.warning("admin_refused", {{"request_id", request.id},
                                                       {"endpoint", endpoint},
                                                       {"status", refusal->status},
                                                       {"reason", refusal->reason}});
                        return respond(std::move(*refusal));
                    }
                    auto let_in = request;
                    let_in.admin = std::move(std::get<AdminCaller>(admission).subject);
                    log_.info("admin_admitted",
                              {{"request_id", request.id}, {"endpoint", endpoint}, {"subject", let_in.admin}});
                    dispatch(match, let_in, respond);
                });
}

Response Application::answer_preflight(std::string_view path, std::string_view origin, const RouteMatch& match) const {
    if (!match.known_path && path != "*")
        return not_found(audience_of(path));
    const auto allowed = allowed_methods(path);
    Response response;
    response.status = 204;
    response.headers.emplace_back("Allow", allowed);
    if (allows_origin(origin)) {
        response.headers.emplace_back("Access-Control-Allow-Methods", allowed);
        response.headers.emplace_back("Access-Control-Allow-Headers",
                                      "Authorization, Content-Type, Idempotency-Key, X-Idempotency-Key, X-Request-Id");
        response.headers.emplace_back("Access-Control-Max-Age", "86400");
    }
    return response;
}

void Application::dispatch(const RouteMatch& match, const Request& request, Respond respond) {
    switch (*match.endpoint) {
    case Endpoint::login:
        return login(request, std::move(respond));
    case Endpoint::validate_exam_credits:
        return validate_exam_credits(request, std::move(respond));
    case Endpoint::validate_discussion_credits:
        return validate_discussion_credits(request, std::move(respond));
    case Endpoint::exams_on_offer:
        return exams_.available_exams(request.query, std::move(respond));
    case Endpoint::discussions_on_offer:
        return exams_.available_discussions(request.query, std::move(respond));
    case Endpoint::exam_capacity:
        return exams_.capacity(match.id, std::move(respond));
    case Endpoint::list_bookings:
        return bookings_.list(request.query, std::move(respond));
    case Endpoint::get_booking:
        return bookings_.get(match.id, request.query, std::move(respond));
    case Endpoint::create_booking:
        return writes_.book_exam(request, std::move(respond));
    case Endpoint::cancel_booking:
        return writes_.cancel(match.id, request.body, std::move(respond));
    case Endpoint::batch_cancel_bookings:
        return writes_.cancel_batch(request.body, std::move(respond));
    case Endpoint::book_discussion:
        return writes_.book_discussion(request, std::move(respond));
    case Endpoint::update_exam_date:
        return writes_.change_exam_date(request.body, std::move(respond));
    case Endpoint::create_booking_as_admin:
        return booking_admin_.book(request, std::move(respond));
    case Endpoint::cancel_bookings_as_admin:
        return booking_admin_.cancel_batch(request, std::move(respond));
    case Endpoint::cancel_bookings_of_exam:
        return booking_admin_.cancel_bookings_of_exam(match.id, request, std::move(respond));
    case Endpoint::mark_attendance:
        return booking_admin_.mark_attendance(match.id, request.body, std::move(respond));
    case Endpoint::create_exam:
        return exam_admin_.create(request, std::move(respond));
    case Endpoint::edit_exam:
        return exam_admin_.change(match.id, request.body, std::move(respond));
    case Endpoint::delete_exam:
        return exam_admin_.remove(match.id, std::move(respond));
    case Endpoint::set_tokens:
        return exam_admin_.set_tokens(match.id, request.body, std::move(respond));
    case Endpoint::activate_exams:
    case Endpoint::activate_exams_by_get:
        return exam_admin_.activate(std::move(respond));
    case Endpoint::sync:
    case Endpoint::sync_by_get:
        return sync_.run(request.query, std::move(respond));
    case Endpoint::force_sync:
        return sync_.force(request.query, std::move(respond));
    case Endpoint::hubspot_webhook:
        return webhooks_.receive(request, std::move(respond));
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
    with_student(
        students_, std::move(std::get<Credentials>(body)),
        [](const Student& found, const Respond& answer) { answer(login_answer(found, wall_clock_now())); },
        std::move(respond));
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
    with_student(
        students_, std::move(question.student),
        [type = question.mock_type](const Student& found, const Respond& answer) {
            answer(credits_answer(found, type));
        },
        std::move(respond));
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
    response.headers.emplace_back("Access-Control-Expose-Headers",
                                  "Age, Retry-After, X-Data-Freshness, X-Replica-Sync, X-Request-Id");
}

void Application::report(std::string_view method, const std::string& path, std::string_view id,
                         const Response& response, Clock::duration took) const {
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
