#pragma once

#include <cstdint>

namespace understudy {

/// What a `Coalescing` store did since it was made.
struct CoalescingStats {
    /// Values that callers asked for.
    std::uint64_t values = 0;
    /// Batches that left for the store.
    std::uint64_t batches = 0;
};

} // namespace understudy
