#include "body_reader.hpp"

#include <boost/json/value.hpp>

#include <algorithm>

namespace service {
namespace {

bool is_control(char c) noexcept {
    constexpr std::string_view blanks = "\t\n\r";
    return ((c >= 0 && c < ' ') || c == 0x7f) && blanks.find(c) == blanks.npos;
}

// Of UTF-8.
std::size_t characters(std::string_view text) noexcept {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

} // namespace

bool BodyReader::says(std::string_view name) const {
    const auto* value = body_.if_contains(name);
    return value && !value->is_null() && !(value->is_string() && value->get_string().empty());
}

void BodyReader::refuse(std::string_view name, std::string_view why) {
    errors.push_back(std::string{name}.append(" ").append(why));
}

const boost::json::string* BodyReader::required_text(std::string_view name) {
    const auto* value = body_.if_contains(name);
    if (!value || value->is_null()) {
        refuse(name, "is required");
        return nullptr;
    }
    if (!value->is_string()) {
        refuse(name, "must be a string");
        return nullptr;
    }
    return &value->get_string();
}

std::optional<std::string> BodyReader::optional_text(std::string_view name, std::size_t longest) {
    if (!says(name))
        return std::nullopt;
    const auto* text = required_text(name);
    if (!text)
        return std::nullopt;
    if (characters(*text) > longest)
        refuse(name, "must not be longer than " + std::to_string(longest) + " characters");
    if (std::any_of(text->begin(), text->end(), is_control))
        refuse(name, "must not contain control characters");
    return std::string{*text};
}

std::optional<bool> BodyReader::optional_flag(std::string_view name) {
    if (!says(name))
        return std::nullopt;
    const auto* value = body_.if_contains(name);
    if (value->is_bool())
        return value->get_bool();
    refuse(name, "must be true or false");
    return std::nullopt;
}

Credentials BodyReader::student() {
    Credentials student;
    if (const auto* text = required_text("student_id"))
        take_student_id(*text, student, errors);
    if (const auto* text = required_text("email"))
        take_email(*text, student, errors);
    return student;
}

} // namespace service
