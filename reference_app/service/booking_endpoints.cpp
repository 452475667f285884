#include "booking_endpoints.hpp"

#include "booking_responses.hpp"
#include "query_validation.hpp"
#include "responses.hpp"
#include "with_student.hpp"

#include <string>
#include <utility>

namespace service {
namespace {

Response answer_to(const BookingPage& page, const Student& student) {
    return booking_list_answer(page, student);
}
Response answer_to(const FoundBooking& found, const Student& student) {
    if (found.booking.contact_id == student.contact.hubspot_id)
        return booking_answer(found, student);
    // What is known to be old refuses nobody.
    if (found.provenance.stale)
        return source_unavailable(unavailable(make_error_code(understudy::Errc::unavailable)));
    return access_denied();
}
Response answer_to(const BookingNotFound&, const Student&) {
    return booking_not_found();
}
Response answer_to(const SourceUnavailable& failure, const Student&) {
    return source_unavailable(failure);
}

// Answers the student with whatever comes of a question.
auto answering(const Student& student, Respond respond) {
    return [student, respond = std::move(respond)](const auto& result) {
        respond(std::visit([&](const auto& outcome) { return answer_to(outcome, student); }, result));
    };
}

} // namespace

void BookingEndpoints::list(std::string_view query, Respond respond) {
    auto validated = validate_booking_list(query);
    if (const auto* errors = std::get_if<ValidationErrors>(&validated))
        return respond(invalid_request(*errors));
    auto& [student, page] = std::get<BookingListQuestion>(validated);
    with_student(
        students_, std::move(student),
        [this, question = std::move(page)](const Student& found, Respond answer) mutable {
            question.contact_id = found.contact.hubspot_id;
            bookings_.list(std::move(question), answering(found, std::move(answer)));
        },
        std::move(respond));
}

void BookingEndpoints::get(std::string_view id, std::string_view query, Respond respond) {
    auto validated = validate_student(query);
    if (const auto* errors = std::get_if<ValidationErrors>(&validated))
        return respond(invalid_request(*errors));
    with_student(
        students_, std::move(std::get<Credentials>(validated)),
        [this, id = std::string{id}](const Student& found, Respond answer) {
            if (is_record_id(id))
                bookings_.get(id, answering(found, std::move(answer)));
            else
                answer(booking_not_found());
        },
        std::move(respond));
}

} // namespace service
