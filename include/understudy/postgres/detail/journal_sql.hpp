#pragma once

#include <understudy/journal.hpp>
#include <understudy/postgres/connect_params.hpp>
#include <understudy/postgres/detail/sql_template.hpp>

#include <string>
#include <string_view>

namespace understudy::postgres::detail {

// The statements of a journal. $1 is the session's id where one is needed.
//
// Lines stay true because whoever enters one has locked its keys before, in a statement of its own: what it then sees
// of them is all there is. Rows of operations are locked in the order of their ids.
class JournalSql {
public:
    JournalSql(std::string_view schema, const std::string& reserve)
        : reserves_{!reserve.empty()} {
        names_["operations"] = qualified(schema, "understudy_operations");
        names_["keys"] = qualified(schema, "understudy_operation_keys");
        names_["sessions"] = qualified(schema, "understudy_sessions");
        names_["next_place"] = "nextval(" + sql_literal(qualified(schema, "understudy_operation_seq")) + ")";
        names_["space"] = sql_literal(names_["keys"]) + "::regclass::oid::integer";
        names_["reserve"] = qualified(schema, reserve);
        code("open", OperationState::open);
        code("planned", OperationState::planned);
        code("done", OperationState::done);
        code("undone", OperationState::undone);
        code("dead", OperationState::dead);
        names_["alive"] = filled(R"(alive AS MATERIALIZED (
  SELECT FROM {sessions} s WHERE s.id = $1 AND NOT s.over AND s.alive_until > clock_timestamp() FOR KEY SHARE
))",
                                 names_);
        names_["entry"] = "o.id, o.kind, o.keys, o.request, o.plan, o.state, o.fence, o.cause";
        names_["first"] =
            filled("NOT EXISTS (SELECT FROM {keys} e WHERE e.key = ANY(o.keys) AND e.seq < o.seq)", names_);
        names_["forgettable"] = "u.state = " + names_["undone"] + " AND u.plan = ''";
        names_["freed"] = filled(R"(freed AS (
  DELETE FROM {keys} k USING left_lines l CROSS JOIN LATERAL unnest(l.keys) AS n(key) WHERE k.key = n.key AND k.seq = l.seq
))",
                                 names_);
    }

    // $1 keys and ids. Few locks, whatever their number: different names may share one.
    std::string lock() const {
        return filled(R"(
SELECT pg_advisory_xact_lock({space}, l.line)
FROM (SELECT DISTINCT hashtext(n.name) & 1023 AS line FROM unnest($1::text[]) AS n(name) ORDER BY 1) AS l)",
                      names_);
    }

    // The lock of those who take over.
    std::string lock_all() const { return filled("SELECT pg_advisory_xact_lock({space}, 1024)", names_); }

    // $2 ids, distinct, $3 kinds, $4 keys, $5 requests, $6 plans, $7 whether the session need not be alive. For each,
    // in order: whether the session is alive, whether the operation is new, whether it is first, and the operation that
    // was there.
    std::string begin() const {
        return filled(R"(
WITH {alive},
input AS MATERIALIZED (
  SELECT i.id, i.kind, i.keys::text[] AS keys, i.request, i.plan, i.n
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
    AS i(id, kind, keys, request, plan, n)
),
known AS MATERIALIZED (SELECT {entry} FROM {operations} o WHERE o.id = ANY($2::text[])),
fresh AS MATERIALIZED (
  SELECT {next_place} AS seq, i.* FROM (
    SELECT i.* FROM input i
    WHERE ($7::boolean OR EXISTS (SELECT FROM alive)) AND NOT EXISTS (SELECT FROM known k WHERE k.id = i.id)
    ORDER BY i.n
  ) i
),
placed AS (
  INSERT INTO {operations} (id, seq, kind, keys, request, plan, state, fence, holder)
  SELECT f.id, f.seq, f.kind, f.keys, f.request, f.plan, CASE WHEN f.plan = '' THEN {open} ELSE {planned} END, 1, $1
  FROM fresh f
),
queued AS (
  INSERT INTO {keys} (key, seq) SELECT n.key, f.seq FROM fresh f CROSS JOIN LATERAL unnest(f.keys) AS n(key)
)
SELECT EXISTS (SELECT FROM alive), f.seq IS NOT NULL,
       NOT EXISTS (SELECT FROM {keys} e WHERE e.key = ANY(f.keys))
         AND NOT EXISTS (SELECT FROM fresh e WHERE e.seq < f.seq AND e.keys && f.keys),
       {entry}
FROM input i LEFT JOIN fresh f ON f.n = i.n LEFT JOIN known o ON o.id = i.id ORDER BY i.n)",
                      names_);
    }

    // $2 ids, distinct, $3 fences, $4 plans, $5 reservations. For each, in order: whether it is the session's, and what
    // is objected.
    std::string decide() const {
        constexpr std::string_view decided = R"(
WITH {alive},
held AS MATERIALIZED (
  SELECT o.id, o.fence, o.reservation FROM {operations} o
  WHERE o.id = ANY($2::text[]) AND o.holder = $1 AND o.state < {done} AND EXISTS (SELECT FROM alive)
  ORDER BY o.id FOR NO KEY UPDATE
),
input AS MATERIALIZED (
  SELECT i.*, h.id IS NOT NULL AS held, h.id IS NOT NULL AND h.reservation IS NULL AS undecided
  FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[]) WITH ORDINALITY AS i(id, fence, plan, reservation, n)
  LEFT JOIN held h ON h.id = i.id AND h.fence = i.fence
),
objections AS MATERIALIZED ({objections}),
recorded AS (
  UPDATE {operations} o
  SET state = {planned}, plan = i.plan, reservation = CASE WHEN i.undecided THEN i.reservation ELSE o.reservation END
  FROM input i
  WHERE i.held AND o.id = i.id AND NOT EXISTS (SELECT FROM objections x WHERE x.id = i.id)
)
SELECT i.held, x.objection FROM input i LEFT JOIN objections x ON x.id = i.id ORDER BY i.n)";
        SqlNames names = names_;
        names["objections"] = reserves_ ? filled(R"(
  SELECT r.id, min(r.objection) AS objection FROM (
    SELECT array_agg(i.id ORDER BY i.n) AS ids, array_agg(i.reservation ORDER BY i.n) AS reservations
    FROM input i WHERE i.undecided AND i.reservation <> '' HAVING count(*) > 0
  ) a CROSS JOIN LATERAL {reserve}(a.ids, a.reservations) AS r(id, objection)
  WHERE r.objection IS NOT NULL GROUP BY r.id
)",
                                                 names_)
                                        : "SELECT NULL::text AS id, NULL::text AS objection WHERE false";
        return filled(decided, names);
    }

    // $2 ids, distinct, $3 fences, $4 states, $5 plans, $6 causes. Fails with 22P02, and so takes back everything that
    // its transaction does, if one of them is not the session's: statements cannot fail on purpose otherwise.
    std::string end() const {
        return filled(R"(
WITH held AS MATERIALIZED (
  SELECT o.id, o.fence, o.seq, o.keys FROM {operations} o
  WHERE o.id = ANY($2::text[]) AND o.holder = $1 AND o.state < {done} ORDER BY o.id FOR UPDATE
),
ours AS MATERIALIZED (
  SELECT i.*, h.seq, h.keys
  FROM unnest($2::text[], $3::bigint[], $4::smallint[], $5::text[], $6::text[]) AS i(id, fence, state, plan, cause)
  JOIN held h ON h.id = i.id AND h.fence = i.fence
),
ended AS (
  UPDATE {operations} o
  SET state = u.state, plan = u.plan, cause = u.cause, holder = NULL, ended_at = now(),
      reservation = CASE WHEN u.state = {dead} THEN o.reservation ELSE '' END
  FROM ours u WHERE o.id = u.id AND NOT ({forgettable})
),
forgotten AS (DELETE FROM {operations} o USING ours u WHERE o.id = u.id AND {forgettable}),
left_lines AS (SELECT u.seq, u.keys FROM ours u WHERE u.state <> {dead}),
{freed}
SELECT CASE WHEN count(*) = cardinality($2::text[]) THEN 0
            ELSE (count(*) || ' of the operations are the session''s')::integer
       END
FROM ours u)",
                      names_);
    }

    // $2 ids, $3 fences. For each, in order, whether it is the session's.
    std::string held() const {
        return filled(R"(
SELECT o.id IS NOT NULL FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS i(id, fence, n)
LEFT JOIN LATERAL (
  SELECT o.id FROM {operations} o WHERE o.id = i.id AND o.fence = i.fence AND o.holder = $1 AND o.state < {done} LIMIT 1
) o ON true
ORDER BY i.n)",
                      names_);
    }

    // $2 ids. For each, in order, whether it is first, and the session's.
    std::string ask() const {
        return filled(R"(
SELECT coalesce(o.first, false) FROM unnest($2::text[]) WITH ORDINALITY AS i(id, n)
LEFT JOIN LATERAL (
  SELECT {first} AS first FROM {operations} o WHERE o.id = i.id AND o.holder = $1 AND o.state < {done} LIMIT 1
) o ON true
ORDER BY i.n)",
                      names_);
    }

    // $2 ms that the lease lasts.
    std::string open() const {
        return filled(
            "INSERT INTO {sessions} (id, alive_until) VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond')",
            names_);
    }

    // $2 ms that the lease lasts, $3 ms for which what is over is kept. Whether the lease had not run out; and some of
    // what is not needed any more is deleted. (A session that is being taken over is locked, and then over: the row is
    // looked at again once it is free.)
    std::string renew() const {
        return filled(R"(
WITH renewed AS (
  UPDATE {sessions} s SET alive_until = clock_timestamp() + $2 * interval '1 millisecond'
  WHERE s.id = $1 AND NOT s.over AND s.alive_until > clock_timestamp() RETURNING 1
),
old AS MATERIALIZED (
  SELECT o.id FROM {operations} o
  WHERE o.state IN ({done}, {undone}) AND o.ended_at < now() - $3 * interval '1 millisecond'
  ORDER BY o.ended_at LIMIT 500 FOR UPDATE SKIP LOCKED
),
forgotten AS (DELETE FROM {operations} o WHERE o.id = ANY(ARRAY(SELECT old.id FROM old))),
idle AS MATERIALIZED (
  SELECT s.id FROM {sessions} s
  WHERE s.alive_until < now() - $3 * interval '1 millisecond'
    AND NOT EXISTS (SELECT FROM {operations} o WHERE o.holder = s.id AND o.state < {done})
  ORDER BY s.alive_until LIMIT 100 FOR UPDATE SKIP LOCKED
),
closed AS (DELETE FROM {sessions} s USING idle WHERE s.id = idle.id)
SELECT EXISTS (SELECT FROM renewed))",
                      names_);
    }

    // Ends sessions whose leases ran out, and forgets what they had not decided. Whether this one is alive.
    std::string close_lapsed() const {
        return filled(R"(
WITH {alive},
lapsed AS MATERIALIZED (
  SELECT s.id FROM {sessions} s
  WHERE s.alive_until < clock_timestamp() AND EXISTS (SELECT FROM alive)
    AND EXISTS (SELECT FROM {operations} o WHERE o.holder = s.id AND o.state < {done})
  ORDER BY s.id FOR UPDATE SKIP LOCKED
),
closed AS (UPDATE {sessions} s SET over = true FROM lapsed l WHERE s.id = l.id AND NOT s.over),
left_lines AS (
  DELETE FROM {operations} o USING lapsed l WHERE o.holder = l.id AND o.state = {open} RETURNING o.seq, o.keys
),
{freed}
SELECT EXISTS (SELECT FROM alive))",
                      names_);
    }

    // $2 how many. The operations, and for how long at least nothing was sent for them. Two of these at once would not
    // see each other: `lock_all` comes before.
    std::string take_over() const {
        return filled(R"(
WITH {alive},
found AS MATERIALIZED (
  SELECT o.id, coalesce(s.alive_until, o.ended_at) AS since
  FROM {operations} o LEFT JOIN {sessions} s ON s.id = o.holder
  WHERE o.state = {planned} AND (s.id IS NULL OR s.over) AND {first} AND EXISTS (SELECT FROM alive)
  ORDER BY o.seq LIMIT $2 FOR NO KEY UPDATE OF o SKIP LOCKED
),
taken AS (
  UPDATE {operations} o SET holder = $1, fence = o.fence + 1, ended_at = NULL FROM found f WHERE o.id = f.id
  RETURNING {entry}, o.seq, floor(extract(epoch FROM clock_timestamp() - f.since) * 1000)::bigint AS silent
)
SELECT {entry}, coalesce(o.silent, 0) FROM taken o ORDER BY o.seq)",
                      names_);
    }

    // $1 how many. The operations, and for how long they have been dead.
    std::string list_dead() const {
        return filled("SELECT {entry}, floor(extract(epoch FROM clock_timestamp() - o.ended_at) * 1000)::bigint "
                      "FROM {operations} o WHERE o.state = {dead} ORDER BY o.seq LIMIT $1",
                      names_);
    }

    // $1 id, as for the next one. Touches a row if there is such a dead operation. Its holder has gone: whoever takes
    // over finds it.
    std::string replay() const {
        return filled("UPDATE {operations} o SET state = {planned} WHERE o.id = $1 AND o.state = {dead}", names_);
    }

    std::string drop() const {
        return filled(R"(
WITH ours AS MATERIALIZED (
  SELECT o.id, o.seq, o.keys, {undone} AS state, o.plan FROM {operations} o
  WHERE o.id = $1 AND o.state = {dead} FOR UPDATE
),
ended AS (
  UPDATE {operations} o SET state = {undone}, ended_at = now(), reservation = ''
  FROM ours u WHERE o.id = u.id AND NOT ({forgettable})
),
forgotten AS (DELETE FROM {operations} o USING ours u WHERE o.id = u.id AND {forgettable}),
left_lines AS (SELECT u.seq, u.keys FROM ours u),
{freed}
SELECT FROM ours)",
                      names_);
    }

    std::string count() const { return filled("SELECT count(*) FROM {operations} o WHERE o.state < {done}", names_); }

private:
    void code(const char* name, OperationState value) { names_[name] = std::to_string(static_cast<int>(value)); }

    bool reserves_;
    SqlNames names_;
};

} // namespace understudy::postgres::detail
