#pragma once

#include <understudy/postgres/table.hpp>
#include <understudy/record.hpp>
#include <understudy/relation.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct Customer {
    std::string id;
    std::string name;

    friend bool operator==(const Customer&, const Customer&) = default;
};
BOOST_DESCRIBE_STRUCT(Customer, (), (id, name))

template<>
struct understudy::RecordTraits<Customer> {
    static constexpr std::string_view name = "customer";
    static constexpr auto key = &Customer::id;
};

struct Order {
    std::string id;
    std::optional<std::string> customer_id;
    std::int64_t cents = 0;

    friend bool operator==(const Order&, const Order&) = default;
};
BOOST_DESCRIBE_STRUCT(Order, (), (id, customer_id, cents))

template<>
struct understudy::RecordTraits<Order> {
    static constexpr std::string_view name = "order";
    static constexpr auto key = &Order::id;
};

/// The relation is declared once, and every store understands it.
struct OrdersOfCustomer : understudy::Relation<Customer, &Order::customer_id> {
    static constexpr std::string_view name = "orders_of_customer";
};

template<>
struct understudy::postgres::TableTraits<Order> {
    static constexpr std::string_view table = "orders";
};
