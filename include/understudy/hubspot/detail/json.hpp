#pragma once

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace understudy::hubspot::detail {

// Reading JSON of unknown shape: nothing throws for what a server sends; what is not there as expected is skipped.

inline std::optional<boost::json::value> parse_json(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 32;
    boost::system::error_code ec;
    auto value = boost::json::parse({text.data(), text.size()}, ec, {}, options);
    return ec ? std::nullopt : std::optional{std::move(value)};
}

inline std::string_view view(const boost::json::string& text) noexcept {
    return {text.data(), text.size()};
}

inline std::string_view text_at(const boost::json::object& object, std::string_view key) noexcept {
    const auto* value = object.if_contains({key.data(), key.size()});
    const auto* text = value ? value->if_string() : nullptr;
    return text ? view(*text) : std::string_view{};
}

inline const boost::json::object* object_at(const boost::json::object& object, std::string_view key) noexcept {
    const auto* value = object.if_contains({key.data(), key.size()});
    return value ? value->if_object() : nullptr;
}

inline const boost::json::array* array_at(const boost::json::object& object, std::string_view key) noexcept {
    const auto* value = object.if_contains({key.data(), key.size()});
    return value ? value->if_array() : nullptr;
}

inline bool flag_at(const boost::json::object& object, std::string_view key) noexcept {
    const auto* value = object.if_contains({key.data(), key.size()});
    const auto* flag = value ? value->if_bool() : nullptr;
    return flag && *flag;
}

template<class F>
void for_each_object(const boost::json::object& object, std::string_view key, F&& f) {
    if (const auto* array = array_at(object, key))
        for (const auto& value : *array)
            if (const auto* entry = value.if_object())
                f(*entry);
}

template<class F>
void for_each_text(const boost::json::object& object, std::string_view key, F&& f) {
    if (const auto* array = array_at(object, key))
        for (const auto& value : *array)
            if (const auto* text = value.if_string())
                f(view(*text));
}

// An id, which HubSpot writes as a text here and as a number there.
inline std::optional<std::string> id_of(const boost::json::value& value) {
    if (const auto* text = value.if_string())
        return text->empty() ? std::nullopt : std::optional{std::string{view(*text)}};
    if (const auto* number = value.if_int64(); number && *number >= 0)
        return std::to_string(*number);
    if (const auto* number = value.if_uint64())
        return std::to_string(*number);
    return std::nullopt;
}

inline std::optional<std::string> id_at(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains({key.data(), key.size()});
    return value ? id_of(*value) : std::nullopt;
}

} // namespace understudy::hubspot::detail
