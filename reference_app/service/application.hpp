#pragma once

#include "application_params.hpp"
#include "application_parts.hpp"
#include "booking_admin_endpoints.hpp"
#include "booking_endpoints.hpp"
#include "exam_admin_endpoints.hpp"
#include "exam_endpoints.hpp"
#include "http_message.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "rate_limiter.hpp"
#include "router.hpp"
#include "sync_endpoints.hpp"
#include "validation.hpp"
#include "write_endpoints.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace service {

/// Everything between a parsed request and its answer; knows no sockets. Lives on one thread and outlives the requests
/// that it was given.
class Application {
public:
    using Clock = std::chrono::steady_clock;
    using Now = std::function<Clock::time_point()>;

    Application(ApplicationParams params, const ApplicationParts& parts, Metrics& metrics, const Log& log,
                Now now = &Clock::now);

    void handle(const Request& request, Respond respond);

    /// From now on the service says that it is not ready.
    void drain() noexcept { draining_ = true; }

private:
    Response answer_preflight(std::string_view path, std::string_view origin, const RouteMatch& match) const;
    void admit(Access access, std::string path, const Request& request, Respond respond);
    void dispatch(const RouteMatch& match, const Request& request, Respond respond);
    void login(const Request& request, Respond respond);
    void validate_exam_credits(const Request& request, Respond respond);
    void validate_discussion_credits(const Request& request, Respond respond);
    void answer_credits(CreditQuestion question, Respond respond);

    bool allows_origin(std::string_view origin) const;
    void add_cors(Response& response, const std::string& origin) const;
    void report(std::string_view method, const std::string& path, std::string_view id, const Response& response,
                Clock::duration took) const;

    ApplicationParams params_;
    StudentDirectory& students_;
    ExamEndpoints exams_;
    BookingEndpoints bookings_;
    WriteEndpoints writes_;
    BookingAdminEndpoints booking_admin_;
    ExamAdminEndpoints exam_admin_;
    WebhookEndpoint& webhooks_;
    SyncEndpoints& sync_;
    AdminGate& gate_;
    Metrics& metrics_;
    const Log& log_;
    Now now_;
    RateLimiter limiter_;
    Clock::time_point started_;
    bool draining_ = false;
};

} // namespace service
