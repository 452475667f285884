#pragma once

#include <chrono>
#include <cstddef>

namespace understudy {

/// How a `Coalescing` store collects.
struct CoalescingParams {
    /// A batch that is not full leaves when no value came for this long: little against the call that it saves.
    std::chrono::milliseconds delay{10};
    /// But never later than this after its first value.
    std::chrono::milliseconds max_delay{30};
    /// Values of one batch; 0 means as many as one request of the store carries.
    std::size_t max_batch = 0;
    /// Batches under way at once. While so many are, values go on collecting and leave in fuller batches.
    std::size_t max_in_flight = 16;
};

} // namespace understudy
