#pragma once

#include <understudy/postgres/detail/big_endian.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace understudy::postgres::detail {

// What an array in binary form begins with (PostgreSQL's `array_send`): dimensions, whether it has NULLs, element type;
// unless it is empty, size and lower bound.
inline void put_array_header(std::string& out, std::size_t size, bool has_null, unsigned element_oid) {
    put_big_endian(out, std::int32_t{size > 0});
    put_big_endian(out, std::int32_t{has_null});
    put_big_endian(out, element_oid);
    if (size > 0) {
        put_big_endian(out, static_cast<std::int32_t>(size));
        put_big_endian(out, std::int32_t{1});
    }
}

} // namespace understudy::postgres::detail
