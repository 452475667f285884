#include "booking_responses.hpp"

#include "document.hpp"
#include "problem.hpp"
#include "responses.hpp"

#include <boost/describe/enum_to_string.hpp>

namespace service {
namespace {

namespace json = boost::json;

template<class Enum>
std::optional<std::string> name_of_value(const std::optional<Enum>& value) {
    return value ? std::optional<std::string>{boost::describe::enum_to_string(*value, "")} : std::nullopt;
}

void put_booking(json::object& object, const BookingView& booking) {
    const auto exam = booking.exam.value_or(ExamFacts{});
    object["id"] = booking.id;
    put_optional(object, "booking_id", booking.booking_id);
    put_optional(object, "name", booking.name);
    put_optional(object, "email", booking.email);
    put_optional(object, "exam_date", exam.exam_date);
    put_optional(object, "start_time", exam.start_time);
    put_optional(object, "end_time", exam.end_time);
    if (exam.mock_type)
        object["mock_type"] = name_of(*exam.mock_type);
    else
        object["mock_type"] = nullptr;
    put_optional(object, "location", exam.location);
    put_optional(object, "is_active", name_of_value(booking.status));
    put_optional(object, "attendance", name_of_value(booking.attendance));
    put_optional(object, "dominant_hand", booking.dominant_hand);
    put_optional(object, "mock_exam_id", booking.mock_exam_id);
}

} // namespace

Response booking_list_answer(const BookingPage& page, const Student& student) {
    Document document;
    auto& data =
        document.begin_success(page.total_bookings == 0 ? "No bookings" : "Bookings retrieved").emplace_object();
    for (auto& bookings = data["bookings"].emplace_array(); const auto& booking : page.bookings)
        put_booking(bookings.emplace_back(json::object_kind).get_object(), booking);
    auto& pagination = data["pagination"].emplace_object();
    pagination["current_page"] = page.current_page;
    pagination["total_pages"] = page.total_pages();
    pagination["total_bookings"] = page.total_bookings;
    pagination["has_next"] = page.has_next();
    pagination["has_previous"] = page.has_previous();
    put_credits(data, student.contact);
    auto response = document.answer(200);
    add_freshness(response, together(page.provenance, provenance_of(student)));
    return response;
}

Response booking_answer(const FoundBooking& found, const Student& student) {
    Document document;
    put_booking(document.begin_success("Booking retrieved").emplace_object(), found.booking);
    auto response = document.answer(200);
    add_freshness(response, together(found.provenance, provenance_of(student)));
    return response;
}

Response booking_not_found() {
    return problem_answer(problem_of(CancelRefusal::not_found));
}

Response access_denied() {
    return problem_answer(problem_of(CancelRefusal::access_denied));
}

} // namespace service
