#pragma once

#include "credit_rules.hpp"

#include <boost/json/object.hpp>

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

/// Reads a request's members; unknown ones are ignored.
Validated<Credentials> validate_login(const boost::json::object& body);
Validated<CreditQuestion> validate_credit_question(const boost::json::object& body);

} // namespace service
