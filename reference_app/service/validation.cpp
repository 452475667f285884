#include "validation.hpp"

#include "body_reader.hpp"

#include <algorithm>

namespace service {
namespace {

constexpr std::size_t longest_student_id = 64;
constexpr std::size_t longest_email = 254;
constexpr std::size_t longest_local_part = 64;
constexpr std::size_t longest_record_id = 32;

} // namespace

bool is_student_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= longest_student_id && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
}

bool is_email(std::string_view text) noexcept {
    const auto at = text.find('@');
    if (at == std::string_view::npos || at == 0 || at > longest_local_part || text.size() > longest_email)
        return false;
    const auto domain = text.substr(at + 1);
    const auto dot = domain.rfind('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == domain.size() || domain.find("..") != domain.npos)
        return false;
    constexpr std::string_view forbidden = "@,;:<>()[]\\\" ";
    return std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && (c < ' ' || c == 0x7f); }) &&
           domain.find_first_of(forbidden) == domain.npos && text.substr(0, at).find_first_of(forbidden) == text.npos;
}

bool is_record_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= longest_record_id && text.front() != '0' &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void take_student_id(std::string_view text, Credentials& student, ValidationErrors& errors) {
    if (is_student_id(text))
        student.student_id = text;
    else
        errors.push_back("student_id must consist of 1 to 64 upper-case letters and digits");
}

void take_email(std::string_view text, Credentials& student, ValidationErrors& errors) {
    student.email = normalised_email(text);
    if (!is_email(student.email))
        errors.push_back("email must be an e-mail address");
}

std::optional<MockType> take_mock_type(std::string_view text, ValidationErrors& errors) {
    const auto type = parse_mock_type(text);
    if (!type)
        errors.push_back("mock_type must be one of Situational Judgment, Clinical Skills, Mini-mock, Mock Discussion");
    return type;
}

Validated<Credentials> validate_login(const boost::json::object& body) {
    return read_members<Credentials>(body,
                                     [](BodyReader& reader, Credentials& student) { student = reader.student(); });
}

Validated<CreditQuestion> validate_credit_question(const boost::json::object& body) {
    return read_members<CreditQuestion>(body, [](BodyReader& reader, CreditQuestion& question) {
        question.student = reader.student();
        if (const auto* text = reader.required_text("mock_type"))
            if (const auto type = take_mock_type(*text, reader.errors))
                question.mock_type = *type;
    });
}

} // namespace service
