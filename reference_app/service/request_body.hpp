#pragma once

#include "admin_responses.hpp"
#include "responses.hpp"
#include "validation.hpp"

#include <boost/json/parse.hpp>

#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace service {

/// What a body asks for, as `validate(const boost::json::object&)` reads it, or the answer that refuses it, in the form
/// of `malformed` and `invalid`.
template<class Validate>
auto read_body(std::string_view text, Validate validate, Response (*malformed)() = &malformed_json,
               Response (*invalid)(const ValidationErrors&) = &invalid_request) {
    using Outcome = std::invoke_result_t<Validate, const boost::json::object&>;
    using Body = std::variant<std::variant_alternative_t<0, Outcome>, Response>;
    boost::system::error_code error;
    const auto body = boost::json::parse(text, error);
    if (error)
        return Body{malformed()};
    if (!body.is_object())
        return Body{invalid({"the body must be a JSON object"})};
    auto validated = validate(body.get_object());
    if (const auto* errors = std::get_if<ValidationErrors>(&validated))
        return Body{invalid(*errors)};
    return Body{std::get<0>(std::move(validated))};
}

/// The same for admin endpoints.
template<class Validate>
auto read_admin_body(std::string_view text, Validate validate) {
    return read_body(text, std::move(validate), &admin_malformed_json, &admin_invalid_request);
}

} // namespace service
