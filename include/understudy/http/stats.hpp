#pragma once

#include <cstddef>
#include <cstdint>

namespace understudy::http {

/// What a client has done so far, and holds now.
struct Stats {
    std::uint64_t requests = 0;
    std::uint64_t answers = 0;
    /// Requests sent a second time, because the connection they were sent on had died unused.
    std::uint64_t repeated = 0;
    std::uint64_t connections_made = 0;
    std::uint64_t connections_failed = 0;
    std::size_t idle = 0;
    std::size_t busy = 0;
    std::size_t connecting = 0;
    std::size_t waiting = 0;
};

} // namespace understudy::http
