#include "responses.hpp"

#include "admin_responses.hpp"
#include "document.hpp"
#include "problem.hpp"

#include <algorithm>

namespace service {
namespace {

namespace json = boost::json;

void add_retry_after(Response& response, std::chrono::seconds wait) {
    response.headers.emplace_back("Retry-After", std::to_string(wait.count()));
}

json::string_view text_or_empty(const std::optional<std::string>& text) {
    return text ? json::string_view{*text} : json::string_view{};
}

std::string full_name(const ContactCredits& contact) {
    std::string name = contact.firstname.value_or("");
    if (contact.lastname && !contact.lastname->empty()) {
        if (!name.empty())
            name += ' ';
        name += *contact.lastname;
    }
    return name;
}

Response error_for(Audience audience, unsigned status, std::string_view code, std::string_view message) {
    return audience == Audience::admins ? admin_error(status, code, message) : user_error(status, code, message);
}

} // namespace

Response user_error(unsigned status, std::string_view code, std::string_view message) {
    Document document;
    document.begin_error(code, message);
    return document.answer(status);
}

Response invalid_request(const ValidationErrors& errors) {
    Document document;
    document.begin_error("VALIDATION_ERROR", "The request is invalid");
    auto& list = document.root()["validationErrors"].emplace_array();
    for (const auto& error : errors)
        list.emplace_back(error);
    return document.answer(400);
}

Response malformed_json() {
    return user_error(400, "INVALID_JSON", "The body is not valid JSON");
}

Response not_found(Audience audience) {
    return error_for(audience, 404, "NOT_FOUND", "There is nothing at this path");
}

Response method_not_allowed(std::string_view allowed, Audience audience) {
    auto response = error_for(audience, 405, "METHOD_NOT_ALLOWED", "This path does not answer the method");
    response.headers.emplace_back("Allow", allowed);
    return response;
}

Response too_many_requests(std::chrono::seconds retry_after, Audience audience) {
    constexpr std::string_view code = "RATE_LIMITED";
    constexpr std::string_view message = "Too many requests";
    Document document;
    if (audience == Audience::admins)
        document.begin_admin_error(code, message);
    else
        document.begin_error(code, message);
    document.root()["retryAfter"] = retry_after.count();
    auto response = document.answer(429);
    add_retry_after(response, retry_after);
    return response;
}

Response unreadable_path() {
    return user_error(400, "INVALID_PATH",
                      "The path is not UTF-8 with well-formed percent escapes, or escapes a slash");
}

Response source_unavailable(const SourceUnavailable& failure) {
    return problem_answer(problem_of(failure));
}

Response replica_unavailable(const ReplicaUnavailable& failure) {
    return problem_answer(problem_of(failure));
}

Response internal_error() {
    return user_error(500, "INTERNAL_ERROR", "Something went wrong on our side");
}

Provenance provenance_of(const Student& student) {
    return {student.from_replica, student.age, student.stale};
}

Provenance together(const Provenance& one, const Provenance& other) {
    return {one.from_replica || other.from_replica, std::max(one.age, other.age), one.stale || other.stale};
}

void add_freshness(Response& response, const Provenance& provenance) {
    if (!provenance.from_replica && !provenance.stale)
        return;
    const auto age = std::chrono::floor<std::chrono::seconds>(std::max(provenance.age, std::chrono::milliseconds{0}));
    response.headers.emplace_back("Age", std::to_string(age.count()));
    response.headers.emplace_back("X-Data-Freshness", provenance.stale ? "stale" : "fresh");
}

void put_credits(json::object& object, const ContactCredits& contact) {
    auto& credits = object["credits"].emplace_object();
    credits["sj_credits"] = balance(contact, CreditField::sj_credits);
    credits["cs_credits"] = balance(contact, CreditField::cs_credits);
    credits["sjmini_credits"] = balance(contact, CreditField::sjmini_credits);
    credits["mock_discussion_token"] = balance(contact, CreditField::mock_discussion_token);
    credits["shared_mock_credits"] = balance(contact, CreditField::shared_mock_credits);
}

Response login_answer(const Student& student, understudy::Timestamp now) {
    const ContactCredits& contact = student.contact;
    Document document;
    auto& data = document.begin_success("Login successful").emplace_object();
    data["contact_id"] = contact.hubspot_id;
    data["student_id"] = text_or_empty(contact.student_id);
    data["email"] = text_or_empty(contact.email);
    data["name"] = full_name(contact);
    data["firstname"] = text_or_empty(contact.firstname);
    data["lastname"] = text_or_empty(contact.lastname);
    put_optional(data, "ndecc_exam_date", contact.ndecc_exam_date);
    put_credits(data, contact);
    auto& metadata = data["_metadata"].emplace_object();
    metadata["data_source"] = student.from_replica ? "supabase" : "hubspot";
    metadata["timestamp"] = understudy::format_timestamp(now);
    auto response = document.answer(200);
    add_freshness(response, provenance_of(student));
    return response;
}

Response credits_answer(const Student& student, MockType type) {
    const ContactCredits& contact = student.contact;
    const auto credits = breakdown(contact, type);
    Document document;
    auto& data = document.begin_success(credits.eligible() ? "Credit validation successful" : "Insufficient credits")
                     .emplace_object();
    data["eligible"] = credits.eligible();
    data["available_credits"] = credits.available();
    auto& split = data["credit_breakdown"].emplace_object();
    split["specific_credits"] = credits.specific;
    split["shared_credits"] = credits.shared;
    data["contact_id"] = contact.hubspot_id;
    data["enrollment_id"] = nullptr;
    data["student_name"] = full_name(contact);
    put_optional(data, "ndecc_exam_date", contact.ndecc_exam_date);
    if (!credits.eligible())
        data["error_message"] = "Insufficient credits for " + std::string{name_of(type)};
    auto response = document.answer(200);
    add_freshness(response, provenance_of(student));
    return response;
}

Response health_answer(const HealthReport& report) {
    Document document;
    auto& data = document.begin_success(report.draining ? "Shutting down" : "Healthy").emplace_object();
    data["status"] = report.draining ? "draining" : "ok";
    data["version"] = report.version;
    data["uptime_seconds"] = report.uptime.count();
    return document.answer(report.draining ? 503 : 200);
}

Response live_answer() {
    Document document;
    document.root()["status"] = "live";
    return document.answer(200);
}

Response ready_answer(bool draining) {
    Document document;
    document.root()["status"] = draining ? "draining" : "ready";
    return document.answer(draining ? 503 : 200);
}

} // namespace service
