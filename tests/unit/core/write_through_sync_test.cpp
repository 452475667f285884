#include "support/customer.hpp"
#include "support/mortal.hpp"
#include "support/order.hpp"

#include <understudy/memory/journal.hpp>
#include <understudy/memory/store.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/testing/scripted_source.hpp>
#include <understudy/testing/virtual_time.hpp>
#include <understudy/write_through_sync.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace understudy::testing;
using namespace std::chrono_literals;
using tests::customer;
using tests::Customer;

namespace {

using Scripted = ScriptedSource<Customer>;
using Replica = memory::Store<Customer, VirtualClock>;
using VirtualJournal = memory::Journal<VirtualClock>;
using MortalJournal = tests::Mortal<VirtualJournal>;
using MortalOperations = Operations<MortalJournal, VirtualClock>;
using Writes = WriteThroughSync<tests::Mortal<Scripted>, tests::Mortal<Replica>, MortalJournal, VirtualClock>;

struct Written {
    error_code error{};
    WriteReport<Customer> report{};
    VirtualClock::time_point at{};
    bool done = false;
};

struct World {
    World() {
        source.read_after(500ms);
        for (int i = 1; i <= 200; ++i)
            source.put(customer(i));
    }

    std::shared_ptr<Written> update(const std::string& key, const Patch<Customer>& patch, WriteOptions options = {}) {
        auto written = std::make_shared<Written>();
        writes.async_update(key, patch, options, [written](error_code error, const WriteReport<Customer>& report) {
            *written = {error, report, VirtualClock::now(), true};
        });
        return written;
    }
    Row<Customer> row(const std::string& key) { return *replica.try_lookup(key); }
    void warm(const std::string& key) { time.await(cache.async_get(key)); }
    std::size_t unfinished() { return time.await(journal.async_count()); }

    VirtualTime time;
    Scripted source{time.get_executor()};
    Replica replica{time.get_executor()};
    ReadThroughCache<Replica, Scripted, VirtualClock> cache{replica, source};
    VirtualJournal journal{time.get_executor()};
    OperationParams params{};
    tests::Life life{};
    MortalOperations operations{MortalJournal{journal, life}, params};
    Writes writes{tests::Mortal<Scripted>{source, life}, tests::Mortal<Replica>{replica, life}, operations};
};

// A process of its own, that can end at any moment.
struct Process {
    Process(World& w, const tests::Life& life)
        : operations{MortalJournal{w.journal.another_session(), life}, w.params}
        , writes{tests::Mortal<Scripted>{w.source, life}, tests::Mortal<Replica>{w.replica, life}, operations} {}

    MortalOperations operations;
    Writes writes;
};

Patch<Customer> credits(int value) {
    return Patch<Customer>{}.set<&Customer::credits>(value);
}

} // namespace

BOOST_AUTO_TEST_SUITE(write_through_sync)

BOOST_AUTO_TEST_CASE(I7_a_write_is_at_the_source_and_in_the_replica_when_it_is_answered) {
    World w;
    w.warm("k1");
    w.source.forget_calls();
    const auto written = w.update("k1", credits(7));
    w.time.advance(1s);
    BOOST_TEST_REQUIRE(written->done);
    BOOST_TEST(!written->error);
    BOOST_TEST(written->report.key == "k1");
    BOOST_TEST(!written->report.replica_pending);
    BOOST_TEST((w.source.truth("k1").record.credits == 7));
    const auto row = w.row("k1");
    BOOST_TEST((row.record.credits == 7));
    BOOST_TEST((row.mark == Mark::patched));
    // The reader pays no call.
    const auto reading = w.time.await(w.cache.async_get("k1"));
    BOOST_TEST((reading.record.credits == 7));
    BOOST_TEST(w.source.calls().size() == 1U);
    BOOST_TEST(w.unfinished() == 0U);
}

BOOST_AUTO_TEST_CASE(I17_writes_of_one_key_reach_the_source_in_the_order_in_which_they_were_made) {
    World w;
    w.warm("k1");
    std::vector<std::shared_ptr<Written>> all;
    for (int i = 1; i <= 5; ++i)
        all.push_back(w.update("k1", credits(100 + i)));
    w.time.advance(10s);
    for (std::size_t i = 0; i < all.size(); ++i) {
        BOOST_TEST_REQUIRE(all[i]->done);
        BOOST_TEST(!all[i]->error);
        BOOST_TEST((i == 0 || all[i - 1]->at < all[i]->at));
    }
    BOOST_TEST((w.source.truth("k1").record.credits == 105));
    BOOST_TEST(w.source.operations("k1").size() == 5U);
    BOOST_TEST((w.row("k1").record.credits == 105));
}

BOOST_AUTO_TEST_CASE(writes_of_different_keys_do_not_wait_for_each_other) {
    World w;
    std::vector<std::shared_ptr<Written>> all;
    for (int i = 1; i <= 50; ++i)
        all.push_back(w.update("k" + std::to_string(i), credits(i)));
    w.time.advance(600ms);
    for (const auto& written : all)
        BOOST_TEST(written->done);
}

BOOST_AUTO_TEST_CASE(a_refused_write_is_an_error_and_leaves_nothing) {
    World w;
    w.warm("k1");
    w.source.refuse_key("k1");
    const auto written = w.update("k1", credits(7));
    w.time.advance(1s);
    BOOST_TEST_REQUIRE(written->done);
    BOOST_TEST((written->error == Errc::refused));
    BOOST_TEST((w.row("k1").record.credits == 2));
    BOOST_TEST(w.unfinished() == 0U);
}

BOOST_AUTO_TEST_CASE(I3_a_lost_answer_is_found_out_and_success_is_told) {
    World w;
    w.warm("k1");
    w.source.lose_answers();
    const auto written = w.update("k1", credits(7));
    w.time.advance(10s);
    BOOST_TEST_REQUIRE(written->done);
    BOOST_TEST(!written->error);
    BOOST_TEST((w.source.truth("k1").record.credits == 7));
    BOOST_TEST(w.source.operations("k1").size() == 1U);
    // When it landed is not known: the row is read again.
    const auto reading = w.time.await(w.cache.async_get("k1"));
    BOOST_TEST((reading.record.credits == 7));
}

BOOST_AUTO_TEST_CASE(a_caller_whose_time_is_up_is_told_that_nobody_knows_and_the_write_goes_on) {
    World w;
    w.warm("k1");
    w.source.land_late(60s);
    WriteOptions options;
    options.timeout = 5s;
    const auto written = w.update("k1", credits(7), options);
    w.time.advance(6s);
    BOOST_TEST_REQUIRE(written->done);
    BOOST_TEST((written->error == Errc::outcome_unknown));
    BOOST_TEST(w.unfinished() == 1U);
    w.time.advance(200s);
    BOOST_TEST(w.unfinished() == 0U);
    BOOST_TEST(w.source.operations("k1").size() == 1U);
    const auto reading = w.time.await(w.cache.async_get("k1"));
    BOOST_TEST((reading.record.credits == 7));
}

BOOST_AUTO_TEST_CASE(what_could_not_be_sent_in_time_is_not_sent_later) {
    World w;
    w.warm("k1");
    // No attempt is under way when the time is up.
    w.source.read_after(0ms);
    w.source.fail_always(Errc::rate_limited);
    WriteOptions options;
    options.timeout = 5s;
    const auto written = w.update("k1", credits(7), options);
    w.time.advance(6s);
    BOOST_TEST_REQUIRE(written->done);
    BOOST_TEST((written->error == Errc::rate_limited));
    w.source.fail_always({});
    w.time.advance(100s);
    BOOST_TEST((w.source.truth("k1").record.credits == 2));
    BOOST_TEST(w.unfinished() == 0U);
}

BOOST_AUTO_TEST_CASE(D8_what_was_accepted_is_finished_by_another_process_after_a_crash) {
    World w;
    w.warm("k1");
    tests::Life life;
    Process process{w, life};
    w.source.lose_answers();
    process.writes.async_update("k1", credits(7), {}, [](error_code, const auto&) {});
    w.time.advance(100ms);
    // Its answer is lost, and nobody renews its lease.
    life.end();
    BOOST_TEST(w.unfinished() == 1U);
    w.operations.run();
    w.time.advance(300s);
    w.operations.stop();
    BOOST_TEST(w.unfinished() == 0U);
    BOOST_TEST(w.source.operations("k1").size() == 1U);
    BOOST_TEST((w.row("k1").record.credits == 7));
    BOOST_TEST((w.row("k1").mark == Mark::clean));
}

BOOST_AUTO_TEST_CASE(I10_what_was_patched_is_read_again_and_clean) {
    World w;
    w.warm("k1");
    w.operations.run();
    w.update("k1", credits(7));
    w.time.advance(3s);
    w.operations.stop();
    BOOST_TEST((w.row("k1").mark == Mark::clean));
    BOOST_TEST((w.row("k1").record.credits == 7));
    BOOST_TEST(w.operations.stats().swept == 1U);
}

BOOST_AUTO_TEST_CASE(a_record_is_made_and_can_be_read_at_once) {
    World w;
    auto fresh = customer(900);
    fresh.id = "";
    const auto report = w.time.await(w.writes.async_create(fresh));
    fresh.id = report.key;
    w.source.forget_calls();
    const auto reading = w.time.await(w.cache.async_get(report.key));
    BOOST_TEST((reading.record == fresh));
    BOOST_TEST(w.source.calls().empty());
}

BOOST_AUTO_TEST_CASE(I4_an_archived_record_is_gone_at_once) {
    World w;
    w.warm("k1");
    w.time.await(w.writes.async_archive("k1"));
    w.source.forget_calls();
    BOOST_TEST(w.time.await(w.cache.async_get("k1")).absent());
}

BOOST_AUTO_TEST_SUITE_END()
