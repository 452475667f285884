#pragma once

#include <array>

/// A schema of the example's own, so that it disturbs nothing in a database that it is lent.
inline constexpr const char* schema_name = "understudy_example_02";

/// What `postgres::Store<Customer>` needs: one counter and one table of absences for all records, and for each record
/// type a table with a column for each member and the columns by which the replica follows its source. Real programs
/// put this into their migrations.
inline constexpr std::array schema_sql{
    "DROP SCHEMA IF EXISTS understudy_example_02 CASCADE",
    "CREATE SCHEMA understudy_example_02",
    R"(CREATE SEQUENCE understudy_example_02.understudy_ticket AS BIGINT CACHE 1)",
    R"(CREATE TABLE understudy_example_02.understudy_lookups (
        kind TEXT COLLATE "C" NOT NULL,
        value TEXT COLLATE "C" NOT NULL,
        ticket BIGINT NOT NULL,
        mark SMALLINT NOT NULL DEFAULT 0,
        synced_at TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (kind, value)
    ))",
    R"(CREATE TABLE understudy_example_02.customers (
        id TEXT COLLATE "C" PRIMARY KEY,
        name TEXT,
        email TEXT,
        credits INTEGER,

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
};
