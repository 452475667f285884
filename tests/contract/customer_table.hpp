#pragma once

#include "support/customer.hpp"

#include <understudy/postgres/table.hpp>

#include <string>
#include <string_view>

template<>
struct understudy::postgres::TableTraits<tests::Customer> {
    static constexpr std::string_view table = "customers";
    using indexes = Indexes<tests::ByEmail, tests::ByNumber>;
};

template<>
struct understudy::postgres::IndexTraits<tests::ByEmail> {
    static std::string matches(std::string_view row, std::string_view value) {
        return "lower(" + std::string{row} + ".email) = " + std::string{value};
    }
};

namespace tests {

/// Makes an empty schema with all that a store of customers needs.
inline std::string customer_schema(const std::string& name) {
    return "CREATE SCHEMA " + name + "; SET search_path TO " + name + R"(;
CREATE SEQUENCE understudy_ticket AS BIGINT CACHE 1 NO CYCLE;
CREATE TABLE understudy_lookups (
    kind TEXT COLLATE "C" NOT NULL, value TEXT COLLATE "C" NOT NULL, ticket BIGINT NOT NULL,
    synced_at TIMESTAMPTZ NOT NULL, PRIMARY KEY (kind, value));
CREATE TABLE customers (
    id TEXT COLLATE "C" PRIMARY KEY, email TEXT, number TEXT, credits INTEGER, note TEXT,
    version BIGINT NOT NULL, ticket BIGINT NOT NULL, mark SMALLINT NOT NULL, state SMALLINT NOT NULL,
    merged_into TEXT COLLATE "C", synced_at TIMESTAMPTZ,
    lag_reads SMALLINT NOT NULL DEFAULT 0, lag_version BIGINT, lag_since TIMESTAMPTZ);
CREATE INDEX ON customers (lower(email));
CREATE INDEX ON customers (number);
)";
}

} // namespace tests
