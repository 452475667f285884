#pragma once

#include <understudy/date_time.hpp>
#include <understudy/error.hpp>
#include <understudy/patch.hpp>
#include <understudy/record.hpp>

#include <boost/describe/enumerators.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/system/system_error.hpp>

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy {

// Records and patches as JSON, for what is kept as text: every value that is written reads back as the same value.

/// How values of one C++ type look as JSON.
///
///     static boost::json::value write(const T&);
///     static bool read(const boost::json::value&, T&);    // false: no such value; never throws for what it read
///
/// There is one for `bool`, integers, floating-point numbers, `std::string` (UTF-8), `Date`, `Timestamp`, enumerations
/// described with Boost.Describe (by name), and for `std::vector` and `std::optional` (null) of them. Specialise it for
/// further types; what has no form throws `boost::system::system_error` with `Errc::invalid_argument` when written.
template<class T>
struct JsonCodec;

namespace detail {

inline std::string_view text_of(const boost::json::value& json) noexcept {
    const auto* text = json.if_string();
    return text ? std::string_view{text->data(), text->size()} : std::string_view{};
}

inline boost::json::string json_text(std::string_view text) {
    return boost::json::string{boost::json::string_view{text.data(), text.size()}};
}

[[noreturn]] inline void throw_formless() {
    throw boost::system::system_error{make_error_code(Errc::invalid_argument), "a value that has no form in JSON"};
}

inline bool has_form(Date date) noexcept {
    return date.ok() && date.year() >= std::chrono::year{0} && date.year() <= std::chrono::year{9999};
}

} // namespace detail

template<>
struct JsonCodec<bool> {
    static boost::json::value write(bool value) { return value; }
    static bool read(const boost::json::value& json, bool& value) noexcept {
        const auto* read = json.if_bool();
        value = read && *read;
        return read != nullptr;
    }
};

/// All 64 bits; a number with a fraction or an exponent is none, and neither is one that does not fit.
template<std::integral T>
requires(!std::same_as<T, bool> && !std::same_as<T, char>) struct JsonCodec<T> {
    static boost::json::value write(T value) {
        if constexpr (std::is_signed_v<T>)
            return std::int64_t{value};
        else
            return std::uint64_t{value};
    }
    static bool read(const boost::json::value& json, T& value) noexcept {
        if (const auto* positive = json.if_uint64(); positive && std::in_range<T>(*positive))
            value = static_cast<T>(*positive);
        else if (const auto* number = json.if_int64(); number && std::in_range<T>(*number))
            value = static_cast<T>(*number);
        else
            return false;
        return true;
    }
};

/// As a text, the shortest that reads back as the same number: Boost.JSON 1.81 reads almost a third of all numbers back
/// as their neighbours. Numbers are read too.
template<std::floating_point T>
struct JsonCodec<T> {
    static boost::json::value write(T value) {
        char buffer[64];
        const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
        return detail::json_text({buffer, static_cast<std::size_t>(end - buffer)});
    }
    static bool read(const boost::json::value& json, T& value) noexcept {
        if (json.is_number()) {
            value = json.is_double()  ? static_cast<T>(json.get_double())
                    : json.is_int64() ? static_cast<T>(json.get_int64())
                                      : static_cast<T>(json.get_uint64());
            return true;
        }
        const auto text = detail::text_of(json);
        const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
        return ec == std::errc{} && end == text.data() + text.size();
    }
};

template<>
struct JsonCodec<std::string> {
    static boost::json::value write(const std::string& value) { return detail::json_text(value); }
    static bool read(const boost::json::value& json, std::string& value) {
        value.assign(detail::text_of(json));
        return json.is_string();
    }
};

/// `YYYY-MM-DD`, years 0 to 9999.
template<>
struct JsonCodec<Date> {
    static boost::json::value write(Date value) {
        if (!detail::has_form(value))
            detail::throw_formless();
        return detail::json_text(format_date(value));
    }
    static bool read(const boost::json::value& json, Date& value) noexcept {
        const auto date = parse_date(detail::text_of(json));
        value = date.value_or(Date{});
        return date.has_value();
    }
};

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`, years 0 to 9999; see `parse_timestamp` for what is read.
template<>
struct JsonCodec<Timestamp> {
    static boost::json::value write(Timestamp value) {
        if (!detail::has_form(Date{std::chrono::floor<std::chrono::days>(value)}))
            detail::throw_formless();
        return detail::json_text(format_timestamp(value));
    }
    static bool read(const boost::json::value& json, Timestamp& value) noexcept {
        const auto moment = parse_timestamp(detail::text_of(json));
        value = moment.value_or(Timestamp{});
        return moment.has_value();
    }
};

template<class E>
requires std::is_enum_v<E> && requires {
    typename boost::describe::describe_enumerators<E>;
}
struct JsonCodec<E> {
    static boost::json::value write(E value) {
        const char* name = nullptr;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto descriptor) {
            if (!name && descriptor.value == value)
                name = descriptor.name;
        });
        if (!name)
            detail::throw_formless();
        return detail::json_text(name);
    }
    static bool read(const boost::json::value& json, E& value) noexcept {
        const auto text = detail::text_of(json);
        bool found = false;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto descriptor) {
            if (text == descriptor.name) {
                value = descriptor.value;
                found = true;
            }
        });
        return found;
    }
};

template<class T>
struct JsonCodec<std::vector<T>> {
    static boost::json::value write(const std::vector<T>& values) {
        boost::json::array elements;
        elements.reserve(values.size());
        for (const T& value : values)
            elements.push_back(JsonCodec<T>::write(value));
        return elements;
    }
    static bool read(const boost::json::value& json, std::vector<T>& values) {
        values.clear();
        const auto* elements = json.if_array();
        if (!elements)
            return false;
        for (const auto& element : *elements) {
            T value{};
            if (!JsonCodec<T>::read(element, value))
                return false;
            values.push_back(std::move(value));
        }
        return true;
    }
};

template<class T>
struct JsonCodec<std::optional<T>> {
    static boost::json::value write(const std::optional<T>& value) {
        return value ? JsonCodec<T>::write(*value) : boost::json::value{};
    }
    static bool read(const boost::json::value& json, std::optional<T>& value) {
        value.reset();
        return json.is_null() || JsonCodec<T>::read(json, value.emplace());
    }
};

/// The JSON of a record: every member, by name. *Throws* as `JsonCodec` says.
template<Record R>
boost::json::object to_json(const R& record) {
    boost::json::object json;
    for_each_member<R>([&](auto descriptor) {
        const auto& member = record.*descriptor.pointer;
        json.emplace(descriptor.name, JsonCodec<std::remove_cvref_t<decltype(member)>>::write(member));
    });
    return json;
}

/// The JSON of a patch, or of links: the members that it sets, and no others. *Throws* as `JsonCodec` says.
template<Record R>
boost::json::object to_json(const MemberValues<R>& values) {
    boost::json::object json;
    values.for_each([&](auto descriptor, const auto& member) {
        json.emplace(descriptor.name, JsonCodec<std::remove_cvref_t<decltype(member)>>::write(member));
    });
    return json;
}

/// Reads a record. False, and the record is as it was, if the JSON is no object, or lacks a member, or has one that is
/// no value of its type; what is no member is passed over.
template<Record R>
bool from_json(const boost::json::value& json, R& record) {
    const auto* object = json.if_object();
    bool good = object != nullptr;
    R read{};
    for_each_member<R>([&](auto descriptor) {
        const auto* value = good ? object->if_contains(descriptor.name) : nullptr;
        auto& member = read.*descriptor.pointer;
        good = value && JsonCodec<std::remove_cvref_t<decltype(member)>>::read(*value, member);
    });
    if (good)
        record = std::move(read);
    return good;
}

/// Reads a patch, or links, which set the members that are there. False, and `values` is as it was, if the JSON is no
/// object, or if one of them is no value of its type; what is no member that may be set is passed over.
template<class Values>
requires std::derived_from<Values, MemberValues<typename Values::record_type>>
bool from_json(const boost::json::value& json, Values& values) {
    const auto* object = json.if_object();
    bool good = object != nullptr;
    Values read;
    for_each_member<typename Values::record_type>([&](auto descriptor) {
        constexpr auto pointer = decltype(descriptor)::pointer;
        if constexpr (Values::template takes<pointer>) {
            using T = typename detail::member_pointer<std::remove_const_t<decltype(pointer)>>::value_type;
            const auto* value = good ? object->if_contains(descriptor.name) : nullptr;
            if (!value)
                return;
            T member{};
            good = JsonCodec<T>::read(*value, member);
            read.template set<pointer>(std::move(member));
        }
    });
    if (good)
        values = std::move(read);
    return good;
}

/// A key as text: what is a text in JSON is that text, without quotes.
template<Record R>
std::string key_to_text(const key_t<R>& key) {
    const auto json = JsonCodec<key_t<R>>::write(key);
    return json.is_string() ? std::string{detail::text_of(json)} : boost::json::serialize(json);
}

/// The key of a text that `key_to_text` made; nothing if it made no such text.
template<Record R>
std::optional<key_t<R>> key_from_text(std::string_view text) {
    key_t<R> key{};
    boost::system::error_code error;
    const bool good =
        JsonCodec<key_t<R>>::read(detail::json_text(text), key) ||
        JsonCodec<key_t<R>>::read(boost::json::parse(boost::json::string_view{text.data(), text.size()}, error), key);
    return good && key_to_text<R>(key) == text ? std::optional{std::move(key)} : std::nullopt;
}

} // namespace understudy
