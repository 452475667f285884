#pragma once

#include <chrono>

namespace understudy {

/// When a `Guarded` store stops asking.
struct GuardedParams {
    /// Failures of transport and time-outs, one after the other, that open the circuit.
    int failures_to_open = 5;
    /// While open, one call per interval is let through to see whether the store is back.
    std::chrono::milliseconds probe_interval{1'000};
    /// For how long a failure says that the store is failing, while nobody asks it.
    std::chrono::milliseconds memory{30'000};
};

} // namespace understudy
