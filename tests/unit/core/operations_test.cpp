#include "support/shop.hpp"

#include <understudy/coalescing.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace tests;

namespace {

const std::string alice = "k1";

template<class Source, class Replica>
void same(Source& source, Replica& replica, const std::string& key) {
    const auto truth = source.truth(key);
    const auto row = replica.try_lookup(key);
    BOOST_TEST_REQUIRE(row.has_value());
    // What was never heard of needs no row.
    if (row->state == State::unknown && row->mark == Mark::clean)
        return;
    BOOST_TEST_INFO(key);
    BOOST_TEST((row->mark == Mark::clean));
    BOOST_TEST((row->state == State::live) == truth.found());
    BOOST_TEST((!truth.found() || row->record == truth.record));
}

// I10: nothing is left to do, and the replica is as the source is. Nothing was done twice.
void at_rest(Shop& shop, int people = 1) {
    BOOST_TEST(shop.time.await(shop.journal.async_count()) == 0U);
    for (const auto& letter : shop.time.await(shop.journal.async_list_dead(10)))
        BOOST_ERROR("dead: " + letter.intent.id + ": " + letter.cause);
    for (int i = 1; i <= people; ++i) {
        const auto key = customer(i).id;
        same(shop.customers, shop.known_customers, key);
        const auto& names = shop.customers.operations(key);
        BOOST_TEST(std::set<std::string>(names.begin(), names.end()).size() == names.size());
    }
    std::map<std::string, int> live;
    shop.for_each_purchase([&](const std::string& key, const Reading<Purchase>& truth) {
        same(shop.purchases, shop.known_purchases, key);
        if (truth.found())
            BOOST_TEST(++live[*truth.record.request] == 1);
    });
}

bool is_at_rest(Shop& shop) {
    return shop.time.await(shop.journal.async_count()) == 0 &&
           shop.time.await(shop.known_customers.async_find_marked(1)).empty() &&
           shop.time.await(shop.known_purchases.async_find_marked(1)).empty();
}

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

} // namespace

BOOST_AUTO_TEST_SUITE(operations)

BOOST_AUTO_TEST_CASE(D8_whichever_step_a_process_dies_at_what_was_accepted_is_done_once_or_undone_whole) {
    for (const auto& scenario : scenarios())
        for (const auto fault : {Fault::none, Fault::lost_answers, Fault::late_landings})
            sweep(scenario, fault);
}

BOOST_AUTO_TEST_SUITE_END()
