#pragma once

#include <cstddef>
#include <cstdint>

namespace understudy::postgres {

/// Counters of a pool since it was made, and what it looks like now.
struct PoolStats {
    std::uint64_t requests = 0;
    /// Requests that ended in an error of any kind; the next two are among them.
    std::uint64_t failed = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t cancelled = 0;
    /// Requests sent once more: they shared a transaction with one that failed, or a prepared statement was gone.
    std::uint64_t sent_again = 0;
    std::uint64_t connects = 0;
    std::uint64_t connect_failures = 0;
    /// Now: ready connections, and requests waiting for one.
    std::size_t connected = 0;
    std::size_t waiting = 0;
    /// Now: statements are sent as text, not prepared.
    bool plain = false;
};

} // namespace understudy::postgres
