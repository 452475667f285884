#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace understudy::detail {

// 128 random bits, as 32 hexadecimal digits.
inline std::string random_id() {
    std::random_device device;
    std::string id;
    for (int word = 0; word < 4; ++word) {
        auto bits = static_cast<std::uint32_t>(device());
        for (int digit = 0; digit < 8; ++digit, bits >>= 4)
            id += "0123456789abcdef"[bits & 15];
    }
    return id;
}

} // namespace understudy::detail
