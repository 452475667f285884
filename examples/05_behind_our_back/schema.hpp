#pragma once

#include <array>

/// A schema of the example's own, so that it disturbs nothing in a database that it is lent.
inline constexpr const char* schema_name = "understudy_example_05";

/// Beside what every record needs (see example 02): where passes stand, and who has them; `postgres/pass_ddl.hpp` has
/// the same for migrations.
inline constexpr std::array schema_sql{
    "DROP SCHEMA IF EXISTS understudy_example_05 CASCADE",
    "CREATE SCHEMA understudy_example_05",
    R"(CREATE SEQUENCE understudy_example_05.understudy_ticket AS BIGINT CACHE 1)",
    R"(CREATE TABLE understudy_example_05.understudy_lookups (
        kind TEXT COLLATE "C" NOT NULL,
        value TEXT COLLATE "C" NOT NULL,
        ticket BIGINT NOT NULL,
        mark SMALLINT NOT NULL DEFAULT 0,
        synced_at TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (kind, value)
    ))",
    R"(CREATE TABLE understudy_example_05.understudy_passes (
        name TEXT COLLATE "C" PRIMARY KEY,
        holder TEXT COLLATE "C" NOT NULL,
        fence BIGINT NOT NULL CHECK (fence > 0),
        alive_until TIMESTAMPTZ NOT NULL,
        position TEXT NOT NULL DEFAULT ''
    ))",
    R"(CREATE TABLE understudy_example_05.products (
        id BIGINT PRIMARY KEY,
        name TEXT,
        cents BIGINT,

        version BIGINT NOT NULL,
        ticket BIGINT NOT NULL,
        as_of BIGINT NOT NULL DEFAULT 0,
        mark SMALLINT NOT NULL,
        state SMALLINT NOT NULL,
        merged_into BIGINT,
        synced_at TIMESTAMPTZ,
        lag_reads SMALLINT NOT NULL DEFAULT 0,
        lag_version BIGINT,
        lag_since TIMESTAMPTZ
    ))",
};
