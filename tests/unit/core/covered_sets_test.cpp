#include "support/order.hpp"

#include <understudy/coalescing.hpp>
#include <understudy/memory/store.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/testing/faulty_replica.hpp>
#include <understudy/testing/scripted_source.hpp>
#include <understudy/testing/virtual_time.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace understudy::testing;
using namespace std::chrono_literals;
using tests::AllOrders;
using tests::customer;
using tests::Order;
using tests::order;
using tests::OrdersOfCustomer;

namespace {

using Memory = memory::Store<Order, VirtualClock>;
using TestReplica = FaultyReplica<Memory>;
using TestSource = ScriptedSource<Order>;
using Cache = ReadThroughCache<TestReplica, TestSource, VirtualClock>;
using Answer = SetReading<Order>;

struct Result {
    boost::system::error_code error{};
    Answer answer{};
    bool done = false;
};

std::string who(int parent) {
    return customer(parent).id;
}

std::vector<std::string> ids(const Answer& answer) {
    std::vector<std::string> found;
    for (const auto& member : answer.members)
        found.push_back(member.id);
    return found;
}

struct World {
    explicit World(const ReadThroughParams& params = {})
        : cache{replica, source, params} {
        source.read_after(250ms);
        source.answer_after(250ms);
    }

    std::shared_ptr<Result> start(int parent, const ReadOptions& options = {}) {
        auto result = std::make_shared<Result>();
        cache.async_get_set<OrdersOfCustomer>(who(parent), options,
                                              [result](boost::system::error_code error, Answer answer) {
                                                  *result = {error, std::move(answer), true};
                                              });
        return result;
    }

    Result get(int parent, const ReadOptions& options = {}) {
        const auto result = start(parent, options);
        time.run();
        BOOST_TEST_REQUIRE(result->done);
        return *result;
    }

    std::vector<std::string> members(int parent) {
        const auto result = get(parent);
        BOOST_TEST(!result.error);
        BOOST_TEST(result.answer.found());
        return ids(result.answer);
    }

    std::vector<std::string> truth(int parent) const {
        std::vector<std::string> found;
        for (const auto& [id, o] : orders)
            if (o.customer_id == who(parent))
                found.push_back(id);
        return found;
    }

    void put(const Order& o) {
        orders[o.id] = o;
        source.put(o);
    }
    void archive(const std::string& id) {
        orders.erase(id);
        source.archive(id);
    }
    void hint(const std::string& id) { replica.inner().table().hint(id); }
    void hint_set(int parent) { replica.inner().table().hint_set<OrdersOfCustomer>(who(parent)); }
    std::size_t calls() const { return source.calls().size(); }

    VirtualTime time;
    TestReplica replica{Memory{time.get_executor()}};
    TestSource source{time.get_executor()};
    Cache cache;
    std::map<std::string, Order> orders;
};

ReadOptions with(Freshness freshness) {
    ReadOptions options;
    options.freshness = freshness;
    return options;
}

} // namespace

BOOST_DATA_TEST_CASE(a_set_is_right_on_the_first_answer_and_costs_nothing_after,
                     boost::unit_test::data::make({0, 1, 100, 101, 600})) {
    World w;
    for (int i = 0; i < sample; ++i)
        w.put(order(i, 1));
    w.put(order(1000, 2));
    BOOST_TEST(w.members(1) == w.truth(1));
    BOOST_TEST(w.calls() == 1u);
    const auto again = w.get(1);
    BOOST_TEST(again.answer.found());
    BOOST_TEST(ids(again.answer) == w.truth(1));
    BOOST_TEST(again.answer.tier == 0);
    BOOST_TEST(!again.answer.stale);
    BOOST_TEST(w.calls() == 1u);
}

BOOST_AUTO_TEST_CASE(D10_covered_and_empty_is_found_and_empty) {
    World w;
    BOOST_TEST(w.members(1).empty());
    BOOST_TEST(w.calls() == 1u);
    BOOST_TEST(w.members(1).empty());
    BOOST_TEST(w.calls() == 1u);
}

BOOST_AUTO_TEST_CASE(D10_a_set_that_cannot_be_read_is_an_error_and_never_empty) {
    World w;
    w.put(order(1, 1));
    w.source.fail_always(Errc::unavailable);
    const auto result = w.get(1);
    BOOST_TEST((result.error == Errc::unavailable));
    BOOST_TEST(result.answer.failed());
}

BOOST_AUTO_TEST_CASE(D10_rows_of_a_set_that_was_never_read_are_no_answer_while_the_source_fails) {
    World w;
    w.put(order(1, 1));
    w.put(order(2, 1));
    w.time.await(w.cache.async_get(order(1, 1).id));
    w.source.fail_always(Errc::unavailable);
    BOOST_TEST(w.get(1).answer.failed());
}

BOOST_AUTO_TEST_CASE(D10_a_covered_set_is_answered_stale_while_the_source_fails) {
    World w;
    w.put(order(1, 1));
    w.members(1);
    w.hint_set(1);
    w.source.fail_always(Errc::unavailable);
    const auto result = w.get(1);
    BOOST_TEST(!result.error);
    BOOST_TEST(result.answer.stale);
    BOOST_TEST((result.answer.error == Errc::unavailable));
    BOOST_TEST(ids(result.answer) == w.truth(1));

    ReadOptions strict;
    strict.stale_if_error = false;
    BOOST_TEST(w.get(1, strict).answer.failed());
}

BOOST_AUTO_TEST_CASE(D10_a_set_with_a_member_that_cannot_be_read_covers_nothing) {
    World w;
    w.put(order(1, 1));
    w.put(order(2, 1));
    w.source.fail_key(order(2, 1).id, Errc::incomplete_record);
    BOOST_TEST((w.get(1).error == Errc::incomplete_record));
    BOOST_TEST((w.get(1).error == Errc::incomplete_record));
    BOOST_TEST(w.calls() == 2u);
}

BOOST_AUTO_TEST_CASE(D10_a_replica_that_is_down_hides_no_set) {
    World w;
    w.put(order(1, 1));
    w.replica.set_down(true);
    const auto result = w.get(1);
    BOOST_TEST(ids(result.answer) == w.truth(1));
    BOOST_TEST(result.answer.tier == 1);
}

BOOST_AUTO_TEST_CASE(a_replica_that_takes_nothing_hides_no_set) {
    World w;
    w.put(order(1, 1));
    w.replica.set_read_only(true);
    BOOST_TEST(ids(w.get(1).answer) == w.truth(1));
    BOOST_TEST(w.cache.stats().populate_failures == 1u);
    w.replica.set_read_only(false);
    BOOST_TEST(w.members(1) == w.truth(1));
    BOOST_TEST(w.calls() == 2u);
}

BOOST_AUTO_TEST_CASE(a_replica_that_takes_nothing_hides_no_change_of_a_member) {
    World w;
    w.put(order(1, 1, 1));
    w.put(order(2, 1, 1));
    w.members(1);
    w.put(order(1, 1, 99));
    w.hint(order(1, 1).id);
    w.replica.set_read_only(true);
    w.source.forget_calls();
    const auto result = w.get(1);
    BOOST_TEST(!result.error);
    BOOST_TEST(!result.answer.stale);
    BOOST_TEST_REQUIRE(ids(result.answer) == w.truth(1));
    BOOST_TEST(result.answer.members.front().record.amount == 99);
    BOOST_TEST(w.calls() == 2u); // for the member, then for the set
}

BOOST_AUTO_TEST_CASE(sets_are_counted_as_records_are) {
    World w;
    w.put(order(1, 1));
    w.put(order(2, 2));
    w.members(1);
    BOOST_TEST((w.cache.stats().misses == 1u && w.cache.stats().hits == 0u));
    w.members(1);
    BOOST_TEST((w.cache.stats().misses == 1u && w.cache.stats().hits == 1u));
    w.source.fail_always(Errc::unavailable);
    BOOST_TEST(w.get(2).answer.failed());
    BOOST_TEST((w.cache.stats().misses == 2u && w.cache.stats().failures == 1u));
    w.hint_set(1);
    BOOST_TEST(w.get(1).answer.stale);
    BOOST_TEST((w.cache.stats().misses == 3u && w.cache.stats().stale_answers == 1u));
    BOOST_TEST(w.cache.stats().hits == 1u);
}

BOOST_AUTO_TEST_CASE(I12_many_readers_of_one_set_share_one_load) {
    World w;
    for (int i = 0; i < 50; ++i)
        w.put(order(i, 1));
    std::vector<std::shared_ptr<Result>> results;
    for (int i = 0; i < 400; ++i)
        results.push_back(w.start(1));
    w.time.run();
    for (const auto& result : results)
        BOOST_TEST((result->done && ids(result->answer) == w.truth(1)));
    BOOST_TEST(w.calls() == 1u);
}

BOOST_AUTO_TEST_CASE(I12_a_reader_that_goes_away_disturbs_nobody) {
    World w;
    w.put(order(1, 1));
    boost::asio::cancellation_signal signal;
    bool cancelled = false;
    w.cache.async_get_set<OrdersOfCustomer>(
        who(1), {},
        boost::asio::bind_cancellation_slot(signal.slot(), [&](boost::system::error_code error, const Answer&) {
            cancelled = error == boost::asio::error::operation_aborted;
        }));
    const auto other = w.start(1);
    w.time.advance(100ms);
    signal.emit(boost::asio::cancellation_type::terminal);
    w.time.run();
    BOOST_TEST(cancelled);
    BOOST_TEST(ids(other->answer) == w.truth(1));
    BOOST_TEST(w.calls() == 1u);
}

BOOST_AUTO_TEST_CASE(I12_a_reader_that_came_after_a_hint_joins_no_load_from_before) {
    World w;
    w.put(order(1, 1));
    const auto early = w.start(1);
    w.time.advance(300ms); // the source was read, its answer is on the way
    w.put(order(2, 1));
    w.hint_set(1);
    const auto late = w.start(1);
    w.time.run();
    BOOST_TEST(ids(late->answer) == w.truth(1));
    BOOST_TEST(ids(early->answer) == w.truth(1));
}

BOOST_AUTO_TEST_CASE(I12_nor_one_from_before_that_will_not_be_stored) {
    World w;
    w.put(order(1, 1));
    const auto early = w.start(1);
    w.time.advance(300ms);
    w.put(order(2, 1));
    w.hint_set(1);
    w.replica.set_read_only(true);
    const auto late = w.start(1);
    w.time.run();
    BOOST_TEST(ids(late->answer) == w.truth(1));
    BOOST_TEST(w.calls() == 2u);
}

BOOST_AUTO_TEST_CASE(I1_a_set_read_before_a_change_never_covers_after_its_hint) {
    World w;
    w.put(order(1, 1));
    const auto result = w.start(1);
    w.time.advance(300ms);
    w.put(order(2, 1));
    w.hint_set(1);
    w.time.run();
    BOOST_TEST(ids(result->answer) == w.truth(1));
    BOOST_TEST(w.members(1) == w.truth(1));
}

BOOST_AUTO_TEST_CASE(D10_a_member_hinted_at_while_its_set_is_read_leaves_no_hole) {
    World w;
    w.put(order(1, 1));
    const auto result = w.start(1);
    w.time.advance(300ms);
    w.hint(order(1, 1).id); // the member alone: nobody says anything of the set
    w.time.run();
    BOOST_TEST(ids(result->answer) == w.truth(1));
    BOOST_TEST(w.members(1) == w.truth(1));
}

BOOST_AUTO_TEST_CASE(I4_a_member_deleted_while_its_set_is_read_stays_deleted) {
    World w;
    w.put(order(1, 1));
    w.put(order(2, 1));
    const auto result = w.start(1);
    w.time.advance(300ms);
    w.archive(order(2, 1).id);
    w.hint(order(2, 1).id);
    w.time.run();
    BOOST_TEST(ids(result->answer) == w.truth(1));
    BOOST_TEST(w.members(1) == w.truth(1));
}

BOOST_AUTO_TEST_CASE(I1_a_member_read_before_it_moved_away_is_read_again_before_it_is_shown) {
    World w;
    w.put(order(1, 1));
    // Somebody reads the order, which then moves to another customer; nobody hints.
    w.source.hold();
    bool done = false;
    w.cache.async_get(order(1, 1).id, {}, [&](boost::system::error_code, const Reading<Order>&) { done = true; });
    w.time.advance(300ms);
    w.put(order(1, 2));
    const auto read = w.start(1);
    w.time.advance(300ms);
    w.source.release();
    w.time.run();
    BOOST_TEST(done);
    BOOST_TEST(ids(read->answer).empty());
    BOOST_TEST(w.members(1).empty());
    BOOST_TEST(w.members(2) == w.truth(2));
}

BOOST_AUTO_TEST_CASE(I5_a_member_that_the_answer_lacks_is_asked_for_by_id_and_not_removed) {
    World w;
    w.put(order(1, 1));
    w.put(order(2, 1));
    w.members(1);
    w.source.hide_from_sets(order(2, 1).id); // the list lags
    w.hint_set(1);
    w.source.forget_calls();
    BOOST_TEST(w.members(1) == w.truth(1));
    BOOST_TEST(w.calls() == 2u);
    BOOST_TEST(w.source.calls().back().index == "id");
    BOOST_TEST(w.members(1) == w.truth(1));
    BOOST_TEST(w.calls() == 2u);
}

BOOST_AUTO_TEST_CASE(I5_while_a_doubt_cannot_be_settled_the_member_stays_and_is_flagged) {
    World w;
    w.put(order(1, 1));
    w.put(order(2, 1));
    w.members(1);
    w.source.hide_from_sets(order(2, 1).id);
    w.source.fail_key(order(2, 1).id, Errc::unavailable);
    w.hint_set(1);
    const auto result = w.get(1);
    BOOST_TEST(result.answer.found());
    BOOST_TEST(result.answer.stale);
    BOOST_TEST(ids(result.answer) == w.truth(1));
}

BOOST_AUTO_TEST_CASE(I10_a_member_added_archived_or_moved_reaches_its_sets) {
    World w;
    for (int i = 0; i < 5; ++i)
        w.put(order(i, 1));
    w.members(1);
    w.members(2);
    w.source.forget_calls();

    w.put(order(7, 1));
    w.hint(order(7, 1).id);
    w.hint_set(1);
    BOOST_TEST(w.members(1) == w.truth(1));

    w.archive(order(0, 1).id);
    w.hint(order(0, 1).id);
    BOOST_TEST(w.members(1) == w.truth(1));

    w.put(order(3, 2));
    w.hint(order(3, 2).id);
    w.hint_set(1);
    w.hint_set(2);
    BOOST_TEST(w.members(1) == w.truth(1));
    BOOST_TEST(w.members(2) == w.truth(2));
    w.source.forget_calls();
    BOOST_TEST(w.members(1) == w.truth(1));
    BOOST_TEST(w.members(2) == w.truth(2));
    BOOST_TEST(w.calls() == 0u);
}

BOOST_AUTO_TEST_CASE(only_a_dirty_member_is_read_again_not_its_set) {
    World w;
    for (int i = 0; i < 300; ++i)
        w.put(order(i, 1));
    w.members(1);
    w.source.forget_calls();
    w.put(order(17, 1, 99));
    w.hint(order(17, 1).id);
    const auto result = w.get(1);
    BOOST_TEST(result.answer.members[17].record.amount == 99);
    BOOST_TEST(w.calls() == 1u);
    BOOST_TEST(w.source.calls().front().values == 1u);
}

BOOST_AUTO_TEST_CASE(a_record_created_through_us_keeps_a_covered_set_covered) {
    World w;
    w.put(order(1, 1));
    w.members(1);
    w.put(order(2, 1));
    Observation<Order> created;
    created.key = order(2, 1).id;
    created.ticket = w.replica.inner().table().draw_ticket();
    created.state = State::live;
    created.record = order(2, 1);
    w.replica.inner().table().apply({created}, VirtualClock::now().time_since_epoch());
    w.source.forget_calls();
    BOOST_TEST(w.members(1) == w.truth(1));
    BOOST_TEST(w.calls() == 0u);
}

BOOST_AUTO_TEST_CASE(I9_a_bound_on_age_reads_a_set_again) {
    World w;
    w.put(order(1, 1));
    w.members(1);
    w.time.advance(60s);
    BOOST_TEST(w.get(1).answer.age >= 60s);
    BOOST_TEST(w.calls() == 1u);
    const auto result = w.get(1, with(Freshness::bounded(10s)));
    BOOST_TEST(result.answer.age <= 1s);
    BOOST_TEST(w.calls() == 2u);
    w.hint_set(1);
    const auto any = w.get(1, with(Freshness::any()));
    BOOST_TEST(any.answer.stale);
    BOOST_TEST(w.calls() == 2u);
}

BOOST_AUTO_TEST_CASE(I9_a_bounded_reader_reads_a_set_once_and_then_its_doubts) {
    World w;
    w.put(order(1, 1));
    w.put(order(2, 1));
    w.members(1);
    w.put(order(2, 2)); // moves away, and nobody hears of it
    w.time.advance(60s);
    w.source.forget_calls();
    const auto result = w.get(1, with(Freshness::bounded(10s)));
    BOOST_TEST(ids(result.answer) == w.truth(1));
    BOOST_TEST(!result.answer.stale);
    BOOST_TEST(w.calls() == 2u);
}

BOOST_AUTO_TEST_CASE(I9_a_bound_tighter_than_a_load_is_met_as_well_as_can_be) {
    World w;
    w.put(order(1, 1));
    const auto result = w.get(1, with(Freshness::bounded(100ms)));
    BOOST_TEST(!result.answer.stale);
    BOOST_TEST(w.calls() == 1u);
}

BOOST_DATA_TEST_CASE(I12_a_reader_gets_no_unstored_load_from_before_a_members_hint,
                     boost::unit_test::data::make({0, 1})) {
    World w;
    w.put(order(1, 1, 1));
    if (sample == 1) {
        w.members(1);
        w.hint_set(1);
    }
    const auto early = w.start(1);
    w.time.advance(300ms); // read, and on its way
    w.put(order(1, 1, 99));
    w.hint(order(1, 1).id);
    w.replica.set_read_only(true);
    const auto late = w.start(1);
    w.time.run();
    BOOST_TEST_REQUIRE(late->answer.members.size() == 1u);
    BOOST_TEST(late->answer.members.front().record.amount == 99);
}

BOOST_AUTO_TEST_CASE(D10_covering_succeeds_only_if_the_replica_holds_the_set) {
    for (const bool down : {false, true}) {
        World w;
        w.put(order(1, 1));
        down ? w.replica.set_down(true) : w.replica.set_read_only(true);
        const auto answers = w.time.await(w.cache.async_cover<OrdersOfCustomer>({who(1)}));
        BOOST_TEST(answers.at(0).failed());
    }
    memory::Params small;
    small.capacity = 4;
    VirtualTime time;
    TestSource source{time.get_executor()};
    for (int i = 0; i < 6; ++i)
        source.put(order(i, 1));
    ReadThroughCache<Memory, TestSource, VirtualClock> cache{Memory{time.get_executor(), small}, source};
    BOOST_TEST(time.await(cache.async_cover<OrdersOfCustomer>({who(1)})).at(0).failed());
    BOOST_TEST(time.await(cache.async_get_set<OrdersOfCustomer>(who(1))).members.size() == 6u);
}

BOOST_AUTO_TEST_CASE(a_set_that_was_loaded_is_answered_though_the_replica_hangs_afterwards) {
    for (const auto timeout : {30'000ms, 700ms}) {
        World w;
        w.put(order(1, 1));
        ReadOptions options;
        options.timeout = timeout;
        const auto result = w.start(1, options);
        w.time.advance(300ms);
        w.replica.set_hung(true);
        w.time.run();
        BOOST_TEST(ids(result->answer) == w.truth(1));
        BOOST_TEST(w.calls() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_server_that_lags_is_asked_twice_and_named) {
    World w;
    w.source.put(order(1, 2), Version{2000});
    w.members(2);
    w.source.put(order(1, 1), Version{1000}); // an older state
    w.source.forget_calls();
    BOOST_TEST((w.get(1).error == Errc::source_lagging));
    BOOST_TEST(w.calls() == 2u);
}

BOOST_AUTO_TEST_CASE(sets_that_push_each_other_out_of_a_small_store_are_read_once) {
    for (const std::size_t capacity : {500u, 1'000u}) {
        memory::Params small;
        small.capacity = capacity;
        VirtualTime time;
        TestSource source{time.get_executor()};
        source.answer_after(500ms);
        ReadThroughCache<Memory, TestSource, VirtualClock> cache{Memory{time.get_executor(), small}, source};
        for (int i = 0; i < 3'000; ++i)
            source.put(order(i, i % 10));
        std::size_t right = 0;
        for (int parent = 0; parent < 10; ++parent)
            cache.async_get_set<OrdersOfCustomer>(who(parent), {},
                                                  [&](boost::system::error_code, const Answer& answer) {
                                                      right += answer.members.size() == 300u ? 1 : 0;
                                                  });
        time.run();
        BOOST_TEST(right == 10u);
        BOOST_TEST(source.calls().size() == 10u);
    }
}

namespace {

struct ThrowingSource : TestSource {
    using TestSource::TestSource;
    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_fetch_set(std::vector<typename By::value_type> values, const ReadOptions& options = {},
                         Token&& token = {}) {
        if (throws)
            throw std::bad_alloc{};
        return TestSource::template async_fetch_set<By>(std::move(values), options, std::forward<Token>(token));
    }
    bool throws = true;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_source_that_throws_fails_its_readers_at_once) {
    VirtualTime time;
    ThrowingSource source{time.get_executor()};
    ReadThroughCache<Memory, ThrowingSource, VirtualClock> cache{Memory{time.get_executor()}, source};
    const auto begin = VirtualClock::now();
    const auto sets = time.await(cache.async_fetch_set<OrdersOfCustomer>({who(1)}));
    BOOST_TEST((sets.at(0).error == Errc::unavailable));
    BOOST_TEST((VirtualClock::now() - begin < 1s));
}

BOOST_AUTO_TEST_CASE(pages_of_a_set_are_stable_while_members_come_and_go) {
    World w;
    for (int i = 0; i < 10; ++i)
        w.put(order(2 * i, 1));
    SetPage<Order> page;
    page.limit = 4;
    std::vector<std::string> seen;
    for (;;) {
        auto answer = w.time.await(w.cache.async_get_page<OrdersOfCustomer>(who(1), page));
        for (const auto& id : ids(answer))
            seen.push_back(id);
        if (!answer.next)
            break;
        page.after = answer.next;
        if (seen.size() == 4) { // one before the page, one after it
            w.put(order(1, 1));
            w.put(order(9, 1));
            w.hint_set(1);
        }
    }
    auto expected = w.truth(1);
    std::erase(expected, order(1, 1).id);
    BOOST_TEST(seen == expected);
    BOOST_TEST(w.calls() == 2u);
}

BOOST_AUTO_TEST_CASE(covering_many_sets_tells_of_each_and_carries_no_members) {
    World w;
    w.put(order(1, 1));
    w.put(order(2, 2));
    w.source.fail_key(order(2, 2).id, Errc::incomplete_record);
    const auto answers = w.time.await(w.cache.async_cover<OrdersOfCustomer>({who(1), who(2), who(3)}));
    BOOST_TEST_REQUIRE(answers.size() == 3u);
    BOOST_TEST(answers[0].found());
    BOOST_TEST(answers[0].members.empty());
    BOOST_TEST((answers[1].error == Errc::incomplete_record));
    BOOST_TEST(answers[2].found());
    BOOST_TEST(w.calls() == 1u);
}

BOOST_AUTO_TEST_CASE(all_records_of_a_type_are_a_set) {
    World w;
    for (int i = 0; i < 5; ++i)
        w.put(order(i, i % 2));
    auto all = w.time.await(w.cache.async_get_set<AllOrders>({}));
    BOOST_TEST(all.members.size() == 5u);
    all = w.time.await(w.cache.async_get_set<AllOrders>({}));
    BOOST_TEST(all.members.size() == 5u);
    BOOST_TEST(w.calls() == 1u);
}

BOOST_AUTO_TEST_CASE(I12_sets_of_many_parents_leave_in_batches) {
    VirtualTime time;
    TestSource source{time.get_executor()};
    source.answer_after(500ms);
    Coalescing<TestSource, VirtualClock> batches{source};
    ReadThroughCache<Memory, Coalescing<TestSource, VirtualClock>, VirtualClock> cache{Memory{time.get_executor()},
                                                                                       batches};
    for (int i = 0; i < 250; ++i)
        source.put(order(i, i % 100));
    std::size_t right = 0;
    for (int parent = 0; parent < 100; ++parent)
        cache.async_get_set<OrdersOfCustomer>(who(parent), {}, [&, parent](boost::system::error_code, Answer answer) {
            right += answer.members.size() == (parent < 50 ? 3u : 2u) ? 1 : 0;
        });
    time.run();
    BOOST_TEST(right == 100u);
    BOOST_TEST(source.calls().size() == 1u);
}

namespace {

using Shared = ReadThroughCache<Memory, TestSource, VirtualClock>;
using Near = ReadThroughCache<Memory, Shared, VirtualClock>;

struct Tiers {
    explicit Tiers(memory::Params near_params = {})
        : near{Memory{time.get_executor(), near_params}, shared} {
        source.answer_after(500ms);
    }
    Answer get(int parent, const ReadOptions& options = {}) {
        return time.await(near.async_get_set<OrdersOfCustomer>(who(parent), options));
    }
    VirtualTime time;
    TestSource source{time.get_executor()};
    Memory replica{time.get_executor()};
    Shared shared{replica, source};
    Near near;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_doubt_that_a_tier_behind_could_only_answer_stale_stays_one) {
    VirtualTime time;
    TestSource source{time.get_executor()};
    Memory far{time.get_executor()};
    Memory close{time.get_executor()};
    Shared shared{far, source};
    ReadThroughParams all_seeing;
    all_seeing.sees_every_write = true;
    ReadThroughCache<Memory, Shared, VirtualClock> near{close, shared, all_seeing};
    source.put(order(1, 1));
    time.await(near.async_get_set<OrdersOfCustomer>(who(1)));
    far.table().hint(order(1, 1).id);
    close.table().hint(order(1, 1).id);
    source.forget_calls();
    source.fail_always(Errc::unavailable);
    const auto answer = time.await(near.async_get_set<OrdersOfCustomer>(who(1)));
    BOOST_TEST(answer.stale);
    BOOST_TEST((answer.error == Errc::unavailable));
    BOOST_TEST(source.calls().size() == 1u);
}

BOOST_AUTO_TEST_CASE(sets_compose_with_tiers) {
    Tiers t;
    t.source.put(order(1, 1));
    BOOST_TEST(t.get(1).members.size() == 1u);
    BOOST_TEST(t.source.calls().size() == 1u);

    t.source.put(order(2, 1));
    t.replica.table().hint_set<OrdersOfCustomer>(who(1));
    BOOST_TEST(t.get(1, with(Freshness::any())).members.size() == 1u);
    const auto fresh = t.get(1);
    BOOST_TEST(fresh.members.size() == 2u);
    BOOST_TEST(fresh.tier == 2);
    BOOST_TEST(t.get(1, with(Freshness::bounded(1min))).tier == 0);
    BOOST_TEST(t.source.calls().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_set_and_its_members_say_which_tier_they_came_from) {
    VirtualTime time;
    TestSource source{time.get_executor()};
    Memory far{time.get_executor()};
    Memory close{time.get_executor()};
    Shared shared{far, source};
    ReadThroughParams all_seeing;
    all_seeing.sees_every_write = true;
    ReadThroughCache<Memory, Shared, VirtualClock> near{close, shared, all_seeing};
    // Of the set, then of its members.
    const auto tiers = [](const Answer& answer) {
        std::vector<int> of{answer.tier};
        for (const auto& member : answer.members)
            of.push_back(member.tier);
        return of;
    };
    const auto get = [&](auto& cache, int parent) {
        return tiers(time.await(cache.template async_get_set<OrdersOfCustomer>(who(parent))));
    };
    const auto hint = [](Memory& replica, int which) { replica.table().hint(order(which, 1).id); };
    for (int i = 0; i < 3; ++i)
        source.put(order(i, 1));
    source.put(order(3, 2));
    time.await(shared.async_get_set<OrdersOfCustomer>(who(2)));

    BOOST_TEST(get(near, 1) == (std::vector{2, 2, 2, 2}), "from the source, cold");
    BOOST_TEST(get(near, 1) == (std::vector{0, 0, 0, 0}), "from the near tier, warm");
    BOOST_TEST(get(near, 2) == (std::vector{1, 1}), "from the tier behind");
    hint(close, 0);
    BOOST_TEST(get(near, 1) == (std::vector{1, 1, 0, 0}), "one member from the tier behind");
    hint(close, 0);
    hint(close, 1);
    hint(far, 1);
    BOOST_TEST(get(near, 1) == (std::vector{2, 1, 2, 0}), "one from there, one from the source");
    close.table().hint_set<OrdersOfCustomer>(who(1));
    hint(far, 2);
    BOOST_TEST(get(near, 1) == (std::vector{2, 1, 1, 2}), "a set of the tier behind, one member of it from the source");

    Near beside_others{Memory{time.get_executor()}, shared};
    BOOST_TEST(get(beside_others, 1) == (std::vector{1, 1, 1, 1}));
    far.table().hint_set<OrdersOfCustomer>(who(1));
    BOOST_TEST(get(beside_others, 1) == (std::vector{2, 2, 2, 2}));
}

BOOST_AUTO_TEST_CASE(a_near_tier_too_small_for_a_set_never_shows_a_part_of_it) {
    memory::Params small;
    small.capacity = 4;
    Tiers t{small};
    for (int i = 0; i < 6; ++i)
        t.source.put(order(i, 1));
    for (int i = 6; i < 9; ++i)
        t.source.put(order(i, 2));
    for (int round = 0; round < 5; ++round) {
        BOOST_TEST(t.get(1, with(Freshness::any())).members.size() == 6u);
        BOOST_TEST(t.get(2, with(Freshness::any())).members.size() == 3u);
    }
    BOOST_TEST(t.source.calls().size() == 2u);
}

// Any mix of changes, hints and readers, with loads and populates that take their time. Everybody is told of every
// change at once, so a fresh answer must be what the set was at some moment while it was asked for.
namespace {

void change_and_read_at_random(unsigned seed) {
    World w;
    std::mt19937 random{seed};
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    std::map<int, std::vector<std::vector<std::string>>> history; // of each set, what it was, in order
    const auto record = [&] {
        for (int parent = 0; parent < 3; ++parent) {
            auto& states = history[parent];
            const auto now = w.truth(parent);
            if (states.empty() || states.back() != now)
                states.push_back(now);
        }
    };
    struct Open {
        int parent;
        std::size_t since; // in the set's history
        std::shared_ptr<Result> result;
    };
    std::vector<Open> open;
    record();
    for (int step = 0; step < 120; ++step) {
        switch (pick(7)) {
        case 0:
        case 1: {
            const int which = pick(8);
            const auto id = order(which, 0).id;
            const auto before = w.orders.contains(id) ? w.orders[id].customer_id : std::optional<std::string>{};
            if (pick(4) == 0 && w.orders.contains(id))
                w.archive(id);
            else
                w.put(order(which, pick(4) - 1, pick(3)));
            record();
            w.hint(id);
            for (int parent = 0; parent < 3; ++parent)
                if (before == who(parent) || (w.orders.contains(id) && w.orders[id].customer_id == who(parent)))
                    w.hint_set(parent);
            break;
        }
        case 2:
        case 3: {
            const int parent = pick(3);
            ReadOptions options;
            options.stale_if_error = false;
            open.push_back({parent, history[parent].size() - 1, w.start(parent, options)});
            break;
        }
        case 4: // loads that nobody of these waits for: their populates race; hints that mean nothing
            if (pick(3) == 0)
                w.hint(order(pick(8), 0).id);
            w.cache.async_get(order(pick(8), 0).id, {}, [](boost::system::error_code, const Reading<Order>&) {});
            break;
        case 5:
            if (pick(2) == 0)
                w.replica.hold_applies();
            else
                w.replica.release();
            break;
        default:
            w.time.advance(std::chrono::milliseconds{pick(400)});
            break;
        }
        // What was answered in this step was answered while the set was what it is now, or before.
        std::erase_if(open, [&](const Open& reader) {
            if (!reader.result->done)
                return false;
            if (!reader.result->error) {
                const auto& states = history[reader.parent];
                const auto answer = ids(reader.result->answer);
                BOOST_TEST((std::find(states.begin() + static_cast<std::ptrdiff_t>(reader.since), states.end(),
                                      answer) != states.end()),
                           "seed " << seed << ", step " << step << ": an answer that the set never was");
            }
            return true;
        });
    }
    w.replica.release();
    w.time.run();
    for (int parent = 0; parent < 3; ++parent)
        BOOST_TEST(w.members(parent) == w.truth(parent), "seed " << seed << ": a set that does not converge");
    const auto calls = w.calls();
    for (int parent = 0; parent < 3; ++parent)
        BOOST_TEST(w.members(parent) == w.truth(parent));
    BOOST_TEST(w.calls() == calls, "seed " << seed << ": a quiet set that is read again");
}

} // namespace

BOOST_DATA_TEST_CASE(random_changes_and_readers, boost::unit_test::data::xrange(300u)) {
    change_and_read_at_random(sample);
}
