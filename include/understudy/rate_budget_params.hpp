#pragma once

#include <chrono>

namespace understudy {

/// What is known of a source's rate limits before its first answer.
struct RateBudgetParams {
    /// Calls per `window`; a rolling window, as the server counts. Corrected by what the server reports.
    int limit = 100;
    std::chrono::milliseconds window{10'000};
    /// Searches per `search_window`, which have an allowance of their own that no answer reports.
    int searches = 5;
    std::chrono::milliseconds search_window{1'000};
    /// A call counts this much longer than a window, because it reaches the server later than it was sent.
    std::chrono::milliseconds margin{100};
    /// The share of the window that background work leaves to those who wait; at least one call.
    double reserve = 0.05;
};

} // namespace understudy
