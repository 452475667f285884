#include "support/customer.hpp"

#include <understudy/detail/read_machine.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::detail;
using namespace std::chrono_literals;
using tests::customer;
using tests::Customer;
using Machine = ReadMachine<ById<Customer>>;
using Step = Machine::Step;
using Kind = Landing<Customer>::Kind;

namespace {

Row<Customer> row(int which, Mark mark = Mark::clean, std::uint64_t ticket = 5) {
    Row<Customer> r;
    r.id = customer(which).id;
    r.state = State::live;
    r.mark = mark;
    r.ticket = Ticket{ticket};
    r.version = Version{100};
    r.record = customer(which);
    return r;
}

Row<Customer> unknown(std::uint64_t ticket = 0) {
    Row<Customer> r;
    r.ticket = Ticket{ticket};
    return r;
}

Row<Customer> tombstone(State state, std::chrono::milliseconds age, Mark mark = Mark::clean) {
    Row<Customer> r;
    r.id = "k1";
    r.state = state;
    r.mark = mark;
    r.ticket = Ticket{5};
    r.age = age;
    return r;
}

struct NoWaiter final : FlightWaiter<Landing<Customer>> {
    void on_landed(std::size_t, const Landing<Customer>&) override {}
};

struct Reader {
    explicit Reader(std::vector<std::string> keys, ReadOptions options = {}, ReadThroughParams with = {})
        : params{with}
        , machine{std::move(keys), options, params, params.sees_every_write.value_or(true), stats} {
        first = machine.start();
    }

    Step rows(std::vector<Row<Customer>> found, std::uint64_t ticket = 10) {
        Rows<Customer> r;
        r.rows = std::move(found);
        r.ticket = Ticket{ticket};
        return machine.on_rows(std::move(r));
    }

    Step board(bool closed = false) {
        begun = {};
        return machine.board(table, table, closed, params.max_in_flight, std::make_shared<NoWaiter>(), begun);
    }

    bool land(std::size_t slot, Kind kind, Reading<Customer> reading) {
        return machine.on_landed(slot, Landing<Customer>{kind, std::move(reading)});
    }

    Reading<Customer> answer() { return machine.take_readings().front(); }

    ReadThroughParams params;
    ReadThroughStats stats;
    FlightTable<std::string, Landing<Customer>> table;
    Machine machine;
    Machine::Begun begun;
    Step first;
};

ReadOptions with(Freshness freshness, bool stale_if_error = true) {
    ReadOptions options;
    options.freshness = freshness;
    options.stale_if_error = stale_if_error;
    return options;
}

Reading<Customer> found(int which) {
    return Reading<Customer>::of(customer(which), Version{100});
}

} // namespace

BOOST_AUTO_TEST_SUITE(read_machine)

BOOST_AUTO_TEST_CASE(a_clean_or_patched_row_is_a_hit) {
    for (const Mark mark : {Mark::clean, Mark::patched}) {
        Reader reader{{"k1"}};
        BOOST_TEST((reader.first == Step::look_up));
        BOOST_TEST((reader.rows({row(1, mark)}, 0) == Step::finish));
        const auto answer = reader.answer();
        BOOST_TEST((answer.found() && answer.record == customer(1) && answer.tier == 0 && !answer.stale));
        BOOST_TEST(reader.stats.hits == 1U);
    }
}

BOOST_AUTO_TEST_CASE(I7_a_fresh_reader_takes_no_row_that_was_hinted_at) {
    Reader reader{{"k1"}};
    BOOST_TEST((reader.rows({row(1, Mark::dirty)}) == Step::board));
    BOOST_TEST((reader.board() == Step::wait));
    BOOST_TEST((reader.begun.values.keys == std::vector<std::string>{"k1"}));
    BOOST_TEST((reader.begun.values.ticket == Ticket{10}));
}

BOOST_AUTO_TEST_CASE(I9_a_reader_may_bound_the_age_or_take_anything) {
    auto old = row(1);
    old.age = 10s;
    Reader bounded{{"k1"}, with(Freshness::bounded(5s))};
    BOOST_TEST((bounded.rows({old}, 0) == Step::draw_ticket));
    BOOST_TEST((bounded.machine.on_ticket(Ticket{11}) == Step::board));
    Reader patient{{"k1"}, with(Freshness::bounded(20s))};
    BOOST_TEST((patient.rows({old}, 0) == Step::finish));
    auto hinted = row(1, Mark::dirty);
    Reader any{{"k1"}, with(Freshness::any())};
    BOOST_TEST((any.rows({hinted}) == Step::finish));
    BOOST_TEST(any.answer().stale);
}

BOOST_AUTO_TEST_CASE(a_tier_that_others_write_beside_answers_no_fresh_reader) {
    ReadThroughParams params;
    params.sees_every_write = false;
    Reader fresh{{"k1"}, {}, params};
    BOOST_TEST((fresh.rows({row(1)}, 0) == Step::draw_ticket));
    Reader bounded{{"k1"}, with(Freshness::bounded(5s)), params};
    BOOST_TEST((bounded.rows({row(1)}, 0) == Step::finish));
}

BOOST_AUTO_TEST_CASE(I15_an_absence_is_believed_for_a_while) {
    for (const State state : {State::absent, State::archived}) {
        Reader young{{"k1"}};
        BOOST_TEST((young.rows({tombstone(state, 60s)}) == Step::finish));
        BOOST_TEST(young.answer().absent());
        Reader old{{"k1"}};
        BOOST_TEST((old.rows({tombstone(state, 60'001ms)}) == Step::board));
        Reader hinted{{"k1"}};
        BOOST_TEST((hinted.rows({tombstone(state, 1s, Mark::dirty)}) == Step::board));
    }
}

BOOST_AUTO_TEST_CASE(an_erasure_is_final) {
    Reader reader{{"k1"}};
    BOOST_TEST((reader.rows({tombstone(State::erased, 24h)}) == Step::finish));
    BOOST_TEST(reader.answer().absent());
}

BOOST_AUTO_TEST_CASE(I6_a_chain_of_merges_leads_to_the_survivor) {
    Reader reader{{"k1"}};
    auto merged = tombstone(State::merged, 1s);
    merged.merged_into = "k2";
    BOOST_TEST((reader.rows({merged}) == Step::look_up));
    BOOST_TEST((reader.machine.targets() == std::vector<std::string>{"k2"}));
    merged.merged_into = "k3";
    BOOST_TEST((reader.rows({merged}) == Step::look_up));
    BOOST_TEST((reader.rows({row(3)}, 0) == Step::finish));
    BOOST_TEST((reader.answer().id == "k3"));
}

BOOST_AUTO_TEST_CASE(I6_a_ring_of_merges_ends_in_an_error) {
    Reader reader{{"k1"}};
    auto merged = tombstone(State::merged, 1s);
    merged.merged_into = "k1";
    Step step = Step::look_up;
    for (int i = 0; i < 1'000 && step == Step::look_up; ++i)
        step = reader.rows({merged});
    BOOST_TEST((step == Step::finish));
    BOOST_TEST(reader.answer().failed());
}

BOOST_AUTO_TEST_CASE(I12_two_readers_share_a_flight) {
    Reader first{{"k1"}};
    first.rows({unknown()}, 10);
    first.board();
    ReadThroughStats stats;
    Machine second{{"k1"}, {}, first.params, true, stats};
    second.start();
    Rows<Customer> rows;
    rows.rows = {unknown()};
    rows.ticket = Ticket{11};
    second.on_rows(std::move(rows));
    Machine::Begun begun;
    BOOST_TEST((second.board(first.table, first.table, false, 100, std::make_shared<NoWaiter>(), begun) == Step::wait));
    BOOST_TEST(begun.values.keys.empty());
    BOOST_TEST(stats.joined == 1U);
}

BOOST_AUTO_TEST_CASE(I7_a_reader_whose_row_was_hinted_at_after_the_flight_began_begins_its_own) {
    Reader first{{"k1"}};
    first.rows({unknown()}, 10);
    first.board();
    ReadThroughStats stats;
    Machine second{{"k1"}, {}, first.params, true, stats};
    second.start();
    Rows<Customer> rows;
    rows.rows = {row(1, Mark::dirty, 11)};
    rows.ticket = Ticket{12};
    second.on_rows(std::move(rows));
    Machine::Begun begun;
    second.board(first.table, first.table, false, 100, std::make_shared<NoWaiter>(), begun);
    BOOST_TEST((begun.values.keys == std::vector<std::string>{"k1"}));
    BOOST_TEST(stats.joined == 0U);
}

BOOST_AUTO_TEST_CASE(I7_beside_other_writers_a_fresh_reader_joins_no_flight_that_began_before_it) {
    ReadThroughParams params;
    params.sees_every_write = false;
    Reader first{{"k1"}, {}, params};
    first.rows({row(1)}, 0);
    first.machine.on_ticket(Ticket{10});
    first.board();
    ReadThroughStats stats;
    Machine second{{"k1", "k1"}, {}, params, false, stats};
    second.start();
    Rows<Customer> rows;
    rows.rows = {row(1), row(1)};
    BOOST_TEST((second.on_rows(std::move(rows)) == Step::draw_ticket));
    second.on_ticket(Ticket{11});
    Machine::Begun begun;
    second.board(first.table, first.table, false, 100, std::make_shared<NoWaiter>(), begun);
    BOOST_TEST(begun.values.keys.size() == 1U);
    BOOST_TEST(stats.joined == 1U);
}

BOOST_AUTO_TEST_CASE(a_merge_is_followed_while_the_source_fails) {
    Reader reader{{"k1"}};
    auto merged = tombstone(State::merged, 1s, Mark::dirty);
    merged.merged_into = "k2";
    reader.rows({merged});
    reader.board();
    BOOST_TEST(reader.land(0, Kind::failed, Reading<Customer>::failure(Errc::unavailable)));
    BOOST_TEST((reader.machine.resume() == Step::look_up));
    BOOST_TEST((reader.machine.targets() == std::vector<std::string>{"k2"}));
    BOOST_TEST((reader.rows({row(2)}, 0) == Step::finish));
    BOOST_TEST((reader.answer().id == "k2"));
}

BOOST_AUTO_TEST_CASE(a_source_that_lags_is_asked_twice_and_not_four_times) {
    Reader reader{{"k1"}};
    for (int attempt = 1; attempt <= 2; ++attempt) {
        reader.rows({row(1, Mark::dirty)});
        reader.board();
        reader.land(0, Kind::repeat, Reading<Customer>::failure(Errc::source_lagging));
        BOOST_TEST((reader.machine.resume() == (attempt == 1 ? Step::look_up : Step::finish)));
    }
    BOOST_TEST(reader.answer().stale);
}

BOOST_AUTO_TEST_CASE(one_key_asked_twice_is_loaded_once) {
    Reader reader{{"k1", "k1"}};
    reader.rows({unknown(), unknown()});
    reader.board();
    BOOST_TEST(reader.begun.values.keys.size() == 1U);
    BOOST_TEST(!reader.land(0, Kind::answered, found(1)));
    BOOST_TEST(reader.land(1, Kind::answered, found(1)));
    BOOST_TEST((reader.machine.resume() == Step::finish));
}

BOOST_AUTO_TEST_CASE(a_dropped_read_is_looked_up_again_and_only_so_often) {
    ReadThroughParams params;
    params.max_attempts = 3;
    Reader reader{{"k1"}, {}, params};
    for (int attempt = 1; attempt <= 3; ++attempt) {
        reader.rows({unknown()}, 10);
        reader.board();
        BOOST_TEST(reader.land(0, Kind::repeat, Reading<Customer>::failure(Errc::contended)));
        BOOST_TEST((reader.machine.resume() == (attempt < 3 ? Step::look_up : Step::finish)));
    }
    const auto answer = reader.answer();
    BOOST_TEST((answer.failed() && answer.error == Errc::contended));
}

BOOST_AUTO_TEST_CASE(D10_a_failed_source_gives_the_older_row_flagged_stale_or_the_error) {
    Reader known{{"k1"}};
    known.rows({row(1, Mark::dirty)});
    known.board();
    known.land(0, Kind::failed, Reading<Customer>::failure(Errc::rate_limited));
    auto answer = known.answer();
    BOOST_TEST((answer.found() && answer.stale && answer.error == Errc::rate_limited));

    Reader strict{{"k1"}, with(Freshness::fresh(), false)};
    strict.rows({row(1, Mark::dirty)});
    strict.board();
    strict.land(0, Kind::failed, Reading<Customer>::failure(Errc::rate_limited));
    answer = strict.answer();
    BOOST_TEST((answer.failed() && answer.error == Errc::rate_limited));

    Reader stranger{{"k1"}};
    stranger.rows({unknown()});
    stranger.board();
    stranger.land(0, Kind::failed, Reading<Customer>::failure(Errc::rate_limited));
    BOOST_TEST(stranger.answer().failed());

    Reader gone{{"k1"}};
    gone.rows({tombstone(State::absent, 1s, Mark::dirty)});
    gone.board();
    gone.land(0, Kind::failed, Reading<Customer>::failure(Errc::rate_limited));
    BOOST_TEST(gone.answer().failed());
}

BOOST_AUTO_TEST_CASE(a_replica_that_fails_is_passed_by) {
    Reader reader{{"k1", "k2"}};
    BOOST_TEST((reader.machine.on_lookup_failed(Errc::replica_unavailable) == Step::ask_directly));
    BOOST_TEST((reader.machine.targets() == std::vector<std::string>{"k1", "k2"}));
    reader.machine.on_readings({}, {found(1), Reading<Customer>::none("k2")});
    const auto answers = reader.machine.take_readings();
    BOOST_TEST((answers[0].found() && answers[0].tier == 1));
    BOOST_TEST(answers[1].absent());
    BOOST_TEST(reader.stats.replica_failures == 1U);
}

BOOST_AUTO_TEST_CASE(D10_both_stores_failing_is_an_error_not_an_absence) {
    Reader reader{{"k1"}};
    reader.machine.on_lookup_failed(Errc::replica_unavailable);
    reader.machine.on_readings(Errc::unavailable, {});
    const auto answer = reader.answer();
    BOOST_TEST((answer.failed() && answer.error == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(D10_a_failure_without_a_reason_is_given_one) {
    Reader reader{{"k1"}};
    reader.machine.on_lookup_failed(Errc::replica_unavailable);
    reader.machine.on_readings({}, {Reading<Customer>{}});
    BOOST_TEST((reader.answer().error == Errc::malformed_answer));
}

BOOST_AUTO_TEST_CASE(a_stale_answer_that_the_reader_refuses_counts_as_none) {
    Reader reader{{"k1"}, with(Freshness::fresh(), false)};
    reader.rows({unknown()});
    reader.board();
    auto stale = found(1);
    stale.stale = true;
    stale.error = Errc::rate_limited;
    reader.land(0, Kind::answered, stale);
    BOOST_TEST((reader.answer().error == Errc::rate_limited));
    BOOST_TEST(reader.stats.failures == 1U);
}

BOOST_AUTO_TEST_CASE(a_bound_on_flights_refuses_further_loads) {
    ReadThroughParams params;
    params.max_in_flight = 1;
    Reader reader{{"k1", "k2"}, {}, params};
    reader.rows({unknown(), unknown()});
    BOOST_TEST((reader.board() == Step::wait));
    reader.land(0, Kind::answered, found(1));
    const auto answers = reader.machine.take_readings();
    BOOST_TEST(answers[0].found());
    BOOST_TEST((answers[1].error == Errc::overloaded));
}

BOOST_AUTO_TEST_CASE(a_closed_cache_begins_no_load) {
    Reader reader{{"k1"}};
    reader.rows({unknown()});
    BOOST_TEST((reader.board(true) == Step::finish));
    BOOST_TEST((reader.answer().error == Errc::shutting_down));
    Reader known{{"k1"}};
    known.rows({row(1, Mark::dirty)});
    known.board(true);
    BOOST_TEST(known.answer().stale);
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_the_waiting_and_late_landings_are_ignored) {
    Reader reader{{"k1", "k2"}};
    reader.rows({unknown(), row(2, Mark::dirty)});
    reader.board();
    BOOST_TEST((reader.machine.on_deadline() == Step::finish));
    BOOST_TEST(!reader.land(0, Kind::answered, found(1)));
    const auto answers = reader.machine.take_readings();
    BOOST_TEST((answers[0].failed() && answers[0].error == Errc::deadline_exceeded));
    BOOST_TEST((answers[1].found() && answers[1].stale));
}

BOOST_AUTO_TEST_CASE(a_row_found_by_an_index_but_not_current_is_read_by_its_id) {
    using EmailMachine = ReadMachine<tests::ByEmail>;
    ReadThroughParams params;
    ReadThroughStats stats;
    FlightTable<std::string, Landing<Customer>> by_id;
    FlightTable<std::string, Landing<Customer>> by_email;
    EmailMachine machine{{"C1V2@example.com"}, {}, params, true, stats};
    machine.start();
    BOOST_TEST((machine.targets() == std::vector<std::string>{"c1v2@example.com"}));
    Rows<Customer> rows;
    rows.rows = {row(1, Mark::dirty)};
    rows.ticket = Ticket{10};
    BOOST_TEST((machine.on_rows(rows) == EmailMachine::Step::board));
    EmailMachine::Begun begun;
    machine.board(by_id, by_email, false, 100, std::make_shared<NoWaiter>(), begun);
    BOOST_TEST((begun.ids.keys == std::vector<std::string>{"k1"}));
    BOOST_TEST(begun.values.keys.empty());
    // The record has another e-mail by now: it does not answer, and the value is looked up again.
    BOOST_TEST(
        machine.on_landed(0, Landing<Customer>{Kind::answered, Reading<Customer>::of(customer(1, 3), Version{200})}));
    BOOST_TEST((machine.resume() == EmailMachine::Step::look_up));
    rows.rows = {unknown()};
    machine.on_rows(rows);
    begun = {};
    machine.board(by_id, by_email, false, 100, std::make_shared<NoWaiter>(), begun);
    BOOST_TEST((begun.values.keys == std::vector<std::string>{"c1v2@example.com"}));
}

BOOST_AUTO_TEST_CASE(a_look_up_that_answers_too_little_is_no_answer) {
    Reader reader{{"k1", "k2"}};
    BOOST_TEST((reader.rows({row(1)}) == Step::ask_directly));
}

BOOST_AUTO_TEST_CASE(nothing_asked_is_finished_at_once) {
    Reader reader{{}};
    BOOST_TEST((reader.first == Step::finish));
}

BOOST_AUTO_TEST_SUITE_END()
