#include "exam_responses.hpp"

#include "document.hpp"
#include "problem.hpp"
#include "responses.hpp"

namespace service {
namespace {

namespace json = boost::json;

constexpr std::int64_t few = 3;

void put_exam(json::object& object, const ExamOnOffer& exam) {
    object["mock_exam_id"] = exam.mock_exam_id;
    object["exam_date"] = understudy::format_date(exam.exam_date);
    put_optional(object, "start_time", exam.start_time);
    put_optional(object, "end_time", exam.end_time);
    object["mock_type"] = name_of(exam.mock_type);
    put_optional(object, "capacity", exam.capacity);
    if (exam.places) {
        object["total_bookings"] = exam.places->taken;
        object["available_slots"] = exam.places->available();
    }
    put_optional(object, "location", exam.location);
    object["is_active"] = true;
    if (exam.places)
        object["status"] = availability(*exam.places);
}

} // namespace

std::string_view availability(const Places& places) noexcept {
    if (places.full())
        return "full";
    return places.available() <= few ? "limited" : "available";
}

Response exams_on_offer_answer(const ExamsOnOffer& found) {
    Document document;
    auto& list = document.begin_success(found.exams.empty() ? "No exams are on offer" : "Exams on offer");
    for (auto& exams = list.emplace_array(); const auto& exam : found.exams)
        put_exam(exams.emplace_back(json::object_kind).get_object(), exam);
    auto response = document.answer(200);
    add_freshness(response, found.provenance);
    return response;
}

Response capacity_answer(const ExamCapacity& found, understudy::Timestamp now) {
    Document document;
    auto& data = document.begin_success(found.places.full() ? "The exam is full" : "Places are left").emplace_object();
    data["mock_exam_id"] = found.mock_exam_id;
    put_optional(data, "capacity", found.places.capacity);
    data["total_bookings"] = found.places.taken;
    data["available_slots"] = found.places.available();
    data["is_full"] = found.places.full();
    data["last_checked"] = understudy::format_timestamp(now - found.provenance.age);
    auto response = document.answer(200);
    add_freshness(response, found.provenance);
    return response;
}

Response exam_not_found() {
    return problem_answer(problem_of(BookingRefusal::exam_not_found));
}

} // namespace service
