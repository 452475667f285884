#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace understudy::detail {

// Exponential waiting times with full jitter (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
// `random` is any 32 random bits.
inline std::chrono::milliseconds backoff(int attempt, std::chrono::milliseconds base, std::chrono::milliseconds most,
                                         std::uint32_t random) noexcept {
    const auto exponent = std::min(attempt, 20);
    const auto ceiling = std::min(most.count(), base.count() << exponent);
    return std::chrono::milliseconds{1 + static_cast<std::int64_t>(random) * ceiling / 0xFFFFFFFFLL};
}

} // namespace understudy::detail
