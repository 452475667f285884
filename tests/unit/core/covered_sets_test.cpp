#include "support/order.hpp"

#include <understudy/coalescing.hpp>
#include <understudy/memory/store.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/testing/faulty_replica.hpp>
#include <understudy/testing/scripted_source.hpp>
#include <understudy/testing/virtual_time.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace understudy::testing;
using namespace std::chrono_literals;
using tests::AllOrders;
using tests::customer;
using tests::Order;
using tests::order;
using tests::OrdersOfCustomer;

namespace {

using Memory = memory::Store<Order, VirtualClock>;
using TestReplica = FaultyReplica<Memory>;
using TestSource = ScriptedSource<Order>;
using Cache = ReadThroughCache<TestReplica, TestSource, VirtualClock>;
using Answer = SetReading<Order>;

struct Result {
    boost::system::error_code error{};
    Answer answer{};
    bool done = false;
};

std::string who(int parent) {
    return customer(parent).id;
}

std::vector<std::string> ids(const Answer& answer) {
    std::vector<std::string> found;
    for (const auto& member : answer.members)
        found.push_back(member.id);
    return found;
}

struct World {
    explicit World(const ReadThroughParams& params = {})
        : cache{replica, source, params} {
        source.read_after(250ms);
        source.answer_after(250ms);
    }

    std::shared_ptr<Result> start(int parent, const ReadOptions& options = {}) {
        auto result = std::make_shared<Result>();
        cache.async_get_set<OrdersOfCustomer>(who(parent), options,
                                              [result](boost::system::error_code error, Answer answer) {
                                                  *result = {error, std::move(answer), true};
                                              });
        return result;
    }

    Result get(int parent, const ReadOptions& options = {}) {
        const auto result = start(parent, options);
        time.run();
        BOOST_TEST_REQUIRE(result->done);
        return *result;
    }

    std::vector<std::string> members(int parent) {
        const auto result = get(parent);
        BOOST_TEST(!result.error);
        BOOST_TEST(result.answer.found());
        return ids(result.answer);
    }

    std::vector<std::string> truth(int parent) const {
        std::vector<std::string> found;
        for (const auto& [id, o] : orders)
            if (o.customer_id == who(parent))
                found.push_back(id);
        return found;
    }

    void put(const Order& o) {
        orders[o.id] = o;
        source.put(o);
    }
    void archive(const std::string& id) {
        orders.erase(id);
        source.archive(id);
    }
    void hint(const std::string& id) { replica.inner().table().hint(id); }
    void hint_set(int parent) { replica.inner().table().hint_set<OrdersOfCustomer>(who(parent)); }
    std::size_t calls() const { return source.calls().size(); }

    VirtualTime time;
    TestReplica replica{Memory{time.get_executor()}};
    TestSource source{time.get_executor()};
    Cache cache;
    std::map<std::string, Order> orders;
};

ReadOptions with(Freshness freshness) {
    ReadOptions options;
    options.freshness = freshness;
    return options;
}

} // namespace

BOOST_DATA_TEST_CASE(a_set_is_right_on_the_first_answer_and_costs_nothing_after,
                     boost::unit_test::data::make({0, 1, 100, 101, 600})) {
    World w;
    for (int i = 0; i < sample; ++i)
        w.put(order(i, 1));
    w.put(order(1000, 2));
    BOOST_TEST(w.members(1) == w.truth(1));
    BOOST_TEST(w.calls() == 1u);
    const auto again = w.get(1);
    BOOST_TEST(again.answer.found());
    BOOST_TEST(ids(again.answer) == w.truth(1));
    BOOST_TEST(again.answer.tier == 0);
    BOOST_TEST(!again.answer.stale);
    BOOST_TEST(w.calls() == 1u);
}
