#pragma once

#include "support/customer.hpp"

#include <understudy/patch.hpp>
#include <understudy/relation.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace tests {

/// The record of tests that need a record which belongs to another.
struct Order {
    std::string id;
    std::optional<std::string> customer_id;
    std::int32_t amount = 0;

    friend bool operator==(const Order&, const Order&) = default;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, customer_id, amount))

/// The same `which`: the same id; ids ascend. Below zero, `parent` is no customer.
inline Order order(int which, int parent, int amount = 1) {
    char id[16];
    std::snprintf(id, sizeof id, "o%06d", which);
    Order o;
    o.id = id;
    if (parent >= 0)
        o.customer_id = customer(parent).id;
    o.amount = amount;
    return o;
}

} // namespace tests

template<>
struct understudy::RecordTraits<tests::Order> {
    static constexpr std::string_view name = "order";
    static constexpr auto key = &tests::Order::id;
    using links = Members<&tests::Order::customer_id>;
};

namespace tests {

/// Moves an order to a customer.
inline understudy::Links<Order> order_of(int parent) {
    return understudy::Links<Order>{}.set<&Order::customer_id>(order(0, parent).customer_id);
}

inline understudy::Patch<Order> amount_patch(int amount) {
    understudy::Patch<Order> patch;
    patch.set<&Order::amount>(amount);
    return patch;
}

struct OrdersOfCustomer : understudy::Relation<Customer, &Order::customer_id> {
    static constexpr std::string_view name = "orders_of_customer";
};

struct AllOrders : understudy::Whole<Order> {
    static constexpr std::string_view name = "all_orders";
};

} // namespace tests
