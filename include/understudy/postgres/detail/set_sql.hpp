#pragma once

#include <understudy/postgres/detail/table_sql.hpp>
#include <understudy/set_row.hpp>

#include <string>
#include <type_traits>

namespace understudy::postgres::detail {

// The statements of the sets of one relation. They lock nothing but the sets themselves, in the order of their names.
template<IndexTag By>
class SetSql {
public:
    using R = typename By::record_type;

    explicit SetSql(const TableSql<R>& table)
        : names_{table.template names_of<By>()} {
        // Keys are compared as C++ does.
        if constexpr (std::is_same_v<key_t<R>, std::string>)
            names_["collate"] = " COLLATE \"C\"";
        else
            names_["collate"] = "";
        names_["covered"] = code(Covered::covered);
        names_["dropped"] = code(Covered::dropped);
        names_["incomplete"] = code(Covered::incomplete);
    }

    // $1 values, $2 keys after which the pages begin, $3 how many members each may have, or NULL. For each value at
    // least one row, and of a set that is not covered no members: what a look-up of records answers for a member of the
    // page; then ticket, as_of, mark and age in ms of the set, whether there are more members, whether this row is a
    // member of the page, whether it is in doubt.
    //
    // The members are found once, narrowly; only those of the page are read whole. Arrays carry them from one step to
    // the next, and laterals with limits read them: the planner takes each array for short, and neither joins with a
    // whole table nor finds the statement worth compiling, which would take a second.
    std::string lookup() const {
        return filled(R"(
WITH asked AS MATERIALIZED (
  SELECT a.n, a.value, a.after, a.most, s.ticket, s.as_of, s.mark, s.synced_at
  FROM unnest($1::{value_type}[], $2::{key_type}[], $3::bigint[]) WITH ORDINALITY AS a(value, after, most, n)
  LEFT JOIN LATERAL (
    SELECT * FROM {sets} s WHERE s.kind = {kind} AND s.parent = a.value::text LIMIT 1
  ) s ON true
),
found AS MATERIALIZED (
  SELECT a.n, a.ticket, a.as_of, a.mark, least(a.synced_at, m.oldest) AS synced_at, m.more, m.doubtful,
         m.ids, m.tickets, m.paged, m.doubts
  FROM asked a CROSS JOIN LATERAL (
    SELECT min(m.synced_at) AS oldest, coalesce(max(m.place) > a.most, false) AS more,
           coalesce(bool_or(m.doubt), false) AS doubtful,
           array_agg(m.id) FILTER (WHERE m.paged OR m.doubt) AS ids,
           array_agg(m.ticket) FILTER (WHERE m.paged OR m.doubt) AS tickets,
           array_agg(m.paged) FILTER (WHERE m.paged OR m.doubt) AS paged,
           array_agg(m.doubt) FILTER (WHERE m.paged OR m.doubt) AS doubts
    FROM (
      SELECT p.*, p.place > 0 AND (a.most IS NULL OR p.place <= a.most) AS paged FROM (
        SELECT t.{key}::{key_type} AS id, t.ticket, t.synced_at, t.mark = {dirty} OR t.as_of < a.as_of AS doubt,
               count(*) FILTER (WHERE a.after IS NULL OR t.{key} > a.after{collate})
                 OVER (ORDER BY t.{key}{collate} ROWS UNBOUNDED PRECEDING) AS place
        FROM {table} t WHERE a.as_of > 0 AND t.state = {live} AND ({matches})
      ) p
    ) m
  ) m
),
drawn AS MATERIALIZED (
  SELECT {next_ticket} AS drawn
  WHERE EXISTS (SELECT FROM found WHERE coalesce(as_of, 0) = 0 OR mark = {dirty} OR doubtful)
)
SELECT d.drawn, f.n, m.id, t.state, t.mark, m.ticket, t.version, t.merged_into::{key_type},
       (extract(epoch FROM now() - t.synced_at) * 1000)::bigint, t.as_of{read_columns},
       f.ticket, f.as_of, f.mark, (extract(epoch FROM now() - f.synced_at) * 1000)::bigint, f.more, m.paged, m.doubt
FROM found f
LEFT JOIN LATERAL unnest(f.ids, f.tickets, f.paged, f.doubts) AS m(id, ticket, paged, doubt) ON true
LEFT JOIN LATERAL (SELECT * FROM {table} t WHERE m.paged AND t.{key} = m.id LIMIT 1) t ON true
LEFT JOIN drawn d ON true
ORDER BY f.n, m.id{collate})",
                      names_);
    }

    // $1 values, distinct, $2 tickets, $3 elapsed ms; $4, $5 the members: number of the value, key. One row for each
    // value: number, `Covered`.
    //
    // The new ticket of a set that is there is drawn when its row is locked: drawn earlier, it might replace a later
    // one.
    std::string cover() const {
        return filled(R"(
WITH input AS MATERIALIZED (
  SELECT i.n, i.value, i.value::text AS parent, i.ticket, now() - i.elapsed * interval '1 millisecond' AS observed_at
  FROM unnest($1::{value_type}[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS i(value, ticket, elapsed, n)
),
wanting AS MATERIALIZED (
  SELECT m.n, bool_or(t.proven IS NULL) AS hole FROM unnest($4::bigint[], $5::{key_type}[]) AS m(n, key)
  JOIN input a ON a.n = m.n
  LEFT JOIN LATERAL (
    SELECT t.as_of >= a.ticket OR (t.state = {live} AND coalesce({matches}, false)) AS proven
    FROM {table} t WHERE t.{key} = m.key LIMIT 1
  ) t ON true
  WHERE t.proven IS NOT TRUE GROUP BY m.n
),
placed AS (
  INSERT INTO {sets} AS s (kind, parent, ticket, as_of, mark, synced_at)
  SELECT {kind}, i.parent, {next_ticket}, i.ticket, {clean}, i.observed_at
  FROM input i WHERE i.ticket > 0 AND i.n NOT IN (SELECT w.n FROM wanting w)
  ORDER BY i.parent COLLATE "C"
  ON CONFLICT (kind, parent) DO UPDATE
    SET ticket = {next_ticket}, as_of = excluded.as_of, mark = {clean}, synced_at = excluded.synced_at
    WHERE s.ticket < excluded.as_of
  RETURNING s.parent
)
SELECT i.n, (CASE
    WHEN p.parent IS NOT NULL THEN {covered}
    WHEN i.ticket > 0 AND i.n IN (SELECT w.n FROM wanting w WHERE w.hole) AND NOT EXISTS (
      SELECT FROM {sets} s WHERE s.kind = {kind} AND s.parent = i.parent AND s.ticket >= i.ticket
    ) THEN {incomplete}
    ELSE {dropped}
  END)::smallint
FROM input i LEFT JOIN placed p ON p.parent = i.parent)",
                      names_);
    }

    // $1 values, distinct.
    std::string hint() const {
        return filled(R"(
INSERT INTO {sets} AS s (kind, parent, ticket, as_of, mark)
SELECT {kind}, a.value::text, {next_ticket}, 0, {dirty} FROM unnest($1::{value_type}[]) AS a(value)
ORDER BY a.value::text COLLATE "C"
ON CONFLICT (kind, parent) DO UPDATE SET ticket = {next_ticket}, mark = {dirty})",
                      names_);
    }

private:
    static std::string code(Covered value) { return std::to_string(static_cast<int>(value)); }

    SqlNames names_;
};

} // namespace understudy::postgres::detail
