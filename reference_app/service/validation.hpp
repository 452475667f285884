#pragma once

#include "credit_rules.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace service {

/// Everything that is wrong with a request, a sentence each.
using ValidationErrors = std::vector<std::string>;

/// What every user endpoint identifies the student by.
struct Credentials {
    std::string student_id;
    /// Normalised.
    std::string email;

    friend bool operator==(const Credentials&, const Credentials&) = default;
};

struct CreditQuestion {
    Credentials student;
    MockType mock_type = MockType::situational_judgment;

    friend bool operator==(const CreditQuestion&, const CreditQuestion&) = default;
};

template<class T>
using Validated = std::variant<T, ValidationErrors>;

/// Upper-case ASCII letters and digits, one to 64.
bool is_student_id(std::string_view text) noexcept;

/// Whether a normalised text has the shape of an address: `local@domain.tld`, no blanks, at most 254 bytes (RFC 5321).
bool is_email(std::string_view text) noexcept;

/// Whether a text can be the id of a record at the source: digits, without a leading zero, at most 32.
bool is_record_id(std::string_view text) noexcept;

/// Take a part of the credentials from a request; what is wrong with it becomes a message.
void take_student_id(std::string_view text, Credentials& student, ValidationErrors& errors);
void take_email(std::string_view text, Credentials& student, ValidationErrors& errors);
std::optional<MockType> take_mock_type(std::string_view text, ValidationErrors& errors);

/// Reads a request's members; unknown ones are ignored.
Validated<Credentials> validate_login(const boost::json::object& body);
Validated<CreditQuestion> validate_credit_question(const boost::json::object& body);

} // namespace service
