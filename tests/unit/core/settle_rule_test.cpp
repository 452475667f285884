#include <understudy/detail/settle_rule.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>

using namespace understudy;
using namespace understudy::detail;

namespace {

RowFacts row(State state, Mark mark, std::uint64_t ticket) {
    RowFacts facts;
    facts.state = state;
    facts.mark = mark;
    facts.ticket = Ticket{ticket};
    return facts;
}

} // namespace

BOOST_AUTO_TEST_SUITE(settle_rule)

BOOST_AUTO_TEST_CASE(an_update_needs_a_live_row_that_is_not_dirty_and_nothing_learned_since) {
    using enum State;
    for (const State state : {unknown, live, absent, archived, merged, erased})
        for (const Mark mark : {Mark::clean, Mark::patched, Mark::dirty})
            for (const std::uint64_t sent : {9U, 10U, 11U}) {
                const bool shown = state == live && mark != Mark::dirty && sent == 11;
                BOOST_TEST((decide_settle(row(state, mark, 10), WriteAction::update, Ticket{sent}) ==
                            (shown ? SettleStep::show : SettleStep::hint)));
            }
}

BOOST_AUTO_TEST_CASE(a_whole_record_or_none_needs_nothing_but_that_nothing_was_learned_since) {
    using enum State;
    for (const State state : {unknown, live, absent, archived, merged, erased})
        for (const Mark mark : {Mark::clean, Mark::patched, Mark::dirty}) {
            const auto facts = row(state, mark, 10);
            BOOST_TEST((decide_settle(facts, WriteAction::create, Ticket{11}) == SettleStep::show));
            BOOST_TEST((decide_settle(facts, WriteAction::archive, Ticket{11}) == SettleStep::show));
            BOOST_TEST((decide_settle(facts, WriteAction::archive, Ticket{10}) == SettleStep::hint));
        }
}

BOOST_AUTO_TEST_CASE(an_overtaken_creation_is_noted_where_nothing_is_known_but_it) {
    for (const Ticket sent : {no_ticket, Ticket{10}}) {
        BOOST_TEST(
            (decide_settle(row(State::unknown, Mark::dirty, 10), WriteAction::create, sent) == SettleStep::note));
        BOOST_TEST((decide_settle(row(State::live, Mark::clean, 10), WriteAction::create, sent) == SettleStep::hint));
        BOOST_TEST(
            (decide_settle(row(State::archived, Mark::clean, 10), WriteAction::create, sent) == SettleStep::hint));
    }
    BOOST_TEST((settled_by(SettleStep::note) == Settled::hinted));
    BOOST_TEST((settled_by(SettleStep::show) == Settled::shown));
}

BOOST_AUTO_TEST_CASE(only_a_creation_that_the_source_showed_in_full_needs_no_reading) {
    for (const auto action : {WriteAction::update, WriteAction::create, WriteAction::archive})
        for (const bool complete : {false, true}) {
            const bool clean = action == WriteAction::create && complete;
            BOOST_TEST((mark_after(SettleStep::show, action, complete) == (clean ? Mark::clean : Mark::patched)));
            BOOST_TEST((mark_after(SettleStep::hint, action, complete) == Mark::dirty));
            BOOST_TEST((mark_after(SettleStep::note, action, complete) == Mark::dirty));
        }
}

BOOST_AUTO_TEST_SUITE_END()
