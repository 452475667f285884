#pragma once

#include "support/customer.hpp"

#include <understudy/index.hpp>
#include <understudy/patch.hpp>
#include <understudy/relation.hpp>

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tests {

/// The record of tests that need one whose creation has a name.
struct Purchase {
    std::string id;
    std::optional<std::string> customer_id;
    std::optional<std::string> request;

    friend bool operator==(const Purchase&, const Purchase&) = default;
};
BOOST_DESCRIBE_STRUCT(Purchase, (), (id, customer_id, request))

} // namespace tests

template<>
struct understudy::RecordTraits<tests::Purchase> {
    static constexpr std::string_view name = "purchase";
    static constexpr auto key = &tests::Purchase::id;
    using links = Members<&tests::Purchase::customer_id>;
    static constexpr auto idempotency_key = &tests::Purchase::request;
};

namespace tests {

/// Hands a purchase over to a customer.
inline understudy::Links<Purchase> owner(std::optional<std::string> customer) {
    return understudy::Links<Purchase>{}.set<&Purchase::customer_id>(std::move(customer));
}

struct ByRequest : understudy::Index<&Purchase::request> {
    static constexpr std::string_view name = "request";
};

struct PurchasesOfCustomer : understudy::Relation<Customer, &Purchase::customer_id> {
    static constexpr std::string_view name = "purchases_of_customer";
};

} // namespace tests
