#include "instant.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace hubspot_emulator {

namespace {

struct Civil {
    int year;
    unsigned month, day;
    Millis in_day;
};

Civil civil(Millis at) {
    auto days = at / day_ms - (at % day_ms < 0 ? 1 : 0);
    std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    return {static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
            at - days * day_ms};
}

/// Reads exactly `digits` digits.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    int value = 0;
    if (text.size() < digits)
        return {};
    auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
    if (error != std::errc{} || end != text.data() + digits || text.front() == '-')
        return {};
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected)
        return false;
    text.remove_prefix(1);
    return true;
}

} // namespace

std::string format_date(Millis at) {
    auto c = civil(at);
    std::array<char, 32> text;
    auto n = std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", c.year, c.month, c.day);
    return {text.data(), static_cast<std::size_t>(n)};
}

std::string format_instant(Millis at) {
    auto c = civil(at);
    auto seconds = static_cast<int>(c.in_day / second_ms), fraction = static_cast<int>(c.in_day % second_ms);
    std::array<char, 48> text;
    auto n = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", c.year, c.month, c.day,
                           seconds / 3600, seconds / 60 % 60, seconds % 60);
    std::string result{text.data(), static_cast<std::size_t>(n)};
    if (fraction != 0) {
        n = std::snprintf(text.data(), text.size(), ".%03d", fraction);
        result.append(text.data(), static_cast<std::size_t>(n));
    }
    return result += 'Z';
}

std::string format_long_date(Millis at) {
    static constexpr std::array months{"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};
    auto c = civil(at);
    return std::string(months[c.month - 1]) + " " + std::to_string(c.day) + ", " + std::to_string(c.year);
}

std::optional<Millis> parse_instant(std::string_view text) {
    if (text.size() < 5 || text[4] != '-') {
        Millis value = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size() || text.empty())
            return {};
        return value;
    }
    auto year = take_number(text, 4);
    auto month = take(text, '-') ? take_number(text, 2) : std::nullopt;
    auto day = take(text, '-') ? take_number(text, 2) : std::nullopt;
    if (!year || !month || !day)
        return {};
    std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                     std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok())
        return {};
    Millis at = std::chrono::sys_days{date}.time_since_epoch().count() * day_ms;
    if (text.empty())
        return at;
    if (!take(text, 'T'))
        return {};
    auto hour = take_number(text, 2);
    auto minute = take(text, ':') ? take_number(text, 2) : std::nullopt;
    if (!hour || !minute || *hour > 23 || *minute > 59)
        return {};
    int seconds = 0;
    if (take(text, ':')) {
        auto taken = take_number(text, 2);
        if (!taken || *taken > 59)
            return {};
        seconds = *taken;
    }
    at += (*hour * 3600 + *minute * 60 + seconds) * second_ms;
    if (take(text, '.')) {
        Millis unit = 100;
        if (text.empty() || text.front() < '0' || text.front() > '9')
            return {};
        for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), unit /= 10)
            at += (text.front() - '0') * unit;
    }
    if (text.empty() || text == "Z")
        return at;
    auto east = text.front() == '+';
    if (!east && text.front() != '-')
        return {};
    text.remove_prefix(1);
    hour = take_number(text, 2);
    take(text, ':');
    minute = take_number(text, 2);
    if (!hour || !minute || !text.empty())
        return {};
    Millis offset = (*hour * 3600 + *minute * 60) * second_ms;
    return east ? at - offset : at + offset;
}

} // namespace hubspot_emulator
