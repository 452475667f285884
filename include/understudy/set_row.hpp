#pragma once

#include <understudy/index.hpp>
#include <understudy/observation.hpp>
#include <understudy/row.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace understudy {

inline constexpr std::size_t whole_set = std::numeric_limits<std::size_t>::max();

/// One set to be looked up in a replica, and which part of its members to return.
template<IndexTag By>
struct SetQuery {
    typename By::value_type value{};
    /// Members with greater keys only.
    std::optional<key_t<typename By::record_type>> after{};
    /// At most as many members, in the order of their keys; zero asks for the doubts alone.
    std::size_t limit = whole_set;
};

/// A member whose row does not prove that it belongs to the set now.
template<Record R>
struct SetDoubt {
    key_t<R> id{};
    /// The row's ticket.
    Ticket ticket = no_ticket;

    friend bool operator==(const SetDoubt&, const SetDoubt&) = default;
};

/// What a replica knows of one set.
template<Record R>
struct SetRow {
    /// When anything was last learned of or hinted at the set; `no_ticket` when the replica never heard of it.
    Ticket ticket = no_ticket;
    /// The ticket of the read whose whole answer the rows reflect; `no_ticket` when there was none: not covered.
    Ticket as_of = no_ticket;
    Mark mark = Mark::dirty;
    /// Since the source confirmed the set or, if that is longer ago, any of its members, by the replica's clock.
    std::chrono::milliseconds age{0};
    /// The live rows that answer to the set's value, by ascending key: the part that was asked for.
    std::vector<Row<R>> members{};
    /// Whether there are members after those.
    bool more = false;
    /// Live rows of the whole set that are dirty, or as of a read before the set's. They are to be read by id.
    std::vector<SetDoubt<R>> doubts{};

    bool covered() const noexcept { return as_of != no_ticket; }
    /// Covered, and nothing newer is known of, neither of the set nor of a member.
    bool current() const noexcept { return covered() && mark != Mark::dirty && doubts.empty(); }
};

/// The answer of a look-up of sets: one row for each query, in the order asked.
template<Record R>
struct SetRows {
    std::vector<SetRow<R>> rows{};
    /// Drawn in the same round trip when any of the rows is not `current()`; `no_ticket` when all are.
    Ticket ticket = no_ticket;
};

/// Says that every member of a set was read and applied.
template<IndexTag By>
struct Coverage {
    typename By::value_type value{};
    /// Drawn before the set was asked for.
    Ticket ticket = no_ticket;
    /// Time from the sending of the request to this call, by a monotonic clock.
    std::chrono::milliseconds elapsed{0};
    /// The members that the source named.
    std::vector<key_t<typename By::record_type>> members{};
};

/// What became of a coverage.
enum class Covered : std::uint8_t {
    /// The set is covered as of the coverage's ticket.
    covered,
    /// Something was learned of the set, or of a member that its row does not show, after the read began: the coverage
    /// decides nothing. Read again.
    dropped,
    /// Not every member has a row: the replica has no room for the set.
    incomplete,
};

} // namespace understudy
