#pragma once

#include <understudy/read_options.hpp>

#include <chrono>

namespace understudy {

/// What a writer asks of a source besides the write. Trivially destructible.
struct WriteOptions {
    Priority priority = Priority::write;
    /// Time for the whole call. A request that is not answered by then is given up, and may still take effect.
    std::chrono::milliseconds timeout{30'000};
};

} // namespace understudy
