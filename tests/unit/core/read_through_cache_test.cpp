#include "support/customer.hpp"

#include <understudy/memory/store.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/testing/faulty_replica.hpp>
#include <understudy/testing/scripted_source.hpp>
#include <understudy/testing/virtual_time.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <optional>
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

using Memory = memory::Store<Customer, VirtualClock>;
using TestReplica = FaultyReplica<Memory>;
using TestSource = ScriptedSource<Customer>;
using Cache = ReadThroughCache<TestReplica, TestSource, VirtualClock>;

struct World {
    explicit World(const ReadThroughParams& params = {})
        : cache{replica, source, params} {
        source.read_after(500ms);
    }

    struct Result {
        boost::system::error_code error{};
        Reading<Customer> reading{};
        bool done = false;
    };

    std::shared_ptr<Result> start(const std::string& key, const ReadOptions& options = {}) {
        auto result = std::make_shared<Result>();
        cache.async_get(key, options, [result](boost::system::error_code error, Reading<Customer> reading) {
            *result = {error, std::move(reading), true};
        });
        return result;
    }

    Result get(const std::string& key, const ReadOptions& options = {}) {
        const auto result = start(key, options);
        time.run();
        BOOST_TEST_REQUIRE(result->done);
        return *result;
    }

    Row<Customer> row(const std::string& key) { return *replica.inner().try_lookup(key); }
    void hint(const std::string& key) { replica.inner().table().hint(key); }

    VirtualTime time;
    TestReplica replica{Memory{time.get_executor()}};
    TestSource source{time.get_executor()};
    Cache cache;
};

// A source that may throw instead of starting.
struct ThrowingSource {
    using record_type = Customer;
    TestSource inner;
    std::shared_ptr<bool> throws;
    auto get_executor() const { return inner.get_executor(); }
    template<IndexTag By, class Token>
    auto async_fetch(std::vector<typename By::value_type> values, const ReadOptions& options, Token&& token) {
        if (*throws)
            throw std::bad_alloc{};
        return inner.async_fetch<By>(std::move(values), options, std::forward<Token>(token));
    }
};

ReadOptions with(Freshness freshness) {
    ReadOptions options;
    options.freshness = freshness;
    return options;
}

} // namespace

BOOST_AUTO_TEST_SUITE(read_through_cache)

BOOST_AUTO_TEST_CASE(a_cold_read_asks_the_source_once_and_a_warm_one_never) {
    World w;
    w.source.put(customer(1));
    const auto cold = w.get("k1");
    BOOST_TEST((cold.reading.record == customer(1)));
    BOOST_TEST(cold.reading.tier == 1);
    BOOST_TEST(w.source.calls().size() == 1U);
    const auto warm = w.get("k1");
    BOOST_TEST((warm.reading.record == customer(1)));
    BOOST_TEST(warm.reading.tier == 0);
    BOOST_TEST(w.source.calls().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_read_sent_when_the_first_answer_arrives_finds_it_in_the_replica) {
    World w;
    w.source.put(customer(1));
    std::optional<Reading<Customer>> second;
    w.cache.async_get("k1", {}, [&](boost::system::error_code, const Reading<Customer>&) {
        w.cache.async_get("k1", {}, [&](boost::system::error_code, Reading<Customer> r) { second = std::move(r); });
    });
    w.time.run();
    BOOST_TEST_REQUIRE(second.has_value());
    BOOST_TEST(second->tier == 0);
    BOOST_TEST(w.source.calls().size() == 1U);
}

BOOST_AUTO_TEST_CASE(I12_a_thousand_readers_of_one_key_are_one_load) {
    World w;
    w.source.put(customer(1));
    std::vector<std::shared_ptr<World::Result>> results;
    for (int i = 0; i < 1'000; ++i)
        results.push_back(w.start("k1"));
    w.time.run();
    for (const auto& result : results)
        BOOST_TEST_REQUIRE((result->done && !result->error && result->reading.record == customer(1)));
    BOOST_TEST(w.source.calls().size() == 1U);
    BOOST_TEST(w.cache.stats().joined == 999U);
}

BOOST_AUTO_TEST_CASE(I12_the_first_reader_cancelled_disturbs_nobody) {
    World w;
    w.source.put(customer(1));
    boost::asio::cancellation_signal signal;
    boost::system::error_code first;
    w.cache.async_get(
        "k1", {},
        boost::asio::bind_cancellation_slot(
            signal.slot(), [&](boost::system::error_code error, const Reading<Customer>&) { first = error; }));
    std::vector<std::shared_ptr<World::Result>> others;
    for (int i = 0; i < 999; ++i)
        others.push_back(w.start("k1"));
    w.time.advance(100ms);
    signal.emit(boost::asio::cancellation_type::total);
    w.time.run();
    BOOST_TEST((first == boost::asio::error::operation_aborted));
    for (const auto& other : others)
        BOOST_TEST_REQUIRE((other->done && other->reading.found()));
    BOOST_TEST(w.source.calls().size() == 1U);
}

BOOST_AUTO_TEST_CASE(I12_a_load_that_fails_fails_for_those_on_board_and_nobody_else) {
    World w;
    w.source.put(customer(1));
    w.source.put(customer(2));
    w.source.fail_next(Errc::unavailable);
    const auto a = w.start("k1");
    const auto b = w.start("k1");
    w.time.advance(10ms);
    const auto other = w.start("k2");
    w.time.run();
    BOOST_TEST((a->error == Errc::unavailable && b->error == Errc::unavailable));
    BOOST_TEST(other->reading.found());
    BOOST_TEST(w.get("k1").reading.found());
}

BOOST_AUTO_TEST_CASE(D1_a_populate_paused_between_its_read_and_its_apply_never_overwrites_a_later_write) {
    World w;
    w.source.put(customer(1, 2));
    w.replica.hold_applies();
    const auto reader = w.start("k1");
    w.time.advance(1s);
    BOOST_TEST_REQUIRE(w.replica.holding() == 1U);
    // A write lands at the source; with an equal stamp, so that stamps cannot tell; and the replica hears of it.
    w.source.put(customer(1, 3), Version{1'700'000'000'001});
    w.hint("k1");
    w.replica.release();
    w.time.run();
    BOOST_TEST_REQUIRE(reader->done);
    BOOST_TEST((reader->reading.record == customer(1, 3)));
    BOOST_TEST((w.row("k1").record == customer(1, 3)));
    BOOST_TEST(w.source.calls().size() == 2U);
}

BOOST_AUTO_TEST_CASE(I1_of_two_loads_the_one_that_began_later_counts_whichever_arrives_last) {
    World w;
    w.source.put(customer(1, 2));
    w.source.hold();
    const auto slow = w.start("k1");
    w.time.advance(1s);
    w.source.put(customer(1, 3), Version{1'700'000'000'001});
    w.hint("k1");
    const auto quick = w.start("k1");
    w.time.advance(1s);
    BOOST_TEST_REQUIRE(w.source.holding() == 2U);
    BOOST_TEST(w.source.calls().size() == 2U);
    w.source.release();
    w.time.run();
    BOOST_TEST((quick->reading.record == customer(1, 3)));
    BOOST_TEST((slow->reading.record == customer(1, 3)));
    BOOST_TEST((w.row("k1").record == customer(1, 3)));
}

BOOST_AUTO_TEST_CASE(I7_a_reader_after_a_write_joins_no_load_that_began_before_it) {
    World w;
    w.source.put(customer(1, 2));
    const auto before = w.start("k1");
    w.time.advance(600ms);
    BOOST_TEST(before->done);
    w.hint("k1");
    w.source.read_after(0ms);
    w.source.answer_after(500ms);
    const auto early = w.start("k1"); // reads the old state at once
    w.time.advance(10ms);
    w.source.put(customer(1, 3), Version{1'700'000'000'001});
    w.hint("k1"); // the write's step in the replica, before its caller is answered
    const auto late = w.start("k1");
    w.time.run();
    BOOST_TEST((late->reading.record == customer(1, 3)));
    BOOST_TEST((early->reading.record == customer(1, 3)));
}

BOOST_AUTO_TEST_CASE(I8_answers_never_go_back) {
    // Readers come and go while the truth moves on and everything that can be delayed is.
    for (unsigned seed = 1; seed <= 200; ++seed) {
        World w;
        std::mt19937 random{seed};
        int truth = 2;
        w.source.put(customer(1, truth));
        int newest_answer = 0;
        std::vector<std::shared_ptr<World::Result>> pending;
        std::vector<int> floor_at_start;
        for (int step = 0; step < 60; ++step) {
            switch (random() % 4) {
            case 0:
                pending.push_back(w.start("k1"));
                floor_at_start.push_back(newest_answer);
                break;
            case 1:
                w.source.put(customer(1, ++truth), Version{1'700'000'000'001}); // equal stamps throughout
                w.hint("k1");
                break;
            case 2:
                w.source.read_after(std::chrono::milliseconds{random() % 400});
                w.source.answer_after(std::chrono::milliseconds{random() % 400});
                break;
            default:
                w.time.advance(std::chrono::milliseconds{random() % 300});
                break;
            }
            for (std::size_t i = 0; i < pending.size(); ++i)
                if (pending[i]->done && pending[i]->reading.found())
                    newest_answer = std::max(newest_answer, *pending[i]->reading.record.credits);
        }
        w.time.run();
        for (std::size_t i = 0; i < pending.size(); ++i) {
            BOOST_TEST_REQUIRE(pending[i]->done, "seed " << seed);
            if (pending[i]->reading.found())
                BOOST_TEST_REQUIRE(*pending[i]->reading.record.credits >= floor_at_start[i], "seed " << seed);
        }
        BOOST_TEST_REQUIRE(*w.get("k1").reading.record.credits == truth, "seed " << seed);
    }
}

BOOST_AUTO_TEST_CASE(D10_the_source_down_known_records_stay_unknown_ones_fail_and_nothing_is_zero) {
    World w;
    w.source.put(customer(1));
    w.get("k1");
    w.source.fail_always(Errc::unavailable);
    BOOST_TEST(w.get("k1").reading.tier == 0); // nothing newer is known: fresh
    w.hint("k1");
    const auto known = w.get("k1");
    BOOST_TEST(!known.error);
    BOOST_TEST((known.reading.found() && known.reading.stale && known.reading.record == customer(1)));
    const auto unknown = w.get("k2");
    BOOST_TEST((unknown.error == Errc::unavailable));
    BOOST_TEST((unknown.reading.failed() && !unknown.reading.absent()));
    BOOST_TEST((w.row("k2").state == State::unknown));
    w.source.fail_always({});
    BOOST_TEST(!w.get("k1").reading.stale);
}

BOOST_AUTO_TEST_CASE(D10_a_rate_limited_source_is_a_failure_not_an_absence) {
    World w;
    w.source.fail_always(Errc::rate_limited);
    const auto result = w.get("k1");
    BOOST_TEST((result.error == Errc::rate_limited));
    BOOST_TEST(!result.reading.absent());
}

BOOST_AUTO_TEST_CASE(D2_a_record_that_came_back_incomplete_is_not_stored) {
    World w;
    w.source.put(customer(1));
    w.get("k1");
    w.hint("k1");
    w.source.fail_key("k1", Errc::incomplete_record);
    const auto result = w.get("k1");
    BOOST_TEST((result.reading.stale && result.reading.record == customer(1)));
    BOOST_TEST((w.row("k1").record == customer(1)));
}

BOOST_AUTO_TEST_CASE(I15_an_absence_is_remembered_for_its_time_and_no_longer) {
    World w;
    BOOST_TEST(w.get("k1").reading.absent());
    BOOST_TEST(w.get("k1").reading.absent());
    BOOST_TEST(w.source.calls().size() == 1U);
    w.source.put(customer(1));
    w.time.advance(59s);
    BOOST_TEST(w.get("k1").reading.absent());
    w.time.advance(2s);
    BOOST_TEST(w.get("k1").reading.found());
    BOOST_TEST(w.source.calls().size() == 2U);
}

BOOST_AUTO_TEST_CASE(I15_after_a_create_that_the_replica_knows_absent_is_never_answered) {
    World w;
    BOOST_TEST(w.get("k1").reading.absent());
    w.source.put(customer(1));
    w.hint("k1");
    BOOST_TEST(w.get("k1").reading.found());
}

BOOST_AUTO_TEST_CASE(I5_a_failed_read_or_an_empty_answer_makes_no_tombstone) {
    World w;
    w.source.put(customer(1));
    w.get("k1");
    w.hint("k1");
    w.source.fail_next(Errc::malformed_answer);
    w.get("k1");
    BOOST_TEST((w.row("k1").state == State::live));
}

BOOST_AUTO_TEST_CASE(I4_a_delete_that_was_read_is_not_undone_by_a_load_that_began_before) {
    World w;
    w.source.put(customer(1));
    w.source.hold();
    const auto before = w.start("k1"); // reads the live record
    w.time.advance(1s);
    w.source.archive("k1");
    w.hint("k1");
    const auto after = w.start("k1"); // reads the delete
    w.time.advance(1s);
    w.source.release();
    w.time.run();
    BOOST_TEST(after->reading.absent());
    BOOST_TEST(before->reading.absent());
    BOOST_TEST((w.row("k1").state == State::archived));
}

BOOST_AUTO_TEST_CASE(I6_a_merged_id_answers_with_the_survivor_cold_and_warm) {
    World w;
    w.source.put(customer(3));
    w.source.merge("k1", "k2");
    w.source.merge("k2", "k3");
    const auto cold = w.get("k1");
    BOOST_TEST((cold.reading.id == "k3" && cold.reading.record == customer(3)));
    const auto warm = w.get("k1");
    BOOST_TEST((warm.reading.id == "k3" && warm.reading.tier == 0));
    BOOST_TEST(w.source.calls().size() == 1U);
}

BOOST_AUTO_TEST_CASE(I9_a_bound_on_age_is_kept_and_a_confirmation_counts) {
    World w;
    w.source.put(customer(1));
    w.get("k1");
    w.time.advance(10s);
    const auto aged = w.get("k1", with(Freshness::any()));
    BOOST_TEST((aged.reading.age >= 10s));
    BOOST_TEST(w.get("k1", with(Freshness::bounded(5s))).reading.tier == 1);
    BOOST_TEST(w.get("k1", with(Freshness::bounded(5s))).reading.tier == 0);
    BOOST_TEST(w.source.calls().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_replica_that_is_down_is_passed_by_and_found_again) {
    World w;
    w.source.put(customer(1));
    w.replica.set_down(true);
    const auto result = w.get("k1");
    BOOST_TEST((result.reading.found() && result.reading.tier == 1));
    BOOST_TEST(w.cache.stats().replica_failures == 1U);
    w.replica.set_down(false);
    w.get("k1");
    BOOST_TEST(w.get("k1").reading.tier == 0);
}

BOOST_AUTO_TEST_CASE(a_replica_that_hangs_is_given_up_and_passed_by) {
    World w;
    w.source.put(customer(1));
    w.replica.set_hung(true);
    const auto begin = VirtualClock::now();
    const auto result = w.get("k1");
    BOOST_TEST((result.reading.found() && result.reading.tier == 1));
    BOOST_TEST((VirtualClock::now() - begin == 1'500ms)); // the look-up's second, and the source's half
    boost::asio::cancellation_signal signal;
    boost::system::error_code cancelled;
    w.cache.async_get(
        "k1", {},
        boost::asio::bind_cancellation_slot(
            signal.slot(), [&](boost::system::error_code error, const Reading<Customer>&) { cancelled = error; }));
    w.time.advance(10ms);
    signal.emit(boost::asio::cancellation_type::total);
    w.time.settle();
    BOOST_TEST((cancelled == boost::asio::error::operation_aborted));
}

BOOST_AUTO_TEST_CASE(a_populate_that_fails_costs_the_reader_nothing) {
    World w;
    w.source.put(customer(1));
    w.replica.set_read_only(true);
    BOOST_TEST(w.get("k1").reading.found());
    BOOST_TEST(w.cache.stats().populate_failures == 1U);
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_the_reader_and_not_the_load) {
    World w;
    w.source.put(customer(1));
    ReadOptions options;
    options.timeout = 100ms;
    const auto result = w.start("k1", options);
    w.time.advance(200ms);
    BOOST_TEST_REQUIRE(result->done);
    BOOST_TEST((result->error == Errc::deadline_exceeded));
    w.time.run();
    BOOST_TEST((w.row("k1").record == customer(1)));
}

BOOST_AUTO_TEST_CASE(a_lagging_source_is_asked_again_and_then_said_to_lag) {
    World w;
    w.source.put(customer(1, 3), Version{200});
    w.get("k1");
    w.source.put(customer(1, 2), Version{100});
    w.hint("k1");
    const auto result = w.get("k1");
    BOOST_TEST((result.reading.stale && result.reading.record == customer(1, 3)));
    BOOST_TEST((result.reading.error == Errc::source_lagging));
    ReadOptions strict;
    strict.stale_if_error = false;
    BOOST_TEST((w.get("k1", strict).error == Errc::source_lagging));
    w.source.put(customer(1, 4), Version{300});
    BOOST_TEST((w.get("k1").reading.record == customer(1, 4)));
}

BOOST_AUTO_TEST_CASE(draining_waits_for_loads_and_begins_none) {
    World w;
    w.source.put(customer(1));
    w.source.put(customer(2));
    const auto reader = w.start("k1");
    w.time.advance(10ms);
    bool drained = false;
    w.cache.async_drain([&](boost::system::error_code error) { drained = !error; });
    w.time.advance(10ms);
    BOOST_TEST(!drained);
    const auto late = w.start("k2");
    w.time.advance(10ms);
    BOOST_TEST((late->done && late->error == Errc::shutting_down));
    w.time.run();
    BOOST_TEST(drained);
    BOOST_TEST(reader->reading.found());
    BOOST_TEST((w.row("k1").state == State::live));
}

BOOST_AUTO_TEST_CASE(draining_an_idle_cache_is_done_at_once) {
    World w;
    bool drained = false;
    w.cache.async_drain([&](boost::system::error_code error) { drained = !error; });
    w.time.settle();
    BOOST_TEST(drained);
}

BOOST_AUTO_TEST_CASE(many_keys_are_answered_in_order_each_by_itself) {
    World w;
    w.source.put(customer(1));
    w.source.put(customer(3));
    w.get("k3");
    w.source.fail_key("k4", Errc::unavailable);
    const auto readings = w.time.await(w.cache.async_get_many({"k1", "k2", "k3", "k4", "k1"}));
    BOOST_TEST_REQUIRE(readings.size() == 5U);
    BOOST_TEST((readings[0].record == customer(1) && readings[0].tier == 1));
    BOOST_TEST(readings[1].absent());
    BOOST_TEST((readings[2].record == customer(3) && readings[2].tier == 0));
    BOOST_TEST((readings[3].failed() && readings[3].error == Errc::unavailable));
    BOOST_TEST((readings[4].record == customer(1)));
    BOOST_TEST(w.source.calls().size() == 2U);
    BOOST_TEST(w.time.await(w.cache.async_get_many({})).empty());
}

BOOST_AUTO_TEST_CASE(try_get_answers_what_is_there_and_never_loads) {
    VirtualTime time;
    Memory memory{time.get_executor()};
    TestSource source{time.get_executor()};
    ReadThroughCache<Memory, TestSource, VirtualClock> cache{memory, source};
    source.put(customer(1));
    BOOST_TEST(!cache.try_get("k1").has_value());
    time.await(cache.async_get("k1"));
    const auto hit = cache.try_get("k1");
    BOOST_TEST_REQUIRE(hit.has_value());
    BOOST_TEST((hit->record == customer(1)));
    memory.table().hint("k1");
    BOOST_TEST(!cache.try_get("k1").has_value());
    BOOST_TEST(cache.try_get("k1", with(Freshness::any())).has_value());
    BOOST_TEST(source.calls().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_record_found_by_another_index_is_kept_under_its_id) {
    World w;
    w.source.put(customer(1));
    const auto cold = w.time.await(w.cache.async_get<ByEmail>("C1V2@Example.com"));
    BOOST_TEST((cold.found() && cold.id == "k1"));
    BOOST_TEST(w.time.await(w.cache.async_get<ByEmail>("c1v2@example.com")).tier == 0);
    BOOST_TEST(w.get("k1").reading.tier == 0);
    BOOST_TEST(w.source.calls().size() == 1U);
}

BOOST_AUTO_TEST_CASE(I15_an_address_that_nobody_has_is_remembered_and_forgotten) {
    World w;
    BOOST_TEST(w.time.await(w.cache.async_get<ByEmail>("c1v2@example.com")).absent());
    BOOST_TEST(w.time.await(w.cache.async_get<ByEmail>("c1v2@example.com")).absent());
    BOOST_TEST(w.source.calls().size() == 1U);
    w.source.put(customer(1));
    w.get("k1"); // the record arrives by another way
    BOOST_TEST(w.time.await(w.cache.async_get<ByEmail>("c1v2@example.com")).found());
    BOOST_TEST(w.source.calls().size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_address_that_moved_to_another_record_is_followed) {
    World w;
    w.source.put(customer(1, 4));
    w.time.await(w.cache.async_get<ByEmail>("shared@example.com"));
    w.source.put(customer(1, 2));
    w.source.put(customer(2, 4));
    w.hint("k1");
    const auto found = w.time.await(w.cache.async_get<ByEmail>("shared@example.com"));
    BOOST_TEST((found.found() && found.id == "k2"));
    BOOST_TEST((w.row("k1").record == customer(1, 2)));
}

BOOST_AUTO_TEST_CASE(existence_is_searched_once_and_what_is_named_is_loaded) {
    World w;
    w.source.put(customer(1));
    BOOST_TEST(w.time.await(w.cache.async_exists<ByNumber>("N1")));
    w.time.run();
    BOOST_TEST((w.row("k1").state == State::live));
    BOOST_TEST(w.source.calls().size() == 2U); // the search, and the load that it led to
    BOOST_TEST(w.time.await(w.cache.async_exists<ByNumber>("N1")));
    BOOST_TEST(!w.time.await(w.cache.async_exists<ByNumber>("N2")));
    BOOST_TEST(!w.time.await(w.cache.async_exists<ByNumber>("N2")));
    BOOST_TEST(w.source.calls().size() == 3U);
}

BOOST_AUTO_TEST_CASE(D10_existence_that_cannot_be_known_is_an_error) {
    World w;
    w.source.fail_always(Errc::unavailable);
    BOOST_CHECK_THROW(w.time.await(w.cache.async_exists<ByNumber>("N1")), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(tiers_nest) {
    World w;
    w.source.put(customer(1));
    Memory near{w.time.get_executor(), memory::Params{.capacity = 10}};
    ReadThroughCache<Memory, Cache, VirtualClock> tiers{near, w.cache};
    const auto bounded = with(Freshness::bounded(60s));
    BOOST_TEST(w.time.await(tiers.async_get("k1", bounded)).tier == 2);
    BOOST_TEST(w.time.await(tiers.async_get("k1", bounded)).tier == 0);
    BOOST_TEST(w.time.await(tiers.async_get("k1")).tier == 1);
    BOOST_TEST(w.source.calls().size() == 1U);
}

BOOST_AUTO_TEST_CASE(I7_a_near_tier_gives_no_fresh_reader_what_others_have_written_since) {
    World w;
    w.source.put(customer(1, 2));
    Memory near{w.time.get_executor()};
    ReadThroughCache<Memory, Cache, VirtualClock> tiers{near, w.cache};
    w.time.await(tiers.async_get("k1"));
    w.source.put(customer(1, 3));
    w.hint("k1"); // in the shared replica; the near tier hears nothing
    BOOST_TEST((w.time.await(tiers.async_get("k1")).record == customer(1, 3)));
    // Nor does it let one join a load that began before.
    w.source.answer_after(1s);
    w.source.read_after(0ms);
    w.hint("k1");
    std::optional<Reading<Customer>> early;
    std::optional<Reading<Customer>> late;
    tiers.async_get("k1", {}, [&](auto, Reading<Customer> reading) { early = std::move(reading); });
    w.time.advance(100ms);
    w.source.put(customer(1, 4));
    w.hint("k1");
    tiers.async_get("k1", {}, [&](auto, Reading<Customer> reading) { late = std::move(reading); });
    w.time.run();
    BOOST_TEST((late->record == customer(1, 4)));
}

BOOST_AUTO_TEST_CASE(more_readers_than_a_bounded_tier_has_room_for_are_all_answered) {
    World w;
    Memory near{w.time.get_executor(), memory::Params{.capacity = 10}};
    ReadThroughCache<Memory, TestSource, VirtualClock> cache{near, w.source};
    int found = 0;
    for (int i = 0; i < 400; ++i) {
        w.source.put(customer(i));
        cache.async_get("k" + std::to_string(i), {},
                        [&](auto error, const auto& reading) { found += !error && reading.found(); });
    }
    w.time.run();
    BOOST_TEST(found == 400);
    BOOST_TEST(w.source.calls().size() < 500U);
}

BOOST_AUTO_TEST_CASE(every_step_runs_on_the_caches_executor_and_the_handler_on_its_own) {
    World w;
    w.source.put(customer(1));
    boost::asio::io_context own;
    bool done = false;
    w.cache.async_get("k1", {}, boost::asio::bind_executor(own, [&](auto, const auto&) { done = true; }));
    w.time.run();
    BOOST_TEST((w.row("k1").state == State::live));
    BOOST_TEST(!done);
    own.run();
    BOOST_TEST(done);
}

BOOST_AUTO_TEST_CASE(an_operation_can_be_started_twice) {
    World w;
    w.source.put(customer(1));
    auto operation = w.cache.async_get_many({"k1"});
    auto again = operation;
    BOOST_TEST(w.time.await(std::move(operation)).front().found());
    BOOST_TEST(w.time.await(std::move(again)).front().found());
}

BOOST_AUTO_TEST_CASE(a_world_that_ends_with_loads_under_way_leaves_nothing_behind) {
    auto w = std::make_unique<World>();
    w->source.put(customer(1));
    w->start("k1");
    w->time.advance(10ms);
    w.reset(); // the address sanitizer looks for what is left
}

BOOST_AUTO_TEST_CASE(a_store_that_throws_fails_the_load_and_not_the_key) {
    VirtualTime time;
    Memory memory{time.get_executor()};
    auto throws = std::make_shared<bool>(true);
    ThrowingSource source{TestSource{time.get_executor()}, throws};
    source.inner.put(customer(1));
    ReadThroughCache<Memory, ThrowingSource, VirtualClock> cache{memory, source};
    BOOST_CHECK_THROW(time.await(cache.async_get("k1")), boost::system::system_error);
    *throws = false;
    BOOST_TEST(time.await(cache.async_get("k1")).found());
}

BOOST_AUTO_TEST_CASE(a_closed_cache_asks_nobody_even_if_its_replica_is_down) {
    World w;
    w.source.put(customer(1));
    w.time.await(w.cache.async_drain());
    w.replica.set_down(true);
    BOOST_TEST((w.get("k1").error == Errc::shutting_down));
    BOOST_TEST(w.source.calls().empty());
}

BOOST_AUTO_TEST_CASE(a_reader_without_time_gets_what_is_there_and_begins_nothing) {
    World w;
    w.source.put(customer(1));
    ReadOptions now;
    now.timeout = 0ms;
    BOOST_TEST((w.get("k1", now).error == Errc::deadline_exceeded));
    BOOST_TEST(w.source.calls().empty());
    w.get("k1");
    BOOST_TEST(w.get("k1", now).reading.found());
}

BOOST_AUTO_TEST_CASE(I15_in_two_tiers_an_absence_lives_no_longer_than_in_one) {
    World w;
    Memory near{w.time.get_executor()};
    ReadThroughCache<Memory, Cache, VirtualClock> tiers{near, w.cache};
    const auto any = with(Freshness::any());
    BOOST_TEST(w.time.await(tiers.async_get<ByEmail>("c1v2@example.com", any)).absent());
    w.source.put(customer(1));
    w.time.advance(50s);
    Memory other{w.time.get_executor()};
    ReadThroughCache<Memory, Cache, VirtualClock> beside{other, w.cache};
    BOOST_TEST(w.time.await(beside.async_get<ByEmail>("c1v2@example.com", any)).absent());
    w.time.advance(15s);
    BOOST_TEST(w.time.await(beside.async_get<ByEmail>("c1v2@example.com", any)).found());
}

BOOST_AUTO_TEST_CASE(a_stale_answer_of_a_lower_tier_is_given_and_not_kept) {
    World w;
    w.source.put(customer(1));
    w.get("k1");
    w.hint("k1");
    w.source.fail_always(Errc::unavailable);
    Memory near{w.time.get_executor()};
    ReadThroughCache<Memory, Cache, VirtualClock> tiers{near, w.cache};
    const auto answer = w.time.await(tiers.async_get("k1"));
    BOOST_TEST((answer.found() && answer.stale && answer.tier == 1));
    BOOST_TEST(near.table().size() == 0U);
    ReadOptions strict;
    strict.stale_if_error = false;
    BOOST_CHECK_THROW(w.time.await(tiers.async_get("k1", strict)), boost::system::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
