#include "responses.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace service {
namespace {

namespace json = boost::json;

// Builds one answer in memory that is released at once.
class Document {
public:
    Document()
        : arena_{buffer_.data(), buffer_.size()}
        , root_{&arena_} {}

    json::object& root() { return root_; }
    std::string text() const { return json::serialize(root_); }

private:
    std::array<unsigned char, 4096> buffer_;
    json::monotonic_resource arena_;
    json::object root_;
};

Response answer_of(unsigned status, const Document& document) {
    Response response;
    response.status = status;
    response.body = document.text();
    return response;
}

json::object& begin_success(Document& document, std::string_view message) {
    document.root()["success"] = true;
    document.root()["message"] = message;
    return document.root()["data"].emplace_object();
}

void begin_error(Document& document, std::string_view code, std::string_view message) {
    document.root()["success"] = false;
    document.root()["error"] = message;
    document.root()["code"] = code;
}

void add_retry_after(Response& response, std::chrono::seconds wait) {
    response.headers.emplace_back("Retry-After", std::to_string(wait.count()));
}

json::string_view text_or_empty(const std::optional<std::string>& text) {
    return text ? json::string_view{*text} : json::string_view{};
}

void put_optional(json::object& object, std::string_view name, const std::optional<std::string>& text) {
    if (text && !text->empty())
        object[name] = *text;
    else
        object[name] = nullptr;
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

void put_credits(json::object& object, const ContactCredits& contact) {
    auto& credits = object["credits"].emplace_object();
    credits["sj_credits"] = balance(contact, CreditField::sj_credits);
    credits["cs_credits"] = balance(contact, CreditField::cs_credits);
    credits["sjmini_credits"] = balance(contact, CreditField::sjmini_credits);
    credits["mock_discussion_token"] = balance(contact, CreditField::mock_discussion_token);
    credits["shared_mock_credits"] = balance(contact, CreditField::shared_mock_credits);
}

void add_freshness(Response& response, const Student& student) {
    if (!student.from_replica)
        return;
    const auto age = std::chrono::floor<std::chrono::seconds>(std::max(student.age, std::chrono::milliseconds{0}));
    response.headers.emplace_back("Age", std::to_string(age.count()));
    response.headers.emplace_back("X-Data-Freshness", student.stale ? "stale" : "fresh");
}

} // namespace

Response user_error(unsigned status, std::string_view code, std::string_view message) {
    Document document;
    begin_error(document, code, message);
    return answer_of(status, document);
}

Response invalid_request(const ValidationErrors& errors) {
    Document document;
    begin_error(document, "VALIDATION_ERROR", "The request is invalid");
    auto& list = document.root()["validationErrors"].emplace_array();
    for (const auto& error : errors)
        list.emplace_back(error);
    return answer_of(400, document);
}

Response malformed_json() {
    return user_error(400, "INVALID_JSON", "The body is not valid JSON");
}

Response not_found() {
    return user_error(404, "NOT_FOUND", "There is nothing at this path");
}

Response method_not_allowed(std::string_view allowed) {
    auto response = user_error(405, "METHOD_NOT_ALLOWED", "This path does not answer the method");
    response.headers.emplace_back("Allow", allowed);
    return response;
}

Response too_many_requests(std::chrono::seconds retry_after) {
    Document document;
    begin_error(document, "RATE_LIMITED", "Too many requests");
    document.root()["retryAfter"] = retry_after.count();
    auto response = answer_of(429, document);
    add_retry_after(response, retry_after);
    return response;
}

Response student_not_found() {
    return user_error(404, "STUDENT_NOT_FOUND", "No student has this number and e-mail address");
}

Response email_mismatch() {
    return user_error(400, "EMAIL_MISMATCH", "The e-mail address does not belong to this student number");
}

Response source_unavailable(std::chrono::seconds retry_after) {
    auto response =
        user_error(503, "SOURCE_UNAVAILABLE", "The student's record cannot be read at the moment; please try again");
    add_retry_after(response, retry_after);
    return response;
}

Response internal_error() {
    return user_error(500, "INTERNAL_ERROR", "Something went wrong on our side");
}

Response login_answer(const Student& student, understudy::Timestamp now) {
    const ContactCredits& contact = student.contact;
    Document document;
    auto& data = begin_success(document, "Login successful");
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
    auto response = answer_of(200, document);
    add_freshness(response, student);
    return response;
}

Response credits_answer(const Student& student, MockType type) {
    const ContactCredits& contact = student.contact;
    const auto credits = breakdown(contact, type);
    Document document;
    auto& data = begin_success(document, credits.eligible() ? "Credit validation successful" : "Insufficient credits");
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
    auto response = answer_of(200, document);
    add_freshness(response, student);
    return response;
}

Response health_answer(const HealthReport& report) {
    Document document;
    auto& data = begin_success(document, report.draining ? "Shutting down" : "Healthy");
    data["status"] = report.draining ? "draining" : "ok";
    data["version"] = report.version;
    data["uptime_seconds"] = report.uptime.count();
    return answer_of(report.draining ? 503 : 200, document);
}

Response live_answer() {
    Document document;
    document.root()["status"] = "live";
    return answer_of(200, document);
}

Response ready_answer(bool draining) {
    Document document;
    document.root()["status"] = draining ? "draining" : "ready";
    return answer_of(draining ? 503 : 200, document);
}

} // namespace service
