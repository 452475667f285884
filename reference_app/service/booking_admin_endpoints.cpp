#include "booking_admin_endpoints.hpp"

#include "admin_responses.hpp"
#include "answer_to.hpp"
#include "booking_admin_responses.hpp"
#include "request_body.hpp"
#include "write_responses.hpp"
#include "write_validation.hpp"

#include <string>
#include <utility>
#include <vector>

namespace service {
namespace {

Response no_such_exam() {
    return admin_problem(problem_of(BookingRefusal::exam_not_found));
}

struct Refusal {
    Response operator()(const BookingRefused& refused) const { return admin_booking_refused(refused); }
    Response operator()(const ExamNotFound&) const { return no_such_exam(); }
    template<class T>
    Response operator()(const T& outcome) const {
        return admin_problem(problem_of(outcome));
    }
};

std::vector<std::string> ids_of(const std::vector<Cancellation>& cancellations) {
    std::vector<std::string> ids;
    for (const auto& cancellation : cancellations)
        ids.push_back(cancellation.record_id);
    return ids;
}

BatchItem item_of(const std::string& id, const CancelResult& result) {
    return std::visit(
        [&]<class T>(const T& outcome) {
            if constexpr (std::is_same_v<T, Cancelled>)
                return BatchItem{id, outcome};
            else
                return BatchItem{id, problem_of(outcome)};
        },
        result);
}

} // namespace

BookingAdminEndpoints::BookingAdminEndpoints(StudentDirectory& students, AdminDesk& desk)
    : students_{students}
    , desk_{desk} {}

void BookingAdminEndpoints::book(const Request& request, Respond respond) {
    auto body = read_admin_body(request.body, [&](const boost::json::object& members) {
        return validate_admin_booking(members, request.idempotency_key);
    });
    if (auto* refused = std::get_if<Response>(&body))
        return respond(std::move(*refused));
    auto& [student, order] = std::get<BookingQuestion>(body);
    students_.identify(
        student.student_id, student.email,
        [this, order = std::move(order), respond = std::move(respond)](const StudentResult& result) mutable {
            const auto* found = std::get_if<Student>(&result);
            if (!found)
                return respond(answer_to<Student>(result, Refusal{}, [](const Student&) { return Response{}; }));
            if (!is_record_id(order.exam_id))
                return respond(no_such_exam());
            order.contact = found->contact;
            const auto rights = *order.by_admin;
            desk_.book(std::move(order), rights, [respond = std::move(respond)](const BookResult& booked) {
                respond(answer_to<Booked>(booked, Refusal{}, &booked_answer));
            });
        });
}

void BookingAdminEndpoints::cancel_batch(const Request& request, Respond respond) {
    auto body = read_admin_body(request.body, &validate_admin_cancellation);
    if (auto* refused = std::get_if<Response>(&body))
        return respond(std::move(*refused));
    AdminCancellation cancellation;
    cancellation.bookings = std::move(std::get<std::vector<Cancellation>>(body));
    cancellation.admin = request.admin;
    auto ids = ids_of(cancellation.bookings);
    desk_.cancel(std::move(cancellation),
                 [ids = std::move(ids), respond = std::move(respond)](const AdminCancelResult& result) {
                     using Results = std::vector<CancelResult>;
                     respond(answer_to<Results>(result, Refusal{}, [&](const Results& results) {
                         std::vector<BatchItem> items;
                         for (std::size_t i = 0; i < ids.size(); ++i)
                             items.push_back(item_of(ids[i], results[i]));
                         return batch_answer(items, Audience::admins);
                     }));
                 });
}

void BookingAdminEndpoints::cancel_bookings_of_exam(std::string_view exam_id, const Request& request, Respond respond) {
    auto body = read_admin_body(request.body, &validate_exam_cancellation);
    if (auto* refused = std::get_if<Response>(&body))
        return respond(std::move(*refused));
    if (!is_record_id(exam_id))
        return respond(no_such_exam());
    auto& [bookings, refund] = std::get<ExamCancellation>(body);
    AdminCancellation cancellation{std::move(bookings), std::string{exam_id}, refund, request.admin};
    auto ids = ids_of(cancellation.bookings);
    desk_.cancel(std::move(cancellation), [ids = std::move(ids), with_refund = refund,
                                           respond = std::move(respond)](const AdminCancelResult& result) {
        using Results = std::vector<CancelResult>;
        respond(answer_to<Results>(result, Refusal{}, [&](const Results& results) {
            return exam_cancellation_answer(ids, results, with_refund);
        }));
    });
}

void BookingAdminEndpoints::mark_attendance(std::string_view exam_id, std::string_view text, Respond respond) {
    auto body = read_admin_body(text, &validate_attendance);
    if (auto* refused = std::get_if<Response>(&body))
        return respond(std::move(*refused));
    if (!is_record_id(exam_id))
        return respond(no_such_exam());
    auto marks = std::get<std::vector<AttendanceMark>>(std::move(body));
    auto ids = std::vector<std::string>{};
    for (const auto& mark : marks)
        ids.push_back(mark.record_id);
    desk_.mark_attendance(std::string{exam_id}, std::move(marks),
                          [ids = std::move(ids), respond = std::move(respond)](const AttendanceResults& result) {
                              using Results = std::vector<AttendanceResult>;
                              respond(answer_to<Results>(result, Refusal{}, [&](const Results& results) {
                                  return attendance_answer(ids, results);
                              }));
                          });
}

} // namespace service
