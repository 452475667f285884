#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace understudy {

/// How passes are carried out.
struct ReconcilerParams {
    /// Names the passes of this pair of stores among those that the replica keeps; empty stands for the name of the
    /// record type.
    std::string name{};
    /// Parts of the list that a full pass reads side by side, if keys are numbers. With 500 ms a call, ten make up to
    /// 20 calls a second.
    std::size_t chains = 12;
    /// A part is divided while this many pages or more seem to be left of it.
    std::size_t pages_worth_dividing = 4;
    /// A full pass that misses more rows than this, and than this share of them, deletes none of them unless it is
    /// told to.
    std::size_t most_deletes = 100;
    double most_deleted_share = 0.01;
    /// How far back an incremental pass looks behind the latest stamp that it has seen, at least; twice the lag of the
    /// source's index that was measured, if that is more, up to `longest_overlap`. When nothing later was seen for some
    /// time, it looks back less by that time.
    std::chrono::milliseconds shortest_overlap{120'000};
    std::chrono::milliseconds longest_overlap{3'600'000};
    /// An incremental pass looks again, from later on, while what it looked for filled several pages; so often at most.
    std::size_t most_windows = 3;
    /// The time that one call to the source has, and how often one is tried that failed in a way that passes.
    std::chrono::milliseconds call_timeout{60'000};
    int tries = 4;
    std::chrono::milliseconds first_pause{500};
    std::chrono::milliseconds longest_pause{30'000};
    /// How long a pass is somebody's who is not heard of.
    std::chrono::milliseconds lease{30'000};
    /// Errors that a report names; the rest is counted.
    std::size_t most_errors = 100;
    /// What the jitter of pauses begins with, for runs that can be repeated; 0 for something random.
    std::uint32_t seed = 0;
};

} // namespace understudy
