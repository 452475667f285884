#pragma once

#include "support/customer.hpp"
#include "support/numbered.hpp"
#include "support/order.hpp"

#include <understudy/date_time.hpp>
#include <understudy/postgres/pass_ddl.hpp>
#include <understudy/postgres/table.hpp>

#include <boost/describe/enum.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

template<>
struct understudy::postgres::TableTraits<tests::Customer> {
    static constexpr std::string_view table = "customers";
    using indexes = Indexes<tests::ByEmail, tests::ByNumber>;
};

template<>
struct understudy::postgres::TableTraits<tests::Order> {
    static constexpr std::string_view table = "orders";
    using relations = Indexes<tests::OrdersOfCustomer, tests::AllOrders>;
};

template<>
struct understudy::postgres::TableTraits<tests::Numbered> {
    static constexpr std::string_view table = "numbered";
};

template<>
struct understudy::postgres::TableTraits<tests::Tally> {
    static constexpr std::string_view table = "tallies";
};

template<>
struct understudy::postgres::IndexTraits<tests::ByEmail> {
    static std::string matches(std::string_view row, std::string_view value) {
        return "lower(" + std::string{row} + ".email COLLATE \"C\") = " + std::string{value};
    }
};

namespace tests {

inline const std::string sync_columns =
    "version bigint NOT NULL, ticket bigint NOT NULL, as_of bigint NOT NULL DEFAULT 0, mark smallint NOT NULL CHECK "
    "(mark BETWEEN 0 AND 2), "
    "state smallint NOT NULL CHECK (state BETWEEN 0 AND 5), merged_into text, synced_at timestamptz, "
    "lag_reads smallint NOT NULL DEFAULT 0 CHECK (lag_reads BETWEEN 0 AND 3), lag_version bigint, lag_since "
    "timestamptz, "
    "CHECK ((state = 4) = (merged_into IS NOT NULL)), CHECK ((state = 0) = (synced_at IS NULL))";

/// What every store of records needs.
inline const std::string shared_ddl =
    "CREATE SEQUENCE understudy_ticket CACHE 1;"
    "CREATE TABLE understudy_lookups (kind text COLLATE \"C\", value text COLLATE \"C\", ticket bigint NOT NULL, "
    "synced_at timestamptz NOT NULL, mark smallint NOT NULL DEFAULT 0, PRIMARY KEY (kind, value));";

/// What stores of `Customer` need.
inline const std::string customers_ddl =
    shared_ddl + "CREATE TABLE customers (id text PRIMARY KEY, email text, number text, credits integer, note text, " +
    sync_columns + ");";

/// What stores of `Order`, and of its sets, need.
inline const std::string orders_ddl =
    shared_ddl +
    "CREATE TABLE understudy_sets (kind text COLLATE \"C\", parent text COLLATE \"C\", ticket bigint NOT NULL, "
    "as_of bigint NOT NULL, mark smallint NOT NULL CHECK (mark BETWEEN 0 AND 2), synced_at timestamptz, "
    "PRIMARY KEY (kind, parent), CHECK ((as_of = 0) = (synced_at IS NULL)));"
    "CREATE TABLE orders (id text PRIMARY KEY, customer_id text, amount integer, " +
    sync_columns +
    ");"
    "CREATE INDEX ON orders (customer_id) WHERE state = 1;";

/// What stores of `Numbered`, of `Tally` and of `Customer` need for passes.
inline const std::string numbered_ddl =
    shared_ddl + "CREATE TABLE numbered (id text COLLATE \"C\" PRIMARY KEY, label text, size integer, " + sync_columns +
    "); CREATE INDEX ON numbered (length(id), id);" + std::string{understudy::postgres::pass_ddl};
inline const std::string tallies_ddl =
    shared_ddl + "CREATE TABLE tallies (id bigint PRIMARY KEY, label text, " + sync_columns +
    "); ALTER TABLE tallies ALTER merged_into TYPE bigint USING NULL;" + std::string{understudy::postgres::pass_ddl};
inline const std::string customer_passes_ddl = customers_ddl + std::string{understudy::postgres::pass_ddl};

BOOST_DEFINE_ENUM_CLASS(Hand, left, right)

/// Every type of member there is, with and without NULL.
struct EveryType {
    std::int64_t id = 0;
    bool flag = false;
    std::int16_t small = 0;
    std::int32_t number = 0;
    std::int64_t big = 0;
    double ratio = 0;
    std::string text;
    understudy::Date day{std::chrono::year{1970} / 1 / 1};
    understudy::Timestamp moment{};
    Hand hand = Hand::left;
    std::optional<bool> maybe_flag;
    std::optional<std::int16_t> maybe_small;
    std::optional<std::int32_t> maybe_number;
    std::optional<std::int64_t> maybe_big;
    std::optional<double> maybe_ratio;
    std::optional<std::string> maybe_text;
    std::optional<understudy::Date> maybe_day;
    std::optional<understudy::Timestamp> maybe_moment;
    std::optional<Hand> maybe_hand;

    friend bool operator==(const EveryType&, const EveryType&) = default;
};
BOOST_DESCRIBE_STRUCT(EveryType, (),
                      (id, flag, small, number, big, ratio, text, day, moment, hand, maybe_flag, maybe_small,
                       maybe_number, maybe_big, maybe_ratio, maybe_text, maybe_day, maybe_moment, maybe_hand))

inline const std::string everything_ddl =
    "CREATE SEQUENCE understudy_ticket CACHE 1;"
    "CREATE TABLE everything (id bigint PRIMARY KEY, flag boolean, small smallint, number integer, big bigint, "
    "ratio double precision, text text, day date, moment timestamptz, hand text, maybe_flag boolean, maybe_small "
    "smallint, "
    "maybe_number integer, maybe_big bigint, maybe_ratio double precision, maybe_text varchar(100), maybe_day date, "
    "maybe_moment timestamptz, maybe_hand text, version bigint NOT NULL, ticket bigint NOT NULL, as_of bigint NOT NULL "
    "DEFAULT 0, mark smallint NOT "
    "NULL, "
    "state smallint NOT NULL, merged_into bigint, synced_at timestamptz, lag_reads smallint NOT NULL DEFAULT 0, "
    "lag_version bigint, lag_since timestamptz);";

} // namespace tests

template<>
struct understudy::RecordTraits<tests::EveryType> {
    static constexpr std::string_view name = "everything";
    static constexpr auto key = &tests::EveryType::id;
};

template<>
struct understudy::postgres::TableTraits<tests::EveryType> {
    static constexpr std::string_view table = "everything";
};
