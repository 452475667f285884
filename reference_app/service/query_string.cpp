#include "query_string.hpp"

#include <boost/nowide/utf/utf.hpp>
#include <boost/url/pct_string_view.hpp>

#include <algorithm>

namespace service {
namespace {

bool is_utf8(std::string_view text) {
    namespace utf = boost::nowide::utf;
    for (auto at = text.begin(); at != text.end();) {
        const auto point = utf::utf_traits<char>::decode(at, text.end());
        if (point == utf::illegal || point == utf::incomplete)
            return false;
    }
    return true;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_blank) {
    const auto encoded = boost::urls::make_pct_string_view(text);
    if (!encoded)
        return std::nullopt;
    boost::urls::encoding_opts options;
    options.space_as_plus = plus_is_blank;
    auto decoded = encoded->decode(options);
    return is_utf8(decoded) ? std::optional{std::move(decoded)} : std::nullopt;
}

} // namespace

std::optional<std::string> decode_path(std::string_view path) {
    auto decoded = decode(path, false);
    const auto slashes = [](std::string_view text) { return std::count(text.begin(), text.end(), '/'); };
    const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
    if (!decoded || slashes(*decoded) != slashes(path) || std::any_of(decoded->begin(), decoded->end(), is_control))
        return std::nullopt;
    return decoded;
}

std::variant<QueryString, std::string> QueryString::parse(std::string_view text) {
    if (text.size() > longest)
        return "the query must not be longer than " + std::to_string(longest) + " bytes";
    QueryString query;
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto parameter = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (parameter.empty())
            continue;
        const auto equals = std::min(parameter.find('='), parameter.size());
        auto name = decode(parameter.substr(0, equals), true);
        auto value = decode(parameter.substr(std::min(equals + 1, parameter.size())), true);
        if (!name || !value)
            return std::string{"the query must be UTF-8 with well-formed percent escapes"};
        query.parameters_.emplace(std::move(*name), std::move(*value));
    }
    return query;
}

const std::string* QueryString::find(std::string_view name) const {
    const auto at = parameters_.lower_bound(name);
    return at != parameters_.end() && at->first == name ? &at->second : nullptr;
}

bool QueryString::is_repeated(std::string_view name) const {
    return parameters_.count(name) > 1;
}

} // namespace service
