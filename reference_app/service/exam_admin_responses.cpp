#include "exam_admin_responses.hpp"

#include "admin_responses.hpp"
#include "document.hpp"
#include "exam_responses.hpp"
#include "problem.hpp"
#include "token_names.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace service {
namespace {

namespace json = boost::json;

void put_exam(json::object& object, const MockExam& exam, const std::optional<Places>& places) {
    object["mock_exam_id"] = exam.hubspot_id;
    put_optional(object, "mock_exam_name", exam.mock_exam_name);
    put_optional(object, "exam_date", exam.exam_date);
    put_optional(object, "start_time", exam.start_time);
    put_optional(object, "end_time", exam.end_time);
    put_optional(object, "mock_type", exam.mock_type);
    put_optional(object, "mock_set", exam.mock_set);
    put_optional(object, "capacity", exam.capacity);
    put_optional(object, "total_bookings", places ? std::optional{places->taken} : std::nullopt);
    put_optional(object, "available_slots", places ? std::optional{places->available()} : std::nullopt);
    put_optional(object, "location", exam.location);
    put_optional(object, "is_active", exam.is_active);
    put_optional(object, "scheduled_activation_datetime", exam.scheduled_activation_datetime);
    auto& required = object["prerequisite_exam_ids"].emplace_array();
    for (const auto& id : exam.prerequisite_exam_ids)
        required.emplace_back(id);
    if (places)
        object["status"] = availability(*places);
    else
        object["status"] = nullptr;
}

Response with_sync(Response response, bool pending) {
    if (pending)
        response.headers.emplace_back("X-Replica-Sync", "pending");
    return response;
}

Problem problem_of_exam(ExamRefusal refusal) {
    switch (refusal) {
    case ExamRefusal::not_found:
        return {404, "EXAM_NOT_FOUND", "There is no such exam"};
    case ExamRefusal::has_bookings:
        return {409, "HAS_BOOKINGS", "Bookings hold places of the exam: cancel them first"};
    case ExamRefusal::capacity_below_bookings:
        return {409, "CAPACITY_BELOW_BOOKINGS", "Bookings hold more places of the exam than that"};
    case ExamRefusal::not_due:
        return {409, "NOT_DUE", "The exam is not to be activated yet"};
    case ExamRefusal::key_reused:
        return {422, "IDEMPOTENCY_KEY_REUSED", "The idempotency key was used for another request"};
    case ExamRefusal::refused:
        break;
    }
    return {422, "SOURCE_REFUSED", "The records do not accept this"};
}

void put_ids(json::value& into, const std::vector<std::string>& ids) {
    for (auto& list = into.emplace_array(); const auto& id : ids)
        list.emplace_back(id);
}

} // namespace

Response exam_created_answer(const ExamWritten& written) {
    Document document;
    auto& data = document.begin_success(written.repeated ? "The exam was made before" : "The exam is made");
    Places places;
    places.capacity = written.exam.capacity;
    // Bookings may have come since it was made.
    put_exam(data.emplace_object(), written.exam, written.repeated ? std::nullopt : std::optional{places});
    if (written.repeated)
        document.root()["idempotent_request"] = true;
    return with_sync(document.answer(written.repeated ? 200 : 201), written.replica_pending);
}

Response exam_changed_answer(const ExamWritten& written, const std::optional<Places>& places) {
    Document document;
    put_exam(document.begin_success("The exam is changed").emplace_object(), written.exam, places);
    return with_sync(document.answer(200), written.replica_pending);
}

Response exam_deleted_answer(const ExamWritten& written) {
    Document document;
    auto& data = document.begin_success("The exam is deleted").emplace_object();
    data["mock_exam_id"] = written.exam.hubspot_id;
    data["deleted"] = true;
    return with_sync(document.answer(200), written.replica_pending);
}

Response exam_refused(ExamRefusal refusal) {
    return admin_problem(problem_of_exam(refusal));
}

Response tokens_answer(const TokensChanged& changed) {
    Document document;
    auto& data = document.begin_success("The tokens are set").emplace_object();
    data["contact_id"] = changed.contact_id;
    auto& tokens = data["tokens"].emplace_object();
    for (const auto& change : changed.changes) {
        auto& one = tokens[admin_name_of(change.field)].emplace_object();
        put_optional(one, "before", change.before);
        one["after"] = change.after;
        one["difference"] = change.difference();
    }
    return with_sync(document.answer(200), changed.replica_pending);
}

Response tokens_refused(TokensRefusal refusal) {
    if (refusal == TokensRefusal::contact_not_found)
        return admin_error(404, "CONTACT_NOT_FOUND", "There is no such contact");
    return exam_refused(ExamRefusal::refused);
}

Response activation_answer(const ActivationReport& report) {
    if (!report.complete)
        return admin_problem(problem_of(unavailable(report.error)));
    Document document;
    auto& root = document.root();
    root["success"] = report.success();
    root["activated"] = report.activated.size();
    root["failed"] = report.failed.size();
    put_ids(root["successful_ids"], report.activated);
    put_ids(root["failed_ids"], report.failed);
    auto response = document.answer(report.success() ? 200 : 207);
    if (report.error)
        response.reason = report.error.message();
    return response;
}

} // namespace service
