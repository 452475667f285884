#pragma once

#include <understudy/freshness.hpp>

#include <chrono>
#include <cstdint>

namespace understudy {

/// Who waits for the answer; the rate budget serves them in this order.
enum class Priority : std::uint8_t { interactive, write, background };

/// What a reader asks for besides the key. Trivially destructible.
struct ReadOptions {
    /// Only caches look at it: a source always answers with its current state.
    Freshness freshness{};
    /// Whether an older row may stand in, flagged stale, while the source fails.
    bool stale_if_error = true;
    Priority priority = Priority::interactive;
    /// Time for the whole read, retries and waiting included. Whatever is passed on to the next store is what is left.
    std::chrono::milliseconds timeout{30'000};
};

} // namespace understudy
