#include "exam_endpoints.hpp"

#include "exam_responses.hpp"
#include "query_validation.hpp"
#include "responses.hpp"
#include "wall_clock.hpp"

#include <string>
#include <utility>

namespace service {
namespace {

Response answer_to(const ExamsOnOffer& found) {
    return exams_on_offer_answer(found);
}
Response answer_to(const ExamCapacity& found) {
    return capacity_answer(found, wall_clock_now());
}
Response answer_to(const ExamNotFound&) {
    return exam_not_found();
}
Response answer_to(const SourceUnavailable& failure) {
    return source_unavailable(failure);
}
Response answer_to(const ReplicaUnavailable& failure) {
    return replica_unavailable(failure);
}

// Answers with whatever comes of a question.
auto answering(Respond respond) {
    return [respond = std::move(respond)](const auto& result) {
        respond(std::visit([](const auto& outcome) { return answer_to(outcome); }, result));
    };
}

void ask(ExamDirectory& exams, const Validated<AvailableQuestion>& question, Respond respond) {
    if (const auto* errors = std::get_if<ValidationErrors>(&question))
        return respond(invalid_request(*errors));
    exams.available(std::get<AvailableQuestion>(question), answering(std::move(respond)));
}

} // namespace

void ExamEndpoints::available_exams(std::string_view query, Respond respond) {
    ask(exams_, validate_available_exams(query), std::move(respond));
}

void ExamEndpoints::available_discussions(std::string_view query, Respond respond) {
    ask(exams_, validate_available_discussions(query), std::move(respond));
}

void ExamEndpoints::capacity(std::string_view id, Respond respond) {
    if (!is_record_id(id))
        return respond(exam_not_found());
    exams_.capacity(std::string{id}, answering(std::move(respond)));
}

} // namespace service
