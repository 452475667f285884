#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace understudy {

/// How operations are carried out.
struct OperationParams {
    /// How long after it was sent a request that was not answered may still take effect at the source. Until then a
    /// write that cannot be found there is not sent again.
    std::chrono::milliseconds landing_limit{120'000};
    /// The time one call to the source has.
    std::chrono::milliseconds call_timeout{30'000};
    /// The first pause before something that failed is tried again; it doubles up to `longest_pause`.
    std::chrono::milliseconds first_pause{250};
    std::chrono::milliseconds longest_pause{30'000};
    /// An operation that is not finished after this time is given up, for somebody to look at: it becomes a dead
    /// letter.
    std::chrono::milliseconds give_up_after{3'600'000};
    /// How long a caller waits for the replica after its writes took effect.
    std::chrono::milliseconds settle_patience{50};
    /// How often an operation that waits behind one of another process asks whether it is its turn.
    std::chrono::milliseconds ask_interval{50};
    /// How often marked rows are looked for, to be read again from the source, and how many at once.
    std::chrono::milliseconds sweep_interval{1'000};
    std::size_t sweep_batch = 100;
    /// How often operations are looked for whose holders are gone.
    std::chrono::milliseconds recovery_interval{2'000};
    std::size_t recovery_batch = 100;
    /// Operations that may be under way here at once; beyond that they fail with `Errc::overloaded`.
    std::size_t max_operations = 10'000;
    /// What the jitter of pauses begins with, for runs that can be repeated; 0 for something random.
    std::uint32_t seed = 0;
};

} // namespace understudy
