#include "contract/conformance.hpp"
#include "contract/journal_fixture.hpp"
#include "support/customer.hpp"
#include "support/order.hpp"

#include <understudy/budgeted.hpp>
#include <understudy/coalescing.hpp>
#include <understudy/guarded.hpp>
#include <understudy/memory/journal.hpp>
#include <understudy/memory/store.hpp>
#include <understudy/testing/scripted_source.hpp>
#include <understudy/testing/virtual_time.hpp>

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace understudy::testing;
using tests::customer;
using tests::Customer;

namespace {

struct MemoryReplica {
    using unique_index = tests::ByEmail;

    auto& store() { return replica; }
    Customer record(int which, int variant) { return customer(which, variant); }
    std::string value(int which, int variant) { return *customer(which, variant).email; }
    Patch<Customer> patch(int which, int variant) { return tests::customer_patch(which, variant); }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    VirtualTime time;
    memory::Store<Customer, VirtualClock> replica{time.get_executor()};
};

struct MemorySets {
    using relation = tests::OrdersOfCustomer;
    using whole = tests::AllOrders;

    auto& store() { return replica; }
    tests::Order record(int which, int parent, int variant) { return tests::order(which, parent, variant); }
    std::string value(int parent) { return customer(parent).id; }
    Patch<tests::Order> move_to(int parent) { return tests::order_patch(parent); }
    Patch<tests::Order> change(int variant) { return tests::amount_patch(variant); }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    VirtualTime time;
    memory::Store<tests::Order, VirtualClock> replica{time.get_executor()};
};

struct MemoryJournal : tests::JournalFixture<VirtualTime> {
    using Journal = memory::Journal<VirtualClock>;

    auto& journal() { return first; }
    Journal another_session() { return first.another_session(); }
    void let_lease_lapse() { time.advance(params.lease); }

    memory::JournalParams params{};
    Journal first{time.get_executor(), params, reserve};
};

struct Scripted {
    using unique_index = tests::ByEmail;
    using searched_index = tests::ByNumber;

    Scripted() {
        for (int i = 0; i < 250; ++i)
            source.put(customer(i));
    }
    auto& store() { return source; }
    std::vector<Customer> existing() {
        std::vector<Customer> records;
        for (int i = 0; i < 250; ++i)
            records.push_back(customer(i));
        return records;
    }
    std::string missing_key() { return "none"; }
    std::string value_of(const Customer& record) { return *record.email; }
    std::string missing_value() { return "none@example.com"; }
    std::string searched_value_of(const Customer& record) { return *record.number; }
    std::string missing_searched_value() { return "NONE"; }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    VirtualTime time;
    ScriptedSource<Customer> source{time.get_executor()};
};

struct ScriptedWrites : Scripted {
    static constexpr bool has_unique = true;
    static constexpr bool keeps_operations = true;

    ScriptedWrites() {
        source.keep_unique<tests::ByEmail>();
        source.refuse_if([](const Customer& record) { return record.note == "bad"; });
    }
    Patch<Customer> patch(int which) {
        Patch<Customer> patch;
        patch.set<&Customer::credits>(100 + which);
        return patch;
    }
    Patch<Customer> bad_patch() { return patch(1).set<&Customer::note>("bad"); }
    Customer fresh(int which) { return customer(1000 + which); }
    std::string merge(const std::string& loser) {
        const auto survivor = key_of(customer(9));
        source.merge(loser, survivor);
        return survivor;
    }
};

// The same through everything that a source is wrapped in.
struct WrappedWrites : ScriptedWrites {
    using Budget = Budgeted<ScriptedSource<Customer>, VirtualClock>;
    using Guard = Guarded<Budget, VirtualClock>;

    auto& store() { return wrapped; }

    Coalescing<Guard, VirtualClock> wrapped{
        Guard{Budget{source, BasicRateBudget<VirtualClock>{time.get_executor(), RateBudgetParams{}}}}};
};

} // namespace

BOOST_DATA_TEST_CASE(memory_store_is_a_replica, tests::cases_of<ReplicaConformance<MemoryReplica>>()) {
    tests::run_case<ReplicaConformance<MemoryReplica>, MemoryReplica>(sample);
}

BOOST_DATA_TEST_CASE(memory_store_covers_sets, tests::cases_of<SetConformance<MemorySets>>()) {
    tests::run_case<SetConformance<MemorySets>, MemorySets>(sample);
}

BOOST_DATA_TEST_CASE(memory_store_shows_writes, tests::cases_of<SettleConformance<MemoryReplica>>()) {
    tests::run_case<SettleConformance<MemoryReplica>, MemoryReplica>(sample);
}

BOOST_DATA_TEST_CASE(memory_store_keeps_sets_covered, tests::cases_of<SettleSetConformance<MemorySets>>()) {
    tests::run_case<SettleSetConformance<MemorySets>, MemorySets>(sample);
}

BOOST_DATA_TEST_CASE(memory_journal_is_a_journal, tests::cases_of<JournalConformance<MemoryJournal>>()) {
    tests::run_case<JournalConformance<MemoryJournal>, MemoryJournal>(sample);
}

BOOST_DATA_TEST_CASE(memory_journal_recovers, tests::cases_of<JournalRecoveryConformance<MemoryJournal>>()) {
    tests::run_case<JournalRecoveryConformance<MemoryJournal>, MemoryJournal>(sample);
}

BOOST_AUTO_TEST_SUITE(memory_journal)

namespace {

Intent planned(const std::string& id, const std::string& key) {
    Intent intent;
    intent.id = id;
    intent.keys = {key};
    intent.plan = "plan";
    return intent;
}

Ending finished(const std::string& id) {
    Ending ending;
    ending.id = id;
    ending.fence = Fence{1};
    ending.plan = "plan";
    return ending;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_lease_lasts_from_its_last_renewal) {
    using namespace std::chrono_literals;
    MemoryJournal f;
    BOOST_TEST((f.await(f.first.async_renew()) == f.params.lease));
    f.time.advance(f.params.lease - 1ms);
    BOOST_TEST((f.await(f.first.async_renew()) == f.params.lease));
    f.time.advance(f.params.lease - 1ms);
    BOOST_TEST((f.await(f.first.async_begin({planned("a", "k")})).front().kind == Admitted::Kind::granted));
    f.time.advance(1ms);
    BOOST_CHECK_THROW(f.await(f.first.async_begin({planned("b", "l")})), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(a_finished_operation_is_known_as_long_as_the_parameters_say) {
    using namespace std::chrono_literals;
    VirtualTime time;
    memory::JournalParams params;
    params.lease = 2h;
    params.retention = 1h;
    memory::Journal<VirtualClock> journal{time.get_executor(), params};
    time.await(journal.async_renew());
    const auto begin = [&] { return time.await(journal.async_begin({planned("a", "k")})).front().kind; };
    BOOST_TEST((begin() == Admitted::Kind::granted));
    time.await(journal.async_end({finished("a")}, {}));
    time.advance(1h - 1ms);
    BOOST_TEST((begin() == Admitted::Kind::known));
    time.advance(1ms);
    BOOST_TEST((begin() == Admitted::Kind::granted));
}

BOOST_AUTO_TEST_CASE(a_former_holder_was_silent_since_its_lease_ran_out_or_it_gave_up) {
    using namespace std::chrono_literals;
    MemoryJournal f;
    f.await(f.first.async_renew());
    f.await(f.first.async_begin({planned("a", "k"), planned("b", "l")}));
    auto dead = finished("b");
    dead.state = OperationState::dead;
    f.await(f.first.async_end({dead}, {}));
    f.time.advance(f.params.lease + 3s);
    auto other = f.another_session();
    f.await(other.async_renew());
    f.await(other.async_replay("b"));
    const auto taken = f.await(other.async_take_over(10));
    BOOST_TEST_REQUIRE(taken.size() == 2U);
    BOOST_TEST((taken[0].silent_for == 3s));
    BOOST_TEST((taken[1].silent_for == f.params.lease + 3s));
}

BOOST_AUTO_TEST_CASE(I16_who_loses_an_operation_while_its_settlements_are_under_way_ends_nothing) {
    MemoryJournal f;
    f.await(f.first.async_renew());
    f.await(f.first.async_begin({planned("a", "k")}));
    std::vector<std::function<void(error_code)>> under_way;
    const SettlementTask slow = [&](auto done) { under_way.push_back(std::move(done)); };
    std::optional<std::vector<bool>> ended;
    f.first.async_end({finished("a")}, {slow, slow}, [&](error_code error, const std::vector<bool>& ours) {
        BOOST_TEST(!error);
        ended = ours;
    });
    f.time.settle();
    BOOST_TEST_REQUIRE(under_way.size() == 2U); // side by side
    under_way[0]({});
    f.let_lease_lapse();
    BOOST_TEST(!ended);
    auto other = f.another_session();
    f.await(other.async_renew());
    BOOST_TEST(f.await(other.async_take_over(10)).size() == 1U);
    under_way[1]({});
    f.time.settle();
    BOOST_TEST((ended == std::vector<bool>{false}));
    BOOST_TEST(f.await(other.async_count()) == 1U);
}

BOOST_AUTO_TEST_CASE(an_operation_that_is_named_twice_ends_once) {
    MemoryJournal f;
    f.await(f.first.async_renew());
    f.await(f.first.async_begin({planned("a", "k")}));
    f.await(f.first.async_end({finished("a"), finished("a")}, {}));
    BOOST_TEST(f.await(f.first.async_count()) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(a_script_says_what_becomes_of_writes) {
    using namespace std::chrono_literals;
    ScriptedWrites f;
    int written = 0;
    const auto update = [&](int which = 1) {
        ++written;
        Change<Customer> change{customer(which).id, f.patch(written), "op-" + std::to_string(written)};
        return f.await(f.source.async_update(std::vector{change})).front();
    };
    const auto credits = [&] { return f.source.truth("k1").record.credits.value(); };
    const auto landed = [&] {
        const std::vector<SentOperation<Customer>> sent{{"k1", "op-" + std::to_string(written)}};
        return f.await(f.source.async_find_operations(sent)).front();
    };

    // Refused for its key; failed before it took effect, or so that nobody knows.
    f.source.refuse_key("k2");
    BOOST_TEST((update(2).state == WriteState::refused));
    f.source.fail_next_write(Errc::rate_limited);
    f.source.fail_next_write(Errc::timed_out);
    BOOST_TEST((landed() == Landed::no)); // no write: does not fail
    auto outcome = update();
    BOOST_TEST((outcome.state == WriteState::unsent && outcome.error == Errc::rate_limited));
    BOOST_TEST((update().state == WriteState::unknown));
    BOOST_TEST(credits() == 2);
    BOOST_TEST((landed() == Landed::no));

    // Nobody hears of it.
    f.source.lose_answers();
    BOOST_TEST((update().state == WriteState::unknown));
    BOOST_TEST(credits() == 100 + written);
    BOOST_TEST((landed() == Landed::yes));

    // The truth changes before the answer comes, or long after it.
    f.source.read_after(10ms);
    f.source.answer_after(10ms);
    const auto before = credits();
    bool answered = false;
    Change<Customer> change{"k1", f.patch(70), "op-70"};
    f.source.async_update(std::vector{change}, {}, [&](auto, const auto& outcomes) {
        answered = true;
        BOOST_TEST(outcomes.front().applied());
    });
    f.time.advance(9ms);
    BOOST_TEST(credits() == before);
    f.time.advance(2ms);
    BOOST_TEST((credits() == 170 && !answered));
    f.time.advance(10ms);
    BOOST_TEST(answered);
    f.source.land_late(30s);
    BOOST_TEST((update().state == WriteState::unknown));
    BOOST_TEST((landed() == Landed::no));
    f.time.advance(30s);
    BOOST_TEST(credits() == 100 + written);
    BOOST_TEST((landed() == Landed::yes));

    f.source.keep_operations(false);
    BOOST_TEST((landed() == Landed::unknown));
    BOOST_TEST(f.source.operations("k1").size() == 3u);
    BOOST_TEST((f.source.calls().back().index == "find_operations"));
    BOOST_TEST((f.source.calls().front().priority == Priority::write));
}

BOOST_DATA_TEST_CASE(scripted_source_can_be_written_to, tests::cases_of<WriteConformance<ScriptedWrites>>()) {
    tests::run_case<WriteConformance<ScriptedWrites>, ScriptedWrites>(sample);
}

BOOST_DATA_TEST_CASE(a_wrapped_source_can_be_written_to, tests::cases_of<WriteConformance<WrappedWrites>>()) {
    tests::run_case<WriteConformance<WrappedWrites>, WrappedWrites>(sample);
}

BOOST_DATA_TEST_CASE(scripted_source_is_a_source, tests::cases_of<SourceConformance<Scripted>>()) {
    tests::run_case<SourceConformance<Scripted>, Scripted>(sample);
}
