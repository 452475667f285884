#pragma once

#include <chrono>

namespace understudy::postgres {

/// How one request is sent. Trivially destructible.
struct ExecuteOptions {
    /// The statement changes nothing (drawing from a sequence is no change), so it may run twice and may share a
    /// transaction with others, which saves round trips.
    bool read_only = false;
    /// For the answer, waiting for a connection included; zero takes the pool's `request_timeout`.
    std::chrono::milliseconds timeout{0};
};

} // namespace understudy::postgres
