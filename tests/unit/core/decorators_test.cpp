#include "support/customer.hpp"
#include "support/purchase.hpp"

#include <understudy/budgeted.hpp>
#include <understudy/coalescing.hpp>
#include <understudy/guarded.hpp>
#include <understudy/memory/store.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/testing/scripted_source.hpp>
#include <understudy/testing/virtual_time.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
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

Change<Customer> change(int which, int credits, const std::string& operation = "op") {
    Change<Customer> change{key(which), {}, operation};
    change.patch.set<&Customer::credits>(credits);
    return change;
}

struct Written {
    boost::system::error_code error{};
    std::vector<WriteOutcome<Customer>> rows;
    VirtualClock::time_point at{};
    bool done = false;

    // Whether all of it ended like that, and the call itself well.
    bool all(WriteState state, boost::system::error_code why = {}) const {
        return done && !error && !rows.empty() && std::all_of(rows.begin(), rows.end(), [&](const auto& row) {
                   return row.state == state && row.error == why;
               });
    }
    bool applied() const { return all(WriteState::applied); }
};

auto into(const std::shared_ptr<Written>& result, boost::asio::cancellation_slot slot = {}) {
    return boost::asio::bind_cancellation_slot(
        slot, [result](boost::system::error_code error, std::vector<WriteOutcome<Customer>> rows) {
            *result = {error, std::move(rows), VirtualClock::now(), true};
        });
}

template<class Store>
std::shared_ptr<Written> update(Store& store, std::vector<Change<Customer>> changes, const WriteOptions& options = {},
                                boost::asio::cancellation_slot slot = {}) {
    auto result = std::make_shared<Written>();
    store.async_update(std::move(changes), options, into(result, slot));
    return result;
}

template<class Store>
std::shared_ptr<Written> archive(Store& store, int which) {
    auto result = std::make_shared<Written>();
    store.async_archive({key(which)}, {}, into(result));
    return result;
}

// Answers every update with one error, or with too few rows.
struct Broken : Scripted {
    using Scripted::Scripted;
    boost::system::error_code error{};

    template<class Token = boost::asio::deferred_t>
    auto async_update(std::vector<Change<Customer>>, const WriteOptions& = {}, Token&& token = {}) {
        return boost::asio::async_initiate<Token, WriteSignature<Customer>>(
            [executor = get_executor(), why = error](auto handler) {
                boost::asio::post(executor,
                                  boost::asio::append(std::move(handler), why, std::vector<WriteOutcome<Customer>>{}));
            },
            token);
    }
};

WriteOptions in_time(std::chrono::milliseconds timeout, Priority priority = Priority::write) {
    WriteOptions options;
    options.timeout = timeout;
    options.priority = priority;
    return options;
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

BOOST_AUTO_TEST_SUITE(coalesced_writes)

BOOST_AUTO_TEST_CASE(a_hundred_writers_are_one_call) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    const auto begin = VirtualClock::now();
    std::vector<std::shared_ptr<Written>> updated, created, archived;
    for (int i = 1; i <= 100; ++i) {
        updated.push_back(update(store, {change(i, 1000 + i)}));
        created.push_back(std::make_shared<Written>());
        store.async_create({{customer(1000 + i), "made"}}, {}, into(created.back()));
        archived.push_back(archive(store, 200 + i));
    }
    w.time.run();
    const auto& calls = w.source.calls();
    BOOST_TEST_REQUIRE(calls.size() == 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        BOOST_TEST(calls[i].index == std::vector<std::string>({"update", "create", "archive"})[i]);
        BOOST_TEST(calls[i].values == 100U);
        BOOST_TEST((calls[i].priority == Priority::write));
    }
    for (int i = 1; i <= 100; ++i) {
        const auto at = static_cast<std::size_t>(i - 1);
        BOOST_TEST_REQUIRE((updated[at]->applied() && created[at]->applied() && archived[at]->applied()));
        BOOST_TEST_REQUIRE((updated[at]->at - begin <= 510ms));
        BOOST_TEST_REQUIRE(updated[at]->rows.front().id == key(i));
        BOOST_TEST_REQUIRE(w.source.truth(key(i)).record.credits.value() == 1000 + i);
        BOOST_TEST_REQUIRE(w.source.truth(created[at]->rows.front().id).record.number.value() ==
                           *customer(1000 + i).number);
    }
}

BOOST_AUTO_TEST_CASE(writes_leave_when_none_came_for_ten_milliseconds_or_after_thirty) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    const auto begin = VirtualClock::now();
    for (int i = 1; i <= 12; ++i) {
        update(store, {change(i, 1)}, in_time(30s, i == 3 ? Priority::interactive : Priority::background));
        w.time.advance(5ms);
    }
    w.time.run();
    BOOST_TEST_REQUIRE(w.source.calls().size() == 2U);
    BOOST_TEST((w.source.calls()[0].at - begin == 30ms));
    BOOST_TEST((w.source.calls()[1].at - begin == 60ms));
    BOOST_TEST((w.source.calls()[0].priority == Priority::interactive));
    BOOST_TEST((w.source.calls()[1].priority == Priority::background));
}

BOOST_AUTO_TEST_CASE(I17_writes_of_one_key_leave_one_after_the_other) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    const auto first = update(store, {change(1, 1, "a")});
    const auto second = update(store, {change(1, 2, "b")});
    const auto other = update(store, {change(2, 1), change(3, 1)});
    const auto third = update(store, {change(1, 3, "c"), change(4, 1)});
    w.time.run();
    BOOST_TEST((first->applied() && second->applied() && third->applied() && other->applied()));
    const auto& calls = w.source.calls();
    BOOST_TEST_REQUIRE(calls.size() == 3U);
    BOOST_TEST(calls[0].values == 4U);
    BOOST_TEST((calls[1].at - first->at == 10ms && calls[2].at - second->at == 10ms));
    BOOST_TEST((w.source.operations("k1") == std::vector<std::string>{"a", "b", "c"}));
    BOOST_TEST(w.source.truth("k1").record.credits.value() == 3);
}

BOOST_AUTO_TEST_CASE(I17_archiving_does_not_overtake_an_update_nor_the_other_way_round) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    const auto before = update(store, {change(1, 1)});
    const auto gone = archive(store, 1);
    const auto after = update(store, {change(1, 2)});
    w.time.run();
    BOOST_TEST((before->applied() && gone->applied()));
    BOOST_TEST(after->all(WriteState::refused, Errc::refused));
    BOOST_TEST(w.source.calls().size() == 3U);
}

BOOST_AUTO_TEST_CASE(equal_writes_are_two_writes) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    const auto same = change(1, 7, "same");
    const auto one = update(store, {same});
    const auto two = update(store, {same, same});
    w.time.run();
    BOOST_TEST((one->applied() && two->applied() && two->rows.size() == 2U));
    BOOST_TEST(w.source.operations("k1").size() == 3U);
    const auto made = std::make_shared<Written>();
    store.async_create({{customer(7), "make"}, {customer(7), "make"}}, {}, into(made));
    w.time.run();
    BOOST_TEST((made->applied() && made->rows[0].id != made->rows[1].id));
}

BOOST_AUTO_TEST_CASE(I17_the_source_sees_each_keys_writes_in_their_order) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        World w;
        CoalescingParams params;
        params.max_batch = 1 + seed % 5;
        params.max_in_flight = 1 + seed % 3;
        Coalescing<Scripted, VirtualClock> store{w.source, params};
        std::mt19937 random{seed};
        w.source.read_after(1ms);
        std::map<std::string, std::vector<std::string>> expected;
        std::vector<std::shared_ptr<Written>> results;
        for (int i = 0; i < 200; ++i) {
            std::vector<Change<Customer>> changes;
            for (auto n = random() % 4; n > 0; --n) {
                changes.push_back(change(static_cast<int>(1 + random() % 9), i, std::to_string(i)));
                expected[changes.back().key].push_back(changes.back().operation);
            }
            results.push_back(update(store, changes, in_time(1h)));
            BOOST_TEST(results.back()->done == false);
            w.time.advance(std::chrono::milliseconds{random() % 7});
            w.source.answer_after(std::chrono::milliseconds{random() % 40});
        }
        w.time.run();
        for (const auto& [which, operations] : expected)
            BOOST_TEST_REQUIRE((w.source.operations(which) == operations));
        for (const auto& result : results)
            BOOST_TEST_REQUIRE((result->done && (result->rows.empty() || result->applied())));
    }
}

BOOST_AUTO_TEST_CASE(I12_a_writer_that_is_cancelled_in_time_takes_its_writes_out) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    boost::asio::cancellation_signal signal;
    const auto cancelled = update(store, {change(1, 1), change(2, 1)}, {}, signal.slot());
    const auto behind = update(store, {change(2, 2), change(3, 2)});
    w.time.advance(5ms);
    signal.emit(boost::asio::cancellation_type::total);
    w.time.settle();
    BOOST_TEST(cancelled->all(WriteState::unsent, boost::asio::error::operation_aborted));
    w.time.run();
    BOOST_TEST(behind->applied());
    BOOST_TEST((w.source.operations("k1").empty() && w.source.operations("k2").size() == 1U));
}

BOOST_AUTO_TEST_CASE(I12_a_writer_that_is_cancelled_late_disturbs_nobody) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    boost::asio::cancellation_signal signal;
    const auto cancelled = update(store, {change(1, 1)}, {}, signal.slot());
    const auto other = update(store, {change(2, 1)});
    const auto behind = update(store, {change(1, 2)});
    w.time.advance(100ms);
    signal.emit(boost::asio::cancellation_type::terminal);
    w.time.settle();
    BOOST_TEST((cancelled->done && cancelled->error == boost::asio::error::operation_aborted));
    w.time.run();
    BOOST_TEST((other->applied() && behind->applied()));
    BOOST_TEST(w.source.operations("k1").size() == 2U);
    BOOST_TEST((w.source.calls()[1].at - other->at == 10ms));
}

BOOST_AUTO_TEST_CASE(a_writer_whose_time_is_up_is_told_what_has_left) {
    World w;
    CoalescingParams params;
    params.max_in_flight = 1;
    Coalescing<Scripted, VirtualClock> store{w.source, params};
    std::vector<Change<Customer>> many;
    for (int i = 1; i <= 150; ++i)
        many.push_back(change(i, 7));
    const auto hasty = update(store, many, in_time(200ms));
    const auto behind = update(store, {change(150, 8), change(1, 8)});
    w.time.advance(200ms);
    BOOST_TEST_REQUIRE((hasty->done && !hasty->error && hasty->rows.size() == 150U));
    for (std::size_t i = 0; i < 150; ++i) {
        BOOST_TEST_REQUIRE((hasty->rows[i].state == (i < 100 ? WriteState::unknown : WriteState::unsent)));
        BOOST_TEST_REQUIRE((hasty->rows[i].error == Errc::deadline_exceeded));
    }
    w.time.run();
    BOOST_TEST(behind->applied());
    BOOST_TEST(w.source.truth("k2").record.credits.value() == 7);
    BOOST_TEST((w.source.truth("k149").record.credits == customer(149).credits));
    BOOST_TEST(w.source.truth("k150").record.credits.value() == 8);
    BOOST_TEST(w.source.truth("k1").record.credits.value() == 8);
}

BOOST_AUTO_TEST_CASE(who_waits_for_its_turn_may_leave_the_line) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    update(store, {change(1, 1)});
    const auto hasty = update(store, {change(1, 2)}, in_time(100ms));
    const auto behind = update(store, {change(1, 3)});
    w.time.run();
    BOOST_TEST(hasty->all(WriteState::unsent, Errc::deadline_exceeded));
    BOOST_TEST(behind->applied());
    BOOST_TEST(w.source.calls().size() == 2U);
    BOOST_TEST(update(store, {change(1, 4)})->done == false);
    w.time.run();
    BOOST_TEST(w.source.calls().size() == 3U);
}

BOOST_AUTO_TEST_CASE(writes_go_on_without_the_handle_and_end_with_the_context) {
    std::vector<std::shared_ptr<Written>> results;
    {
        World w;
        {
            Coalescing<Scripted, VirtualClock> store{w.source};
            for (int i = 0; i < 3; ++i)
                results.push_back(update(store, {change(1, i)}));
        }
        w.time.advance(600ms);
        BOOST_TEST(results[0]->applied());
    }
    BOOST_TEST((!results[1]->done && !results[2]->done));
}

BOOST_AUTO_TEST_CASE(a_lost_answer_is_unknown_to_every_rider) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    w.source.lose_answers();
    const auto a = update(store, {change(1, 1)});
    const auto b = update(store, {change(2, 1)});
    w.time.run();
    BOOST_TEST((a->all(WriteState::unknown, Errc::timed_out) && b->all(WriteState::unknown, Errc::timed_out)));
    BOOST_TEST(w.source.calls().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_batch_that_fails_as_a_whole_fails_each_row) {
    World w;
    Broken source{w.time.get_executor()};
    const auto outcome = [&](boost::system::error_code error) {
        source.error = error;
        Coalescing<Broken, VirtualClock> store{source};
        const auto result = update(store, {change(1, 1)});
        w.time.run();
        BOOST_TEST_REQUIRE((result->done && !result->error && result->rows.size() == 1U));
        return result->rows.front();
    };
    BOOST_TEST((outcome(Errc::unavailable).state == WriteState::unsent));
    BOOST_TEST((outcome(Errc::timed_out).state == WriteState::unknown));
    BOOST_TEST((outcome(boost::asio::error::operation_aborted).state == WriteState::unknown));
    BOOST_TEST((outcome({}).state == WriteState::unknown && outcome({}).error == Errc::malformed_answer));
    Budgeted<Broken, VirtualClock> budgeted{source, w.budget};
    const auto result = update(budgeted, {change(1, 1)});
    w.time.run();
    BOOST_TEST(result->all(WriteState::unknown, Errc::malformed_answer));
    source.error = Errc::timed_out;
    Budgeted<Broken, VirtualClock> once{source, w.budget};
    const auto late = update(once, {change(1, 1)});
    w.time.run();
    BOOST_TEST(late->all(WriteState::unknown, Errc::timed_out));
    BOOST_TEST(w.budget.stats().granted == 2U);
}

BOOST_AUTO_TEST_CASE(the_names_of_writes_are_looked_for_together) {
    World w;
    Coalescing<Scripted, VirtualClock> store{w.source};
    update(store, {change(1, 1, "one")});
    w.time.run();
    w.source.forget_calls();
    std::vector<Landed> found;
    const auto find = [&](std::string name, std::chrono::milliseconds timeout) {
        store.async_find_operations({{"k1", std::move(name)}}, in_time(timeout),
                                    [&](boost::system::error_code error, std::vector<Landed> landed) {
                                        BOOST_TEST((!error && landed.size() == 1U));
                                        found.push_back(landed.front());
                                    });
    };
    find("none", 100ms);
    find("one", 30s);
    find("two", 30s);
    w.time.run();
    BOOST_TEST((found == std::vector{Landed::unknown, Landed::yes, Landed::no}));
    BOOST_TEST(w.source.calls().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(budgeted_writes)

BOOST_AUTO_TEST_CASE(I13_every_batch_of_writes_takes_a_permit) {
    World w{RateBudgetParams{.limit = 2}};
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    std::vector<Change<Customer>> many;
    for (int i = 1; i <= 250; ++i)
        many.push_back(change(i, i));
    const auto patient = update(store, many);
    w.time.run();
    BOOST_TEST_REQUIRE((patient->applied() && patient->rows.size() == 250U));
    for (std::size_t i = 0; i < many.size(); ++i)
        BOOST_TEST_REQUIRE(patient->rows[i].id == many[i].key);
    BOOST_TEST(w.budget.stats().granted == 3U);
    BOOST_TEST((w.source.calls()[2].at - w.source.calls()[0].at >= 10s));

    // What was written before the permits ran out counts.
    w.time.advance(10s);
    w.source.forget_calls();
    const auto hasty = update(store, many, in_time(3s));
    w.time.run();
    BOOST_TEST_REQUIRE((hasty->done && !hasty->error && hasty->rows.size() == 250U));
    for (std::size_t i = 0; i < 250; ++i) {
        BOOST_TEST_REQUIRE((hasty->rows[i].state == (i < 200 ? WriteState::applied : WriteState::unsent)));
        BOOST_TEST_REQUIRE((i < 200 || hasty->rows[i].error == Errc::rate_limited));
    }
}

BOOST_AUTO_TEST_CASE(I13_without_a_permit_in_time_nothing_is_sent) {
    World w{RateBudgetParams{.limit = 1}};
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    fetch(store, {key(1)});
    const auto hasty = update(store, {change(1, 1), change(2, 1)}, in_time(2s));
    boost::asio::cancellation_signal signal;
    const auto cancelled = update(store, {change(3, 1)}, {}, signal.slot());
    const auto behind = update(store, {change(4, 1)}, in_time(60s, Priority::background));
    w.time.settle();
    BOOST_TEST(hasty->all(WriteState::unsent, Errc::rate_limited));
    signal.emit(boost::asio::cancellation_type::total);
    w.time.run();
    BOOST_TEST((cancelled->error == boost::asio::error::operation_aborted));
    BOOST_TEST(behind->applied());
    BOOST_TEST_REQUIRE(w.source.calls().size() == 2U);
    BOOST_TEST((w.source.calls()[1].priority == Priority::background));
}

BOOST_AUTO_TEST_CASE(writes_are_not_repeated) {
    World w;
    Budgeted<Scripted, VirtualClock> store{w.source, w.budget};
    for (const auto error : {Errc::unavailable, Errc::rate_limited, Errc::timed_out}) {
        w.source.forget_calls();
        w.source.fail_next_write(error);
        const auto result = update(store, {change(1, 1)});
        w.time.run();
        BOOST_TEST(result->all(error == Errc::timed_out ? WriteState::unknown : WriteState::unsent, error));
        BOOST_TEST(w.source.calls().size() == 1U);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(guarded_writes)

BOOST_AUTO_TEST_CASE(an_open_circuit_sends_no_write_and_closes_with_the_first_that_is_decided) {
    for (const bool lost : {true, false}) {
        World w;
        Guarded<Scripted, VirtualClock> store{w.source};
        const auto fail = [&] {
            if (lost)
                w.source.lose_answers();
            else
                w.source.fail_next_write(Errc::unavailable);
            update(store, {change(1, 1), change(2, 1)});
            w.time.run();
        };
        for (int i = 0; i < 4; ++i)
            fail();
        BOOST_TEST(!store.is_open());
        fail();
        BOOST_TEST(store.is_open());
        const auto asked = w.source.calls().size();
        const auto refused = update(store, {change(1, 2), change(2, 2)});
        std::vector<Landed> landed;
        store.async_find_operations({{"k1", "op"}}, {}, [&](auto, std::vector<Landed> found) { landed = found; });
        w.time.settle();
        BOOST_TEST((refused->all(WriteState::unsent, Errc::circuit_open) && refused->rows.size() == 2U));
        BOOST_TEST((landed == std::vector{Landed::unknown}));
        BOOST_TEST(w.source.calls().size() == asked);

        // A limit says nothing; a refusal is an answer.
        w.time.advance(1s);
        w.source.fail_next_write(Errc::rate_limited);
        update(store, {change(1, 2)});
        w.time.run();
        BOOST_TEST(store.is_open());
        w.time.advance(1s);
        w.source.refuse_key("k3");
        const auto probe = update(store, {change(3, 2)});
        w.time.run();
        BOOST_TEST(probe->all(WriteState::refused, Errc::refused));
        BOOST_TEST(!store.is_open());
    }
}

BOOST_AUTO_TEST_CASE(refused_and_limited_writes_do_not_open_it) {
    World w;
    Guarded<Scripted, VirtualClock> store{w.source};
    w.source.fail_next_write(Errc::rate_limited, 10);
    for (int i = 0; i < 20; ++i) {
        update(store, {change(1, 1), change(1000, 1)});
        w.time.run();
    }
    BOOST_TEST((!store.is_open() && !store.is_failing()));
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

BOOST_AUTO_TEST_CASE(I17_records_are_linked_anew_together_and_in_turn_with_their_other_writes) {
    using tests::Purchase;
    using Purchases = ScriptedSource<Purchase>;
    using Below = Guarded<Budgeted<Purchases, VirtualClock>, VirtualClock>;
    World w;
    Purchases purchases{w.time.get_executor()};
    Coalescing<Below, VirtualClock> source{Below{Budgeted<Purchases, VirtualClock>{purchases, w.budget}}};
    for (int i = 1; i <= 100; ++i)
        purchases.put({key(i), "c1", "request " + key(i)});
    purchases.refuse_key(key(50));
    purchases.read_after(500ms);
    std::vector<WriteState> states;
    const auto into_states = [&states](boost::system::error_code, const auto& rows) {
        for (const auto& row : rows)
            states.push_back(row.state);
    };
    for (int i = 1; i <= 100; ++i)
        source.async_associate({{key(i), tests::owner("c2")}}, {}, into_states);
    Change<Purchase> change{key(1), {}, "op"};
    change.patch.set<&Purchase::request>("again");
    source.async_update({change}, {}, into_states);
    w.time.run();
    const auto& calls = purchases.calls();
    BOOST_TEST_REQUIRE(calls.size() == 2U);
    BOOST_TEST((calls[0].index == "associate" && calls[0].values == 100U));
    BOOST_TEST((calls[1].index == "update" && calls[1].at >= calls[0].at + 500ms));
    BOOST_TEST(w.budget.stats().granted == 2U);
    BOOST_TEST_REQUIRE(states.size() == 101U);
    BOOST_TEST((states[49] == WriteState::refused));
    BOOST_TEST(std::count(states.begin(), states.end(), WriteState::applied) == 100);
    BOOST_TEST((purchases.truth(key(1)).record == Purchase{key(1), "c2", "again"}));
    BOOST_TEST((purchases.truth(key(50)).record.customer_id == "c1"));
}

BOOST_AUTO_TEST_CASE(a_hundred_writers_are_one_call_and_one_permit) {
    World w;
    using Below = Guarded<Budgeted<Scripted, VirtualClock>, VirtualClock>;
    Coalescing<Below, VirtualClock> source{Below{Budgeted<Scripted, VirtualClock>{w.source, w.budget}}};
    static_assert(WritableSource<decltype(source)>);
    std::vector<std::shared_ptr<Written>> results;
    for (int i = 1; i <= 100; ++i)
        results.push_back(update(source, {change(i, i)}));
    w.time.run();
    BOOST_TEST(std::all_of(results.begin(), results.end(), [](const auto& result) { return result->applied(); }));
    BOOST_TEST(w.source.calls().size() == 1U);
    BOOST_TEST(w.budget.stats().granted == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
