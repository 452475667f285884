#pragma once

#include <understudy/understudy.hpp>

#include <boost/describe/class.hpp>

#include <string>

/// An order. The shop gives it its number, and takes no two with the same `reference`: who does not know whether an
/// order arrived sends it again.
struct Order {
    std::string number;
    std::string reference;
    std::string book;
    int copies = 0;

    friend bool operator==(const Order&, const Order&) = default;
};
BOOST_DESCRIBE_STRUCT(Order, (), (number, reference, book, copies))

template<>
struct understudy::RecordTraits<Order> {
    static constexpr std::string_view name = "order";
    static constexpr auto key = &Order::number;
    static constexpr auto idempotency_key = &Order::reference;
};
