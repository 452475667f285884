#pragma once

#include <cstdint>

namespace understudy {

/// What a `ReadThroughCache` did since it was made. Counts of values, not of calls, unless said otherwise; a set is
/// one.
struct ReadThroughStats {
    /// Answered from the primary.
    std::uint64_t hits = 0;
    /// Answered "there is none" from the primary.
    std::uint64_t negative_hits = 0;
    /// Not answered by the primary.
    std::uint64_t misses = 0;
    /// Of these: waited for a load that was under way.
    std::uint64_t joined = 0;
    /// Loads given to the fallback, in calls.
    std::uint64_t fills = 0;
    /// Loads begun again because the key changed meanwhile.
    std::uint64_t repeats = 0;
    /// Answered with an older row because the fallback failed.
    std::uint64_t stale_answers = 0;
    /// Not answered.
    std::uint64_t failures = 0;
    /// Look-ups in the primary that failed, in calls.
    std::uint64_t replica_failures = 0;
    /// Loads whose result could not be stored, in calls.
    std::uint64_t populate_failures = 0;
};

} // namespace understudy
