#include "write_endpoints.hpp"

#include "answer_to.hpp"
#include "batch_cancellation.hpp"
#include "booking_responses.hpp"
#include "exam_responses.hpp"
#include "request_body.hpp"
#include "with_student.hpp"
#include "write_responses.hpp"
#include "write_validation.hpp"

#include <string>
#include <utility>

namespace service {
namespace {

struct Refusal {
    Response operator()(const BookingRefused& refused) const { return refusal_answer(refused); }
    template<class T>
    Response operator()(const T& outcome) const {
        return problem_answer(problem_of(outcome));
    }
};

using ValidateOrder = Validated<BookingQuestion> (*)(const boost::json::object&, std::optional<std::string_view>);

void book(StudentDirectory& students, BookingDesk& desk, const Request& request, ValidateOrder validate,
          Response (*answer_booked)(const Booked&), Respond respond) {
    auto body = read_body(
        request.body, [&](const boost::json::object& members) { return validate(members, request.idempotency_key); });
    if (auto* refused = std::get_if<Response>(&body))
        return respond(std::move(*refused));
    auto& [student, order] = std::get<BookingQuestion>(body);
    with_student(
        students, std::move(student),
        [&desk, answer_booked, order = std::move(order)](const Student& found, const Respond& answer) mutable {
            if (!is_record_id(order.exam_id))
                return answer(exam_not_found());
            order.contact = found.contact;
            desk.book(std::move(order), [answer, answer_booked](const BookResult& result) {
                answer(answer_to<Booked>(result, Refusal{}, answer_booked));
            });
        },
        std::move(respond));
}

} // namespace

WriteEndpoints::WriteEndpoints(StudentDirectory& students, BookingDesk& desk, LocalCalendar calendar, Now now)
    : students_{students}
    , desk_{desk}
    , calendar_{calendar}
    , now_{std::move(now)} {}

void WriteEndpoints::book_exam(const Request& request, Respond respond) {
    book(students_, desk_, request, &validate_booking, &booked_answer, std::move(respond));
}

void WriteEndpoints::book_discussion(const Request& request, Respond respond) {
    book(students_, desk_, request, &validate_discussion_booking, &discussion_booked_answer, std::move(respond));
}

void WriteEndpoints::cancel(std::string_view id, std::string_view text, Respond respond) {
    auto body = read_body(text, &validate_cancellation);
    if (auto* refused = std::get_if<Response>(&body))
        return respond(std::move(*refused));
    auto& [student, cancellation] = std::get<CancellationQuestion>(body);
    cancellation.record_id = id;
    with_student(
        students_, std::move(student),
        [this, cancellation = std::move(cancellation)](const Student& found, const Respond& answer) {
            if (!is_record_id(cancellation.record_id))
                return answer(booking_not_found());
            desk_.cancel(found.contact.hubspot_id, {cancellation},
                         [answer, reason = cancellation.reason](const std::vector<CancelResult>& results) {
                             answer(answer_to<Cancelled>(results.front(), Refusal{}, [&](const Cancelled& cancelled) {
                                 return cancelled_answer(cancelled, reason);
                             }));
                         });
        },
        std::move(respond));
}

void WriteEndpoints::cancel_batch(std::string_view text, Respond respond) {
    auto body = read_body(text, &validate_batch_cancellation);
    if (auto* refused = std::get_if<Response>(&body))
        return respond(std::move(*refused));
    service::cancel_batch(students_, desk_, std::get<0>(std::move(body)), std::move(respond));
}

void WriteEndpoints::change_exam_date(std::string_view text, Respond respond) {
    auto body = read_body(text, [today = calendar_.today(now_())](const boost::json::object& members) {
        return validate_exam_date(members, today);
    });
    if (auto* refused = std::get_if<Response>(&body))
        return respond(std::move(*refused));
    auto& [student, date] = std::get<ExamDateQuestion>(body);
    with_student(
        students_, std::move(student),
        [this, date = std::move(date)](const Student& found, const Respond& answer) {
            const auto& contact_id = found.contact.hubspot_id;
            desk_.change_exam_date(contact_id, date, [answer, contact_id](const ProfileResult& result) {
                answer(answer_to<ProfileChanged>(result, Refusal{}, [&](const ProfileChanged& changed) {
                    return exam_date_answer(changed, contact_id);
                }));
            });
        },
        std::move(respond));
}

} // namespace service
