#pragma once

#include <understudy/date_time.hpp>

#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace understudy::hubspot {

/// How values of one C++ type look as the text of a HubSpot property. Specialise it for types of your own.
///
///     static std::optional<T> read(std::string_view text); // nothing: the text is no such value; never throws
///     static std::string write(const T& value);
template<class T>
struct PropertyCodec;

namespace detail {

template<class T>
struct optional_of : std::false_type {
    using value_type = T;
};
template<class T>
struct optional_of<std::optional<T>> : std::true_type {
    using value_type = T;
};

template<class T>
inline constexpr bool is_optional = optional_of<T>::value;
template<class T>
using unwrapped_t = typename optional_of<T>::value_type;

template<class T>
std::optional<T> parse_number(std::string_view text) noexcept {
    T value{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    return ec == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

// The longest text of digits that HubSpot uses for a moment; beyond the years 0 to 9999 nothing is one.
inline std::optional<Timestamp> parse_epoch(std::string_view text) noexcept {
    using namespace std::chrono;
    constexpr Timestamp first = sys_days{year{0} / 1 / 1};
    constexpr Timestamp end = sys_days{year{10'000} / 1 / 1};
    const auto number = parse_number<std::int64_t>(text);
    if (!number || *number < first.time_since_epoch().count() || *number >= end.time_since_epoch().count())
        return std::nullopt;
    return Timestamp{milliseconds{*number}};
}

// An enumerator that cannot be called what its option is called (`true`) gets an underscore at the end.
constexpr std::string_view option_name(std::string_view enumerator) noexcept {
    if (enumerator.ends_with('_'))
        enumerator.remove_suffix(1);
    return enumerator;
}

} // namespace detail

template<>
struct PropertyCodec<std::string> {
    static std::optional<std::string> read(std::string_view text) { return std::string{text}; }
    static std::string write(const std::string& value) { return value; }
};

/// `true` and `false`.
template<>
struct PropertyCodec<bool> {
    static std::optional<bool> read(std::string_view text) noexcept {
        if (text == "true")
            return true;
        return text == "false" ? std::optional{false} : std::nullopt;
    }
    static std::string write(bool value) { return value ? "true" : "false"; }
};

/// Decimal; HubSpot echoes numbers as they were written, so `3.0` and `3e0` are read as 3. A value with a fraction is
/// refused, as is one that does not fit.
template<std::integral T>
requires(!std::same_as<T, bool> && !std::same_as<T, char>) struct PropertyCodec<T> {
    static std::optional<T> read(std::string_view text) noexcept {
        if (const auto exact = detail::parse_number<T>(text))
            return exact;
        // Up to here a double holds every integer.
        constexpr double exact_up_to = 9007199254740992.0;
        const auto number = detail::parse_number<double>(text);
        if (!number || !std::isfinite(*number) || std::trunc(*number) != *number || std::abs(*number) > exact_up_to)
            return std::nullopt;
        const auto whole = static_cast<std::int64_t>(*number);
        return std::in_range<T>(whole) ? std::optional{static_cast<T>(whole)} : std::nullopt;
    }
    static std::string write(T value) { return std::to_string(value); }
};

/// Finite; the shortest text that reads back as the same number.
template<std::floating_point T>
struct PropertyCodec<T> {
    static std::optional<T> read(std::string_view text) noexcept {
        const auto number = detail::parse_number<T>(text);
        return number && std::isfinite(*number) ? number : std::nullopt;
    }
    static std::string write(T value) {
        char buffer[64];
        const auto [end, ec] = std::to_chars(buffer, buffer + sizeof buffer, value);
        return ec == std::errc{} ? std::string{buffer, end} : std::string{};
    }
};

/// `YYYY-MM-DD`, or milliseconds since 1970 at midnight UTC, which some of HubSpot's own properties have.
template<>
struct PropertyCodec<Date> {
    static std::optional<Date> read(std::string_view text) noexcept {
        if (const auto date = parse_date(text))
            return date;
        const auto moment = detail::parse_epoch(text);
        if (!moment)
            return std::nullopt;
        const auto day = std::chrono::floor<std::chrono::days>(*moment);
        return day == *moment ? std::optional{Date{day}} : std::nullopt;
    }
    static std::string write(Date value) { return format_date(value); }
};

/// ISO 8601 with or without a fraction, or milliseconds since 1970; written as the latter.
template<>
struct PropertyCodec<Timestamp> {
    static std::optional<Timestamp> read(std::string_view text) noexcept {
        const auto moment = parse_timestamp(text);
        return moment ? moment : detail::parse_epoch(text);
    }
    static std::string write(Timestamp value) { return std::to_string(value.time_since_epoch().count()); }
};

/// An enumeration described with `BOOST_DESCRIBE_ENUM`: the enumerators are called what the options are called, but for
/// an underscore at the end (`true_`). An option that has no enumerator is refused.
template<class E>
requires std::is_enum_v<E> && requires {
    typename boost::describe::describe_enumerators<E>;
}
struct PropertyCodec<E> {
    static std::optional<E> read(std::string_view text) noexcept {
        std::optional<E> found;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto descriptor) {
            if (detail::option_name(descriptor.name) == text)
                found = descriptor.value;
        });
        return found;
    }
    static std::string write(E value) {
        std::string_view name;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto descriptor) {
            if (descriptor.value == value)
                name = detail::option_name(descriptor.name);
        });
        return std::string{name};
    }
};

/// Reads the text of a property that has a value into a member. An empty text is a value for texts only; elsewhere it
/// is how HubSpot writes "no value".
enum class Decoded : std::uint8_t { value, no_value, wrong };

/// See `Decoded`; `member` is an optional or not, and is changed when there is a value, or when it can hold that there
/// is none.
template<class T>
Decoded decode_property(std::string_view text, T& member) {
    using Value = detail::unwrapped_t<T>;
    if (text.empty() && !std::same_as<Value, std::string>) {
        if constexpr (detail::is_optional<T>)
            member.reset();
        return Decoded::no_value;
    }
    auto value = PropertyCodec<Value>::read(text);
    if (!value)
        return Decoded::wrong;
    member = std::move(*value);
    return Decoded::value;
}

/// The text that sets a property to the member's value. An empty text clears it: HubSpot knows no other way.
template<class T>
std::string encode_property(const T& member) {
    if constexpr (detail::is_optional<T>)
        return member ? PropertyCodec<detail::unwrapped_t<T>>::write(*member) : std::string{};
    else
        return PropertyCodec<T>::write(member);
}

} // namespace understudy::hubspot
