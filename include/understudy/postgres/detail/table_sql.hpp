#pragma once

#include <understudy/detail/apply_rule.hpp>
#include <understudy/postgres/detail/conninfo.hpp>
#include <understudy/postgres/table.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// The statements of one table. Every one locks in the same order (rows that are there by key, then new rows by key,
// then absences by kind and value), so that no two of them wait for each other.
template<Mirrored R>
class TableSql {
public:
    explicit TableSql(std::string_view schema)
        : table_{quoted(schema) + "." + quoted(TableTraits<R>::table)}
        , absences_{quoted(schema) + "." + quoted("understudy_lookups")}
        , next_ticket_{"nextval(" + literal(quoted(schema) + "." + quoted("understudy_ticket")) + ")"}
        , key_{quoted(name_of_member<RecordTraits<R>::key>())} {
        for_each_member<R>([&](auto descriptor) {
            if constexpr (!understudy::detail::same_member<descriptor.pointer, RecordTraits<R>::key>()) {
                using Member = std::remove_cvref_t<decltype(std::declval<R>().*descriptor.pointer)>;
                columns_.push_back({quoted(descriptor.name), std::string{codec_of<Member>::sql_type}});
            }
        });
    }

    static std::string kind(std::string_view index) {
        return std::string{TableTraits<R>::table} + "." + std::string{index};
    }

    // $1 values. One row for each, with the ticket that was drawn if one of them is no hit:
    // drawn, number, id, state, mark, ticket, version, merged_into, age in ms, columns.
    template<IndexTag By>
    std::string lookup() const {
        std::string sql = "WITH found AS MATERIALIZED (SELECT a.n, t." + key_ + "::" + key_type() + " AS id, ";
        if constexpr (understudy::detail::is_by_id<By>) {
            sql += "t.state, t.mark, t.ticket, t.version, t.synced_at, ";
            sql += "t.merged_into::" + key_type() + " AS merged_into" + casted_columns() + " FROM " + asked<By>("$1") +
                   " LEFT JOIN " + table_ + " t ON t." + key_ + " = a.value";
        } else {
            sql += "coalesce(t.state, CASE WHEN l.value IS NOT NULL THEN " + code(State::absent) +
                   "::smallint END) AS state, ";
            sql += "coalesce(t.mark, CASE WHEN l.value IS NOT NULL THEN " + code(Mark::clean) +
                   "::smallint END) AS mark, ";
            sql +=
                "coalesce(t.ticket, l.ticket) AS ticket, t.version, coalesce(t.synced_at, l.synced_at) AS synced_at, ";
            sql += "t.merged_into::" + key_type() + " AS merged_into" + casted_columns() + " FROM " + asked<By>("$1") +
                   " LEFT JOIN LATERAL (SELECT * FROM " + table_ + " t WHERE t.state = " + code(State::live) +
                   " AND (" + matches<By>("t", "a.value") + ") ORDER BY t.ticket DESC LIMIT 1) t ON true LEFT JOIN " +
                   absences_ + " l ON t." + key_ + " IS NULL AND l.kind = " + literal(kind(By::name)) +
                   " AND l.value = a.value::text";
        }
        sql += "), drawn AS MATERIALIZED (SELECT " + next_ticket_ +
               " AS drawn WHERE EXISTS (SELECT FROM found WHERE state IS DISTINCT FROM " + code(State::live) +
               " OR mark = " + code(Mark::dirty) +
               ")) SELECT d.drawn, f.n, f.id, f.state, f.mark, f.ticket, f.version, "
               "f.merged_into, " +
               milliseconds("now() - f.synced_at") + numbered_columns("f.") + " FROM found f LEFT JOIN drawn d ON true";
        return sql;
    }

    // $1 keys, $2 tickets, $3 versions, $4 states, $5 survivors, $6 elapsed ms, $7 confirm, then the columns, then the
    // values that the records answer to: $n keys, $n+1 kinds, $n+2 values. One row for each key: number, step, which is
    // NULL where another transaction inserted the key at the same time: then ask again.
    std::string apply() const {
        using Step = understudy::detail::ApplyStep;
        const std::string array = key_type() + "[]";
        std::string arrays = "$1::" + array + ", $2::bigint[], $3::bigint[], $4::smallint[], $5::" + array +
                             ", $6::bigint[], $7::boolean[]";
        std::string names = "key, ticket, version, state, merged_into, elapsed, confirm";
        std::string same;
        std::string row_columns;
        std::string set;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const auto& [name, type] = columns_[i];
            const std::string c = "c" + std::to_string(i);
            arrays += ", $" + std::to_string(i + 8) + "::" + type + "[]";
            names += ", " + c;
            row_columns += ", t." + name + " AS " + c;
            same += (i ? " AND l." : "l.") + c + " IS NOT DISTINCT FROM i." + c;
            set += ", " + name + " = CASE WHEN j.step = " + code(Step::write) + " THEN j." + c + " ELSE t." + name +
                   " END";
        }
        const auto first_note = columns_.size() + 8;
        const std::string observed_at = "now() - j.elapsed * interval '1 millisecond'";
        return
            // What was observed, and the rows as they are now, locked in the order of their keys.
            "WITH input AS MATERIALIZED (SELECT * FROM unnest(" + arrays + ") WITH ORDINALITY AS i(" + names +
            ", n)), "
            "locked AS MATERIALIZED (SELECT t." +
            key_ +
            " AS key, t.ticket, t.version, t.mark, t.state, t.merged_into, "
            "t.lag_reads, t.lag_version, t.lag_since" +
            row_columns + " FROM " + table_ + " t WHERE t." + key_ + " = ANY($1::" + array + ") ORDER BY t." + key_ +
            " FOR NO KEY UPDATE), "
            // What `decide_apply` looks at.
            "facts AS (SELECT i.*, l.key IS NULL AS missing, coalesce(l.ticket, 0) AS row_ticket, coalesce(l.version, "
            "0) AS "
            "row_version, coalesce(l.mark, " +
            code(Mark::dirty) +
            ") AS row_mark, coalesce(l.state = i.state AND CASE i.state "
            "WHEN " +
            code(State::live) + " THEN " + (same.empty() ? "true" : same) + " WHEN " + code(State::merged) +
            " THEN l.merged_into IS NOT DISTINCT FROM i.merged_into ELSE true END, false) AS same, "
            "CASE WHEN l.lag_reads > 0 AND l.lag_version = i.version THEN least(l.lag_reads + 1, " +
            std::to_string(understudy::detail::lag_escape_reads) +
            ") ELSE 1 END AS reads, "
            "CASE WHEN l.lag_reads > 0 AND l.lag_version = i.version THEN l.lag_since ELSE now() END AS since "
            "FROM input i LEFT JOIN locked l ON l.key = i.key), "
            // Its decision.
            "judged AS MATERIALIZED (SELECT f.*, CASE WHEN f.ticket <= f.row_ticket THEN CASE WHEN NOT f.same AND "
            "f.row_mark = " +
            code(Mark::clean) + " THEN " + code(Step::mark) + " ELSE " + code(Step::drop) +
            " END "
            "WHEN f.version <> 0 AND f.version < f.row_version THEN CASE WHEN f.reads < " +
            std::to_string(understudy::detail::lag_escape_reads) + " OR now() - f.since < interval '" +
            std::to_string(understudy::detail::lag_escape_time.count()) + " milliseconds' THEN " + code(Step::lag) +
            " ELSE " + code(Step::write) + " END WHEN f.same AND f.row_mark = " + code(Mark::clean) + " THEN " +
            code(Step::keep) + " ELSE " + code(Step::write) +
            " END AS step FROM facts f), "
            "updated AS (UPDATE " +
            table_ +
            " t SET "
            "state = CASE WHEN j.step = " +
            code(Step::write) +
            " THEN j.state ELSE t.state END, "
            "merged_into = CASE WHEN j.step = " +
            code(Step::write) +
            " THEN j.merged_into ELSE t.merged_into END, "
            "version = CASE WHEN j.step = " +
            code(Step::write) +
            " AND j.version <> 0 THEN j.version ELSE t.version END, "
            "ticket = CASE WHEN j.step = " +
            code(Step::keep) + " THEN t.ticket ELSE " + next_ticket_ +
            " END, "
            "mark = CASE j.step WHEN " +
            code(Step::write) + " THEN " + code(Mark::clean) + " WHEN " + code(Step::keep) + " THEN t.mark ELSE " +
            code(Mark::dirty) +
            " END, "
            "synced_at = CASE j.step WHEN " +
            code(Step::write) + " THEN " + observed_at + " WHEN " + code(Step::keep) + " THEN greatest(t.synced_at, " +
            observed_at +
            ") ELSE t.synced_at END, "
            "lag_reads = CASE j.step WHEN " +
            code(Step::write) + " THEN 0 WHEN " + code(Step::lag) +
            " THEN j.reads ELSE t.lag_reads END, "
            "lag_version = CASE j.step WHEN " +
            code(Step::write) + " THEN NULL WHEN " + code(Step::lag) +
            " THEN j.version ELSE t.lag_version END, "
            "lag_since = CASE j.step WHEN " +
            code(Step::write) + " THEN NULL WHEN " + code(Step::lag) + " THEN j.since ELSE t.lag_since END" + set +
            " FROM judged j WHERE t." + key_ +
            " = j.key AND NOT j.missing AND "
            "(j.step IN (" +
            code(Step::write) + ", " + code(Step::mark) + ", " + code(Step::lag) + ") OR j.step = " + code(Step::keep) +
            " AND j.confirm)), "
            // New rows only when every row that was there is locked: hence the count.
            "placed AS (INSERT INTO " +
            table_ + " (" + key_ + plain_columns() +
            ", state, merged_into, version, ticket, mark, "
            "synced_at, lag_reads) SELECT j.key" +
            numbered_columns("j.") + ", j.state, j.merged_into, j.version, " + next_ticket_ + ", " + code(Mark::clean) +
            ", " + observed_at + ", 0 FROM judged j WHERE j.missing AND j.step = " + code(Step::write) +
            " AND (SELECT count(*) FROM locked) >= 0 ORDER BY j.key ON CONFLICT (" + key_ + ") DO NOTHING RETURNING " +
            key_ + " AS key)" + (has_indexes ? ", " + forget_absences(first_note) : "") +
            " SELECT j.n, (CASE WHEN NOT j.missing OR j.step <> " + code(Step::write) +
            " OR p.key IS NOT NULL THEN j.step "
            "END)::smallint FROM judged j LEFT JOIN placed p ON p.key = j.key";
    }

    // $1 keys, distinct. Answers with the keys that were marked; those that another transaction inserted at the same
    // time are not among them: ask again.
    std::string hint() const {
        const std::string keys = "unnest($1::" + key_type() + "[])";
        return "WITH locked AS MATERIALIZED (SELECT t." + key_ + " AS key FROM " + table_ + " t WHERE t." + key_ +
               " = ANY($1::" + key_type() + "[]) ORDER BY t." + key_ + " FOR NO KEY UPDATE), marked AS (UPDATE " +
               table_ + " t SET ticket = " + next_ticket_ + ", mark = " + code(Mark::dirty) +
               " FROM locked l WHERE t." + key_ + " = l.key RETURNING t." + key_ + " AS key), placed AS (INSERT INTO " +
               table_ + " (" + key_ + ", state, version, ticket, mark, lag_reads) SELECT k, " + code(State::unknown) +
               ", 0, " + next_ticket_ + ", " + code(Mark::dirty) + ", 0 FROM " + keys +
               " k WHERE NOT EXISTS (SELECT FROM locked l WHERE l.key = k) AND (SELECT count(*) FROM locked) >= 0 "
               "ORDER BY k "
               "ON CONFLICT (" +
               key_ + ") DO NOTHING RETURNING " + key_ +
               " AS key) "
               "SELECT key::" +
               key_type() + " FROM marked UNION ALL SELECT key::" + key_type() + " FROM placed";
    }

    // $1 values, distinct and normalised, $2 the ticket. Answers with the numbers of those that were noted, and forgets
    // some that are older than a day: by then nobody believes them.
    template<IndexTag By>
    std::string note_absent() const {
        return "WITH free AS MATERIALIZED (SELECT a.n, a.value, a.value::text AS text FROM " + asked<By>("$1") +
               " WHERE NOT EXISTS (SELECT FROM " + table_ + " t WHERE t.state = " + code(State::live) + " AND (" +
               matches<By>("t", "a.value") + "))), noted AS (INSERT INTO " + absences_ +
               " AS l (kind, value, ticket, synced_at) SELECT " + literal(kind(By::name)) +
               ", f.text, $2, now() FROM free f ORDER BY f.text ON CONFLICT (kind, value) DO UPDATE SET ticket = "
               "excluded.ticket, synced_at = excluded.synced_at WHERE l.ticket < excluded.ticket RETURNING l.value), "
               "old AS MATERIALIZED (SELECT l.kind, l.value FROM " +
               absences_ +
               " l WHERE l.synced_at < now() - interval '1 day' LIMIT 100 FOR UPDATE SKIP LOCKED), gone AS (DELETE "
               "FROM " +
               absences_ +
               " l USING old o WHERE l.kind = o.kind AND l.value = o.value) "
               "SELECT f.n FROM free f JOIN noted d ON d.value = f.text";
    }

    std::string draw_ticket() const { return "SELECT " + next_ticket_; }

private:
    static constexpr bool has_indexes = !boost::mp11::mp_empty<typename table_indexes<R>::type>::value;

    struct Column {
        std::string name;
        std::string type;
    };

    template<class Enum>
    static std::string code(Enum value) {
        return std::to_string(static_cast<int>(value));
    }

    static std::string literal(std::string_view text) {
        std::string out = "'";
        for (const char c : text)
            out.append(c == '\'' ? 2 : 1, c);
        return out + "'";
    }

    static std::string milliseconds(const std::string& interval) {
        return "(extract(epoch FROM " + interval + ") * 1000)::bigint";
    }

    static std::string key_type() { return std::string{codec_of<key_t<R>>::sql_type}; }

    template<IndexTag By>
    static std::string asked(const std::string& parameter) {
        return "unnest(" + parameter + "::" + std::string{codec_of<typename By::value_type>::sql_type} +
               "[]) WITH ORDINALITY AS a(value, n)";
    }

    template<IndexTag By>
    static std::string matches(const std::string& row, const std::string& value) {
        constexpr bool by_member_alone = !requires(const R& r) {
            By::values(r);
        }
        &&!requires(typename By::value_type v) {
            By::normalise(v);
        };
        if constexpr (requires { IndexTraits<By>::matches(row, value); }) {
            return IndexTraits<By>::matches(row, value);
        } else {
            static_assert(by_member_alone, "an index with `values` or `normalise` of its own needs "
                                           "understudy::postgres::IndexTraits: which rows answer to a value, in SQL");
            return row + "." + quoted(name_of_member<By::member>()) + " = " + value;
        }
    }

    std::string forget_absences(std::size_t first) const {
        const auto parameter = [&](std::size_t offset) { return "$" + std::to_string(first + offset); };
        return "wrong AS MATERIALIZED (SELECT l.kind, l.value FROM " + absences_ +
               " l WHERE (l.kind, l.value) IN (SELECT c.kind, "
               "c.value FROM unnest(" +
               parameter(0) + "::" + key_type() + "[], " + parameter(1) + "::text[], " + parameter(2) +
               "::text[]) AS c(key, kind, value) JOIN judged j ON j.key = c.key AND j.step = " +
               code(understudy::detail::ApplyStep::write) +
               ") ORDER BY l.kind, l.value FOR UPDATE), "
               "forgotten AS (DELETE FROM " +
               absences_ + " l USING wrong w WHERE l.kind = w.kind AND l.value = w.value)";
    }

    std::string casted_columns() const {
        std::string out;
        for (std::size_t i = 0; i < columns_.size(); ++i)
            out += ", t." + columns_[i].name + "::" + columns_[i].type + " AS c" + std::to_string(i);
        return out;
    }
    std::string plain_columns() const {
        std::string out;
        for (const auto& column : columns_)
            out += ", " + column.name;
        return out;
    }
    std::string numbered_columns(std::string_view prefix) const {
        std::string out;
        for (std::size_t i = 0; i < columns_.size(); ++i)
            out += ", " + std::string{prefix} + "c" + std::to_string(i);
        return out;
    }

    std::string table_;
    std::string absences_;
    std::string next_ticket_;
    std::string key_;
    std::vector<Column> columns_;
};

} // namespace understudy::postgres::detail
