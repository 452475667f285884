#include "answer.hpp"

#include <boost/json/object.hpp>

#include <algorithm>

namespace demo {

namespace {

std::string text_in(const boost::json::object* object, std::string_view name) {
    const auto* value = object ? object->if_contains(name) : nullptr;
    const auto* text = value ? value->if_string() : nullptr;
    return text ? std::string{*text} : std::string{};
}

} // namespace

const boost::json::object* Answer::data() const {
    const auto* object = body.if_object();
    const auto* value = object ? object->if_contains("data") : nullptr;
    return value ? value->if_object() : nullptr;
}

std::string Answer::text(std::string_view name) const {
    return text_in(data(), name);
}

std::optional<std::int64_t> Answer::number(std::string_view name) const {
    const auto* object = data();
    const auto* value = object ? object->if_contains(name) : nullptr;
    return value && value->is_int64() ? std::optional{value->get_int64()} : std::nullopt;
}

std::string Answer::code() const {
    return text_in(body.if_object(), "code");
}

double seconds_of(const std::vector<Answer>& answers) {
    if (answers.empty())
        return 0;
    const auto first = std::min_element(answers.begin(), answers.end(),
                                        [](const Answer& a, const Answer& b) { return a.asked < b.asked; });
    const auto last = std::max_element(answers.begin(), answers.end(),
                                       [](const Answer& a, const Answer& b) { return a.answered < b.answered; });
    return std::chrono::duration<double>(last->answered - first->asked).count();
}

} // namespace demo
