#include "support/customer.hpp"
#include "support/mortal.hpp"
#include "support/order.hpp"
#include "support/purchase.hpp"
#include "support/remark.hpp"
#include "support/rush.hpp"
#include "support/shop.hpp"

#include <understudy/coalescing.hpp>
#include <understudy/memory/journal.hpp>
#include <understudy/memory/store.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/testing/scripted_source.hpp>
#include <understudy/testing/virtual_time.hpp>
#include <understudy/write_through_sync.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace understudy::testing;
using namespace std::chrono_literals;
using namespace tests;

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

// A replica in which others are faster, so many times.
struct Contended : Replica {
    template<class Token = boost::asio::deferred_t>
    auto async_apply(std::vector<Observation<Customer>> observations, Token&& token = {}) {
        return boost::asio::async_initiate<Token, ApplySignature<Customer>>(
            [inner = static_cast<Replica&>(*this), left = times](auto handler,
                                                                 std::vector<Observation<Customer>> told) mutable {
                if (*left == 0)
                    return inner.async_apply(std::move(told), std::move(handler));
                --*left;
                boost::asio::post(
                    inner.get_executor(),
                    boost::asio::append(std::move(handler), make_error_code(Errc::contended), std::vector<Applied>{}));
            },
            token, std::move(observations));
    }
    std::shared_ptr<int> times = std::make_shared<int>(0);
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

BOOST_AUTO_TEST_CASE(a_decision_is_not_given_up_because_others_were_faster_in_the_replica) {
    World w;
    Contended replica{w.replica};
    WriteThroughSync<Scripted, Contended, VirtualJournal, VirtualClock> writes{
        w.source, replica, VirtualOperations{w.journal.another_session(), w.params}};
    *replica.times = 15;
    const auto read = w.time.await(writes.async_read({"k1"}));
    BOOST_TEST(read.at(0).found());
    BOOST_TEST(*replica.times == 0);
    BOOST_TEST((w.row("k1").mark == Mark::clean));
    // But not for ever.
    *replica.times = 100'000;
    BOOST_CHECK_EXCEPTION(w.time.await(writes.async_read({"k2"})), boost::system::system_error,
                          [](const auto& thrown) { return thrown.code() == Errc::contended; });
}

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

BOOST_AUTO_TEST_CASE(I7_a_record_that_is_linked_anew_leaves_its_set_and_joins_the_other_at_once) {
    for (const bool lost : {false, true}) {
        Remarks r;
        ReadThroughCache<Remarks::PurchaseReplica, Remarks::PurchaseSource, VirtualClock> cache{r.replica,
                                                                                                r.purchase_source};
        const auto bought = [&](const std::string& customer) {
            return r.time.await(cache.async_get_set<tests::PurchasesOfCustomer>(customer)).members.size();
        };
        r.purchase_source.put({"1", "k1", "one"});
        BOOST_TEST((bought("k1") == 1U && bought("k2") == 0U));
        if (lost)
            r.purchase_source.lose_answers();
        BOOST_TEST(r.time.await(r.purchases.async_associate("1", tests::owner("k2"))).key == "1");
        BOOST_TEST((r.purchase_source.truth("1").record.customer_id == "k2"));
        r.purchase_source.forget_calls();
        BOOST_TEST((bought("k1") == 0U && bought("k2") == 1U));
        // The set that it joined was read later than the record was: it is read by its key, not the set again.
        for (const auto& call : r.purchase_source.calls())
            BOOST_TEST(call.index == "id");
        // What was sent in doubt may land for a while.
        WriteOptions patient;
        patient.timeout = 300s;
        r.time.await(r.purchases.async_associate("1", tests::owner(std::nullopt), patient));
        BOOST_TEST((bought("k1") == 0U && bought("k2") == 0U));
    }
}

BOOST_AUTO_TEST_CASE(I7_members_and_links_that_one_operation_wrote_are_shown_together) {
    Remarks r;
    ReadThroughCache<Remarks::PurchaseReplica, Remarks::PurchaseSource, VirtualClock> cache{r.replica,
                                                                                            r.purchase_source};
    r.purchase_source.put({"1", "k1", "one"});
    r.time.await(cache.async_get("1"));
    OperationRequest request;
    request.keys = {r.purchases.lock_of("1")};
    Plan plan;
    plan.writes.push_back(
        r.purchases.update_step("rename", "1", Patch<tests::Purchase>{}.set<&tests::Purchase::request>("two")));
    plan.writes.push_back(r.purchases.associate_step("hand_over", "1", tests::owner("k2")));
    r.time.await(r.operations.async_carry_out(request, plan));
    const auto row = *r.replica.try_lookup("1");
    BOOST_TEST((row.mark == Mark::patched));
    BOOST_TEST((row.record == tests::Purchase{"1", "k2", "two"}));
    BOOST_TEST((r.purchase_source.truth("1").record == row.record));
}

BOOST_AUTO_TEST_CASE(D11_links_of_a_record_that_was_merged_away_are_the_survivors) {
    Remarks r;
    r.purchase_source.put({"1", "k1", "one"});
    r.purchase_source.put({"2", "k1", "two"});
    r.purchase_source.merge("1", "2");
    BOOST_TEST(r.time.await(r.purchases.async_associate("1", tests::owner("k2"))).key == "2");
    BOOST_TEST((r.purchase_source.truth("2").record.customer_id == "k2"));
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

BOOST_AUTO_TEST_SUITE(operations)

namespace {

const std::string alice = "k1";

// Another process finishes what was left, and sweeps.
void recover(Shop& shop) {
    ShopProcess other{shop};
    other.operations.run();
    for (int i = 0; i < 100 && !is_at_rest(shop); ++i)
        shop.time.advance(5s);
    other.operations.stop();
    shop.time.settle();
}

struct Scenario {
    std::string name;
    // Before the process that will die; gives the credits and the purchases that belong together.
    std::function<void(Shop&)> prepare;
    std::function<ToldPtr(ShopProcess&)> act;
    std::function<bool(Shop&)> took_effect;
    bool sum_changes = false;
};

std::vector<Scenario> scenarios() {
    const auto nothing = [](Shop&) {};
    const auto credits_are = [](int value) { return [value](Shop& shop) { return shop.credits(alice) == value; }; };
    const auto has_bought = [](Shop& shop) { return shop.bought(alice) == 1; };
    std::vector<Scenario> all;
    all.push_back({"update", nothing,
                   [](ShopProcess& p) {
                       auto told = std::make_shared<Told>();
                       p.customers.async_update(alice, p.credits(9), {}, p.hears_of<Customer>(told));
                       return told;
                   },
                   credits_are(9), true});
    all.push_back({"modify", nothing,
                   [](ShopProcess& p) {
                       auto told = std::make_shared<Told>();
                       auto more = [&p](const Customer& c) -> boost::system::result<Patch<Customer>> {
                           return p.credits(*c.credits + 1);
                       };
                       p.customers.async_modify(alice, more, {}, p.hears_of<Customer>(told));
                       return told;
                   },
                   credits_are(6), true});
    all.push_back({"create", nothing,
                   [](ShopProcess& p) {
                       auto told = std::make_shared<Told>();
                       Purchase purchase;
                       purchase.customer_id = alice;
                       purchase.request = "one";
                       p.purchases.async_create(purchase, {}, p.hears_of<Purchase>(told));
                       return told;
                   },
                   has_bought, true});
    const auto given = [](Shop& shop) {
        ShopProcess before{shop};
        before.book(alice, "before");
        shop.time.advance(5s);
    };
    const std::string first = "900000000001";
    all.push_back({"archive", given,
                   [first](ShopProcess& p) {
                       auto told = std::make_shared<Told>();
                       p.purchases.async_archive(first, {}, p.hears_of<Purchase>(told));
                       return told;
                   },
                   [](Shop& shop) { return shop.bought(alice) == 0; }, true});
    const auto handed_over = [](Shop& shop) { return shop.bought(alice) == 0 && shop.bought("k2") == 1; };
    all.push_back({"associate", given,
                   [first](ShopProcess& p) {
                       auto told = std::make_shared<Told>();
                       p.purchases.async_associate(first, owner("k2"), {}, p.hears_of<Purchase>(told));
                       return told;
                   },
                   handed_over, true});
    all.push_back(
        {"hand over", given, [first](ShopProcess& p) { return p.hand_over(alice, first, "k2", 4); }, handed_over});
    all.push_back({"hand over, the refund refused",
                   [given](Shop& shop) {
                       given(shop);
                       shop.customers.refuse_if([](const Customer& c) { return c.credits == 5; });
                   },
                   [first](ShopProcess& p) { return p.hand_over(alice, first, "k2", 4); }, handed_over});
    all.push_back({"hand over, the new owner refused",
                   [given](Shop& shop) {
                       given(shop);
                       shop.purchases.refuse_if([](const Purchase& bought) { return bought.customer_id == "k2"; });
                   },
                   [first](ShopProcess& p) { return p.hand_over(alice, first, "k2", 4); }, handed_over});
    all.push_back({"book", nothing, [](ShopProcess& p) { return p.book(alice, "one"); }, has_bought});
    all.push_back({"book, the customer refused",
                   [](Shop& shop) { shop.customers.refuse_if([](const Customer& c) { return c.credits == 4; }); },
                   [](ShopProcess& p) { return p.book(alice, "one"); }, has_bought});
    all.push_back({"book, the purchase refused",
                   [](Shop& shop) { shop.purchases.refuse_if([](const Purchase&) { return true; }); },
                   [](ShopProcess& p) { return p.book(alice, "one"); }, has_bought});
    all.push_back({"cancel", given, [first](ShopProcess& p) { return p.cancel(alice, first, "two"); },
                   [](Shop& shop) { return shop.bought(alice) == 0; }});
    return all;
}

enum class Fault { none, lost_answers, late_landings };

// The process dies at one step after the other, until it gets through.
void sweep(const Scenario& scenario, Fault fault) {
    for (std::size_t step = 0;; ++step) {
        BOOST_TEST_CONTEXT(scenario.name << ", fault " << static_cast<int>(fault) << ", dies at step " << step) {
            Shop shop;
            scenario.prepare(shop);
            const int before = shop.credits(alice) + shop.bought(alice);
            const auto source_faults = [&](auto& source) {
                if (fault == Fault::lost_answers)
                    source.lose_answers();
                if (fault == Fault::late_landings)
                    source.land_late(12s);
            };
            source_faults(shop.customers);
            source_faults(shop.purchases);
            const Life life{step};
            ShopProcess process{shop, life};
            const auto told = scenario.act(process);
            for (int i = 0; i < 60 && !told->done && !life.over(); ++i)
                shop.time.advance(1s);
            const bool survived = !life.over();
            recover(shop);
            at_rest(shop);
            const bool done = scenario.took_effect(shop);
            // I18, and that a refusal is one.
            BOOST_TEST((!told->succeeded() || done));
            BOOST_TEST((!told->failed() || !done));
            if (!scenario.sum_changes)
                BOOST_TEST(shop.credits(alice) + shop.bought(alice) == before);
            BOOST_TEST_REQUIRE(step < 200U);
            if (survived) {
                BOOST_TEST(told->done);
                return;
            }
        }
    }
}

int from_environment(const char* name, int otherwise) {
    const char* text = std::getenv(name);
    return text ? std::atoi(text) : otherwise;
}

} // namespace

BOOST_AUTO_TEST_CASE(D4_D5_two_processes_that_fail_at_random_spend_and_refund_every_credit_once) {
    const int only = from_environment("UNDERSTUDY_SEED", -1);
    const int seeds = only < 0 ? from_environment("UNDERSTUDY_SEEDS", 60) : 1;
    for (int seed = 0; seed < seeds; ++seed) {
        const int which = only < 0 ? seed : only;
        BOOST_TEST_CONTEXT("again alone: UNDERSTUDY_SEED=" << which) {
            Rush{static_cast<std::uint32_t>(which) * 7919U + 1}.run();
        }
    }
}

BOOST_AUTO_TEST_CASE(D4_D5_eight_clients_at_once_spend_and_refund_every_credit_once) {
    for (std::uint32_t seed = 1; seed <= 10; ++seed)
        BOOST_TEST_CONTEXT("seed " << seed) {
            Rush{seed, 8}.run();
        }
}

BOOST_AUTO_TEST_CASE(D8_whichever_step_a_process_dies_at_what_was_accepted_is_done_once_or_undone_whole) {
    for (const auto& scenario : scenarios())
        for (const auto fault : {Fault::none, Fault::lost_answers, Fault::late_landings})
            sweep(scenario, fault);
}

BOOST_AUTO_TEST_CASE(I16_who_is_cut_off_from_the_journal_sends_nothing_after_its_lease) {
    Shop shop;
    ShopProcess process{shop};
    shop.customers.fail_next_write(Errc::rate_limited, 10'000);
    shop.purchases.fail_next_write(Errc::rate_limited, 10'000);
    process.book(alice, "one", 600s);
    shop.time.advance(2s);
    process.line->cut = true;
    shop.time.advance(15s);
    shop.customers.forget_calls();
    shop.purchases.forget_calls();
    shop.time.advance(60s);
    BOOST_TEST(shop.customers.calls().empty());
    BOOST_TEST(shop.purchases.calls().empty());
}

BOOST_AUTO_TEST_CASE(I7_a_caller_whose_process_lost_its_lease_learns_what_another_one_made_of_it) {
    Shop shop;
    ShopProcess cut{shop};
    ShopProcess other{shop};
    other.operations.run();
    const auto told = cut.book(alice, "one", 300s);
    shop.time.advance(550ms);
    shop.customers.fail_always(Errc::rate_limited);
    shop.purchases.fail_always(Errc::rate_limited);
    shop.time.advance(1s);
    cut.line->cut = true;
    shop.time.advance(60s);
    BOOST_TEST(!told->done);
    shop.customers.fail_always({});
    shop.purchases.fail_always({});
    cut.line->cut = false;
    shop.time.advance(60s);
    BOOST_TEST(told->succeeded());
    BOOST_TEST(shop.bought(alice) == 1);
    other.operations.stop();
}

BOOST_AUTO_TEST_CASE(I18_that_nothing_will_be_sent_is_said_when_the_journal_says_so_and_no_earlier) {
    for (const bool cut : {false, true}) {
        Shop shop;
        ShopProcess process{shop};
        shop.customers.fail_always(Errc::rate_limited);
        shop.customers.read_after(0ms);
        shop.customers.answer_after(0ms);
        WriteOptions options;
        options.timeout = 5s;
        auto told = std::make_shared<Told>();
        process.customers.async_update(alice, process.credits(9), options, process.hears_of<Customer>(told));
        shop.time.advance(4s);
        process.line->cut = cut;
        shop.time.advance(2s);
        BOOST_TEST_REQUIRE(told->done);
        // Whoever recovers the journal would send it.
        BOOST_TEST((told->error == Errc::outcome_unknown) == cut);
        process.life.end();
        shop.customers.fail_always({});
        recover(shop);
        at_rest(shop);
        BOOST_TEST((shop.credits(alice) == 9) == cut);
    }
}

BOOST_AUTO_TEST_CASE(I3_a_dead_letter_shows_its_cause_keeps_its_keys_and_can_be_replayed_or_dropped) {
    Shop shop;
    shop.params.give_up_after = 60s;
    ShopProcess process{shop};
    process.operations.run();
    shop.customers.lose_answers();
    shop.customers.keep_operations(false);
    auto first = std::make_shared<Told>();
    process.customers.async_update(alice, process.credits(9), {}, process.hears_of<Customer>(first));
    shop.time.advance(200s);
    BOOST_TEST((first->error == Errc::outcome_unknown));
    auto letters = shop.time.await(process.operations.async_list_dead(10));
    BOOST_TEST_REQUIRE(letters.size() == 1U);
    BOOST_TEST(!letters[0].cause.empty());
    auto second = std::make_shared<Told>();
    process.customers.async_update(alice, process.credits(8), {}, process.hears_of<Customer>(second));
    shop.time.advance(20s);
    BOOST_TEST(!second->done);
    shop.customers.keep_operations(true);
    BOOST_TEST(shop.time.await(process.operations.async_replay(letters[0].intent.id)));
    shop.time.advance(60s);
    BOOST_TEST(second->succeeded());
    BOOST_TEST(shop.credits(alice) == 8);
    BOOST_TEST(!shop.time.await(process.operations.async_drop(letters[0].intent.id)));
    process.operations.stop();
}

BOOST_AUTO_TEST_CASE(D11_a_record_that_was_merged_away_is_written_as_the_survivor) {
    Shop shop{2};
    ShopProcess process{shop};
    shop.customers.merge("k1", "k2");
    auto updated = std::make_shared<Told>();
    process.customers.async_update("k1", process.credits(9), {}, process.hears_of<Customer>(updated));
    shop.time.advance(10s);
    BOOST_TEST(updated->succeeded());
    BOOST_TEST(shop.credits("k2") == 9);
    auto modified = std::make_shared<Told>();
    const auto more = [&](const Customer& c) -> boost::system::result<Patch<Customer>> {
        return process.credits(*c.credits + 1);
    };
    process.customers.async_modify("k1", more, {}, process.hears_of<Customer>(modified));
    shop.time.advance(10s);
    BOOST_TEST(modified->succeeded());
    BOOST_TEST(shop.credits("k2") == 10);
    OperationRequest request;
    request.keys = {process.customers.lock_of("k1")};
    Plan plan;
    plan.writes.push_back(process.customers.update_step("spend", "k1", process.credits(1)));
    auto told = std::make_shared<Told>();
    process.operations.async_carry_out(request, plan, process.hears(told));
    shop.time.advance(10s);
    BOOST_TEST((told->error == Errc::record_merged));
    BOOST_TEST_REQUIRE(told->report.step("spend"));
    BOOST_TEST(told->report.step("spend")->key == "k2");
}

BOOST_AUTO_TEST_CASE(I3_a_dead_letter_that_is_dropped_frees_its_key_and_one_that_is_replayed_is_finished) {
    for (const bool drop : {false, true}) {
        Shop shop;
        shop.params.give_up_after = 60s;
        ShopProcess process{shop};
        process.operations.run();
        shop.customers.lose_answers();
        shop.customers.keep_operations(false);
        const auto bought = process.book(alice, "one", 300s);
        shop.time.advance(200s);
        BOOST_TEST((bought->error == Errc::outcome_unknown));
        const auto letters = shop.time.await(process.operations.async_list_dead(10));
        BOOST_TEST_REQUIRE(letters.size() == 1U);
        BOOST_TEST(letters[0].intent.id == "one");
        BOOST_TEST(letters[0].intent.kind == "book");
        BOOST_TEST(letters[0].cause.find("not finished in time") != std::string::npos, letters[0].cause);
        const auto next = process.book(alice, "two", 300s);
        shop.time.advance(20s);
        BOOST_TEST(!next->done);
        shop.customers.keep_operations(true);
        if (drop)
            BOOST_TEST(shop.time.await(process.operations.async_drop("one")));
        else
            BOOST_TEST(shop.time.await(process.operations.async_replay("one")));
        shop.time.advance(60s);
        BOOST_TEST(next->succeeded());
        BOOST_TEST(shop.bought(alice) == 2);
        BOOST_TEST(shop.credits(alice) == 3);
        process.operations.stop();
        at_rest(shop);
    }
}

BOOST_AUTO_TEST_CASE(one_refused_of_a_hundred_writes_is_reported_and_the_others_are_done) {
    Shop shop{100};
    ShopProcess process{shop, ShopProcess::Customers{Coalescing<Shop::Customers, VirtualClock>{shop.customers}},
                        ShopProcess::Purchases{shop.purchases}};
    shop.customers.refuse_key("k50");
    shop.customers.forget_calls();
    std::vector<ToldPtr> all;
    for (int i = 1; i <= 100; ++i) {
        all.push_back(std::make_shared<Told>());
        process.customers.async_update(customer(i).id, process.credits(9), {}, process.hears_of<Customer>(all.back()));
    }
    shop.time.advance(5s);
    BOOST_TEST(shop.customers.calls().size() == 1U);
    for (int i = 1; i <= 100; ++i) {
        const auto& told = *all[static_cast<std::size_t>(i - 1)];
        BOOST_TEST((i == 50 ? told.error == Errc::refused : told.succeeded()));
        BOOST_TEST(shop.credits(customer(i).id) == (i == 50 ? 5 : 9));
    }
    recover(shop);
    at_rest(shop, 100);
}

BOOST_AUTO_TEST_CASE(D11_a_record_that_is_merged_away_in_mid_operation_is_written_as_the_survivor_once) {
    Shop shop{2};
    ShopProcess process{shop};
    // It was read, and decided on; the write is on its way.
    const auto merge_meanwhile = [&] {
        shop.time.advance(600ms);
        shop.customers.merge("k1", "k2");
        shop.time.advance(10s);
    };
    const auto modified = std::make_shared<Told>();
    const auto more = [&](const Customer& c) -> boost::system::result<Patch<Customer>> {
        return process.credits(*c.credits + 1);
    };
    shop.customers.put(customer(2, 7));
    process.customers.async_modify("k1", more, {}, process.hears_of<Customer>(modified));
    merge_meanwhile();
    BOOST_TEST(modified->succeeded());
    BOOST_TEST(shop.credits("k2") == 8);
    BOOST_TEST(shop.customers.operations("k2").size() == 1U);
    BOOST_TEST(shop.customers.operations("k1").empty());
    recover(shop);
    at_rest(shop, 0);

    // What belongs together is taken back together, and whose name it goes by now is said.
    Shop other{2};
    ShopProcess seller{other};
    const auto booked = seller.book("k1", "one");
    other.time.advance(600ms);
    other.customers.merge("k1", "k2");
    other.time.advance(10s);
    BOOST_TEST((booked->error == Errc::record_merged));
    BOOST_TEST_REQUIRE(booked->report.step("spend"));
    BOOST_TEST(booked->report.step("spend")->key == "k2");
    BOOST_TEST(other.bought("k1") == 0);
    BOOST_TEST(other.credits("k2") == 5);
    const auto again = seller.book("k2", "one again");
    other.time.advance(10s);
    BOOST_TEST(again->succeeded());
    BOOST_TEST(other.bought("k2") == 1);
    BOOST_TEST(other.credits("k2") == 4);
    recover(other);
    at_rest(other, 0);
}

BOOST_AUTO_TEST_CASE(a_source_that_fails_for_a_while_is_not_stormed_and_everything_is_done_once_afterwards) {
    for (const auto error : {Errc::rate_limited, Errc::unavailable, Errc::timed_out}) {
        BOOST_TEST_CONTEXT(error_code{error}.message()) {
            Shop shop{30};
            ShopProcess process{shop};
            std::vector<ToldPtr> all;
            for (int i = 1; i <= 30; ++i)
                all.push_back(process.book(customer(i).id, "of " + customer(i).id, 300s));
            // The balances were read.
            shop.time.advance(550ms);
            shop.customers.fail_always(error);
            shop.purchases.fail_always(error);
            shop.customers.forget_calls();
            shop.purchases.forget_calls();
            shop.time.advance(30s);
            BOOST_TEST(shop.customers.calls().size() + shop.purchases.calls().size() < 30U * 15U);
            for (const auto& told : all)
                BOOST_TEST(!told->done);
            shop.customers.fail_always({});
            shop.purchases.fail_always({});
            shop.time.advance(200s);
            for (int i = 1; i <= 30; ++i) {
                BOOST_TEST(all[static_cast<std::size_t>(i - 1)]->succeeded());
                BOOST_TEST(shop.bought(customer(i).id) == 1);
                BOOST_TEST(shop.credits(customer(i).id) == 4);
            }
            recover(shop);
            at_rest(shop, 30);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_row_that_cannot_be_read_neither_starves_the_others_nor_is_asked_for_all_the_time) {
    Shop shop{3};
    shop.params.sweep_batch = 1;
    shop.params.sweep_interval = 1s;
    shop.customers.fail_key("k1", Errc::malformed_answer);
    shop.time.await(shop.known_customers.async_hint({"k1"}));
    shop.time.await(shop.known_customers.async_hint({"k2"}));
    shop.time.await(shop.known_customers.async_hint({"k3"}));
    ShopProcess process{shop};
    shop.customers.forget_calls();
    process.operations.run();
    shop.time.advance(60s);
    BOOST_TEST((shop.known_customers.try_lookup("k2")->mark == Mark::clean));
    BOOST_TEST((shop.known_customers.try_lookup("k3")->mark == Mark::clean));
    BOOST_TEST(shop.customers.calls().size() < 12U);
    process.operations.stop();
}

BOOST_AUTO_TEST_CASE(marked_rows_are_read_at_once_if_somebody_says_so) {
    Shop shop{3};
    shop.params.sweep_interval = 1h;
    ShopProcess process{shop};
    const auto mark_of = [&](const char* key) { return shop.known_customers.try_lookup(key)->mark; };
    const auto hint = [&](const char* key) {
        shop.time.await(shop.known_customers.async_hint({key}));
        process.operations.hasten_sweeps();
    };
    hint("k1");
    shop.time.advance(60s);
    BOOST_TEST((mark_of("k1") == Mark::dirty));
    process.operations.run();
    shop.time.advance(60s);
    BOOST_TEST((mark_of("k1") == Mark::clean));
    hint("k1");
    shop.time.advance(1ms);
    // While that one is read, another is marked.
    hint("k2");
    shop.time.advance(60s);
    BOOST_TEST((mark_of("k1") == Mark::clean));
    BOOST_TEST((mark_of("k2") == Mark::clean));
    // A source that fails is left alone for a while all the same.
    shop.customers.fail_always(Errc::unavailable);
    hint("k3");
    shop.time.advance(60s);
    shop.customers.forget_calls();
    for (int i = 0; i < 30; ++i) {
        process.operations.hasten_sweeps();
        shop.time.advance(1s);
    }
    BOOST_TEST(shop.customers.calls().size() <= 1U);
    process.operations.stop();
}

// 100 customers who buy at once, through sources that are asked in batches.
BOOST_AUTO_TEST_CASE(a_hundred_purchases_at_once_are_three_calls_in_two_round_trips) {
    Shop shop{100};
    ShopProcess process{shop, ShopProcess::Customers{Coalescing<Shop::Customers, VirtualClock>{shop.customers}},
                        ShopProcess::Purchases{Coalescing<Shop::Purchases, VirtualClock>{shop.purchases}}};
    shop.customers.forget_calls();
    const auto began = VirtualClock::now();
    std::vector<ToldPtr> all;
    for (int i = 1; i <= 100; ++i)
        all.push_back(process.book(customer(i).id, "of " + customer(i).id));
    shop.time.advance(5s);
    VirtualClock::duration longest{0};
    for (const auto& told : all) {
        BOOST_TEST(told->succeeded());
        longest = std::max<VirtualClock::duration>(longest, told->at - began);
    }
    BOOST_TEST(shop.customers.calls().size() + shop.purchases.calls().size() == 3U);
    BOOST_TEST_MESSAGE("answered within " << longest / 1ms << " ms");
    BOOST_TEST((longest < 1'100ms));
}

BOOST_AUTO_TEST_SUITE_END()
