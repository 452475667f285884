#pragma once

#include <understudy/date_time.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

namespace understudy::http {

namespace detail {

// IMF-fixdate, the one form of date that RFC 9110 lets a server send: "Sun, 06 Nov 1994 08:49:37 GMT".
constexpr std::optional<Timestamp> parse_http_date(std::string_view text) noexcept {
    using namespace std::chrono;
    using understudy::detail::take_char;
    using understudy::detail::take_digits;
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT")
        return std::nullopt;
    text.remove_prefix(5);
    const auto day_of_month = take_digits(text, 2);
    if (!day_of_month || !take_char(text, ' '))
        return std::nullopt;
    unsigned number = 0;
    while (number < months.size() && months[number] != text.substr(0, 3))
        ++number;
    text.remove_prefix(3);
    if (number == months.size() || !take_char(text, ' '))
        return std::nullopt;
    const auto year_number = take_digits(text, 4);
    if (!year_number || !take_char(text, ' '))
        return std::nullopt;
    const auto hour = take_digits(text, 2);
    if (!hour || *hour > 23 || !take_char(text, ':'))
        return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || *minute > 59 || !take_char(text, ':'))
        return std::nullopt;
    const auto second = take_digits(text, 2);
    if (!second || *second > 60)
        return std::nullopt;
    const Date date{year{*year_number}, month{number + 1}, day{static_cast<unsigned>(*day_of_month)}};
    if (!date.ok())
        return std::nullopt;
    return sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second};
}

} // namespace detail

/// The time that a `Retry-After` header asks for (RFC 9110, 10.2.3): seconds, or a date, which is compared with `now`.
/// A date that has passed is zero; anything else, a thousand days and more included, is nothing.
constexpr std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, Timestamp now) noexcept {
    using namespace std::chrono;
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    constexpr milliseconds longest = days{1000};
    if (text.empty())
        return std::nullopt;
    milliseconds wait{0};
    if (text.find_first_not_of("0123456789") == std::string_view::npos) {
        if (text.size() > 9)
            return std::nullopt;
        wait = seconds{*understudy::detail::take_digits(text, text.size())};
    } else {
        const auto moment = detail::parse_http_date(text);
        if (!moment)
            return std::nullopt;
        wait = *moment < now ? milliseconds{0} : *moment - now;
    }
    return wait < longest ? std::optional{wait} : std::nullopt;
}

} // namespace understudy::http
