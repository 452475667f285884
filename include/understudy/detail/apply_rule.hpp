#pragma once

#include <understudy/observation.hpp>

#include <chrono>
#include <cstdint>

namespace understudy::detail {

// A run of answers that were all older than the row, by the same stamp.
struct LagCount {
    std::int16_t reads = 0;
    Version version = no_version;
    std::chrono::milliseconds lasting{0};

    friend bool operator==(const LagCount&, const LagCount&) = default;
};

inline constexpr std::int16_t lag_escape_reads = 3;
inline constexpr std::chrono::milliseconds lag_escape_time{60'000};

// What the rule looks at in a row.
struct RowFacts {
    State state = State::unknown;
    Mark mark = Mark::dirty;
    Ticket ticket = no_ticket;
    Version version = no_version;
    LagCount lag{};
};

// What the rule looks at in an observation.
struct ObservationFacts {
    Ticket ticket = no_ticket;
    Version version = no_version;
    // The row has the observation's state, and its record or survivor if that state has one.
    bool same_content = false;
};

enum class ApplyStep : std::uint8_t {
    write, // columns, state, version, new ticket, clean, no lag
    keep,  // nothing (the confirmation's time if asked for)
    drop,  // nothing
    mark,  // dropped: new ticket, dirty
    lag,   // new ticket, dirty, `lag` counted
};

struct ApplyDecision {
    ApplyStep step = ApplyStep::drop;
    // The row's version after `write`.
    Version version = no_version;
    // The count after `lag`; `lasting` is zero when this read is the first of its run.
    LagCount lag{};

    Applied outcome() const noexcept {
        switch (step) {
        case ApplyStep::write:
            return Applied::applied;
        case ApplyStep::keep:
            return Applied::unchanged;
        case ApplyStep::lag:
            return Applied::lagging;
        default:
            return Applied::dropped;
        }
    }
};

// Rules 2 to 4 of the consistency protocol: the ticket decides; the stamp only betrays a lagging server.
constexpr ApplyDecision decide_apply(const RowFacts& row, const ObservationFacts& seen) noexcept {
    ApplyDecision decision;
    if (seen.ticket <= row.ticket) {
        decision.step = !seen.same_content && row.mark == Mark::clean ? ApplyStep::mark : ApplyStep::drop;
        return decision;
    }
    if (seen.version != no_version && row.version != no_version && seen.version < row.version) {
        const bool continues = row.lag.reads > 0 && row.lag.version == seen.version;
        LagCount count{1, seen.version, std::chrono::milliseconds{0}};
        if (continues) {
            count.reads =
                static_cast<std::int16_t>(row.lag.reads < lag_escape_reads ? row.lag.reads + 1 : row.lag.reads);
            count.lasting = row.lag.lasting;
        }
        if (count.reads < lag_escape_reads || count.lasting < lag_escape_time) {
            decision.step = ApplyStep::lag;
            decision.lag = count;
            return decision;
        }
    } else if (seen.same_content && row.mark == Mark::clean) {
        decision.step = ApplyStep::keep;
        return decision;
    }
    decision.step = ApplyStep::write;
    decision.version = seen.version == no_version ? row.version : seen.version;
    return decision;
}

} // namespace understudy::detail
