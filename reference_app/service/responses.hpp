#pragma once

#include "credit_rules.hpp"
#include "http_message.hpp"
#include "student_directory.hpp"
#include "validation.hpp"

#include <understudy/date_time.hpp>

#include <chrono>
#include <string_view>

namespace service {

/// What the user endpoints answer when they do not answer a question: `{"success":false,"error":…,"code":…}`.
Response user_error(unsigned status, std::string_view code, std::string_view message);
Response invalid_request(const ValidationErrors& errors);
Response malformed_json();
Response not_found();
Response method_not_allowed(std::string_view allowed);
Response too_many_requests(std::chrono::seconds retry_after);
Response student_not_found();
Response email_mismatch();
Response source_unavailable(std::chrono::seconds retry_after);
Response internal_error();

/// The answer of login. `now` is the moment in `_metadata`.
Response login_answer(const Student& student, understudy::Timestamp now);
/// The answer of both validate-credits.
Response credits_answer(const Student& student, MockType type);

struct HealthReport {
    bool draining = false;
    std::string_view version;
    std::chrono::seconds uptime{0};
};

Response health_answer(const HealthReport& report);
Response live_answer();
Response ready_answer(bool draining);

} // namespace service
