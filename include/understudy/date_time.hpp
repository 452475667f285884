#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace understudy {

/// A day of the calendar, in no time zone.
using Date = std::chrono::year_month_day;

/// A moment, UTC, to the millisecond.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

namespace detail {

// Reads exactly `digits` decimal digits off the front.
constexpr std::optional<int> take_digits(std::string_view& text, std::size_t digits) noexcept {
    if (text.size() < digits)
        return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9')
            return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
}

constexpr bool take_char(std::string_view& text, char c) noexcept {
    if (text.empty() || text.front() != c)
        return false;
    text.remove_prefix(1);
    return true;
}

constexpr std::optional<Date> take_date(std::string_view& text) noexcept {
    const auto year = take_digits(text, 4);
    if (!year || !take_char(text, '-'))
        return std::nullopt;
    const auto month = take_digits(text, 2);
    if (!month || !take_char(text, '-'))
        return std::nullopt;
    const auto day = take_digits(text, 2);
    if (!day)
        return std::nullopt;
    const Date date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                    std::chrono::day{static_cast<unsigned>(*day)}};
    return date.ok() ? std::optional{date} : std::nullopt;
}

inline void put_digits(std::string& out, int value, int digits) {
    char buffer[12];
    for (int i = digits - 1; i >= 0; --i, value /= 10)
        buffer[i] = static_cast<char>('0' + value % 10);
    out.append(buffer, static_cast<std::size_t>(digits));
}

} // namespace detail

/// `YYYY-MM-DD` (ISO 8601, years 0000 to 9999), and nothing else.
constexpr std::optional<Date> parse_date(std::string_view text) noexcept {
    const auto date = detail::take_date(text);
    return text.empty() ? date : std::nullopt;
}

/// `YYYY-MM-DDTHH:MM[:SS[.f…]](Z|±HH[:]MM)` (RFC 3339; a blank may stand for the `T`, and `±HH` for the offset, as
/// PostgreSQL writes them). Digits after the third of a fraction are cut off. A moment without an offset is refused: it
/// names no moment.
constexpr std::optional<Timestamp> parse_timestamp(std::string_view text) noexcept {
    using namespace std::chrono;
    const auto date = detail::take_date(text);
    if (!date || !(detail::take_char(text, 'T') || detail::take_char(text, ' ')))
        return std::nullopt;
    const auto hour = detail::take_digits(text, 2);
    if (!hour || *hour > 23 || !detail::take_char(text, ':'))
        return std::nullopt;
    const auto minute = detail::take_digits(text, 2);
    if (!minute || *minute > 59)
        return std::nullopt;
    int second = 0;
    int millisecond = 0;
    if (detail::take_char(text, ':')) {
        const auto value = detail::take_digits(text, 2);
        if (!value || *value > 59)
            return std::nullopt;
        second = *value;
        if (detail::take_char(text, '.')) {
            int scale = 100;
            bool any = false;
            for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), scale /= 10) {
                millisecond += (text.front() - '0') * scale;
                any = true;
            }
            if (!any)
                return std::nullopt;
        }
    }
    minutes offset{0};
    if (!detail::take_char(text, 'Z')) {
        const bool ahead = detail::take_char(text, '+');
        if (!ahead && !detail::take_char(text, '-'))
            return std::nullopt;
        const auto hours_ahead = detail::take_digits(text, 2);
        if (!hours_ahead || *hours_ahead > 23)
            return std::nullopt;
        int minutes_ahead = 0;
        if (detail::take_char(text, ':') || !text.empty()) {
            const auto value = detail::take_digits(text, 2);
            if (!value || *value > 59)
                return std::nullopt;
            minutes_ahead = *value;
        }
        offset = minutes{*hours_ahead * 60 + minutes_ahead} * (ahead ? 1 : -1);
    }
    if (!text.empty())
        return std::nullopt;
    return sys_days{*date} + hours{*hour} + minutes{*minute} + seconds{second} + milliseconds{millisecond} - offset;
}

/// `YYYY-MM-DD`. The date must be valid and its year between 0 and 9999.
inline std::string format_date(Date date) {
    std::string out;
    out.reserve(10);
    detail::put_digits(out, static_cast<int>(date.year()), 4);
    out += '-';
    detail::put_digits(out, static_cast<int>(static_cast<unsigned>(date.month())), 2);
    out += '-';
    detail::put_digits(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
    return out;
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`. The year must be between 0 and 9999.
inline std::string format_timestamp(Timestamp moment) {
    using namespace std::chrono;
    const auto day = floor<days>(moment);
    const hh_mm_ss time{moment - day};
    std::string out = format_date(Date{day});
    out += 'T';
    detail::put_digits(out, static_cast<int>(time.hours().count()), 2);
    out += ':';
    detail::put_digits(out, static_cast<int>(time.minutes().count()), 2);
    out += ':';
    detail::put_digits(out, static_cast<int>(time.seconds().count()), 2);
    out += '.';
    detail::put_digits(out, static_cast<int>(time.subseconds().count()), 3);
    out += 'Z';
    return out;
}

} // namespace understudy
