#include "support/shop.hpp"

#include <understudy/coalescing.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
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
    std::string names;
    for (const auto& name : source.operations(key))
        names += " " + name;
    BOOST_TEST_INFO(key << " after" << names);
    BOOST_TEST((row->mark == Mark::clean));
    BOOST_TEST_INFO(key << " after" << names);
    BOOST_TEST((row->state == State::live) == truth.found());
    BOOST_TEST_INFO(key << " after" << names);
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

// Two processes, faults and crashes at random; who was told what, and what became of it.
class Rush {
public:
    explicit Rush(std::uint32_t seed)
        : random_{seed}
        , shop_{people} {
        shop_.params.seed = seed + 1;
        for (auto& process : processes_)
            restart(process);
    }

    void run() {
        for (int i = 0; i < 60; ++i) {
            act(i);
            if (pick(3) == 0)
                fail();
            shop_.time.advance(std::chrono::milliseconds{pick(1'500)});
        }
        for (auto& process : processes_) {
            process->line->cut = false;
            process->line->mute = 0;
        }
        shop_.customers.fail_always({});
        shop_.purchases.refuse_if({});
        for (int i = 0; i < 100 && !is_at_rest(shop_); ++i)
            shop_.time.advance(5s);
        for (auto& process : processes_)
            process->operations.stop();
        shop_.time.settle();
        check();
    }

private:
    static constexpr int people = 3;

    int pick(int below) { return std::uniform_int_distribution<int>{0, below - 1}(random_); }
    ShopProcess& process() { return *processes_[static_cast<std::size_t>(pick(2))]; }

    void restart(std::unique_ptr<ShopProcess>& process) {
        if (process) {
            process->life.end();
            dead_.push_back(std::move(process));
        }
        process = std::make_unique<ShopProcess>(shop_);
        process->operations.run();
    }

    void act(int number) {
        const auto who = customer(1 + pick(people)).id;
        const auto id = std::to_string(number);
        const int kind = pick(10);
        if (kind < 5) {
            booked_.push_back({who, id, process().book(who, id)});
        } else if (kind < 8) {
            std::vector<std::string> live;
            shop_.for_each_purchase([&](const std::string& key, const Reading<Purchase>& truth) {
                // Of those that people know of.
                if (truth.found() && truth.record.customer_id == who &&
                    shop_.known_purchases.try_lookup(key)->current())
                    live.push_back(key);
            });
            if (!live.empty()) {
                auto& which = live[static_cast<std::size_t>(pick(static_cast<int>(live.size())))];
                const auto told = process().cancel(who, which, id);
                booked_.push_back({"cancel", id, told});
            }
        } else if (kind < 9) {
            // Decided once, so that it counts whatever the caller is told.
            auto told = std::make_shared<Told>();
            auto& at = process();
            const auto more = [&at](const Customer& c) -> boost::system::result<Patch<Customer>> {
                return at.credits(c.credits.value_or(0) + 1);
            };
            edits_.push_back({who, "", told});
            at.customers.async_modify(who, more, {}, at.hears_of<Customer>(told));
        } else {
            auto edited = shop_.customers.truth(who).record;
            edited.note = "edited " + id;
            notes_[who] = edited.note;
            shop_.customers.put(edited);
            shop_.time.await(shop_.known_customers.async_hint({who}));
        }
    }

    void fail() {
        auto& at = process();
        switch (pick(10)) {
        case 0:
            return shop_.customers.lose_answers();
        case 1:
            return shop_.purchases.lose_answers();
        case 2:
            return shop_.customers.land_late(std::chrono::seconds{pick(19)});
        case 3:
            return shop_.purchases.land_late(std::chrono::seconds{pick(19)});
        case 4:
            return shop_.customers.fail_next_write(Errc::rate_limited, 3);
        case 5:
            return shop_.purchases.fail_next_write(Errc::unavailable, 2);
        case 6:
            return shop_.purchases.refuse_if([on = pick(2) == 0](const Purchase&) { return on; });
        case 7:
            at.line->cut = !at.line->cut;
            return;
        case 8:
            at.line->mute = 1;
            return;
        default:
            return restart(processes_[static_cast<std::size_t>(pick(2))]);
        }
    }

    void check() {
        at_rest(shop_, people);
        std::set<std::string> made;
        shop_.for_each_purchase([&](const std::string& key, const Reading<Purchase>&) {
            made.insert(shop_.purchases.operations(key).begin(), shop_.purchases.operations(key).end());
        });
        for (const auto& [who, id, told] : booked_) {
            BOOST_TEST_INFO("booking " << id << " of " << who << ": " << told->error.message());
            BOOST_TEST((!told->succeeded() || who == "cancel" || made.contains(id + "/buy")));
        }
        for (int i = 1; i <= people; ++i) {
            const auto who = customer(i).id;
            int least = 0;
            int most = 0;
            for (const auto& [edited, id, told] : edits_)
                if (edited == who) {
                    least += told->succeeded() ? 1 : 0;
                    most += told->failed() ? 0 : 1;
                }
            // D4, D5: whatever was bought and given back, it adds up.
            const int sum = shop_.credits(who) + shop_.bought(who) - 5;
            BOOST_TEST_INFO(who);
            BOOST_TEST(sum >= least);
            BOOST_TEST(sum <= most);
            if (const auto note = notes_.find(who); note != notes_.end())
                BOOST_TEST(shop_.customers.truth(who).record.note == note->second);
        }
    }

    struct Asked {
        std::string who;
        std::string id;
        ToldPtr told;
    };

    std::minstd_rand random_;
    Shop shop_;
    std::unique_ptr<ShopProcess> processes_[2];
    std::vector<std::unique_ptr<ShopProcess>> dead_;
    std::vector<Asked> booked_;
    std::vector<Asked> edits_;
    std::map<std::string, std::string> notes_;
};

int from_environment(const char* name, int otherwise) {
    const char* text = std::getenv(name);
    return text ? std::atoi(text) : otherwise;
}

} // namespace

BOOST_AUTO_TEST_SUITE(operations)

BOOST_AUTO_TEST_CASE(D4_D5_two_processes_that_fail_at_random_spend_and_refund_every_credit_once) {
    const int only = from_environment("UNDERSTUDY_SEED", -1);
    const int seeds = only < 0 ? from_environment("UNDERSTUDY_SEEDS", 200) : 1;
    for (int seed = 0; seed < seeds; ++seed) {
        const int which = only < 0 ? seed : only;
        BOOST_TEST_CONTEXT("again alone: UNDERSTUDY_SEED=" << which) {
            Rush{static_cast<std::uint32_t>(which) * 7919U + 1}.run();
        }
    }
}

BOOST_AUTO_TEST_CASE(D8_whichever_step_a_process_dies_at_what_was_accepted_is_done_once_or_undone_whole) {
    for (const auto& scenario : scenarios())
        for (const auto fault : {Fault::none, Fault::lost_answers, Fault::late_landings})
            sweep(scenario, fault);
}

// 100 customers who buy at once, as they would through a source that is asked in batches.
BOOST_AUTO_TEST_CASE(a_hundred_purchases_at_once_are_three_calls_in_two_round_trips) {
    Shop shop{100};
    using Customers = Coalescing<Shop::Customers, VirtualClock>;
    using Purchases = Coalescing<Shop::Purchases, VirtualClock>;
    Operations<memory::Journal<VirtualClock>, VirtualClock> operations{shop.journal, shop.params};
    WriteThroughSync customers{Customers{shop.customers}, shop.known_customers, operations};
    WriteThroughSync purchases{Purchases{shop.purchases}, shop.known_purchases, operations};
    shop.customers.forget_calls();
    const auto began = VirtualClock::now();
    VirtualClock::duration longest{0};
    int succeeded = 0;
    for (int i = 1; i <= 100; ++i) {
        const auto who = customer(i).id;
        OperationRequest request;
        request.keys = {customers.lock_of(who)};
        auto decide = [&customers, who](auto decided) {
            customers.async_read({who}, {}, [=](error_code, const std::vector<Reading<Customer>>& readings) {
                const auto left = Patch<Customer>{}.set<&Customer::credits>(*readings.front().record.credits - 1);
                Purchase purchase;
                purchase.customer_id = who;
                purchase.request = "of " + who;
                Plan plan;
                plan.writes.push_back(
                    WriteThroughSync<Purchases, memory::Store<Purchase, VirtualClock>, memory::Journal<VirtualClock>,
                                     VirtualClock>::create_step("buy", purchase));
                plan.writes.push_back(
                    WriteThroughSync<Customers, memory::Store<Customer, VirtualClock>, memory::Journal<VirtualClock>,
                                     VirtualClock>::update_step("spend", who, left));
                decided({}, std::move(plan));
            });
        };
        operations.async_carry_out(request, decide, [&, began](error_code error, const OperationReport&) {
            succeeded += !error;
            longest = std::max<VirtualClock::duration>(longest, VirtualClock::now() - began);
        });
    }
    shop.time.advance(5s);
    BOOST_TEST(succeeded == 100);
    BOOST_TEST(shop.customers.calls().size() + shop.purchases.calls().size() == 3U);
    BOOST_TEST_MESSAGE("answered within " << longest / 1ms << " ms");
    BOOST_TEST((longest < 1'100ms));
}

BOOST_AUTO_TEST_SUITE_END()
