#pragma once

#include <understudy/detail/apply_rule.hpp>
#include <understudy/settlement.hpp>
#include <understudy/write_action.hpp>

#include <cstdint>

namespace understudy::detail {

enum class SettleStep : std::uint8_t {
    show, // the write's content, the later version, new ticket, patched
    hint, // new ticket, dirty
    note, // a creation that may be overtaken already: its content, live, as of no ticket, new ticket, dirty
};

constexpr Settled settled_by(SettleStep step) noexcept {
    return step == SettleStep::show ? Settled::shown : Settled::hinted;
}

// The row's mark after a step. What the source itself said of a record needs no reading.
constexpr Mark mark_after(SettleStep step, WriteAction action, bool complete) noexcept {
    if (step != SettleStep::show)
        return Mark::dirty;
    return action == WriteAction::create && complete ? Mark::clean : Mark::patched;
}

// Step 3 of a managed write: what was learned since the write was sent may be newer than it, and an update is shown on
// a row only that shows everything else.
constexpr SettleStep decide_settle(const RowFacts& row, WriteAction action, Ticket sent) noexcept {
    const bool updatable = row.state == State::live && row.mark != Mark::dirty;
    if (row.ticket < sent && (action != WriteAction::update || updatable))
        return SettleStep::show;
    return action == WriteAction::create && row.state == State::unknown ? SettleStep::note : SettleStep::hint;
}

} // namespace understudy::detail
