#pragma once

#include <chrono>
#include <cstdint>

namespace understudy {

/// How a `Budgeted` store repeats calls that failed.
struct BudgetedParams {
    /// Tries of one call, the first included. The caller's time is divided among those that are left.
    int max_tries = 3;
    /// The longest wait before the second try; it doubles with each, up to `most`, and is drawn at random below that.
    std::chrono::milliseconds backoff{100};
    std::chrono::milliseconds most{5'000};
    /// Seeds the waits.
    std::uint32_t seed = 0x9E3779B9U;
};

} // namespace understudy
