#pragma once

#include <cstddef>

namespace understudy::memory {

/// Bounds of a store in memory.
struct Params {
    /// How many rows are kept; 0 means all. Beyond that, rows that were not asked for lately make room (the SIEVE rule
    /// of Zhang et al., NSDI 2024). An evicted row is a miss, never a wrong answer, and so are the sets that it
    /// belonged to. As many sets of each relation are remembered as covered.
    std::size_t capacity = 0;
    /// How many values of one index are remembered as answered by nobody; the oldest are forgotten.
    std::size_t max_absences = 10'000;
};

} // namespace understudy::memory
