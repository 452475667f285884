#pragma once

#include <understudy/key_order.hpp>
#include <understudy/postgres/connect_params.hpp>
#include <understudy/postgres/detail/table_sql.hpp>

#include <string>
#include <string_view>
#include <type_traits>

namespace understudy::postgres::detail {

// The statements of a reconciler's passes over one table. Whoever writes in the name of a pass locks its row first, and
// keeps it until the transaction ends: nobody takes the pass over meanwhile.
template<Mirrored R>
class PassSql {
public:
    PassSql(const TableSql<R>& table, std::string_view schema)
        : names_{table.names()} {
        names_["passes"] = qualified(schema, "understudy_passes");
        names_["ours"] = "p.name = $1 AND p.fence = $2 AND p.alive_until > clock_timestamp()";
        const std::string order = std::is_same_v<key_t<R>, std::string> ? " COLLATE \"C\"" : "";
        names_["ordered_key"] = "t." + names_["key"] + order;
        names_["parts"] = has_numeric_keys<R>() ? filled(lengths, names_) : "";
        names_["within"] = filled(has_numeric_keys<R>() ? by_number : by_value, names_);
        names_["ascending"] = (has_numeric_keys<R>() ? "s.digits, t.key" : "t.key") + order;
    }

    // $1 name, $2 holder, $3 ms that the lease lasts. Fence, position and the number of live rows; nothing while
    // somebody else has it.
    std::string begin() const {
        return filled(R"(
WITH begun AS (
  INSERT INTO {passes} AS p (name, holder, fence, alive_until)
  VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE SET
    holder = excluded.holder, fence = p.fence + 1, alive_until = clock_timestamp() + $3 * interval '1 millisecond'
    WHERE p.holder = excluded.holder OR p.alive_until <= clock_timestamp()
  RETURNING p.fence, p.position
)
SELECT b.fence, b.position, (SELECT count(*) FROM {table} t WHERE t.state = {live}) FROM begun b)",
                      names_);
    }

    // $1 name, $2 fence, $3 ms that the lease lasts from now on, $4 position. Fails with 22P02, and so takes back
    // everything that its transaction does, if the pass is not theirs: statements cannot fail on purpose otherwise.
    std::string hold() const {
        return filled(R"(
WITH held AS (
  UPDATE {passes} p SET alive_until = clock_timestamp() + $3 * interval '1 millisecond', position = $4 WHERE {ours}
  RETURNING 1
)
SELECT CASE WHEN count(*) = 1 THEN 0 ELSE (count(*) || ' passes of that name and fence')::integer END FROM held)",
                      names_);
    }

    // $1 name, $2 fence, $3 position. Touches a row if the pass is theirs.
    std::string end() const {
        return filled("UPDATE {passes} p SET alive_until = clock_timestamp(), position = $3 WHERE {ours}", names_);
    }

    // $1 keys. Before two statements that lock some of them each: so it is done in one order.
    std::string lock() const {
        return filled(R"(
SELECT count(*) FROM (
  SELECT FROM {table} t WHERE t.{key} = ANY($1::{key_type}[]) ORDER BY t.{key} FOR NO KEY UPDATE
) l)",
                      names_);
    }

    // $1 first keys of ranges, $2 the first ones beyond them, $3 tickets; $4 what was listed in any of the ranges. The
    // live rows that were not, by range and key. (The offset keeps the planner from joining all rows with all ranges.)
    std::string missing() const {
        return filled(R"(
SELECT t.key::{key_type}
FROM unnest($1::{key_type}[], $2::{key_type}[], $3::bigint[]) WITH ORDINALITY AS r(first, beyond, ticket, n){parts}
CROSS JOIN LATERAL (
  SELECT t.{key} AS key, t.ticket FROM {table} t WHERE t.state = {live} AND {within} OFFSET 0
) t
WHERE t.ticket < r.ticket AND NOT EXISTS (SELECT FROM unnest($4::{key_type}[]) AS l(key) WHERE l.key = t.key)
ORDER BY r.n, {ascending})",
                      names_);
    }

private:
    // As `key_less` orders, in forms that use an index. Numbers are asked for by their lengths, one after the other: a
    // scan for pairs of a length and a text does not stop before the next length (PostgreSQL 15, nbtutils.c: of a
    // required row comparison only the first member is). Of an array the planner expects few. No digit comes after a
    // colon.
    static constexpr std::string_view lengths = R"(
CROSS JOIN LATERAL unnest(ARRAY(SELECT generate_series(
  coalesce(length(r.first), 1),
  coalesce(length(r.beyond), (SELECT max(length(t.{key})) FROM {table} t))
))) AS s(digits))";
    static constexpr std::string_view by_number =
        "length(t.{key}) = s.digits\n"
        "    AND {ordered_key} >= CASE WHEN s.digits = length(r.first) THEN r.first ELSE '' END\n"
        "    AND {ordered_key} < CASE WHEN s.digits = length(r.beyond) THEN r.beyond ELSE ':' END";
    static constexpr std::string_view by_value =
        "{ordered_key} >= coalesce(r.first, (SELECT min({ordered_key}) FROM {table} t))\n"
        "    AND {ordered_key} <= coalesce(r.beyond, (SELECT max({ordered_key}) FROM {table} t))\n"
        "    AND t.{key} IS DISTINCT FROM r.beyond";

    SqlNames names_;
};

} // namespace understudy::postgres::detail
