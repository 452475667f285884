#pragma once

#include <understudy/observation.hpp>

#include <chrono>
#include <vector>

namespace understudy {

/// What a replica knows of one key.
template<Record R>
struct Row {
    /// The key of the row. For a look-up by another index it is the id of the record that was found.
    key_t<R> id{};
    /// `unknown` with `no_ticket` when the replica never heard of the key.
    State state = State::unknown;
    Mark mark = Mark::dirty;
    /// When anything was last learned of or hinted at the key.
    Ticket ticket = no_ticket;
    /// The ticket of the observation that the columns come from, or that confirmed them: see `covered_sets.hpp`.
    Ticket as_of = no_ticket;
    Version version = no_version;
    /// The survivor when `state` is `merged`.
    key_t<R> merged_into{};
    /// Time since the source confirmed the row, by the replica's clock.
    std::chrono::milliseconds age{0};
    /// Complete when `state` is `live`.
    R record{};

    /// Live, and nothing newer is known of: what a `fresh` reader may have.
    bool current() const noexcept { return state == State::live && mark != Mark::dirty; }
};

/// The answer of a look-up in a replica: one row for each value, in the order asked.
template<Record R>
struct Rows {
    std::vector<Row<R>> rows;
    /// Drawn in the same round trip when any of the rows is not `current()`; `no_ticket` when all are.
    Ticket ticket = no_ticket;
};

} // namespace understudy
