#pragma once

#include "http_message.hpp"
#include "problem.hpp"
#include "validation.hpp"

#include <chrono>
#include <string_view>

namespace service {

/// What the admin endpoints answer when they do not do what was asked: `{"success":false,"error":{"code","message"}}`.
Response admin_error(unsigned status, std::string_view code, std::string_view message);

/// 400, with everything that is wrong in `details`.
Response admin_invalid_request(const ValidationErrors& errors);
Response admin_malformed_json();
/// With `Retry-After` where it makes sense.
Response admin_problem(const Problem& problem);

/// 401. The reason is for the log: those who try tokens learn nothing from it.
Response unauthorized(std::string_view reason);
/// 403.
Response forbidden(std::string_view subject);
/// 503: the keys that a token is verified with could not be fetched.
Response authentication_unavailable(std::chrono::seconds retry_after);
/// 503: nothing is configured that could let anyone in.
Response admin_disabled();

} // namespace service
