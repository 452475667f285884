#pragma once

#include <cstddef>

namespace understudy::postgres {

/// Bounds of a store.
struct StoreParams {
    /// Values, or sets, in one look-up statement, and observations in one apply statement that several calls share.
    std::size_t max_batch = 256;
    /// Values, sets or calls that wait for their turn; above it calls fail with `Errc::overloaded`.
    std::size_t max_waiting = 100'000;
    /// How often, in all, a statement is sent that loses against other transactions, before it fails with
    /// `Errc::contended`.
    int attempts = 5;
};

} // namespace understudy::postgres
