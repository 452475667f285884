#include <understudy/detail/apply_rule.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>

using namespace understudy;
using namespace understudy::detail;
using namespace std::chrono_literals;

namespace {

RowFacts live(std::uint64_t ticket, Mark mark = Mark::clean, std::int64_t version = 100) {
    RowFacts row;
    row.state = State::live;
    row.mark = mark;
    row.ticket = Ticket{ticket};
    row.version = Version{version};
    return row;
}

ObservationFacts seen(std::uint64_t ticket, bool same, std::int64_t version = 100) {
    return {Ticket{ticket}, Version{version}, same};
}

ApplyStep step(const RowFacts& row, const ObservationFacts& observation) {
    return decide_apply(row, observation).step;
}

} // namespace

BOOST_AUTO_TEST_SUITE(apply_rule)

BOOST_AUTO_TEST_CASE(I1_the_ticket_decides_and_the_stamp_does_not) {
    BOOST_TEST((step(live(10), seen(11, false, 100)) == ApplyStep::write));
    BOOST_TEST((step(live(10), seen(10, false, 999)) == ApplyStep::mark));
    BOOST_TEST((step(live(10), seen(9, false, 999)) == ApplyStep::mark));
}

BOOST_AUTO_TEST_CASE(D1_a_late_populate_with_an_equal_stamp_is_dropped) {
    BOOST_TEST((step(live(10), seen(9, false, 100)) == ApplyStep::mark));
    BOOST_TEST((step(live(10, Mark::patched), seen(9, false, 100)) == ApplyStep::drop));
    BOOST_TEST((step(live(10, Mark::dirty), seen(9, false, 100)) == ApplyStep::drop));
}

BOOST_AUTO_TEST_CASE(I14_a_dropped_duplicate_marks_nothing) {
    BOOST_TEST((step(live(10), seen(9, true)) == ApplyStep::drop));
}

BOOST_AUTO_TEST_CASE(equal_content_on_a_clean_row_writes_nothing) {
    BOOST_TEST((step(live(10), seen(11, true, 200)) == ApplyStep::keep));
    BOOST_TEST((step(live(10, Mark::dirty), seen(11, true)) == ApplyStep::write));
    BOOST_TEST((step(live(10, Mark::patched), seen(11, true)) == ApplyStep::write));
}

BOOST_AUTO_TEST_CASE(a_first_observation_is_written) {
    BOOST_TEST((step(RowFacts{}, seen(1, false)) == ApplyStep::write));
}

BOOST_AUTO_TEST_CASE(an_older_stamp_is_a_lagging_server) {
    const auto decision = decide_apply(live(10, Mark::clean, 200), seen(11, false, 100));
    BOOST_TEST((decision.step == ApplyStep::lag));
    BOOST_TEST(decision.lag.reads == 1);
    BOOST_TEST((decision.lag.version == Version{100}));
    BOOST_TEST((decision.outcome() == Applied::lagging));
}

BOOST_AUTO_TEST_CASE(an_answer_without_a_stamp_is_not_guarded_and_keeps_the_rows_stamp) {
    const auto decision = decide_apply(live(10, Mark::clean, 200), seen(11, false, 0));
    BOOST_TEST((decision.step == ApplyStep::write));
    BOOST_TEST((decision.version == Version{200}));
}

BOOST_AUTO_TEST_CASE(the_lag_guard_gives_way_after_three_reads_over_a_minute) {
    auto row = live(10, Mark::dirty, 200);
    row.lag = {2, Version{100}, 59'999ms};
    BOOST_TEST((step(row, seen(11, false, 100)) == ApplyStep::lag));
    row.lag = {2, Version{100}, 60'000ms};
    const auto decision = decide_apply(row, seen(11, false, 100));
    BOOST_TEST((decision.step == ApplyStep::write));
    BOOST_TEST((decision.version == Version{100}));
    row.lag = {1, Version{100}, 70'000ms};
    BOOST_TEST((step(row, seen(11, false, 100)) == ApplyStep::lag));
}

BOOST_AUTO_TEST_CASE(another_old_stamp_begins_a_new_count) {
    auto row = live(10, Mark::dirty, 200);
    row.lag = {2, Version{100}, 70'000ms};
    const auto decision = decide_apply(row, seen(11, false, 150));
    BOOST_TEST((decision.step == ApplyStep::lag));
    BOOST_TEST(decision.lag.reads == 1);
    BOOST_TEST((decision.lag.lasting == 0ms));
}

BOOST_AUTO_TEST_CASE(the_count_of_lagging_reads_never_overflows) {
    auto row = live(10, Mark::dirty, 200);
    row.lag = {lag_escape_reads, Version{100}, 1ms};
    BOOST_TEST(decide_apply(row, seen(11, false, 100)).lag.reads == lag_escape_reads);
}

BOOST_AUTO_TEST_SUITE_END()
