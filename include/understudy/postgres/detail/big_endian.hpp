#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace understudy::postgres::detail {

// Numbers in PostgreSQL's binary forms: two's complement, most significant byte first.
template<class Integer>
void put_big_endian(std::string& out, Integer value) {
    const auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
    for (std::size_t i = sizeof(Integer); i-- > 0;)
        out.push_back(static_cast<char>(static_cast<unsigned char>(bits >> (8 * i))));
}

template<class Integer>
std::optional<Integer> read_big_endian(std::string_view bytes) noexcept {
    using Bits = std::make_unsigned_t<Integer>;
    if (bytes.size() != sizeof(Integer))
        return std::nullopt;
    Bits bits = 0;
    for (const char byte : bytes)
        bits =
            static_cast<Bits>(static_cast<Bits>(bits << (sizeof(Bits) > 1 ? 8 : 0)) | static_cast<unsigned char>(byte));
    return static_cast<Integer>(bits);
}

} // namespace understudy::postgres::detail
