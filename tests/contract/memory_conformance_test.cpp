#include "contract/conformance.hpp"
#include "support/customer.hpp"
#include "support/order.hpp"

#include <understudy/memory/store.hpp>
#include <understudy/testing/scripted_source.hpp>
#include <understudy/testing/virtual_time.hpp>

#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::testing;
using tests::customer;
using tests::Customer;

namespace {

struct MemoryReplica {
    using unique_index = tests::ByEmail;

    auto& store() { return replica; }
    Customer record(int which, int variant) { return customer(which, variant); }
    std::string value(int which, int variant) { return *customer(which, variant).email; }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    VirtualTime time;
    memory::Store<Customer, VirtualClock> replica{time.get_executor()};
};

struct MemorySets {
    using relation = tests::OrdersOfCustomer;
    using whole = tests::AllOrders;

    auto& store() { return replica; }
    tests::Order record(int which, int parent, int variant) { return tests::order(which, parent, variant); }
    std::string value(int parent) { return customer(parent).id; }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    VirtualTime time;
    memory::Store<tests::Order, VirtualClock> replica{time.get_executor()};
};

struct Scripted {
    using unique_index = tests::ByEmail;
    using searched_index = tests::ByNumber;

    Scripted() {
        for (int i = 0; i < 250; ++i)
            source.put(customer(i));
    }
    auto& store() { return source; }
    std::vector<Customer> existing() {
        std::vector<Customer> records;
        for (int i = 0; i < 250; ++i)
            records.push_back(customer(i));
        return records;
    }
    std::string missing_key() { return "none"; }
    std::string value_of(const Customer& record) { return *record.email; }
    std::string missing_value() { return "none@example.com"; }
    std::string searched_value_of(const Customer& record) { return *record.number; }
    std::string missing_searched_value() { return "NONE"; }
    template<class Operation>
    auto await(Operation&& operation) {
        return time.await(std::forward<Operation>(operation));
    }

    VirtualTime time;
    ScriptedSource<Customer> source{time.get_executor()};
};

} // namespace

BOOST_DATA_TEST_CASE(memory_store_is_a_replica, tests::cases_of<ReplicaConformance<MemoryReplica>>()) {
    tests::run_case<ReplicaConformance<MemoryReplica>, MemoryReplica>(sample);
}

BOOST_DATA_TEST_CASE(memory_store_covers_sets, tests::cases_of<SetConformance<MemorySets>>()) {
    tests::run_case<SetConformance<MemorySets>, MemorySets>(sample);
}

BOOST_DATA_TEST_CASE(scripted_source_is_a_source, tests::cases_of<SourceConformance<Scripted>>()) {
    tests::run_case<SourceConformance<Scripted>, Scripted>(sample);
}
