#pragma once

#include "validation.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace service {

/// Takes one known member of a request's body after the other and gathers what is wrong with them. A member that is
/// null was not given.
class BodyReader {
public:
    explicit BodyReader(const boost::json::object& body)
        : body_{body} {}

    /// The member, or null if it is not there.
    const boost::json::value* find(std::string_view name) const { return body_.if_contains(name); }
    /// The member's text, or null and a message.
    const boost::json::string* required_text(std::string_view name);
    /// Nothing if it was not given or is empty. Longer texts than this, in characters, and such with control characters
    /// in them become a message.
    std::optional<std::string> optional_text(std::string_view name, std::size_t longest);
    std::optional<bool> optional_flag(std::string_view name);
    Credentials student();

    /// Whether the request says anything there.
    bool says(std::string_view name) const;
    void refuse(std::string_view name, std::string_view why);

    ValidationErrors errors;

private:
    const boost::json::object& body_;
};

/// What `take` makes of a body, or everything that is wrong with it.
template<class T, class F>
Validated<T> read_members(const boost::json::object& body, F take) {
    BodyReader reader{body};
    T value;
    take(reader, value);
    if (!reader.errors.empty())
        return std::move(reader.errors);
    return value;
}

} // namespace service
