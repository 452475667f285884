#pragma once

#include "support/shop.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tests {

/// Two processes, faults and crashes at random; who was told what, and what became of it. So many clients ask at once.
class Rush {
public:
    explicit Rush(std::uint32_t seed, int clients = 1)
        : random_{seed}
        , clients_{clients}
        , shop_{people} {
        shop_.params.seed = seed + 1;
        for (auto& process : processes_)
            restart(process);
    }

    void run() {
        for (int i = 0; i < 60; ++i) {
            if (i % clients_ == 0)
                for (int client = 0; client < clients_; ++client)
                    act(i + client);
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
            auto& at = process();
            booked_.push_back({who, id, at.book(who, id), &at});
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
                auto& at = process();
                booked_.push_back({"cancel", id, at.cancel(who, which, id), &at});
            }
        } else if (kind < 9) {
            // Decided once, so that it counts whatever the caller is told.
            auto told = std::make_shared<Told>();
            auto& at = process();
            const auto more = [&at](const Customer& c) -> boost::system::result<Patch<Customer>> {
                return at.credits(c.credits.value_or(0) + 1);
            };
            edits_.push_back({who, "", told, &at});
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
        for (const auto& [who, id, told, at] : booked_) {
            BOOST_TEST_INFO("booking " << id << " of " << who << ": " << told->error.message());
            BOOST_TEST((!told->succeeded() || who == "cancel" || made.contains(id + "/buy")));
        }
        for (int i = 1; i <= people; ++i) {
            const auto who = customer(i).id;
            check_order(shop_.customers.operations(who));
            int least = 0;
            int most = 0;
            for (const auto& [edited, id, told, at] : edits_)
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

    // I17: what a process asked for of one record first reaches it first; what is taken back is so before the next.
    void check_order(const std::vector<std::string>& writes) {
        std::map<const ShopProcess*, int> last;
        for (std::size_t i = 0; i < writes.size(); ++i) {
            const auto id = writes[i].substr(0, writes[i].find('/'));
            const auto asked = std::find_if(booked_.begin(), booked_.end(), [&](const Asked& a) { return a.id == id; });
            if (asked == booked_.end())
                continue;
            BOOST_TEST_INFO(writes[i]);
            if (writes[i].ends_with("/undo")) {
                BOOST_TEST((i > 0 && writes[i - 1] + "/undo" == writes[i]));
                continue;
            }
            const int number = std::stoi(id);
            const auto [before, is_first] = last.emplace(asked->at, number);
            BOOST_TEST((is_first || before->second < number));
            before->second = number;
        }
    }

    struct Asked {
        std::string who;
        std::string id;
        ToldPtr told;
        const ShopProcess* at;
    };

    std::minstd_rand random_;
    int clients_;
    Shop shop_;
    std::unique_ptr<ShopProcess> processes_[2];
    std::vector<std::unique_ptr<ShopProcess>> dead_;
    std::vector<Asked> booked_;
    std::vector<Asked> edits_;
    std::map<std::string, std::string> notes_;
};

} // namespace tests
