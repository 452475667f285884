#pragma once

#include <understudy/detail/settle_rule.hpp>
#include <understudy/postgres/detail/table_sql.hpp>
#include <understudy/write_action.hpp>

#include <boost/mp11/list.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace understudy::postgres::detail {

// The statements that show writes in one table before they are read back.
template<Mirrored R>
class SettleSql {
public:
    explicit SettleSql(const TableSql<R>& table)
        : names_{table.names()} {
        using Step = understudy::detail::SettleStep;
        code("update", WriteAction::update);
        code("create", WriteAction::create);
        code("show", Step::show);
        code("hint", Step::hint);
        code("note", Step::note);
        code("shown", Settled::shown);
        code("hinted", Settled::hinted);
        names_["late"] = filled("t.state = {unknown} AND excluded.state = {live}", names_);
        for (const auto* list :
             {"arrays", "presence", "numbers", "present", "assignments", "columns", "columns_of_j", "late_assignments"})
            names_[list].clear();
        std::size_t at = 0;
        for_each_member<R>([&](auto descriptor) {
            if constexpr (!understudy::detail::same_member<descriptor.pointer, RecordTraits<R>::key>()) {
                using Member = std::remove_cvref_t<decltype(std::declval<R>().*descriptor.pointer)>;
                add_column(at++, quoted(descriptor.name), codec_of<Member>::sql_type, ElementCodec<Member>::sql_type);
            }
        });
        std::size_t next = first_column + 2 * columns;
        for (const auto* list : {"noted", "doubted"}) {
            if (std::string_view{list} == "noted" ? !has_indexes : !has_relations)
                continue;
            for (int part = 0; part < 3; ++part)
                names_[list + std::to_string(part)] = "$" + std::to_string(next++);
        }
    }

    // $1 keys, $2 actions, $3 tickets, $4 versions, $5 whether they are complete, then the columns, then for each
    // whether it is written; then, as far as the table has such, the values of indexes that the writes made: numbers of
    // the settlements, kinds, values; and those of relations. One row for each settlement, in order: `Settled`.
    //
    // `judged` says what `decide_settle` says; a test compares them. Of several settlements of one key the first is
    // judged, the others are hints, as if they came after it. What another transaction inserted at the same time is
    // hinted at, or noted, when it is met.
    std::string settle() const {
        constexpr std::string_view decide = R"(
WITH input AS MATERIALIZED (
  SELECT i.*, row_number() OVER k = 1 AS first, count(*) OVER (PARTITION BY i.key) > 1 AS again
  FROM unnest($1::{key_type}[], $2::smallint[], $3::bigint[], $4::bigint[], $5::boolean[]{arrays}{presence})
    WITH ORDINALITY AS i(key, action, ticket, version, complete{numbers}{present}, n)
  WINDOW k AS (PARTITION BY i.key ORDER BY i.n)
),
locked AS MATERIALIZED (
  SELECT t.{key} AS key, t.ticket, t.mark, t.state FROM {table} t
  WHERE t.{key} = ANY($1::{key_type}[]) ORDER BY t.{key} FOR NO KEY UPDATE
),
judged AS MATERIALIZED (
  SELECT j.*, j.step <> {hint} AS content, j.step <> {hint} AND j.action <> {update} AS whole,
         CASE WHEN j.action = {create} THEN {live} ELSE {archived} END AS whole_state,
         CASE WHEN j.step <> {show} OR j.again THEN {dirty} WHEN j.action = {create} AND j.complete THEN {clean}
              ELSE {patched} END AS new_mark
  FROM (
    SELECT i.*, l.key IS NULL AS missing, CASE
        WHEN NOT i.first THEN {hint}
        WHEN coalesce(l.ticket, 0) < i.ticket
          AND (i.action <> {update} OR coalesce(l.state = {live} AND l.mark <> {dirty}, false)) THEN {show}
        WHEN i.action = {create} AND coalesce(l.state, {unknown}) = {unknown} THEN {note}
        ELSE {hint}
      END AS step
    FROM input i LEFT JOIN locked l ON l.key = i.key
  ) j
),)";
        constexpr std::string_view write = R"(
updated AS (
  UPDATE {table} t SET
    ticket = {next_ticket}, mark = j.new_mark,
    version = CASE WHEN j.content THEN greatest(t.version, j.version) ELSE t.version END,
    state = CASE WHEN j.whole THEN j.whole_state ELSE t.state END,
    merged_into = CASE WHEN j.whole THEN NULL ELSE t.merged_into END,
    as_of = CASE WHEN NOT j.whole THEN t.as_of WHEN j.step = {show} THEN j.ticket ELSE 0 END,
    synced_at = CASE WHEN j.whole THEN now() ELSE t.synced_at END,
    lag_reads = CASE WHEN j.content THEN 0 ELSE t.lag_reads END,
    lag_version = CASE WHEN j.content THEN NULL ELSE t.lag_version END,
    lag_since = CASE WHEN j.content THEN NULL ELSE t.lag_since END{assignments}
  FROM judged j WHERE t.{key} = j.key AND j.first AND NOT j.missing
),
placed AS (
  INSERT INTO {table} AS t ({key}, state, version, ticket, as_of, mark, synced_at, lag_reads{columns})
  SELECT j.key, CASE WHEN j.whole THEN j.whole_state ELSE {unknown} END, CASE WHEN j.whole THEN j.version ELSE 0 END,
         {next_ticket}, CASE WHEN j.step = {show} THEN j.ticket ELSE 0 END, j.new_mark, CASE WHEN j.whole THEN now() END,
         0{columns_of_j}
  FROM judged j WHERE j.missing AND j.first AND (SELECT count(*) FROM locked) >= 0
  ORDER BY j.key
  ON CONFLICT ({key}) DO UPDATE SET
    ticket = {next_ticket}, mark = {dirty},
    version = CASE WHEN {late} THEN greatest(t.version, excluded.version) ELSE t.version END,
    state = CASE WHEN {late} THEN excluded.state ELSE t.state END,
    synced_at = CASE WHEN {late} THEN excluded.synced_at ELSE t.synced_at END{late_assignments}
  RETURNING t.{key} AS key, t.xmax = 0 AS fresh
),
outcome AS MATERIALIZED (
  SELECT j.n, j.key, CASE WHEN NOT j.missing OR p.fresh THEN j.step ELSE {hint} END AS step
  FROM judged j LEFT JOIN placed p ON p.key = j.key AND j.first
))";
        constexpr std::string_view notes = R"(,
values_made AS MATERIALIZED (
  SELECT DISTINCT v.kind, v.value, o.step = {hint} AS unseen
  FROM unnest({noted0}::bigint[], {noted1}::text[], {noted2}::text[]) AS v(n, kind, value) JOIN outcome o ON o.n = v.n
),
wrong AS MATERIALIZED (
  SELECT l.kind, l.value FROM {absences} l
  WHERE (l.kind, l.value) IN (SELECT v.kind, v.value FROM values_made v WHERE NOT v.unseen) AND l.mark = {clean}
  ORDER BY l.kind COLLATE "C", l.value COLLATE "C" FOR UPDATE
),
forgotten AS (
  DELETE FROM {absences} l USING wrong w WHERE l.kind = w.kind AND l.value = w.value
    AND NOT EXISTS (SELECT FROM values_made v WHERE v.unseen AND v.kind = w.kind AND v.value = w.value)
),
learned AS (
  INSERT INTO {absences} AS l (kind, value, ticket, mark, synced_at)
  SELECT v.kind, v.value, {next_ticket}, {dirty}, now() FROM values_made v
  WHERE v.unseen AND (SELECT count(*) FROM wrong) >= 0 ORDER BY v.kind COLLATE "C", v.value COLLATE "C"
  ON CONFLICT (kind, value) DO UPDATE SET ticket = {next_ticket}, mark = {dirty}, synced_at = now()
))";
        constexpr std::string_view sets = R"(,
doubted AS (
  INSERT INTO {sets} AS s (kind, parent, ticket, as_of, mark)
  SELECT v.kind, v.value, {next_ticket}, 0, {dirty} FROM (
    SELECT DISTINCT v.kind, v.value
    FROM unnest({doubted0}::bigint[], {doubted1}::text[], {doubted2}::text[]) AS v(n, kind, value)
    JOIN outcome o ON o.n = v.n AND o.step = {hint}
  ) v
  ORDER BY v.kind COLLATE "C", v.value COLLATE "C"
  ON CONFLICT (kind, parent) DO UPDATE SET ticket = {next_ticket}, mark = {dirty}
))";
        constexpr std::string_view answer = R"(
SELECT (CASE WHEN o.step = {show} THEN {shown} ELSE {hinted} END)::smallint FROM outcome o ORDER BY o.n)";
        return filled(decide, names_) + filled(write, names_) + (has_indexes ? filled(notes, names_) : "") +
               (has_relations ? filled(sets, names_) : "") + filled(answer, names_);
    }

    // $1 how many. Keys of rows that are not clean, those marked longest ago first.
    std::string find_marked() const {
        return filled("SELECT t.{key}::{key_type} FROM {table} t WHERE t.mark <> {clean} ORDER BY t.ticket LIMIT $1",
                      names_);
    }

private:
    static constexpr std::size_t first_column = 6;
    static constexpr std::size_t columns = member_count<R> - 1;
    static constexpr bool has_indexes = !boost::mp11::mp_empty<typename table_indexes<R>::type>::value;
    static constexpr bool has_relations = !boost::mp11::mp_empty<typename table_relations<R>::type>::value;

    // What travels as another type is cast where it is written.
    void add_column(std::size_t at, const std::string& name, std::string_view type, std::string_view element) {
        const std::string n = std::to_string(at);
        const std::string value = "j.c" + n + (type == element ? "" : "::" + std::string{type});
        names_["arrays"] += ", $" + std::to_string(first_column + at) + "::" + std::string{element} + "[]";
        names_["presence"] += ", $" + std::to_string(first_column + columns + at) + "::boolean[]";
        names_["numbers"] += ", c" + n;
        names_["present"] += ", p" + n;
        names_["assignments"] +=
            ",\n    " + name + " = CASE WHEN j.content AND j.p" + n + " THEN " + value + " ELSE t." + name + " END";
        names_["columns"] += ", " + name;
        names_["columns_of_j"] += ", CASE WHEN j.whole THEN " + value + " END";
        names_["late_assignments"] +=
            ",\n    " + name + " = CASE WHEN " + names_["late"] + " THEN excluded." + name + " ELSE t." + name + " END";
    }

    template<class Enum>
    void code(const char* name, Enum value) {
        names_[name] = std::to_string(static_cast<int>(value));
    }

    SqlNames names_;
};

} // namespace understudy::postgres::detail
