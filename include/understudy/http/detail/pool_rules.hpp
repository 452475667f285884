#pragma once

#include <cstddef>
#include <cstdint>

namespace understudy::http::detail {

/// What a pool holds at one moment.
struct PoolCounts {
    std::size_t idle = 0;
    std::size_t busy = 0;
    std::size_t connecting = 0;
    std::size_t waiting = 0;
};

struct PoolLimits {
    std::size_t connections = 1;
    std::size_t waiting = 0;
};

enum class Admission : std::uint8_t { reuse, wait, refuse };

/// What becomes of a request that wants a connection; `fresh` means that an idle one will not do.
constexpr Admission admit(const PoolCounts& counts, const PoolLimits& limits, bool fresh) noexcept {
    if (!fresh && counts.idle > 0 && counts.waiting == 0)
        return Admission::reuse;
    return counts.waiting < limits.waiting ? Admission::wait : Admission::refuse;
}

/// Whether to make another connection: somebody waits for whom none is being made, and there is room.
constexpr bool should_connect(const PoolCounts& counts, const PoolLimits& limits) noexcept {
    return counts.waiting > counts.connecting && counts.idle + counts.busy + counts.connecting < limits.connections;
}

} // namespace understudy::http::detail
