#include "support/customer.hpp"

#include <understudy/budgeted.hpp>
#include <understudy/coalescing.hpp>
#include <understudy/guarded.hpp>
#include <understudy/memory/store.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/testing/scripted_source.hpp>
#include <understudy/testing/virtual_time.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace understudy::testing;
using namespace std::chrono_literals;
using tests::ByEmail;
using tests::ByNumber;
using tests::customer;
using tests::Customer;

namespace {

using Scripted = ScriptedSource<Customer>;
using Budget = BasicRateBudget<VirtualClock>;

struct World {
    explicit World(const RateBudgetParams& limits = {})
        : budget{time.get_executor(), limits} {
        source.read_after(500ms);
        for (int i = 1; i <= 450; ++i)
            source.put(customer(i));
    }
    VirtualTime time;
    Scripted source{time.get_executor()};
    Budget budget;
};

struct Fetched {
    boost::system::error_code error{};
    std::vector<Reading<Customer>> readings;
    VirtualClock::time_point at{};
    bool done = false;
};

template<class Store>
std::shared_ptr<Fetched> fetch(Store& store, std::vector<std::string> keys, const ReadOptions& options = {}) {
    auto result = std::make_shared<Fetched>();
    store.async_fetch(std::move(keys), options,
                      [result](boost::system::error_code error, std::vector<Reading<Customer>> readings) {
                          *result = {error, std::move(readings), VirtualClock::now(), true};
                      });
    return result;
}

std::string key(int i) {
    return "k" + std::to_string(i);
}

ReadOptions within(std::chrono::milliseconds timeout, Priority priority = Priority::interactive) {
    ReadOptions options;
    options.timeout = timeout;
    options.priority = priority;
    return options;
}

} // namespace

BOOST_AUTO_TEST_SUITE(coalescing)

BOOST_AUTO_TEST_CASE(D13_four_hundred_callers_are_four_calls) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    const auto begin = VirtualClock::now();
    std::vector<std::shared_ptr<Fetched>> results;
    for (int i = 1; i <= 400; ++i)
        results.push_back(fetch(store, {key(i)}));
    w.time.run();
    for (int i = 1; i <= 400; ++i) {
        const auto& result = *results[static_cast<std::size_t>(i - 1)];
        BOOST_TEST_REQUIRE((result.done && !result.error && result.readings.front().record == customer(i)));
        BOOST_TEST_REQUIRE((result.at - begin <= 510ms));
    }
    BOOST_TEST(w.source.calls().size() == 4U);
    BOOST_TEST(store.stats().batches == 4U);
}

BOOST_AUTO_TEST_CASE(a_batch_leaves_when_no_value_came_for_ten_milliseconds) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    const auto begin = VirtualClock::now();
    fetch(store, {key(1)});
    w.time.advance(6ms);
    fetch(store, {key(2)});
    w.time.advance(11ms);
    fetch(store, {key(3)});
    w.time.run();
    BOOST_TEST_REQUIRE(w.source.calls().size() == 2U);
    BOOST_TEST(w.source.calls()[0].values == 2U);
    BOOST_TEST((w.source.calls()[0].at - begin == 16ms));
    BOOST_TEST((w.source.calls()[1].at - begin == 27ms));
}

BOOST_AUTO_TEST_CASE(a_batch_leaves_thirty_milliseconds_after_its_first_value_at_the_latest) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    const auto begin = VirtualClock::now();
    for (int i = 1; i <= 12; ++i) {
        fetch(store, {key(i)});
        w.time.advance(5ms);
    }
    w.time.run();
    BOOST_TEST_REQUIRE(w.source.calls().size() == 2U);
    BOOST_TEST((w.source.calls()[0].at - begin == 30ms));
    BOOST_TEST(w.source.calls()[0].values + w.source.calls()[1].values == 12U);
}

BOOST_AUTO_TEST_CASE(one_value_that_many_ask_for_is_asked_once) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    const auto a = fetch(store, {key(1), key(2)});
    const auto b = fetch(store, {key(2), key(2)});
    w.time.run();
    BOOST_TEST(w.source.calls().front().values == 2U);
    BOOST_TEST((a->readings[1].record == customer(2)));
    BOOST_TEST((b->readings[0].record == customer(2) && b->readings[1].record == customer(2)));
}

BOOST_AUTO_TEST_CASE(a_caller_with_more_than_a_batch_gets_all_in_order) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    std::vector<std::string> keys;
    for (int i = 250; i >= 1; --i)
        keys.push_back(key(i));
    const auto result = fetch(store, keys);
    w.time.run();
    BOOST_TEST(w.source.calls().size() == 3U);
    for (std::size_t i = 0; i < keys.size(); ++i)
        BOOST_TEST_REQUIRE(result->readings[i].id == keys[i]);
}

BOOST_AUTO_TEST_CASE(I12_a_cancelled_caller_disturbs_nobody) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    boost::asio::cancellation_signal signal;
    boost::system::error_code cancelled;
    store.async_fetch({key(1)}, {},
                      boost::asio::bind_cancellation_slot(
                          signal.slot(), [&](boost::system::error_code error, auto) { cancelled = error; }));
    const auto other = fetch(store, {key(1), key(2)});
    w.time.advance(100ms);
    signal.emit(boost::asio::cancellation_type::total);
    w.time.run();
    BOOST_TEST((cancelled == boost::asio::error::operation_aborted));
    BOOST_TEST((other->readings.size() == 2U && other->readings[0].found()));
}

BOOST_AUTO_TEST_CASE(a_callers_deadline_is_its_own) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    const auto hasty = fetch(store, {key(1)}, within(100ms));
    const auto patient = fetch(store, {key(2)});
    w.time.run();
    BOOST_TEST((hasty->error == Errc::deadline_exceeded));
    BOOST_TEST(patient->readings.front().found());
}

BOOST_AUTO_TEST_CASE(what_fails_for_a_batch_fails_for_the_values_in_it) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    w.source.fail_next(Errc::unavailable);
    const auto failed = fetch(store, {key(1)});
    w.time.run();
    BOOST_TEST(!failed->error);
    BOOST_TEST((failed->readings.front().failed() && failed->readings.front().error == Errc::unavailable));
    w.source.fail_next(Errc::unavailable);
    BOOST_CHECK_THROW(w.time.await(store.async_search<ByNumber>({"N1"})), boost::system::system_error);
    BOOST_TEST(w.time.await(store.async_search<ByNumber>({"N1", "none"})).front().front().id == "k1");
}

BOOST_AUTO_TEST_CASE(while_many_batches_are_under_way_values_collect) {
    World w;
    CoalescingParams params;
    params.max_in_flight = 1;
    Coalescing<Scripted, VirtualClock> store{w.source, params};
    fetch(store, {key(1)});
    w.time.advance(20ms);
    for (int i = 2; i <= 40; ++i) {
        fetch(store, {key(i)});
        w.time.advance(11ms);
    }
    w.time.run();
    BOOST_TEST(w.source.calls().size() == 2U);
    BOOST_TEST(w.source.calls()[1].values == 39U);
}

BOOST_AUTO_TEST_CASE(what_nobody_waits_for_any_more_is_not_asked) {
    World w;
    CoalescingParams params;
    params.max_in_flight = 1;
    Coalescing<Scripted, VirtualClock> store{w.source, params};
    fetch(store, {key(1)});
    w.time.advance(20ms);
    const auto hasty = fetch(store, {key(2)}, within(50ms));
    w.time.run();
    BOOST_TEST((hasty->error == Errc::deadline_exceeded));
    BOOST_TEST(w.source.calls().size() == 1U);
    BOOST_TEST(fetch(store, {key(3)})->done == false);
    w.time.run();
    BOOST_TEST(w.source.calls().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_batch_is_as_urgent_as_its_most_urgent_rider) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    fetch(store, {key(1)}, within(30s, Priority::background));
    fetch(store, {key(2)}, within(30s, Priority::write));
    w.time.run();
    BOOST_TEST((w.source.calls().front().priority == Priority::write));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(guarded)

BOOST_AUTO_TEST_CASE(an_open_circuit_fails_at_once_and_closes_with_the_first_success) {
    World w;
    Guarded<Scripted, VirtualClock> store{w.source};
    w.source.fail_always(Errc::unavailable);
    for (int i = 0; i < 5; ++i) {
        fetch(store, {key(1)});
        w.time.run();
    }
    BOOST_TEST(store.is_open());
    const auto asked = w.source.calls().size();
    const auto refused = fetch(store, {key(1)});
    w.time.settle();
    BOOST_TEST((refused->done && refused->error == Errc::circuit_open));
    BOOST_TEST(w.source.calls().size() == asked);
    w.time.advance(1s);
    w.source.fail_always({});
    const auto probe = fetch(store, {key(1)});
    const auto beside = fetch(store, {key(2)});
    w.time.run();
    BOOST_TEST(probe->readings.front().found());
    BOOST_TEST((beside->error == Errc::circuit_open));
    BOOST_TEST(!store.is_open());
}

BOOST_AUTO_TEST_CASE(refusals_and_rate_limits_do_not_open_it) {
    World w;
    Guarded<Scripted, VirtualClock> store{w.source};
    w.source.fail_next(Errc::rate_limited, 10);
    w.source.fail_next(Errc::refused, 10);
    for (int i = 0; i < 20; ++i) {
        fetch(store, {key(1)});
        w.time.run();
    }
    BOOST_TEST(!store.is_open());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(budgeted)

BOOST_AUTO_TEST_CASE(I13_a_burst_waits_for_the_window) {
    World w;
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    std::vector<std::shared_ptr<Fetched>> results;
    for (int i = 1; i <= 250; ++i)
        results.push_back(fetch(store, {key(i)}));
    w.time.run();
    for (const auto& result : results)
        BOOST_TEST_REQUIRE((result->done && !result->error));
    const auto& calls = w.source.calls();
    BOOST_TEST_REQUIRE(calls.size() == 250U);
    for (std::size_t i = 100; i < calls.size(); ++i)
        BOOST_TEST_REQUIRE((calls[i].at - calls[i - 100].at >= 10s));
}

BOOST_AUTO_TEST_CASE(I13_those_who_wait_are_served_by_urgency) {
    World w;
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    for (int i = 1; i <= 100; ++i)
        fetch(store, {key(i)});
    w.time.settle();
    fetch(store, {key(101)}, within(60s, Priority::background));
    fetch(store, {key(102)}, within(60s, Priority::write));
    fetch(store, {key(103)}, within(60s, Priority::interactive));
    w.time.run();
    const auto& calls = w.source.calls();
    BOOST_TEST_REQUIRE(calls.size() == 103U);
    BOOST_TEST((calls[100].priority == Priority::interactive));
    BOOST_TEST((calls[101].priority == Priority::write));
    BOOST_TEST((calls[102].priority == Priority::background));
}

BOOST_AUTO_TEST_CASE(I13_a_caller_whose_time_will_not_do_is_told_at_once) {
    World w;
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    for (int i = 1; i <= 100; ++i)
        fetch(store, {key(i)});
    w.time.settle();
    const auto hasty = fetch(store, {key(101)}, within(2s));
    w.time.settle();
    BOOST_TEST((hasty->done && hasty->error == Errc::rate_limited));
    w.time.run();
    BOOST_TEST(w.source.calls().size() == 100U);
}

BOOST_AUTO_TEST_CASE(I13_a_cancelled_waiter_takes_no_permit) {
    World w{RateBudgetParams{.limit = 1}};
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    fetch(store, {key(1)});
    w.time.settle();
    boost::asio::cancellation_signal signal;
    boost::system::error_code cancelled;
    store.async_fetch({key(2)}, {},
                      boost::asio::bind_cancellation_slot(
                          signal.slot(), [&](boost::system::error_code error, auto) { cancelled = error; }));
    const auto next = fetch(store, {key(3)});
    w.time.settle();
    signal.emit(boost::asio::cancellation_type::terminal);
    w.time.advance(11s);
    BOOST_TEST((cancelled == boost::asio::error::operation_aborted));
    BOOST_TEST(next->done);
    BOOST_TEST(w.source.calls().size() == 2U);
}

BOOST_AUTO_TEST_CASE(I13_every_retry_takes_its_own_permit) {
    World w;
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    w.source.fail_next(Errc::unavailable, 2);
    const auto result = fetch(store, {key(1)});
    w.time.run();
    BOOST_TEST(result->readings.front().found());
    BOOST_TEST(w.source.calls().size() == 3U);
    BOOST_TEST(w.budget.stats().granted == 3U);
}

BOOST_AUTO_TEST_CASE(what_stays_broken_is_given_up_after_three_tries) {
    World w;
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    w.source.fail_always(Errc::timed_out);
    const auto result = fetch(store, {key(1)});
    w.time.run();
    BOOST_TEST((result->error == Errc::timed_out));
    BOOST_TEST(w.source.calls().size() == 3U);
}

BOOST_AUTO_TEST_CASE(what_is_refused_is_not_repeated) {
    World w;
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    w.source.fail_always(Errc::forbidden);
    const auto result = fetch(store, {key(1)});
    w.time.run();
    BOOST_TEST((result->error == Errc::forbidden));
    BOOST_TEST(w.source.calls().size() == 1U);
}

BOOST_AUTO_TEST_CASE(I13_after_a_429_nothing_goes_out_until_the_server_allows) {
    World w;
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    const auto begin = VirtualClock::now();
    RateReport refused;
    refused.retry_after = 4s;
    refused.refused = true;
    w.budget.observe(refused);
    const auto result = fetch(store, {key(1)});
    w.time.run();
    BOOST_TEST(result->readings.front().found());
    BOOST_TEST((w.source.calls().front().at - begin == 4s));
    BOOST_TEST(w.budget.stats().refused_by_server == 1U);
}

BOOST_AUTO_TEST_CASE(I13_searches_have_an_allowance_of_their_own) {
    World w;
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    int found = 0;
    for (int i = 0; i < 12; ++i)
        store.async_search<ByNumber>({"N1"}, {}, [&](boost::system::error_code error, auto) { found += !error; });
    w.time.run();
    BOOST_TEST(found == 12);
    const auto& calls = w.source.calls();
    for (std::size_t i = 5; i < calls.size(); ++i)
        BOOST_TEST_REQUIRE((calls[i].at - calls[i - 5].at >= 1s));
    BOOST_TEST((w.budget.wait_estimate(RateBucket::window) == 0ms));
}

BOOST_AUTO_TEST_CASE(I13_a_used_up_day_stops_everything) {
    World w;
    RateReport refused;
    refused.bucket = RateBucket::daily;
    refused.retry_after = 1h;
    refused.refused = true;
    w.budget.observe(refused);
    BOOST_TEST((w.budget.wait_estimate(RateBucket::window) == 1h));
    BOOST_TEST((w.budget.wait_estimate(RateBucket::search) == 1h));
}

BOOST_AUTO_TEST_CASE(I13_more_than_a_batch_is_sent_batch_by_batch_with_a_permit_for_each) {
    World w{RateBudgetParams{.limit = 2}};
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    std::vector<std::string> keys;
    for (int i = 1; i <= 250; ++i)
        keys.push_back(key(i));
    const auto result = fetch(store, keys);
    w.time.run();
    BOOST_TEST_REQUIRE(result->readings.size() == 250U);
    for (std::size_t i = 0; i < keys.size(); ++i)
        BOOST_TEST_REQUIRE(result->readings[i].id == keys[i]);
    BOOST_TEST(w.budget.stats().granted == 3U);
    BOOST_TEST((w.source.calls()[2].at - w.source.calls()[0].at >= 10s));
}

BOOST_AUTO_TEST_CASE(what_was_answered_before_a_batch_failed_counts) {
    World w;
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    std::vector<std::string> keys;
    for (int i = 1; i <= 150; ++i)
        keys.push_back(key(i));
    w.source.read_after(0ms);
    const auto result = fetch(store, keys);
    w.time.settle();
    w.source.read_after(500ms);
    const auto other = fetch(store, keys);
    w.time.advance(100ms);
    w.source.fail_always(Errc::forbidden);
    w.time.run();
    BOOST_TEST((!result->error && result->readings[149].found()));
    BOOST_TEST((other->error == Errc::forbidden));
}

BOOST_AUTO_TEST_CASE(I13_those_behind_a_waiter_who_leaves_are_served_in_their_own_time) {
    World w{RateBudgetParams{.limit = 1, .window = 10s}};
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    fetch(store, {key(1)});
    w.time.settle();
    boost::asio::cancellation_signal signal;
    store.async_fetch({key(2)}, {}, boost::asio::bind_cancellation_slot(signal.slot(), [](auto, auto) {}));
    const auto behind = fetch(store, {key(3)}, within(60s, Priority::background));
    w.time.advance(1s);
    signal.emit(boost::asio::cancellation_type::total);
    w.time.advance(9'200ms);
    BOOST_TEST(w.source.calls().size() == 2U);
    w.time.run();
    BOOST_TEST(behind->done);
}

BOOST_AUTO_TEST_CASE(a_budget_without_waiters_keeps_nothing_busy) {
    World w;
    RateReport refused;
    refused.bucket = RateBucket::daily;
    refused.retry_after = 10h;
    refused.refused = true;
    w.budget.observe(refused);
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    const auto begin = VirtualClock::now();
    const auto result = fetch(store, {key(1)}, within(20s));
    w.time.run();
    BOOST_TEST((result->error == Errc::rate_limited));
    BOOST_TEST((VirtualClock::now() - begin < 1min));
}

BOOST_AUTO_TEST_CASE(any_time_out_will_do) {
    World w;
    Coalescing<Budgeted<Scripted, VirtualClock>, VirtualClock> store{
        Budgeted<Scripted, VirtualClock>{w.source, w.budget, BudgetedParams{.max_tries = 0}}};
    const auto endless = fetch(store, {key(1)}, within(std::chrono::milliseconds::max()));
    const auto negative = fetch(store, {key(2)}, within(-5ms));
    w.time.run();
    BOOST_TEST(endless->readings.front().found());
    BOOST_TEST((negative->error == Errc::deadline_exceeded));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(composition)

BOOST_AUTO_TEST_CASE(D13_four_hundred_cold_readers_are_four_calls_and_one_round_trip) {
    World w;
    memory::Store<Customer, VirtualClock> replica{w.time.get_executor()};
    using Below = Guarded<Budgeted<Scripted, VirtualClock>, VirtualClock>;
    Coalescing<Below, VirtualClock> source{Below{Budgeted<Scripted, VirtualClock>{w.source, w.budget}}};
    ReadThroughCache<decltype(replica), decltype(source), VirtualClock> cache{replica, source};
    const auto begin = VirtualClock::now();
    int right = 0;
    VirtualClock::duration slowest{0};
    for (int i = 1; i <= 400; ++i)
        cache.async_get<ByEmail>(*customer(i).email, {}, [&, i](boost::system::error_code error, const auto& reading) {
            right += !error && reading.record == customer(i);
            slowest = std::max(slowest, VirtualClock::now() - begin);
        });
    w.time.run();
    BOOST_TEST(right == 400);
    BOOST_TEST(w.source.calls().size() == 4U);
    BOOST_TEST((slowest <= 510ms));
}

BOOST_AUTO_TEST_SUITE_END()
