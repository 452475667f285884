#include "support/customer.hpp"

#include <understudy/memory/table.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using namespace understudy;
using namespace std::chrono_literals;
using tests::customer;
using tests::Customer;
using Table = memory::Table<Customer>;

namespace {

Observation<Customer> seen(Ticket ticket, Customer record, std::int64_t version = 100) {
    Observation<Customer> o;
    o.key = record.id;
    o.ticket = ticket;
    o.state = State::live;
    o.version = Version{version};
    o.record = std::move(record);
    return o;
}

void put(Table& table, Customer record, std::chrono::nanoseconds now = 1h) {
    const Ticket ticket = table.draw_ticket();
    table.apply({seen(ticket, std::move(record))}, now);
}

Settlement<Customer> created(int which, Ticket ticket) {
    Settlement<Customer> s;
    s.key = customer(which).id;
    s.action = WriteAction::create;
    s.ticket = ticket;
    s.record = customer(which);
    return s;
}

Settlement<Customer> updated(int which, int variant, Ticket ticket) {
    Settlement<Customer> s;
    s.key = customer(which).id;
    s.ticket = ticket;
    s.patch = tests::customer_patch(which, variant);
    return s;
}

Settled settle(Table& table, const Settlement<Customer>& settlement, std::chrono::nanoseconds now = 1h) {
    return table.settle({settlement}, now).front();
}

Row<Customer> row(Table& table, int which, std::chrono::nanoseconds now = 1h) {
    return table.look_up<ById<Customer>>("k" + std::to_string(which), now);
}

} // namespace

BOOST_AUTO_TEST_SUITE(memory_table)

BOOST_AUTO_TEST_CASE(age_counts_from_the_reading_not_from_the_apply) {
    Table table;
    auto observation = seen(table.draw_ticket(), customer(1));
    observation.elapsed = 500ms;
    table.apply({observation}, 1h);
    BOOST_TEST((row(table, 1, 1h + 2s).age == 2'500ms));
}

BOOST_AUTO_TEST_CASE(I9_a_confirmation_makes_an_equal_row_young_again_only_if_asked) {
    Table table;
    put(table, customer(1), 1h);
    auto observation = seen(table.draw_ticket(), customer(1));
    table.apply({observation}, 2h);
    BOOST_TEST((row(table, 1, 2h).age == 1h));
    observation = seen(table.draw_ticket(), customer(1));
    observation.confirm = true;
    BOOST_TEST((table.apply({observation}, 2h).front() == Applied::unchanged));
    BOOST_TEST((row(table, 1, 2h).age == 0ms));
}

BOOST_AUTO_TEST_CASE(the_lag_guard_gives_way_only_after_three_reads_over_a_minute) {
    Table table;
    table.apply({seen(table.draw_ticket(), customer(1, 2), 200)}, 1h);
    const auto read_old = [&](std::chrono::nanoseconds now) {
        return table.apply({seen(table.draw_ticket(), customer(1, 3), 100)}, now).front();
    };
    BOOST_TEST((read_old(1h) == Applied::lagging));
    BOOST_TEST((read_old(1h + 30s) == Applied::lagging));
    BOOST_TEST((read_old(1h + 59s) == Applied::lagging));
    BOOST_TEST((row(table, 1).record == customer(1, 2)));
    BOOST_TEST((read_old(1h + 60s) == Applied::applied));
    BOOST_TEST((row(table, 1).record == customer(1, 3)));
}

BOOST_AUTO_TEST_CASE(a_bounded_table_keeps_what_is_asked_for) {
    Table table{memory::Params{.capacity = 3}};
    for (int i = 1; i <= 3; ++i)
        put(table, customer(i));
    row(table, 1);
    put(table, customer(4));
    BOOST_TEST(table.size() == 3U);
    BOOST_TEST((row(table, 1).state == State::live));
    BOOST_TEST((row(table, 2).state == State::unknown));
}

BOOST_AUTO_TEST_CASE(I1_an_evicted_row_still_holds_back_reads_that_began_before_it_was_learned) {
    Table table{memory::Params{.capacity = 1}};
    const Ticket early = table.draw_ticket();
    put(table, customer(1, 3));
    put(table, customer(2));
    BOOST_TEST((row(table, 1).state == State::unknown));
    BOOST_TEST((row(table, 1).ticket > early));
    BOOST_TEST((table.apply({seen(early, customer(1))}, 1h).front() == Applied::dropped));
    // The address is held back as the key is.
    const auto address = *customer(1, 3).email;
    BOOST_TEST((table.note_absent<tests::ByEmail>(address, early, 1h) == Applied::dropped));
}

BOOST_AUTO_TEST_CASE(a_hint_at_a_row_that_a_bounded_table_lacks_holds_back_reads_and_takes_no_room) {
    Table table{memory::Params{.capacity = 1}};
    put(table, customer(2));
    const Ticket early = table.draw_ticket();
    table.hint("k1");
    BOOST_TEST((row(table, 2).state == State::live));
    BOOST_TEST((table.apply({seen(early, customer(1))}, 1h).front() == Applied::dropped));
    BOOST_TEST((table.apply({seen(table.draw_ticket(), customer(1))}, 1h).front() == Applied::applied));
}

BOOST_AUTO_TEST_CASE(I9_a_write_makes_no_row_younger_but_one_that_it_made) {
    Table table;
    put(table, customer(1), 1h);
    BOOST_TEST((settle(table, updated(1, 3, table.draw_ticket()), 2h) == Settled::shown));
    BOOST_TEST((row(table, 1, 3h).age == 2h));
    BOOST_TEST((settle(table, created(2, table.draw_ticket()), 2h) == Settled::shown));
    BOOST_TEST((row(table, 2, 3h).age == 1h));
}

BOOST_AUTO_TEST_CASE(I1_an_evicted_row_still_holds_back_writes_that_were_sent_before_it_was_learned) {
    Table table{memory::Params{.capacity = 1}};
    const Ticket early = table.draw_ticket();
    put(table, customer(1, 3));
    put(table, customer(2));
    BOOST_TEST((settle(table, created(1, early)) == Settled::hinted));
    BOOST_TEST((row(table, 1).mark == Mark::dirty));
    BOOST_TEST((settle(table, created(3, table.draw_ticket())) == Settled::shown));
    BOOST_TEST(table.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_write_to_a_row_that_a_bounded_table_lacks_holds_back_reads_and_takes_no_room) {
    Table table{memory::Params{.capacity = 1}};
    put(table, customer(2));
    const Ticket early = table.draw_ticket();
    BOOST_TEST((settle(table, updated(1, 3, table.draw_ticket())) == Settled::hinted));
    BOOST_TEST((row(table, 2).state == State::live));
    BOOST_TEST((table.apply({seen(early, customer(1))}, 1h).front() == Applied::dropped));
    BOOST_TEST((table.note_absent<tests::ByEmail>(*customer(1, 3).email, early, 1h) == Applied::dropped));
}

BOOST_AUTO_TEST_CASE(I15_an_index_asked_for_late_knows_the_writes_that_were_hinted_at) {
    Table table;
    const Ticket early = table.draw_ticket();
    settle(table, updated(1, 3, table.draw_ticket()));
    BOOST_TEST((table.note_absent<tests::ByEmail>(*customer(1, 3).email, early, 1h) == Applied::dropped));
    BOOST_TEST((table.look_up<tests::ByEmail>(*customer(1, 3).email, 1h).ticket > early));
}

BOOST_AUTO_TEST_CASE(a_hinted_write_leaves_values_alone_that_it_does_not_write) {
    Table table;
    table.note_absent<tests::ByEmail>("", table.draw_ticket(), 1h);
    table.note_absent<tests::ByEmail>(*customer(1).email, table.draw_ticket(), 1h);
    auto credits = updated(1, 3, table.draw_ticket());
    credits.patch = Patch<Customer>{}.set<&Customer::credits>(7);
    BOOST_TEST((settle(table, credits) == Settled::hinted));
    BOOST_TEST((table.look_up<tests::ByEmail>("", 1h).state == State::absent));
    BOOST_TEST((table.look_up<tests::ByEmail>(*customer(1).email, 1h).state == State::absent));
}

BOOST_AUTO_TEST_CASE(more_keys_than_a_bounded_table_holds_are_still_applied) {
    Table table{memory::Params{.capacity = 10}};
    const Ticket ticket = table.draw_ticket();
    std::vector<Observation<Customer>> batch;
    for (int i = 0; i < 100; ++i)
        batch.push_back(seen(ticket, customer(i)));
    const auto outcomes = table.apply(batch, 1h);
    BOOST_TEST(std::count(outcomes.begin(), outcomes.end(), Applied::applied) >= 95);
    BOOST_TEST(table.size() == 10U);
}

BOOST_AUTO_TEST_CASE(a_stamp_before_1970_is_a_stamp_like_any_other) {
    Table table;
    BOOST_TEST((table.apply({seen(table.draw_ticket(), customer(1), -5)}, 1h).front() == Applied::applied));
}

BOOST_AUTO_TEST_CASE(an_evicted_row_leaves_the_indexes) {
    Table table{memory::Params{.capacity = 1}};
    put(table, customer(1));
    BOOST_TEST((table.look_up<tests::ByEmail>(*customer(1).email, 1h).state == State::live));
    put(table, customer(2));
    BOOST_TEST((table.look_up<tests::ByEmail>(*customer(1).email, 1h).state == State::unknown));
}

BOOST_AUTO_TEST_CASE(absences_that_anybody_may_ask_for_are_bounded) {
    Table table{memory::Params{.max_absences = 2}};
    for (const char* email : {"a@example.com", "b@example.com", "c@example.com"})
        table.note_absent<tests::ByEmail>(email, table.draw_ticket(), 1h);
    BOOST_TEST((table.look_up<tests::ByEmail>("a@example.com", 1h).state == State::unknown));
    BOOST_TEST((table.look_up<tests::ByEmail>("b@example.com", 1h).state == State::absent));
    BOOST_TEST((table.look_up<tests::ByEmail>("c@example.com", 1h).state == State::absent));
}

BOOST_AUTO_TEST_CASE(an_index_asked_for_late_knows_the_rows_that_were_there) {
    Table table;
    put(table, customer(1));
    BOOST_TEST((table.look_up<tests::ByEmail>("C1V2@EXAMPLE.COM", 1h).id == "k1"));
}

BOOST_AUTO_TEST_SUITE_END()
