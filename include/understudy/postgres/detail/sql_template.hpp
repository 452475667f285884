#pragma once

#include <cassert>
#include <map>
#include <string>
#include <string_view>

namespace understudy::postgres::detail {

using SqlNames = std::map<std::string, std::string, std::less<>>;

// Replaces each {name} in a statement. The replacements are ours: names, types, codes, never values.
inline std::string filled(std::string_view text, const SqlNames& names) {
    std::string out;
    for (;;) {
        const auto open = text.find('{');
        out.append(text.substr(0, open));
        if (open == std::string_view::npos)
            return out;
        const auto close = text.find('}', open);
        const auto found = names.find(text.substr(open + 1, close - open - 1));
        assert(found != names.end());
        out.append(found->second);
        text.remove_prefix(close + 1);
    }
}

inline std::string sql_literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text)
        out.append(c == '\'' ? 2 : 1, c);
    return out + "'";
}

} // namespace understudy::postgres::detail
