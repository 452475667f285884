#pragma once

#include <understudy/detail/apply_rule.hpp>
#include <understudy/postgres/connect_params.hpp>
#include <understudy/postgres/detail/sql_template.hpp>
#include <understudy/postgres/table.hpp>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace understudy::postgres::detail {

// The statements of one table. Every one locks in the same order (rows that are there by key, then new rows by key,
// then absences by kind and value, then sets by kind and parent), so that no two of them wait for each other. Those of
// sets are in `SetSql`, those that show writes in `SettleSql`.
template<Mirrored R>
class TableSql {
public:
    explicit TableSql(std::string_view schema) {
        using Step = understudy::detail::ApplyStep;
        names_["table"] = qualified(schema, TableTraits<R>::table);
        names_["absences"] = qualified(schema, "understudy_lookups");
        names_["sets"] = qualified(schema, "understudy_sets");
        names_["next_ticket"] = "nextval(" + sql_literal(qualified(schema, "understudy_ticket")) + ")";
        names_["key"] = quoted(name_of_member<RecordTraits<R>::key>());
        names_["key_type"] = codec_of<key_t<R>>::sql_type;
        code("unknown", State::unknown);
        code("live", State::live);
        code("absent", State::absent);
        code("merged", State::merged);
        code("archived", State::archived);
        code("clean", Mark::clean);
        code("patched", Mark::patched);
        code("dirty", Mark::dirty);
        code("write", Step::write);
        code("keep", Step::keep);
        code("drop", Step::drop);
        code("mark", Step::mark);
        code("lag", Step::lag);
        names_["lag_reads"] = std::to_string(understudy::detail::lag_escape_reads);
        names_["lag_time"] = std::to_string(understudy::detail::lag_escape_time.count());
        std::size_t at = 0;
        for_each_member<R>([&](auto descriptor) {
            if constexpr (!understudy::detail::same_member<descriptor.pointer, RecordTraits<R>::key>()) {
                using Member = std::remove_cvref_t<decltype(std::declval<R>().*descriptor.pointer)>;
                add_column(at++, quoted(descriptor.name), codec_of<Member>::sql_type, ElementCodec<Member>::sql_type);
            }
        });
        if (at == 0)
            names_["same"] = "true";
        for (std::size_t i = 0; i < 3; ++i)
            names_["note" + std::to_string(i)] = "$" + std::to_string(first_column + at + i);
    }

    // $1 values. One row for each, with the ticket that was drawn if one of them is no hit:
    // drawn, number, id, state, mark, ticket, version, merged_into, age in ms, as_of, columns.
    template<IndexTag By>
    std::string lookup() const {
        constexpr std::string_view by_id = R"(
WITH found AS MATERIALIZED (
  SELECT a.n, t.{key}::{key_type} AS id, t.state, t.mark, t.ticket, t.version, t.merged_into::{key_type} AS merged_into,
         t.synced_at, t.as_of{read_columns}
  FROM unnest($1::{key_type}[]) WITH ORDINALITY AS a(value, n)
  LEFT JOIN {table} t ON t.{key} = a.value
),)";
        // The live row that was learned last; where there is none, the note that there is none, or that there may be
        // one that nobody has read yet. (A limit keeps the planner from joining with all notes at once where it
        // believes that there are few.)
        constexpr std::string_view by_index = R"(
WITH found AS MATERIALIZED (
  SELECT a.n, t.{key}::{key_type} AS id, coalesce(t.state, l.state) AS state, coalesce(t.mark, l.mark) AS mark,
         coalesce(t.ticket, l.ticket) AS ticket, t.version, t.merged_into::{key_type} AS merged_into,
         coalesce(t.synced_at, l.synced_at) AS synced_at, t.as_of{read_columns}
  FROM unnest($1::{value_type}[]) WITH ORDINALITY AS a(value, n)
  LEFT JOIN LATERAL (
    SELECT * FROM {table} t WHERE t.state = {live} AND ({matches}) ORDER BY t.ticket DESC LIMIT 1
  ) t ON true
  LEFT JOIN LATERAL (
    SELECT CASE WHEN n.mark = {clean} THEN {absent} ELSE {unknown} END::smallint AS state, n.mark, n.ticket, n.synced_at
    FROM {absences} n
    WHERE t.{key} IS NULL AND n.kind = {kind} AND n.value = a.value::text LIMIT 1
  ) l ON true
),)";
        constexpr std::string_view answer = R"(
drawn AS MATERIALIZED (
  SELECT {next_ticket} AS drawn
  WHERE EXISTS (SELECT FROM found WHERE state IS DISTINCT FROM {live} OR mark = {dirty})
)
SELECT d.drawn, f.n, f.id, f.state, f.mark, f.ticket, f.version, f.merged_into,
       (extract(epoch FROM now() - f.synced_at) * 1000)::bigint, f.as_of{columns_of_f}
FROM found f LEFT JOIN drawn d ON true)";
        if constexpr (understudy::detail::is_by_id<By>)
            return filled(by_id, names_) + filled(answer, names_);
        else
            return filled(by_index, names_of<By>()) + filled(answer, names_);
    }

    // $1 keys, $2 tickets, $3 versions, $4 states, $5 survivors, $6 elapsed ms, $7 confirm, then the columns, then the
    // values that the records answer to: keys, kinds, values. One row for each key: number, step, which is NULL where
    // another transaction inserted the key at the same time: then ask again.
    //
    // `judged` says what `decide_apply` says; a test compares them.
    std::string apply() const {
        constexpr std::string_view decide = R"(
WITH input AS MATERIALIZED (
  SELECT * FROM unnest($1::{key_type}[], $2::bigint[], $3::bigint[], $4::smallint[], $5::{key_type}[], $6::bigint[],
                       $7::boolean[]{arrays}) WITH ORDINALITY
           AS i(key, ticket, version, state, merged_into, elapsed, confirm{numbers}, n)
),
locked AS MATERIALIZED (
  SELECT t.{key} AS key, t.ticket, t.version, t.mark, t.state, t.merged_into, t.lag_reads, t.lag_version,
         t.lag_since{numbered_columns}
  FROM {table} t WHERE t.{key} = ANY($1::{key_type}[]) ORDER BY t.{key} FOR NO KEY UPDATE
),
facts AS (
  SELECT i.*, l.key IS NULL AS missing, coalesce(l.ticket, 0) AS row_ticket, coalesce(l.version, 0) AS row_version,
         coalesce(l.mark, {dirty}) AS row_mark,
         coalesce(l.state = i.state AND CASE i.state
           WHEN {live} THEN {same}
           WHEN {merged} THEN l.merged_into IS NOT DISTINCT FROM i.merged_into
           ELSE true
         END, false) AS same,
         CASE WHEN l.lag_reads > 0 AND l.lag_version = i.version THEN least(l.lag_reads + 1, {lag_reads}) ELSE 1 END AS reads,
         CASE WHEN l.lag_reads > 0 AND l.lag_version = i.version THEN l.lag_since ELSE now() END AS since
  FROM input i LEFT JOIN locked l ON l.key = i.key
),
judged AS MATERIALIZED (
  SELECT f.*, CASE
    WHEN f.ticket <= f.row_ticket THEN CASE WHEN NOT f.same AND f.row_mark = {clean} THEN {mark} ELSE {drop} END
    WHEN f.version <> 0 AND f.row_version <> 0 AND f.version < f.row_version THEN
      CASE WHEN f.reads < {lag_reads} OR now() - f.since < interval '{lag_time} milliseconds' THEN {lag} ELSE {write} END
    WHEN f.same AND f.row_mark = {clean} THEN {keep}
    ELSE {write}
  END AS step, now() - f.elapsed * interval '1 millisecond' AS observed_at
  FROM facts f
),)";
        // New rows only when every row that was there is locked: hence the count.
        constexpr std::string_view write = R"(
updated AS (
  UPDATE {table} t SET
    state = CASE WHEN j.step = {write} THEN j.state ELSE t.state END,
    merged_into = CASE WHEN j.step = {write} THEN j.merged_into ELSE t.merged_into END,
    version = CASE WHEN j.step = {write} AND j.version <> 0 THEN j.version ELSE t.version END,
    ticket = CASE WHEN j.step = {keep} THEN t.ticket ELSE {next_ticket} END,
    as_of = CASE j.step WHEN {write} THEN j.ticket WHEN {keep} THEN greatest(t.as_of, j.ticket) ELSE t.as_of END,
    mark = CASE j.step WHEN {write} THEN {clean} WHEN {keep} THEN t.mark ELSE {dirty} END,
    synced_at = CASE j.step WHEN {write} THEN j.observed_at WHEN {keep} THEN greatest(t.synced_at, j.observed_at)
                            ELSE t.synced_at END,
    lag_reads = CASE j.step WHEN {write} THEN 0 WHEN {lag} THEN j.reads ELSE t.lag_reads END,
    lag_version = CASE j.step WHEN {write} THEN NULL WHEN {lag} THEN j.version ELSE t.lag_version END,
    lag_since = CASE j.step WHEN {write} THEN NULL WHEN {lag} THEN j.since ELSE t.lag_since END{assignments}
  FROM judged j
  WHERE t.{key} = j.key AND NOT j.missing AND (j.step IN ({write}, {mark}, {lag}) OR (j.step = {keep} AND j.confirm))
),
placed AS (
  INSERT INTO {table} ({key}, state, merged_into, version, ticket, as_of, mark, synced_at, lag_reads{columns})
  SELECT j.key, j.state, j.merged_into, j.version, {next_ticket}, j.ticket, {clean}, j.observed_at, 0{columns_of_j}
  FROM judged j
  WHERE j.missing AND j.step = {write} AND (SELECT count(*) FROM locked) >= 0
  ORDER BY j.key
  ON CONFLICT ({key}) DO NOTHING
  RETURNING {key} AS key
))";
        constexpr std::string_view forget = R"(,
wrong AS MATERIALIZED (
  SELECT l.kind, l.value FROM {absences} l
  WHERE (l.kind, l.value) IN (
    SELECT c.kind, c.value FROM unnest({note0}::{key_type}[], {note1}::text[], {note2}::text[]) AS c(key, kind, value)
    JOIN judged j ON j.key = c.key AND j.step = {write}
  ) AND l.mark = {clean}
  ORDER BY l.kind COLLATE "C", l.value COLLATE "C" FOR UPDATE
),
forgotten AS (
  DELETE FROM {absences} l USING wrong w WHERE l.kind = w.kind AND l.value = w.value
))";
        constexpr std::string_view answer = R"(
SELECT j.n, (CASE WHEN NOT j.missing OR j.step <> {write} OR p.key IS NOT NULL THEN j.step END)::smallint
FROM judged j LEFT JOIN placed p ON p.key = j.key)";
        constexpr bool has_indexes = !boost::mp11::mp_empty<typename table_indexes<R>::type>::value;
        return filled(decide, names_) + filled(write, names_) + (has_indexes ? filled(forget, names_) : "") +
               filled(answer, names_);
    }

    // $1 keys, distinct. Answers with the keys that were marked; those that another transaction inserted at the same
    // time are not among them: ask again.
    std::string hint() const {
        return filled(R"(
WITH locked AS MATERIALIZED (
  SELECT t.{key} AS key FROM {table} t WHERE t.{key} = ANY($1::{key_type}[]) ORDER BY t.{key} FOR NO KEY UPDATE
),
marked AS (
  UPDATE {table} t SET ticket = {next_ticket}, mark = {dirty} FROM locked l WHERE t.{key} = l.key RETURNING t.{key} AS key
),
placed AS (
  INSERT INTO {table} ({key}, state, version, ticket, mark, lag_reads)
  SELECT k, {unknown}, 0, {next_ticket}, {dirty}, 0
  FROM unnest($1::{key_type}[]) k
  WHERE NOT EXISTS (SELECT FROM locked l WHERE l.key = k) AND (SELECT count(*) FROM locked) >= 0
  ORDER BY k
  ON CONFLICT ({key}) DO NOTHING
  RETURNING {key} AS key
)
SELECT key::{key_type} FROM marked UNION ALL SELECT key::{key_type} FROM placed)",
                      names_);
    }

    // $1 values, distinct and normalised, $2 the ticket, $3 how many ms ago it was said. Answers with the numbers of
    // those that were noted, and forgets some that are older than a day: by then nobody believes them.
    template<IndexTag By>
    std::string note_absent() const {
        return filled(R"(
WITH free AS MATERIALIZED (
  SELECT a.n, a.value::text AS text FROM unnest($1::{value_type}[]) WITH ORDINALITY AS a(value, n)
  WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.state = {live} AND ({matches}))
),
noted AS (
  INSERT INTO {absences} AS l (kind, value, ticket, synced_at)
  SELECT {kind}, f.text, $2, now() - $3 * interval '1 millisecond' FROM free f ORDER BY f.text COLLATE "C"
  ON CONFLICT (kind, value) DO UPDATE SET ticket = excluded.ticket, synced_at = excluded.synced_at, mark = {clean}
    WHERE l.ticket < excluded.ticket
  RETURNING l.value
),
old AS MATERIALIZED (
  SELECT l.kind, l.value FROM {absences} l WHERE l.synced_at < now() - interval '1 day' LIMIT 100 FOR UPDATE SKIP LOCKED
),
gone AS (
  DELETE FROM {absences} l USING old o WHERE l.kind = o.kind AND l.value = o.value
)
SELECT f.n FROM free f JOIN noted d ON d.value = f.text)",
                      names_of<By>());
    }

    // What all statements about the table call things.
    const SqlNames& names() const noexcept { return names_; }

    std::string draw_ticket() const { return filled("SELECT {next_ticket}", names_); }

    // What the statements that ask by an index call things: the value asked for is `a.value`, a row of the table `t`.
    template<IndexTag By>
    SqlNames names_of() const {
        SqlNames names = names_;
        names["kind"] = sql_literal(kind_of<By>());
        names["value_type"] = codec_of<index_value_t<By>>::sql_type;
        names["matches"] = matches<By>("t", "a.value");
        return names;
    }

private:
    // The parameters before it are those that every table has.
    static constexpr std::size_t first_column = 8;

    template<class Enum>
    void code(const char* name, Enum value) {
        names_[name] = std::to_string(static_cast<int>(value));
    }

    // What travels as another type is cast where it is compared and where it is written.
    void add_column(std::size_t at, const std::string& name, std::string_view type, std::string_view element) {
        const std::string c = "c" + std::to_string(at);
        const std::string cast = type == element ? "" : "::" + std::string{type};
        names_["arrays"] += ", $" + std::to_string(first_column + at) + "::" + std::string{element} + "[]";
        names_["numbers"] += ", " + c;
        names_["numbered_columns"] += ", t." + name + " AS " + c;
        names_["read_columns"] += ", t." + name + "::" + std::string{type} + " AS " + c;
        names_["columns_of_f"] += ", f." + c;
        names_["columns_of_j"] += ", j." + c + cast;
        names_["columns"] += ", " + name;
        names_["same"] += (at ? " AND l." : "l.") + c + " IS NOT DISTINCT FROM i." + c + cast;
        names_["assignments"] += ",\n    " + name + " = CASE WHEN j.step = " + names_["write"] + " THEN j." + c + cast +
                                 " ELSE t." + name + " END";
    }

    template<IndexTag By>
    static std::string matches(const std::string& row, const std::string& value) {
        constexpr bool by_member_alone = !requires(const R& r) {
            By::values(r);
        }
        &&!requires(typename By::value_type v) {
            By::normalise(v);
        };
        if constexpr (understudy::detail::is_whole<By>) {
            return "true";
        } else if constexpr (requires { IndexTraits<By>::matches(row, value); }) {
            return IndexTraits<By>::matches(row, value);
        } else {
            static_assert(by_member_alone, "an index with `values` or `normalise` of its own needs "
                                           "understudy::postgres::IndexTraits: which rows answer to a value, in SQL");
            return row + "." + quoted(name_of_member<By::member>()) + " = " + value;
        }
    }

    SqlNames names_{{"arrays", ""},       {"numbers", ""},      {"numbered_columns", ""},
                    {"read_columns", ""}, {"columns_of_f", ""}, {"columns_of_j", ""},
                    {"columns", ""},      {"same", ""},         {"assignments", ""}};
};

} // namespace understudy::postgres::detail
