#include "contract/conformance.hpp"
#include "contract/file_bench.hpp"
#include "contract/journal_fixture.hpp"
#include "contract/real_time.hpp"
#include "support/customer.hpp"
#include "support/numbered.hpp"
#include "support/order.hpp"

#include <understudy/budgeted.hpp>
#include <understudy/coalescing.hpp>
#include <understudy/file/journal.hpp>
#include <understudy/guarded.hpp>
#include <understudy/memory/journal.hpp>
#include <understudy/memory/store.hpp>
#include <understudy/testing/faulty_replica.hpp>
#include <understudy/testing/scripted_source.hpp>
#include <understudy/testing/virtual_time.hpp>
#include <understudy/write_through_sync.hpp>

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
using namespace std::chrono_literals;
using tests::customer;
using tests::Customer;
using tests::FileBench;

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
    Links<tests::Order> move_to(int parent) { return tests::order_of(parent); }
    Patch<tests::Order> change(int variant) { return tests::amount_patch(variant); }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    VirtualTime time;
    memory::Store<tests::Order, VirtualClock> replica{time.get_executor()};
};

template<class R, R (*make)(int, int)>
struct MemoryPasses {
    auto& store() { return replica; }
    R record(int which, int variant) { return make(which, variant); }
    void let_leases_lapse() { time.advance(1h); }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    VirtualTime time;
    memory::Store<R, VirtualClock> replica{time.get_executor()};
};
using MemoryNumbered = MemoryPasses<tests::Numbered, tests::numbered>;
using MemoryCustomers = MemoryPasses<Customer, customer>;

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

// Records with links, through the same.
struct WrappedOrders {
    using Budget = Budgeted<ScriptedSource<tests::Order>, VirtualClock>;
    using Guard = Guarded<Budget, VirtualClock>;
    static constexpr int nobody = 999;

    WrappedOrders() {
        for (const auto& order : existing())
            source.put(order);
        source.refuse_if([](const tests::Order& order) { return order.customer_id == customer(nobody).id; });
    }
    auto& store() { return wrapped; }
    std::vector<tests::Order> existing() {
        std::vector<tests::Order> records;
        for (int i = 0; i < 150; ++i)
            records.push_back(tests::order(i, i % 7));
        return records;
    }
    std::string missing_key() { return "none"; }
    Patch<tests::Order> patch(int which) { return tests::amount_patch(100 + which); }
    tests::Order fresh(int which) { return tests::order(1000 + which, 1); }
    Links<tests::Order> links(int which) { return tests::order_of(which % 5); }
    Links<tests::Order> bad_links() { return tests::order_of(nobody); }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    VirtualTime time;
    ScriptedSource<tests::Order> source{time.get_executor()};
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

BOOST_DATA_TEST_CASE(memory_store_keeps_passes_of_numbers, tests::cases_of<PassConformance<MemoryNumbered>>()) {
    tests::run_case<PassConformance<MemoryNumbered>, MemoryNumbered>(sample);
}

BOOST_DATA_TEST_CASE(memory_store_keeps_passes_of_texts, tests::cases_of<PassConformance<MemoryCustomers>>()) {
    tests::run_case<PassConformance<MemoryCustomers>, MemoryCustomers>(sample);
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

BOOST_DATA_TEST_CASE(records_of_a_wrapped_source_can_be_linked, tests::cases_of<WriteConformance<WrappedOrders>>()) {
    tests::run_case<WriteConformance<WrappedOrders>, WrappedOrders>(sample);
}

BOOST_DATA_TEST_CASE(a_wrapped_source_can_be_written_to, tests::cases_of<WriteConformance<WrappedWrites>>()) {
    tests::run_case<WriteConformance<WrappedWrites>, WrappedWrites>(sample);
}

BOOST_DATA_TEST_CASE(scripted_source_is_a_source, tests::cases_of<SourceConformance<Scripted>>()) {
    tests::run_case<SourceConformance<Scripted>, Scripted>(sample);
}

BOOST_AUTO_TEST_SUITE(file_journal)

namespace {

namespace errc = boost::system::errc;
const error_code no_space = errc::make_error_code(errc::no_space_on_device);
const error_code broken = errc::make_error_code(errc::io_error);

// With threads; only leases are of virtual time.
struct FileJournal : tests::JournalFixture<tests::RealTime> {
    using Journal = file::Journal<VirtualClock>;

    FileJournal() {
        params.path = folder / "journal";
        first.emplace(time.get_executor(), params, reserve, tests::disk_with(std::make_shared<tests::Faults>()));
    }
    Journal& journal() { return *first; }
    Journal another_session() { return first->another_session(); }
    void let_lease_lapse() { VirtualClock::advance(params.lease); }

    tests::Folder folder;
    file::JournalParams params{};
    std::optional<Journal> first;
};

Intent intent(const std::string& id, const std::string& plan = "plan") {
    Intent i;
    i.id = id;
    i.keys = {"key of " + id};
    i.request = "request of " + id;
    i.plan = plan;
    return i;
}
Ending ending(const std::string& id, OperationState state = OperationState::done, Fence fence = Fence{1}) {
    Ending e;
    e.id = id;
    e.fence = fence;
    e.state = state;
    e.plan = "carried out";
    if (state != OperationState::done)
        e.cause = "why\nnot";
    return e;
}

struct Bench : FileBench {
    // Ready to begin operations.
    Journal opened() {
        auto journal = open();
        time.await(journal.async_renew());
        return journal;
    }
    Admitted begin(Journal& journal, const Intent& one) { return time.await(journal.async_begin({one})).front(); }
    bool end(Journal& journal, const Ending& one) { return time.await(journal.async_end({one}, {})).front(); }
    template<class Operation>
    error_code error_of(Operation&& operation) {
        try {
            time.await(std::forward<Operation>(operation));
        } catch (const boost::system::system_error& error) {
            return error.code();
        }
        return {};
    }
};

struct OpenError {
    error_code code{};
    std::string text{};
};
OpenError open_error(const std::string& path) {
    try {
        tests::states_in(path);
    } catch (const boost::system::system_error& error) {
        return {error.code(), error.what()};
    }
    return {};
}

using States = std::map<std::string, std::string>;

// A bit of everything, a transaction a call; `seen` hears what the journal must say of each operation after each.
template<class Seen>
void some_of_everything(Bench& b, Seen seen) {
    States states;
    auto journal = b.opened();
    seen(states);
    const auto begin = [&](const std::string& id, const std::string& plan) {
        b.begin(journal, intent(id, plan));
        states[id] = (plan.empty() ? "0 " : "1 ") + plan + " ";
        seen(states);
    };
    const auto decide = [&](const std::string& id) {
        Decision decision;
        decision.id = id;
        decision.fence = Fence{1};
        decision.plan = "decided \xff \"now\"\n";
        decision.reservation = "a place";
        b.time.await(journal.async_decide({decision}));
        states[id] = "1 " + decision.plan + " ";
        seen(states);
    };
    begin("a", "plan of a");
    begin("b", "");
    decide("b");
    begin("c", "plan of c");
    b.end(journal, ending("a"));
    states["a"] = "2 carried out ";
    seen(states);
    b.end(journal, ending("b", OperationState::dead));
    states["b"] = "4 carried out why\nnot";
    seen(states);
    begin("d", "");
    auto given_up = ending("d", OperationState::undone);
    given_up.plan.clear();
    b.end(journal, given_up);
    states.erase("d");
    seen(states);
    b.end(journal, ending("c", OperationState::undone));
    states["c"] = "3 carried out why\nnot";
    seen(states);
    b.time.await(journal.async_replay("b"));
    states["b"][0] = '1';
    seen(states);
    b.time.await(journal.async_take_over(10));
    seen(states);
    auto last = ending("b", OperationState::done, Fence{2});
    last.followers = {intent("e", "follower"), intent("f", "follower")};
    b.end(journal, last);
    states["b"] = "2 carried out ";
    states["e"] = states["f"] = "1 follower ";
    seen(states);
    b.time.await(journal.async_begin({intent("g", ""), intent("h", "plan of h"), intent("i", "")}));
    states["g"] = states["i"] = "0  ";
    states["h"] = "1 plan of h ";
    seen(states);
    decide("g");
    b.end(journal, ending("h", OperationState::dead));
    states["h"] = "4 carried out why\nnot";
    seen(states);
    b.time.await(journal.async_drop("h"));
    states["h"][0] = '3';
    seen(states);
}

} // namespace

BOOST_DATA_TEST_CASE(file_journal_is_a_journal, tests::cases_of<JournalConformance<FileJournal>>()) {
    tests::run_case<JournalConformance<FileJournal>, FileJournal>(sample);
}

BOOST_DATA_TEST_CASE(file_journal_recovers, tests::cases_of<JournalRecoveryConformance<FileJournal>>()) {
    tests::run_case<JournalRecoveryConformance<FileJournal>, FileJournal>(sample);
}

BOOST_AUTO_TEST_CASE(what_a_process_left_is_taken_over_by_the_next) {
    Bench b;
    {
        auto journal = b.opened();
        b.begin(journal, intent("a"));
        b.begin(journal, intent("b", ""));
        b.begin(journal, intent("c"));
        b.time.advance(10s);
        b.end(journal, ending("c"));
    }
    b.time.advance(1h); // nobody has it open: time that does not count
    auto journal = b.opened();
    BOOST_TEST(b.time.await(journal.async_count()) == 2U);
    b.time.advance(3s);
    const auto taken = b.time.await(journal.async_take_over(10));
    BOOST_TEST_REQUIRE(taken.size() == 1U);
    BOOST_TEST(taken[0].intent.id == "a");
    BOOST_TEST(taken[0].intent.request == "request of a");
    BOOST_TEST((taken[0].intent.keys == std::vector<std::string>{"key of a"}));
    BOOST_TEST((taken[0].fence == Fence{2}));
    BOOST_TEST((taken[0].silent_for == 3s));
    BOOST_TEST((b.begin(journal, intent("c")).kind == Admitted::Kind::known));
    BOOST_TEST((b.begin(journal, intent("b")).kind == Admitted::Kind::granted));
    BOOST_TEST(b.end(journal, ending("a", OperationState::done, Fence{2})));
    b.time.advance(b.params.retention);
    BOOST_TEST((b.error_of(journal.async_renew()) == Errc::lease_lost));
    b.time.await(journal.async_renew());
    BOOST_TEST((b.begin(journal, intent("c")).kind == Admitted::Kind::granted)); // known no more
}

BOOST_AUTO_TEST_CASE(I18_every_prefix_of_a_log_is_a_state_that_was) {
    Bench b;
    std::vector<std::pair<std::size_t, States>> history;
    some_of_everything(b, [&](const States& states) { history.emplace_back(b.size(), states); });
    const auto log = tests::content_of(b.params.path);
    BOOST_TEST_REQUIRE(history.back().first == log.size());
    BOOST_TEST_REQUIRE(std::count(log.begin(), log.end(), '\n') > 15);
    const auto copy = b.folder / "copy";
    std::size_t at = 0;
    for (std::size_t cut = history.front().first; cut <= log.size(); ++cut) {
        while (at + 1 < history.size() && history[at + 1].first <= cut)
            ++at;
        tests::write_file(copy, std::string_view{log}.substr(0, cut));
        BOOST_TEST_REQUIRE((tests::states_in(copy) == history[at].second), "cut off after " << cut);
        BOOST_TEST_REQUIRE(std::filesystem::file_size(copy) == history[at].first);
    }
}

BOOST_AUTO_TEST_CASE(I18_what_was_answered_is_there_after_a_crash_between_writing_and_syncing) {
    Bench b;
    const auto copy = b.folder / "copy";
    States answered;
    std::size_t durable = 0;
    int crashes = 0;
    b.faults->before_sync = [&] {
        const auto written = tests::content_of(b.params.path);
        for (auto kept = durable; durable != 0 && kept + 1 < written.size(); kept += 13) {
            // Of what was not synced a machine keeps any part, and zeros where the rest would be.
            auto left = written;
            std::fill(left.begin() + static_cast<std::ptrdiff_t>(kept), left.end() - crashes % 2, '\0');
            tests::write_file(copy, left);
            BOOST_TEST_REQUIRE((tests::states_in(copy) == answered), "crash " << crashes << ", kept " << kept);
            ++crashes;
        }
    };
    some_of_everything(b, [&](const States& states) {
        answered = states;
        durable = b.size();
    });
    BOOST_TEST(crashes > 100);
}

BOOST_AUTO_TEST_CASE(a_torn_line_is_cut_off_and_the_log_goes_on) {
    Bench b;
    {
        auto journal = b.opened();
        b.begin(journal, intent("a"));
    }
    auto log = tests::content_of(b.params.path);
    tests::write_file(b.params.path, log + log.substr(log.size() / 2, 40));
    {
        auto journal = b.opened();
        b.begin(journal, intent("b"));
    }
    const States both{{"a", "1 plan "}, {"b", "1 plan "}};
    BOOST_TEST((tests::states_in(b.params.path) == both));
}

BOOST_AUTO_TEST_CASE(a_damaged_line_is_refused_by_its_number) {
    Bench b;
    some_of_everything(b, [](const States&) {});
    const auto log = tests::content_of(b.params.path);
    const auto copy = b.folder / "copy";
    std::size_t line = 1;
    for (std::size_t at = 0; at + 1 < log.size(); ++at) {
        auto damaged = log;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
        tests::write_file(copy, damaged);
        const auto error = open_error(copy);
        BOOST_TEST_REQUIRE((error.code == errc::bad_message), "byte " << at);
        BOOST_TEST_REQUIRE(error.text.find(copy + ", line " + std::to_string(line) + ":") == 0U, error.text);
        line += log[at] == '\n';
    }
    tests::write_file(copy, "something else\n");
    BOOST_TEST((open_error(copy).code == errc::bad_message));
    tests::write_file(copy, "something else");
    BOOST_TEST((open_error(copy).code == errc::bad_message));
    BOOST_TEST(tests::content_of(copy) == "something else");
}

BOOST_AUTO_TEST_CASE(a_journal_is_open_once) {
    Bench b;
    {
        const auto journal = b.open();
        const auto error = open_error(b.params.path);
        BOOST_TEST((error.code == errc::device_or_resource_busy));
        BOOST_TEST(error.text.find(b.params.path) == 0U);
    }
    BOOST_TEST(!open_error(b.params.path).code);
    const auto permissions = std::filesystem::status(b.params.path).permissions();
    BOOST_TEST((permissions == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)));
}

BOOST_AUTO_TEST_CASE(a_full_disk_fails_the_calls_and_changes_nothing) {
    Bench b;
    auto journal = b.opened();
    b.begin(journal, intent("a"));
    const auto size = b.size();
    b.faults->appends.assign(3, no_space);
    BOOST_TEST((b.error_of(journal.async_begin({intent("b"), intent("c")})) == no_space));
    BOOST_TEST((b.error_of(journal.async_end({ending("a")}, {})) == no_space));
    auto given_up = ending("a", OperationState::undone);
    given_up.plan.clear();
    BOOST_TEST((b.error_of(journal.async_end({given_up}, {})) == no_space));
    BOOST_TEST(b.size() == size);
    BOOST_TEST(b.time.await(journal.async_count()) == 1U);
    // There is room again.
    BOOST_TEST((b.begin(journal, intent("b")).kind == Admitted::Kind::granted));
    BOOST_TEST(b.end(journal, ending("a")));
    const States kept{{"a", "2 carried out "}, {"b", "1 plan "}};
    BOOST_TEST((tests::states_in((tests::write_file(b.folder / "copy", tests::content_of(b.params.path)),
                                  b.folder / "copy")) == kept));
}

BOOST_AUTO_TEST_CASE(I18_after_a_sync_that_failed_everything_is_refused_until_the_journal_is_opened_anew) {
    Bench b;
    {
        auto journal = b.opened();
        b.begin(journal, intent("a"));
        b.faults->syncs = {broken};
        BOOST_TEST((b.error_of(journal.async_begin({intent("b")})) == broken));
        const auto size = b.size();
        BOOST_TEST((b.error_of(journal.async_begin({intent("c")})) == broken));
        BOOST_TEST((b.error_of(journal.async_end({ending("a")}, {})) == broken));
        BOOST_TEST((b.error_of(journal.async_renew()) == broken));
        BOOST_TEST((b.error_of(journal.async_count()) == broken));
        BOOST_TEST(b.size() == size);
    }
    {
        auto journal = b.opened();
        BOOST_TEST((b.begin(journal, intent("a")).kind == Admitted::Kind::known));
        // What was written in part cannot be taken back either.
        b.faults->appends = {no_space};
        b.faults->truncations = {broken};
        BOOST_TEST((b.error_of(journal.async_begin({intent("d")})) == no_space));
        BOOST_TEST((b.error_of(journal.async_renew()) == no_space));
    }
    auto journal = b.opened();
    BOOST_TEST((b.begin(journal, intent("d")).kind == Admitted::Kind::granted));
}

BOOST_AUTO_TEST_CASE(calls_that_come_while_the_disk_is_busy_share_one_sync) {
    Bench b;
    auto journal = b.opened();
    b.faults->synced = 0;
    int answered = 0;
    const auto begin = [&](int from, int to) {
        for (int i = from; i < to; ++i)
            journal.async_begin({intent(std::to_string(i))}, [&](error_code error, const auto& admitted) {
                answered += !error && admitted.front().kind == Admitted::Kind::granted;
            });
    };
    begin(0, 100);
    b.time.settle();
    BOOST_TEST(answered == 100);
    BOOST_TEST(b.faults->synced == 1);
    b.faults->before_sync = [&] {
        b.faults->before_sync = {};
        begin(101, 200);
    };
    begin(100, 101);
    b.time.settle();
    BOOST_TEST(answered == 200);
    BOOST_TEST(b.faults->synced == 3);
    b.time.await(journal.async_count());
    BOOST_TEST(b.faults->synced == 3); // who only looks needs no disk
}

BOOST_AUTO_TEST_CASE(a_log_is_compacted_under_load_and_keeps_everything) {
    Bench b;
    b.params.compact_above = 4096;
    b.params.retention = 1s;
    int rounds = 0;
    {
        auto journal = b.opened();
        for (; rounds < 400; ++rounds) {
            const auto id = std::to_string(rounds);
            b.begin(journal, intent(id));
            if (rounds % 100 == 7)
                continue;
            b.time.await(
                journal.async_end({ending(id, rounds % 100 == 8 ? OperationState::dead : OperationState::done)}, {}));
            b.time.advance(100ms);
            b.time.await(journal.async_renew());
            BOOST_TEST_REQUIRE(b.size() < 40'000U);
        }
    }
    BOOST_TEST(!std::filesystem::exists(b.params.path + ".new"));
    auto journal = b.opened();
    BOOST_TEST(b.time.await(journal.async_count()) == 4U);
    BOOST_TEST(b.time.await(journal.async_list_dead(10)).size() == 4U);
    BOOST_TEST((b.begin(journal, intent("399")).kind == Admitted::Kind::known));
    BOOST_TEST((b.begin(journal, intent("7")).kind == Admitted::Kind::known));
    BOOST_TEST((b.begin(journal, intent("300")).kind == Admitted::Kind::granted));
}

BOOST_AUTO_TEST_CASE(a_compaction_that_fails_hurts_nobody) {
    Bench b;
    b.params.compact_above = 2048;
    tests::write_file(b.params.path + ".new", "left by a crash");
    auto journal = b.opened();
    BOOST_TEST(!std::filesystem::exists(b.params.path + ".new"));
    const auto fill = [&](const std::string& name) {
        for (int i = 0; i < 20; ++i)
            b.begin(journal, intent(name + std::to_string(i)));
    };
    std::filesystem::create_directory(b.params.path + ".new"); // cannot be opened
    fill("a");
    std::filesystem::remove(b.params.path + ".new");
    const auto long_log = b.size();
    BOOST_TEST(long_log > 2048U);
    fill("b");
    fill("c");
    fill("d");
    b.time.settle();
    BOOST_TEST(b.time.await(journal.async_count()) == 80U);
    BOOST_TEST((b.begin(journal, intent("a0")).kind == Admitted::Kind::known));
}

BOOST_AUTO_TEST_CASE(threads_may_compact_while_others_append) {
    FileJournal f;
    f.first.reset();
    f.params.compact_above = 2048;
    f.first.emplace(f.time.get_executor(), f.params);
    f.await(f.first->async_renew());
    int begun = 0;
    int ended = 0;
    std::function<void()> next = [&] {
        if (begun == 400)
            return;
        const auto id = std::to_string(begun++);
        f.first->async_begin({intent(id)}, [&, id](error_code, const auto&) {
            if (id.back() == '3') {
                ++ended;
                return next();
            }
            f.first->async_end({ending(id)}, {}, [&](error_code error, const std::vector<bool>& ours) {
                ended += !error && ours.front();
                next();
            });
        });
    };
    for (int i = 0; i < 20; ++i)
        next();
    f.time.until([&] { return ended == 400; });
    BOOST_TEST(f.await(f.first->async_count()) == 40U);
    f.first.reset();
    // A compaction may still be under way: it holds the lock until it is done.
    f.time.until([&] { return !open_error(f.params.path).code || f.time.context().stopped(); });
    const auto states = tests::states_in(f.params.path);
    BOOST_TEST(states.size() == 400U);
    BOOST_TEST(std::count_if(states.begin(), states.end(), [](const auto& s) { return s.second[0] == '1'; }) == 40);
}

BOOST_AUTO_TEST_CASE(calls_under_way_are_dropped_with_their_context) {
    tests::Folder folder;
    file::JournalParams params;
    params.path = folder / "journal";
    auto witness = std::make_shared<int>();
    {
        boost::asio::io_context context;
        file::Journal journal{context.get_executor(), params};
        journal.async_renew([](error_code, auto) {});
        context.run_one();
        for (int i = 0; i < 10; ++i) {
            journal.async_begin({intent(std::to_string(i))}, [witness, journal](error_code, const auto&) {});
            context.poll_one();
        }
    }
    BOOST_TEST(witness.use_count() == 1);
    BOOST_TEST(!open_error(params.path).code);
}

BOOST_AUTO_TEST_CASE(I3_a_thousand_patches_are_accepted_while_the_replica_is_down_and_replayed_when_it_is_back) {
    using Replica = FaultyReplica<memory::Store<Customer, VirtualClock>>;
    constexpr int all = 1'000;
    FileBench b;
    ScriptedSource<Customer> source{b.time.get_executor()};
    Replica replica{memory::Store<Customer, VirtualClock>{b.time.get_executor()}};
    Operations<FileBench::Journal, VirtualClock> operations{b.open()};
    WriteThroughSync writes{source, replica, operations};
    source.read_after(500ms);
    std::vector<Observation<Customer>> warm;
    for (int i = 0; i < all; ++i) {
        source.put(customer(i));
        auto& seen = warm.emplace_back();
        seen.key = customer(i).id;
        seen.ticket = b.time.await(replica.async_draw_ticket());
        seen.state = State::live;
        seen.record = customer(i);
    }
    b.time.await(replica.async_apply(warm));
    replica.set_down(true);

    int accepted = 0;
    b.faults->synced = 0;
    for (int i = 0; i < all; ++i)
        writes.async_update(customer(i).id, Patch<Customer>{}.set<&Customer::credits>(1000 + i), {},
                            [&](error_code error, const WriteReport<Customer>& report) {
                                accepted += !error && report.replica_pending;
                            });
    b.time.advance(10s);
    BOOST_TEST(accepted == all);
    BOOST_TEST(b.faults->synced < 10);
    BOOST_TEST(b.time.await(operations.journal().async_count()) == static_cast<std::size_t>(all));
    for (int i = 0; i < all; ++i)
        BOOST_TEST_REQUIRE((source.truth(customer(i).id).record.credits == 1000 + i));

    replica.set_down(false);
    operations.run();
    b.time.advance(2min);
    BOOST_TEST(b.time.await(operations.journal().async_count()) == 0U);
    for (int i = 0; i < all; ++i) {
        const auto row = *replica.inner().try_lookup(customer(i).id);
        BOOST_TEST_REQUIRE((row.record == source.truth(customer(i).id).record), customer(i).id);
        BOOST_TEST_REQUIRE((row.mark == Mark::clean));
        BOOST_TEST_REQUIRE(source.operations(customer(i).id).size() == 1U);
    }
    operations.stop();
}

BOOST_AUTO_TEST_SUITE_END()
