#pragma once

#include <understudy/postgres/table.hpp>
#include <understudy/record.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>
#include <string_view>

struct Product {
    std::int64_t id = 0;
    std::string name;
    std::int64_t cents = 0;

    friend bool operator==(const Product&, const Product&) = default;
};
BOOST_DESCRIBE_STRUCT(Product, (), (id, name, cents))

template<>
struct understudy::RecordTraits<Product> {
    static constexpr std::string_view name = "product";
    static constexpr auto key = &Product::id;
};

template<>
struct understudy::postgres::TableTraits<Product> {
    static constexpr std::string_view table = "products";
};
