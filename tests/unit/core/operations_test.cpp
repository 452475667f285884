#include "support/rush.hpp"
#include "support/shop.hpp"

#include <understudy/coalescing.hpp>

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

using namespace tests;

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

BOOST_AUTO_TEST_SUITE(operations)

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
