#pragma once

#include <cstddef>

namespace understudy {

/// What the caller of one pass may ask for.
struct PassOptions {
    /// So many rows may become tombstones, even if the brake (`ReconcilerParams::most_deletes`) says less.
    std::size_t allow_deletes = 0;
    /// Begin anew, wherever an earlier pass was interrupted.
    bool from_start = false;
    /// Of a full pass: do nothing if one has come to its end before, whenever that was.
    bool unless_done = false;
};

} // namespace understudy
