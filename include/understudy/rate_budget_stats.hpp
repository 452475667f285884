#pragma once

#include <cstdint>

namespace understudy {

/// What a rate budget did since it was made.
struct RateBudgetStats {
    /// Times somebody asked and was queued or served.
    std::uint64_t acquired = 0;
    /// Calls granted.
    std::uint64_t granted = 0;
    /// Times somebody had to wait.
    std::uint64_t waited = 0;
    /// Times somebody's time would not do.
    std::uint64_t refused = 0;
    /// Calls that the server refused although we granted them: others use the allowance too, or it shrank.
    std::uint64_t refused_by_server = 0;
};

} // namespace understudy
