#pragma once

#include <understudy/cron_error.hpp>

#include <boost/system/result.hpp>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace understudy::detail {

// One of the five fields: what it is called and which values it may hold.
struct CronField {
    std::string_view name;
    int first;
    int last;
    // How many values differ; 7 is another Sunday.
    int values;
    // Three letters each; the first one stands for `first`.
    std::span<const std::string_view> names;

    std::string range() const { return std::to_string(first) + '-' + std::to_string(last); }
};

inline constexpr std::string_view month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
inline constexpr std::string_view weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

inline constexpr CronField cron_fields[] = {
    {"minute", 0, 59, 60, {}},
    {"hour", 0, 23, 24, {}},
    {"day-of-month", 1, 31, 31, {}},
    {"month", 1, 12, 12, month_names},
    {"day-of-week", 0, 7, 7, weekday_names},
};

inline bool same_letters(std::string_view text, std::string_view lower_case) noexcept {
    return std::ranges::equal(text, lower_case, [](char given, char wanted) {
        return std::tolower(static_cast<unsigned char>(given)) == wanted;
    });
}

// The part of `text` before the separator, which is taken off it; nothing if there is no separator.
inline std::optional<std::string_view> take_until(std::string_view& text, char separator) noexcept {
    const auto at = text.find(separator);
    if (at == std::string_view::npos)
        return std::nullopt;
    const auto before = text.substr(0, at);
    text.remove_prefix(at + 1);
    return before;
}

// Reads one field into a set of bits, one a value.
class CronFieldReader {
public:
    explicit CronFieldReader(const CronField& field)
        : field_{field} {}

    boost::system::result<std::uint64_t, CronError> read(std::string_view text) const {
        std::uint64_t bits = 0;
        for (bool more = true; more;) {
            auto element = take_until(text, ',');
            more = element.has_value();
            const auto part = read_element(more ? *element : text);
            if (!part)
                return part;
            bits |= *part;
        }
        return bits;
    }

private:
    template<class T>
    using Result = boost::system::result<T, CronError>;

    Result<std::uint64_t> read_element(std::string_view element) const {
        const auto whole = std::string{element};
        if (element.empty())
            return error("an empty element in the list");
        auto step_text = element;
        const auto stepped = take_until(step_text, '/');
        auto last_text = stepped.value_or(element);
        const auto everything = last_text == "*";
        const auto ranged = everything ? std::nullopt : take_until(last_text, '-');
        if (stepped && !everything && !ranged)
            return error(whole + ": a step needs a range or * before it");

        int low = field_.first;
        int high = field_.last;
        if (!everything) {
            const auto first = read_value(ranged.value_or(last_text));
            if (!first)
                return first.error();
            const auto last = read_value(last_text);
            if (!last)
                return last.error();
            low = *first;
            high = *last;
            if (ranged && high < low && high == 0 && field_.last == 7)
                high = 7;
        }
        if (high < low)
            return error(whole + " runs backwards");
        int step = 1;
        if (stepped) {
            const auto value = read_number(step_text);
            if (!value)
                return error('\'' + std::string{step_text} + "' is no step");
            if (*value < 1 || *value > field_.values)
                return error("a step of " + std::string{step_text} + " is not in 1-" + std::to_string(field_.values));
            step = *value;
        }
        std::uint64_t bits = 0;
        for (int value = low; value <= high; value += step)
            bits |= std::uint64_t{1} << value;
        return bits;
    }

    Result<int> read_value(std::string_view text) const {
        for (std::size_t i = 0; i < field_.names.size(); ++i)
            if (same_letters(text, field_.names[i]))
                return field_.first + static_cast<int>(i);
        const auto value = read_number(text);
        if (!value)
            return error('\'' + std::string{text} +
                         (field_.names.empty() ? "' is no number" : "' is no number and no name"));
        if (*value < field_.first || *value > field_.last)
            return error(std::string{text} + " is not in " + field_.range());
        return *value;
    }

    // A number too large for any field stays too large.
    static std::optional<int> read_number(std::string_view text) noexcept {
        if (text.empty())
            return std::nullopt;
        int value = 0;
        for (const char c : text) {
            if (c < '0' || c > '9')
                return std::nullopt;
            value = std::min(value * 10 + (c - '0'), 1'000);
        }
        return value;
    }

    CronError error(std::string_view what) const {
        return CronError{std::string{field_.name} + ": " + std::string{what}};
    }

    const CronField& field_;
};

} // namespace understudy::detail
