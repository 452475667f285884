#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace service {

/// The segments of a path with their percent escapes decoded; nothing if an escape is malformed, if one stands for a
/// slash or a control character, or if the text is not UTF-8 then.
std::optional<std::string> decode_path(std::string_view path);

/// The parameters of a query as browsers write them (WHATWG URL, application/x-www-form-urlencoded): `name=value`,
/// joined by `&`, with percent escapes and `+` for a blank.
class QueryString {
public:
    static constexpr std::size_t longest = 4096;

    /// The parameters, or a sentence that says why they cannot be read.
    static std::variant<QueryString, std::string> parse(std::string_view text);

    /// The parameter's value, the first one if it was given more than once; null if it was not given.
    const std::string* find(std::string_view name) const;
    bool is_repeated(std::string_view name) const;

private:
    std::multimap<std::string, std::string, std::less<>> parameters_;
};

} // namespace service
