#pragma once

#include <cstdint>

namespace understudy {

/// What was done with operations so far.
struct OperationStats {
    std::uint64_t begun = 0;
    std::uint64_t done = 0;
    /// Refused, or given up before anything was sent.
    std::uint64_t undone = 0;
    /// Left for somebody to look at.
    std::uint64_t dead = 0;
    /// Answered from what the journal knew, or together with another caller.
    std::uint64_t repeated = 0;
    /// Taken over from sessions that were gone.
    std::uint64_t recovered = 0;
    /// Waited behind another operation on one of their keys.
    std::uint64_t queued = 0;
    /// Writes that took effect before the replica could be told in time.
    std::uint64_t replica_pending = 0;
    std::uint64_t leases_lost = 0;
    /// Rows read again from the source after they were marked.
    std::uint64_t swept = 0;
};

} // namespace understudy
