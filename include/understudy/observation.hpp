#pragma once

#include <understudy/record.hpp>

#include <chrono>
#include <cstdint>

namespace understudy {

/// A number from the one monotone counter of a replica. What was learned from a source is ordered by the ticket that
/// was drawn before the request was sent, never by a wall clock or by the source's stamps.
enum class Ticket : std::uint64_t {};

/// Older than every ticket that is ever drawn.
inline constexpr Ticket no_ticket{0};

/// The source's own stamp of a state, in milliseconds since 1970; `no_version` where an answer carries none. Stamps are
/// not unique and not an order: they only betray a server that lags behind.
enum class Version : std::int64_t {};

inline constexpr Version no_version{0};

/// What is known of a key at the source.
enum class State : std::uint8_t {
    /// Nothing was read yet: a placeholder that a hint left.
    unknown,
    /// The record exists.
    live,
    /// The source says that there is no such record.
    absent,
    /// Deleted, but restorable under the same id.
    archived,
    /// Merged into another record, whose id is known.
    merged,
    /// Erased for good.
    erased,
};

/// How far a replica's row may be believed.
enum class Mark : std::uint8_t {
    /// Equal to what a complete read returned, and nothing newer is known.
    clean,
    /// Carries a write of ours on top of that; served like a clean row, read again soon.
    patched,
    /// A change is known or suspected that the row does not show.
    dirty,
};

/// What one complete by-id read said of one key, ready to be applied to a replica.
template<Record R>
struct Observation {
    /// The key that was asked for.
    key_t<R> key{};
    /// Drawn before the request was sent.
    Ticket ticket = no_ticket;
    /// Never `unknown`.
    State state = State::unknown;
    Version version = no_version;
    /// The survivor's key when `state` is `merged`.
    key_t<R> merged_into{};
    /// Complete when `state` is `live`, ignored otherwise.
    R record{};
    /// Time from the sending of the request to this call, by a monotonic clock: the answer is at least that old.
    std::chrono::milliseconds elapsed{0};
    /// Whether to write down that the row was confirmed, and as of which ticket, even if nothing else changed: a reader
    /// asked for a bound on age, or for a set.
    bool confirm = false;
};

/// What became of an observation.
enum class Applied : std::uint8_t {
    /// The row now says what was observed.
    applied,
    /// The row said so already.
    unchanged,
    /// Something was learned about the key after the read began: the observation decides nothing. Read again.
    dropped,
    /// The source answered an older state than the row's; the row was marked dirty. Read again.
    lagging,
};

} // namespace understudy
