#pragma once

#include <understudy/index.hpp>
#include <understudy/postgres/table.hpp>
#include <understudy/record.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What the REST interface serves and PostgreSQL mirrors. `credits` may be unknown to everybody; that is not zero.
struct Customer {
    std::string id;
    std::string name;
    std::optional<std::string> email;
    std::optional<std::int32_t> credits;

    friend bool operator==(const Customer&, const Customer&) = default;
};
BOOST_DESCRIBE_STRUCT(Customer, (), (id, name, email, credits))

template<>
struct understudy::RecordTraits<Customer> {
    static constexpr std::string_view name = "customer";
    static constexpr auto key = &Customer::id;
};

template<>
struct understudy::postgres::TableTraits<Customer> {
    static constexpr std::string_view table = "customers";
};
