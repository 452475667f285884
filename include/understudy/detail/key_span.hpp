#pragma once

#include <understudy/key_order.hpp>

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

namespace understudy::detail {

// Keys as numbers, so that a range of them can be divided. Nothing for keys that are none, or too long.
template<Record R>
std::optional<std::uint64_t> key_number(const key_t<R>& key) {
    if constexpr (std::integral<key_t<R>>) {
        // Negative keys come first.
        const auto bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(key));
        return std::is_signed_v<key_t<R>> ? bits ^ (std::uint64_t{1} << 63U) : bits;
    } else if constexpr (has_numeric_keys<R>()) {
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
        return error == std::errc{} && end == key.data() + key.size() ? std::optional{number} : std::nullopt;
    } else {
        return std::nullopt;
    }
}

template<Record R>
std::optional<key_t<R>> key_of_number(std::uint64_t number) {
    if constexpr (std::integral<key_t<R>>)
        return static_cast<key_t<R>>(
            static_cast<std::int64_t>(std::is_signed_v<key_t<R>> ? number ^ (std::uint64_t{1} << 63U) : number));
    else if constexpr (has_numeric_keys<R>())
        return std::to_string(number);
    else
        return std::nullopt;
}

} // namespace understudy::detail
