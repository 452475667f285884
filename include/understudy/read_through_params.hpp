#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace understudy {

/// How a `ReadThroughCache` behaves.
struct ReadThroughParams {
    /// How long "there is no such record" is believed. Records that others create at the source show within this time;
    /// those created through this system show at once.
    std::chrono::milliseconds negative_ttl{60'000};
    /// Whether the primary hears of every write, and may thus answer `fresh` readers: true of a replica that all
    /// writers share, false of a tier that others write beside, such as a near cache in front of a shared replica. Not
    /// set: true unless the fallback is a cache itself.
    std::optional<bool> sees_every_write{};
    /// How many values may be under way to the fallback at once; readers beyond that fail with `Errc::overloaded`.
    std::size_t max_in_flight = 10'000;
    /// How often a read that raced a change is begun again before it fails with `Errc::contended` (or, when the source
    /// answered older states, `Errc::source_lagging`).
    int max_attempts = 4;
    /// How long a look-up in the primary may take before the primary counts as failed and the fallback is asked; never
    /// longer than the reader's own time.
    std::chrono::milliseconds lookup_timeout{1'000};
    /// The time a fill has, whoever waits for it.
    std::chrono::milliseconds fill_timeout{30'000};
};

} // namespace understudy
