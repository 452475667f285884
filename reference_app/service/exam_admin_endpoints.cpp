#include "exam_admin_endpoints.hpp"

#include "admin_responses.hpp"
#include "exam_admin_responses.hpp"
#include "exam_admin_validation.hpp"
#include "problem.hpp"
#include "request_body.hpp"

#include <string>
#include <utility>

namespace service {
namespace {

Response refusal(ExamRefusal why) {
    return exam_refused(why);
}
Response refusal(TokensRefusal why) {
    return tokens_refused(why);
}
Response refusal(const InvalidExam& invalid) {
    return admin_invalid_request(invalid.errors);
}
template<class T>
Response refusal(const T& outcome) {
    return admin_problem(problem_of(outcome));
}

// What was done, or null and the answer that says why it was not.
template<class Done, class Result>
const Done* done(const Result& result, const Respond& respond) {
    return std::visit(
        [&]<class T>(const T& outcome) -> const Done* {
            if constexpr (std::is_same_v<T, Done>) {
                return &outcome;
            } else {
                respond(refusal(outcome));
                return nullptr;
            }
        },
        result);
}

} // namespace

ExamAdminEndpoints::ExamAdminEndpoints(ExamDesk& desk, ExamDirectory& exams, ExamActivation& activation,
                                       LocalCalendar calendar, Now now)
    : desk_{desk}
    , exams_{exams}
    , activation_{activation}
    , calendar_{calendar}
    , now_{std::move(now)} {}

void ExamAdminEndpoints::create(const Request& request, Respond respond) {
    auto body = read_admin_body(request.body, [&](const boost::json::object& members) {
        return validate_new_exam(members, request.idempotency_key, calendar_, calendar_.today(now_()));
    });
    if (auto* refused = std::get_if<Response>(&body))
        return respond(std::move(*refused));
    desk_.create(std::get<ExamOrder>(std::move(body)), [respond = std::move(respond)](const ExamResult& result) {
        if (const auto* written = done<ExamWritten>(result, respond))
            respond(exam_created_answer(*written));
    });
}

void ExamAdminEndpoints::change(std::string_view id, std::string_view text, Respond respond) {
    auto body = read_admin_body(text, [&](const boost::json::object& members) {
        return validate_exam_change(members, calendar_.today(now_()));
    });
    if (auto* refused = std::get_if<Response>(&body))
        return respond(std::move(*refused));
    if (!is_record_id(id))
        return respond(exam_refused(ExamRefusal::not_found));
    desk_.change(
        std::string{id}, std::get<0>(std::move(body)), [this, respond = std::move(respond)](const ExamResult& result) {
            const auto* written = done<ExamWritten>(result, respond);
            if (!written)
                return;
            exams_.capacity(written->exam.hubspot_id, [respond, written = *written](const CapacityResult& counted) {
                const auto* found = std::get_if<ExamCapacity>(&counted);
                auto places = found ? std::optional{found->places} : std::nullopt;
                if (places)
                    places->capacity = written.exam.capacity;
                respond(exam_changed_answer(written, places));
            });
        });
}

void ExamAdminEndpoints::remove(std::string_view id, Respond respond) {
    if (!is_record_id(id))
        return respond(exam_refused(ExamRefusal::not_found));
    desk_.remove(std::string{id}, [respond = std::move(respond)](const ExamResult& result) {
        if (const auto* written = done<ExamWritten>(result, respond))
            respond(exam_deleted_answer(*written));
    });
}

void ExamAdminEndpoints::set_tokens(std::string_view contact_id, std::string_view text, Respond respond) {
    auto body = read_admin_body(text, &validate_tokens);
    if (auto* refused = std::get_if<Response>(&body))
        return respond(std::move(*refused));
    if (!is_record_id(contact_id))
        return respond(tokens_refused(TokensRefusal::contact_not_found));
    desk_.set_tokens(std::string{contact_id}, std::get<0>(std::move(body)),
                     [respond = std::move(respond)](const TokensResult& result) {
                         if (const auto* changed = done<TokensChanged>(result, respond))
                             respond(tokens_answer(*changed));
                     });
}

void ExamAdminEndpoints::activate(Respond respond) {
    activation_.run(
        [respond = std::move(respond)](const ActivationReport& report) { respond(activation_answer(report)); });
}

} // namespace service
