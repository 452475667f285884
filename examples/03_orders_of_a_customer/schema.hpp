#pragma once

#include <array>

/// A schema of the example's own, so that it disturbs nothing in a database that it is lent.
inline constexpr const char* schema_name = "understudy_example_03";

/// Beside what every record needs (see example 02): which sets are held completely, and an index by which the members
/// of one are found.
inline constexpr std::array schema_sql{
    "DROP SCHEMA IF EXISTS understudy_example_03 CASCADE",
    "CREATE SCHEMA understudy_example_03",
    R"(CREATE SEQUENCE understudy_example_03.understudy_ticket AS BIGINT CACHE 1)",
    R"(CREATE TABLE understudy_example_03.understudy_lookups (
        kind TEXT COLLATE "C" NOT NULL,
        value TEXT COLLATE "C" NOT NULL,
        ticket BIGINT NOT NULL,
        mark SMALLINT NOT NULL DEFAULT 0,
        synced_at TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (kind, value)
    ))",
    R"(CREATE TABLE understudy_example_03.understudy_sets (
        kind TEXT COLLATE "C" NOT NULL,
        parent TEXT COLLATE "C" NOT NULL,
        ticket BIGINT NOT NULL,
        as_of BIGINT NOT NULL,
        mark SMALLINT NOT NULL,
        synced_at TIMESTAMPTZ,
        PRIMARY KEY (kind, parent)
    ))",
    R"(CREATE TABLE understudy_example_03.orders (
        id TEXT COLLATE "C" PRIMARY KEY,
        customer_id TEXT,
        cents BIGINT,

        version BIGINT NOT NULL,
        ticket BIGINT NOT NULL,
        as_of BIGINT NOT NULL DEFAULT 0,
        mark SMALLINT NOT NULL,
        state SMALLINT NOT NULL,
        merged_into TEXT COLLATE "C",
        synced_at TIMESTAMPTZ,
        lag_reads SMALLINT NOT NULL DEFAULT 0,
        lag_version BIGINT,
        lag_since TIMESTAMPTZ
    ))",
    R"(CREATE INDEX orders_customer ON understudy_example_03.orders (customer_id))",
};
