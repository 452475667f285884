#pragma once

#include <cstddef>

namespace understudy::postgres {

/// Bounds of a store.
struct StoreParams {
    /// Values in one look-up statement, and observations in one apply statement that several calls share.
    std::size_t max_batch = 256;
    /// Values, or calls, that wait for their turn; above it calls fail with `Errc::overloaded`.
    std::size_t max_waiting = 100'000;
    /// How often a statement is sent again that lost against another transaction, before it fails with
    /// `Errc::contended`.
    int attempts = 5;
};

} // namespace understudy::postgres
