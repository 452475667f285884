#include "support/customer.hpp"
#include "support/mortal.hpp"
#include "support/order.hpp"
#include "support/purchase.hpp"
#include "support/remark.hpp"

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
using VirtualOperations = Operations<VirtualJournal, VirtualClock>;
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

tests::Remark remark(const std::string& purchase, const std::string& text) {
    tests::Remark made;
    made.purchase_id = purchase;
    made.text = text;
    return made;
}

// Purchases, and remarks about them, which no replica holds.
struct Remarks {
    using PurchaseSource = ScriptedSource<tests::Purchase>;
    using RemarkSource = ScriptedSource<tests::Remark>;
    using PurchaseReplica = memory::Store<tests::Purchase, VirtualClock>;

    Remarks() {
        purchase_source.read_after(300ms);
        purchase_source.keep_unique<tests::ByRequest>();
        remark_source.read_after(500ms);
        remark_source.answer_after(500ms);
        params.landing_limit = 20s;
    }

    VirtualTime time;
    PurchaseSource purchase_source{time.get_executor()};
    RemarkSource remark_source{time.get_executor()};
    PurchaseReplica replica{time.get_executor()};
    VirtualJournal journal{time.get_executor()};
    OperationParams params{};
    VirtualOperations operations{journal.another_session(), params};
    WriteThroughSync<PurchaseSource, PurchaseReplica, VirtualJournal, VirtualClock> purchases{purchase_source, replica,
                                                                                              operations};
    WriteThroughSync<RemarkSource, NoReplica<tests::Remark>, VirtualJournal, VirtualClock> remarks{
        remark_source, NoReplica<tests::Remark>{}, operations};
};

struct RemarksProcess {
    using Journal = tests::Mortal<VirtualJournal>;
    using PurchaseSource = tests::Mortal<Remarks::PurchaseSource>;
    using RemarkSource = tests::Mortal<Remarks::RemarkSource>;
    using PurchaseReplica = tests::Mortal<Remarks::PurchaseReplica>;

    RemarksProcess(Remarks& r, const tests::Life& life)
        : operations{Journal{r.journal.another_session(), life}, r.params}
        , purchases{PurchaseSource{r.purchase_source, life}, PurchaseReplica{r.replica, life}, operations}
        , remarks{RemarkSource{r.remark_source, life}, NoReplica<tests::Remark>{}, operations} {}

    // Whether the caller was told that it is done; what follows has time to go on.
    bool buy_and_remark(Remarks& r) {
        tests::Purchase purchase;
        purchase.customer_id = "k1";
        purchase.request = "one";
        Plan plan;
        plan.writes.push_back(purchases.create_step("buy", purchase));
        auto remark_step = remarks.create_step("remark", remark({}, "thanks for purchase_id"));
        remark_step.keys = {{"purchase_id", "buy"}};
        plan.followers.push_back(std::move(remark_step));
        auto done = std::make_shared<bool>(false);
        operations.async_carry_out({}, plan, [done](error_code error, const auto&) { *done = !error; });
        r.time.advance(120s);
        return *done;
    }

    Operations<Journal, VirtualClock> operations;
    WriteThroughSync<PurchaseSource, PurchaseReplica, Journal, VirtualClock> purchases;
    WriteThroughSync<RemarkSource, NoReplica<tests::Remark>, Journal, VirtualClock> remarks;
};

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

BOOST_AUTO_TEST_CASE(I15_after_a_creation_through_us_absent_is_never_answered) {
    enum { none, lost_answer, late_landing };
    enum { by_key, by_index, by_set };
    for (const auto fault : {none, lost_answer, late_landing})
        for (const auto way : {by_key, by_index, by_set}) {
            BOOST_TEST_CONTEXT("fault " << fault << ", asked in way " << way) {
                Remarks r;
                using Cache = ReadThroughCache<Remarks::PurchaseReplica, Remarks::PurchaseSource, VirtualClock>;
                Cache cache{r.replica, r.purchase_source};
                const std::string key = "900000000001";
                const auto by = [&](int asked) {
                    if (asked == by_key)
                        return r.time.await(cache.async_get(key)).found();
                    if (asked == by_index)
                        return r.time.await(cache.async_get<tests::ByRequest>("one")).found();
                    return !r.time.await(cache.async_get_set<tests::PurchasesOfCustomer>("k1")).members.empty();
                };
                // That there is none is known, and remembered.
                for (const auto asked : {by_key, by_index, by_set})
                    BOOST_TEST(!by(asked));
                r.purchase_source.forget_calls();
                BOOST_TEST(!by(way));
                BOOST_TEST(r.purchase_source.calls().empty());
                if (fault == lost_answer)
                    r.purchase_source.lose_answers();
                if (fault == late_landing)
                    r.purchase_source.land_late(12s);
                tests::Purchase purchase;
                purchase.customer_id = "k1";
                purchase.request = "one";
                BOOST_TEST(r.time.await(r.purchases.async_create(purchase)).key == key);
                BOOST_TEST(by(way));
            }
        }
}

BOOST_AUTO_TEST_CASE(I4_an_archived_record_is_gone_at_once) {
    World w;
    w.warm("k1");
    w.time.await(w.writes.async_archive("k1"));
    w.source.forget_calls();
    BOOST_TEST(w.time.await(w.cache.async_get("k1")).absent());
}

BOOST_AUTO_TEST_CASE(I10_a_creation_that_the_source_showed_in_full_is_not_read_again) {
    World w;
    w.source.answer_in_full();
    w.operations.run();
    const auto report = w.time.await(w.writes.async_create(customer(900)));
    BOOST_TEST((w.row(report.key).mark == Mark::clean));
    w.source.forget_calls();
    w.time.advance(30s);
    w.operations.stop();
    BOOST_TEST(w.source.calls().empty());
}

BOOST_AUTO_TEST_CASE(what_is_written_only_needs_no_replica) {
    Remarks r;
    r.time.await(r.remarks.async_create(remark("p1", "seen")));
    const auto read = r.time.await(r.remarks.async_read({"900000000001"}));
    BOOST_TEST((read.front().record.text == "seen"));
    r.operations.run();
    r.time.advance(30s);
    r.operations.stop();
    BOOST_TEST(r.time.await(r.journal.async_count()) == 0U);
}

BOOST_AUTO_TEST_CASE(D8_a_follower_begins_when_its_operation_ends_whenever_its_process_dies) {
    for (std::size_t step = 0;; ++step)
        for (const bool lost : {false, true}) {
            BOOST_TEST_CONTEXT("dies at step " << step << ", answers lost: " << lost) {
                Remarks r;
                tests::Life life{step};
                RemarksProcess process{r, life};
                if (lost) {
                    r.purchase_source.lose_answers();
                    r.remark_source.land_late(12s);
                }
                const bool done = process.buy_and_remark(r);
                const bool survived = !life.over();
                life.end();
                r.operations.run();
                r.time.advance(600s);
                r.operations.stop();
                BOOST_TEST(r.time.await(r.journal.async_count()) == 0U);
                BOOST_TEST(r.time.await(r.journal.async_list_dead(10)).empty());
                // The remark is there once, and about what was bought.
                const bool bought = r.purchase_source.size() == 1;
                BOOST_TEST((bought || !done));
                BOOST_TEST(r.remark_source.size() == (bought ? 1U : 0U));
                const auto truth = r.remark_source.truth("900000000001");
                BOOST_TEST((!bought || truth.record.purchase_id == "900000000001"));
                BOOST_TEST((!bought || truth.record.text == "thanks for purchase_id"));
                BOOST_TEST_REQUIRE(step < 100U);
                if (survived && lost) {
                    BOOST_TEST(done);
                    return;
                }
            }
        }
}

BOOST_AUTO_TEST_SUITE_END()
