#include "admin_responses.hpp"

#include "document.hpp"

#include <string>

namespace service {

Response admin_error(unsigned status, std::string_view code, std::string_view message) {
    Document document;
    document.root()["success"] = false;
    auto& error = document.root()["error"].emplace_object();
    error["code"] = code;
    error["message"] = message;
    return document.answer(status);
}

Response admin_invalid_request(const ValidationErrors& errors) {
    Document document;
    document.root()["success"] = false;
    auto& error = document.root()["error"].emplace_object();
    error["code"] = "VALIDATION_ERROR";
    error["message"] = "The request is invalid";
    for (auto& details = error["details"].emplace_array(); const auto& one : errors)
        details.emplace_back(one);
    return document.answer(400);
}

Response admin_malformed_json() {
    return admin_error(400, "INVALID_JSON", "The body is not valid JSON");
}

Response admin_problem(const Problem& problem) {
    auto response = admin_error(problem.status, problem.code, problem.message);
    add_retry(response, problem);
    return response;
}

Response unauthorized(std::string_view reason) {
    auto response = admin_error(401, "UNAUTHORIZED", "A valid access token is required");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    response.reason = reason;
    return response;
}

Response forbidden(std::string_view subject) {
    auto response = admin_error(403, "FORBIDDEN", "The access token lacks the permission for this");
    response.reason = "no permission: " + std::string{subject};
    return response;
}

Response authentication_unavailable(std::chrono::seconds retry_after) {
    auto response = admin_error(503, "AUTHENTICATION_UNAVAILABLE",
                                "Access tokens cannot be verified at the moment; please try again");
    response.headers.emplace_back("Retry-After", std::to_string(retry_after.count()));
    response.reason = "the keys of access tokens could not be fetched";
    return response;
}

Response admin_disabled() {
    auto response = admin_error(503, "ADMIN_DISABLED", "This is not set up on this server");
    response.reason = "nothing is configured that could let anyone in";
    return response;
}

} // namespace service
