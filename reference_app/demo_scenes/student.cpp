#include "student.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace demo {

namespace json = boost::json;

Student Student::with(const std::string& field, std::int64_t difference) const {
    Student other = *this;
    other.credits[field] += difference;
    return other;
}

Question login_of(const Student& student) {
    const json::object body{{"student_id", student.student_id}, {"email", student.email}};
    return {"POST", "/api/user/login", json::serialize(body)};
}

Question list_of(const Student& student) {
    return {"GET",
            "/api/bookings/list?filter=all&limit=100&student_id=" + student.student_id + "&email=" + student.email};
}

bool has_right_credits(const Answer& answer, const Student& student) {
    const auto* data = answer.data();
    const auto* credits = data ? data->if_contains("credits") : nullptr;
    if (answer.status != 200 || !credits || !credits->is_object())
        return false;
    return std::all_of(student.credits.begin(), student.credits.end(), [&](const auto& expected) {
        const auto* value = credits->get_object().if_contains(expected.first);
        return value && value->is_int64() && value->get_int64() == expected.second;
    });
}

bool comes_from(const Answer& answer, std::string_view source) {
    const auto* data = answer.data();
    const auto* metadata = data ? data->if_contains("_metadata") : nullptr;
    const auto* named = metadata && metadata->is_object() ? metadata->get_object().if_contains("data_source") : nullptr;
    return named && named->is_string() && named->get_string() == source;
}

} // namespace demo
