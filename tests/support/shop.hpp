#pragma once

#include "support/any_source.hpp"
#include "support/customer.hpp"
#include "support/mortal.hpp"
#include "support/purchase.hpp"

#include <understudy/memory/journal.hpp>
#include <understudy/memory/store.hpp>
#include <understudy/testing/scripted_source.hpp>
#include <understudy/testing/virtual_time.hpp>
#include <understudy/write_through_sync.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tests {

using namespace understudy;
using namespace understudy::testing;
using namespace std::chrono_literals;

/// A journal as one process sees it, which may be cut off from it.
class ShopJournal : public Mortal<memory::Journal<VirtualClock>> {
    using Base = Mortal<memory::Journal<VirtualClock>>;

public:
    struct Line {
        /// Nothing arrives.
        bool cut = false;
        /// What arrives is done, and the answer is lost: so many times.
        int mute = 0;
    };

    ShopJournal(memory::Journal<VirtualClock> journal, const Life& life, std::shared_ptr<Line> line)
        : Base{std::move(journal), life}
        , line_{std::move(line)} {}

    template<class T, class Handler>
    void async_begin(T intents, Handler handler) {
        if (!lost(handler, std::vector<Admitted>{}))
            Base::async_begin(std::move(intents), muted(std::move(handler)));
    }
    template<class T, class Handler>
    void async_decide(T decisions, Handler handler) {
        if (!lost(handler, std::vector<Verdict>{}))
            Base::async_decide(std::move(decisions), muted(std::move(handler)));
    }
    template<class Settlements, class Handler>
    void async_end(std::vector<Ending> endings, Settlements settlements, Handler handler) {
        if (!lost(handler, std::vector<bool>{}))
            Base::async_end(std::move(endings), std::move(settlements), muted(std::move(handler)));
    }
    template<class Handler>
    void async_renew(Handler handler) {
        if (!lost(handler, std::chrono::milliseconds{}))
            Base::async_renew(std::move(handler));
    }
    template<class Handler>
    void async_take_over(std::size_t limit, Handler handler) {
        if (!lost(handler, std::vector<JournalEntry>{}))
            Base::async_take_over(limit, muted(std::move(handler)));
    }

private:
    template<class Handler, class Answer>
    bool lost(Handler& handler, Answer nothing) {
        if (line_->cut)
            boost::asio::post(get_executor(), [handler = std::move(handler), nothing]() mutable {
                handler(error_code{Errc::unavailable}, nothing);
            });
        return line_->cut;
    }
    template<class Handler>
    auto muted(Handler handler) {
        const bool mute = line_->mute > 0 && line_->mute-- > 0;
        return [mute, handler = std::move(handler)]<class Answer>(error_code error, Answer answer) mutable {
            if (mute)
                handler(error_code{Errc::timed_out}, Answer{});
            else
                handler(error, std::move(answer));
        };
    }

    std::shared_ptr<Line> line_;
};

using ShopOperations = Operations<ShopJournal, VirtualClock>;

/// Customers who buy for their credits, at a source and in a replica that outlive every process.
struct Shop {
    using Customers = ScriptedSource<Customer>;
    using Purchases = ScriptedSource<Purchase>;

    explicit Shop(int people = 1) {
        customers.read_after(400ms);
        customers.answer_after(100ms);
        purchases.read_after(300ms);
        purchases.answer_after(200ms);
        purchases.keep_unique<ByRequest>();
        for (int i = 1; i <= people; ++i) {
            customers.put(customer(i, 5));
            warm(customer(i, 5).id);
        }
        params.seed = 1;
        params.landing_limit = 20s;
        params.sweep_interval = 5s;
        params.recovery_interval = 5s;
    }

    void warm(const std::string& key) {
        Observation<Customer> seen;
        seen.key = key;
        seen.state = State::live;
        seen.record = customers.truth(key).record;
        seen.version = customers.truth(key).version;
        seen.ticket = time.await(known_customers.async_draw_ticket());
        time.await(known_customers.async_apply({seen}));
    }
    void for_each_purchase(const std::function<void(const std::string& key, const Reading<Purchase>& truth)>& visit) {
        std::size_t left = purchases.size();
        for (std::int64_t made = 900'000'000'001; left > 0; ++made) {
            const auto truth = purchases.truth(std::to_string(made));
            if (truth.state == State::absent)
                continue;
            visit(std::to_string(made), truth);
            --left;
        }
    }
    int bought(const std::string& customer) {
        int count = 0;
        for_each_purchase([&](const std::string&, const Reading<Purchase>& truth) {
            count += truth.found() && truth.record.customer_id == customer;
        });
        return count;
    }
    int credits(const std::string& customer) { return customers.truth(customer).record.credits.value_or(0); }

    VirtualTime time;
    Customers customers{time.get_executor()};
    Purchases purchases{time.get_executor()};
    memory::Store<Customer, VirtualClock> known_customers{time.get_executor()};
    memory::Store<Purchase, VirtualClock> known_purchases{time.get_executor()};
    memory::Journal<VirtualClock> journal{time.get_executor()};
    OperationParams params{};
};

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

/// I10: nothing is left to do, and the replica is as the source is. Nothing was done twice.
inline void at_rest(Shop& shop, int people = 1) {
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

inline bool is_at_rest(Shop& shop) {
    return shop.time.await(shop.journal.async_count()) == 0 &&
           shop.time.await(shop.known_customers.async_find_marked(1)).empty() &&
           shop.time.await(shop.known_purchases.async_find_marked(1)).empty();
}

/// What a client was told.
struct Told {
    bool done = false;
    error_code error{};
    OperationReport report{};
    VirtualClock::time_point at{};

    bool succeeded() const noexcept { return done && !error; }
    /// Told for sure that nothing took effect.
    bool failed() const noexcept { return done && error && error != Errc::outcome_unknown; }
};
using ToldPtr = std::shared_ptr<Told>;

/// A process that sells.
struct ShopProcess {
    using Customers = AnySource<Customer>;
    using Purchases = AnySource<Purchase, understudy::detail::ByIdempotencyKey<Purchase>>;

    explicit ShopProcess(Shop& s, const Life& with = Life{})
        : ShopProcess{s, Customers{s.customers}, Purchases{s.purchases}, with} {}

    /// It asks the shop's sources through these.
    ShopProcess(Shop& s, Customers asked_customers, Purchases asked_purchases, const Life& with = Life{})
        : life{with}
        , line{std::make_shared<ShopJournal::Line>()}
        , operations{ShopJournal{s.journal.another_session(), life, line}, s.params}
        , customers{Mortal<Customers>{std::move(asked_customers), life},
                    Mortal<memory::Store<Customer, VirtualClock>>{s.known_customers, life}, operations}
        , purchases{Mortal<Purchases>{std::move(asked_purchases), life},
                    Mortal<memory::Store<Purchase, VirtualClock>>{s.known_purchases, life}, operations} {}

    auto hears(const ToldPtr& told) {
        return [told](error_code error, const OperationReport& report) {
            *told = {true, error, report, VirtualClock::now()};
        };
    }
    template<class R>
    auto hears_of(const ToldPtr& told) {
        return [told](error_code error, const WriteReport<R>&) { *told = {true, error, {}, VirtualClock::now()}; };
    }

    Patch<Customer> credits(int value) { return Patch<Customer>{}.set<&Customer::credits>(value); }

    /// A purchase for a credit, which is read under the lock.
    ToldPtr book(const std::string& customer, const std::string& id, std::chrono::milliseconds timeout = 30s) {
        auto told = std::make_shared<Told>();
        OperationRequest request;
        request.id = id;
        request.request = customer;
        request.kind = "book";
        request.keys = {customers.lock_of(customer)};
        request.timeout = timeout;
        auto decide = [this, customer, id](ShopOperations::Decided decided) {
            auto on_read = [this, customer, id, decided](error_code error,
                                                         const std::vector<Reading<Customer>>& readings) {
                if (error || !readings.front().found())
                    return decided(error ? error : error_code{Errc::unavailable}, {});
                const int had = readings.front().record.credits.value_or(0);
                if (had < 1)
                    return decided(Errc::refused, {});
                Purchase purchase;
                purchase.customer_id = customer;
                purchase.request = id;
                Plan plan;
                plan.writes.push_back(purchases.create_step("buy", purchase));
                plan.writes.push_back(customers.update_step("spend", customer, credits(had - 1), credits(had)));
                decided({}, std::move(plan));
            };
            customers.async_read({customer}, {}, on_read);
        };
        operations.async_carry_out(request, decide, hears(told));
        return told;
    }

    /// Takes a purchase back, once.
    ToldPtr cancel(const std::string& customer, const std::string& purchase, const std::string& id) {
        auto told = std::make_shared<Told>();
        OperationRequest request;
        request.id = id;
        request.request = purchase;
        request.kind = "cancel";
        request.keys = {customers.lock_of(customer), purchases.lock_of(purchase)};
        auto decide = [this, customer, purchase](ShopOperations::Decided decided) {
            auto on_customer = [this, customer, purchase, decided](error_code error,
                                                                   const std::vector<Reading<Customer>>& readings) {
                if (error || !readings.front().found())
                    return decided(error ? error : error_code{Errc::unavailable}, {});
                const int had = readings.front().record.credits.value_or(0);
                auto on_purchase = [this, customer, purchase, had,
                                    decided](error_code failed, const std::vector<Reading<Purchase>>& found) {
                    if (failed || found.front().failed())
                        return decided(failed ? failed : error_code{Errc::unavailable}, {});
                    if (!found.front().found())
                        return decided(Errc::refused, {});
                    Plan plan;
                    plan.writes.push_back(purchases.archive_step("give_back", purchase));
                    plan.writes.push_back(customers.update_step("refund", customer, credits(had + 1)));
                    decided({}, std::move(plan));
                };
                purchases.async_read({purchase}, {}, on_purchase);
            };
            customers.async_read({customer}, {}, on_customer);
        };
        operations.async_carry_out(request, decide, hears(told));
        return told;
    }

    /// Hands a purchase over, and the price back.
    ToldPtr hand_over(const std::string& customer, const std::string& purchase, const std::string& to, int had) {
        auto told = std::make_shared<Told>();
        OperationRequest request;
        request.id = "hand over " + purchase;
        request.kind = "hand over";
        request.keys = {customers.lock_of(customer), purchases.lock_of(purchase)};
        Plan plan;
        plan.writes.push_back(purchases.associate_step("hand_over", purchase, owner(to), owner(customer)));
        plan.writes.push_back(customers.update_step("refund", customer, credits(had + 1), credits(had)));
        operations.async_carry_out(request, plan, hears(told));
        return told;
    }

    Life life;
    std::shared_ptr<ShopJournal::Line> line;
    ShopOperations operations;
    WriteThroughSync<Mortal<Customers>, Mortal<memory::Store<Customer, VirtualClock>>, ShopJournal, VirtualClock>
        customers;
    WriteThroughSync<Mortal<Purchases>, Mortal<memory::Store<Purchase, VirtualClock>>, ShopJournal, VirtualClock>
        purchases;
};

} // namespace tests
