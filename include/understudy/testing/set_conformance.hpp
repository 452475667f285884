#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/testing/conformance_case.hpp>

#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::testing {

/// What every replica must do that says which sets it holds completely: the rule of `covered_sets.hpp`, one case each.
///
/// A `Fixture` gives an empty replica and records to fill it with:
///
///     auto& store();                                 // models SetReplica; empty when the fixture is new
///     R record(int which, int parent, int variant);  // the same `which`: the same key; keys ascend with it
///                                                    // below zero, `parent` is none
///     auto await(operation);                         // runs a deferred operation to its end and gives its result
///     using relation = …;                            // by which records belong to parents
///     relation::value_type value(int parent);
///     using whole = …;                               // a Whole relation of the same record
///
///     for (auto& c : SetConformance<Fixture>::cases()) { Fixture fixture; c.run(fixture); }
template<class Fixture>
class SetConformance {
    using Store = std::remove_reference_t<decltype(std::declval<Fixture&>().store())>;
    using R = typename Store::record_type;
    using By = typename Fixture::relation;
    using All = typename Fixture::whole;
    static_assert(SetReplica<Store, By>);
    static_assert(SetReplica<Store, All>);

public:
    static std::vector<ConformanceCase<Fixture>> cases() {
        return {
            {"a set nobody read is not covered, and its look-up draws a ticket", &unknown_set},
            {"D10: a set is not covered for having rows", &rows_do_not_cover},
            {"D10: covered and empty is current", &covered_and_empty},
            {"a covered set holds its live rows in the order of their keys", &covered_with_members},
            {"a look-up that only hits draws no ticket", &hits_draw_no_ticket},
            {"sets of one call are judged one by one", &sets_are_judged_apart},
            {"I1: a coverage that began before a hint is dropped", &coverage_before_hint},
            {"a coverage that began after a hint cleans the set", &coverage_after_hint},
            {"I1: of two coverages the one that began later stays", &earlier_coverage},
            {"a coverage whose members have no rows is incomplete", &incomplete},
            {"D10: a member that was hinted at while its set was read leaves no hole", &hinted_member},
            {"a member that moved while its set was read leaves no hole", &moved_while_read},
            {"a hint of a set keeps its rows and its coverage", &hint_keeps_rows},
            {"a dirty member is in doubt", &dirty_member},
            {"I5: a row that the source's answer lacks is in doubt, not removed", &lacking_member},
            {"a doubt ends when the row is confirmed by a later read", &doubt_ends},
            {"I4: a member applied late, from a read before the set's, is in doubt", &late_member},
            {"a member learned after the set was read belongs to it", &later_member},
            {"a member that moved belongs to its new set alone", &moved_member},
            {"a member that was deleted belongs to no set", &deleted_member},
            {"pages neither overlap nor leave gaps", &pages},
            {"a page of nothing still shows the doubts", &doubts_alone},
            {"all records are a set", &whole_set_of_type},
            {"I9: the age of a set is that of its oldest member", &age},
        };
    }

private:
    static Ticket ticket(Fixture& f) { return f.await(f.store().async_draw_ticket()); }

    static Applied put(Fixture& f, Ticket at, R record, std::chrono::milliseconds elapsed = {}) {
        Observation<R> o;
        o.key = key_of(record);
        o.ticket = at;
        o.state = State::live;
        o.version = Version{100};
        o.record = std::move(record);
        o.elapsed = elapsed;
        o.confirm = true;
        return apply(f, std::move(o));
    }

    static Applied apply(Fixture& f, Observation<R> o) {
        std::vector<Observation<R>> batch;
        batch.push_back(std::move(o));
        return f.await(f.store().async_apply(std::move(batch))).front();
    }

    template<class Rel = By>
    static SetRows<R> look_up(Fixture& f, SetQuery<Rel> query) {
        std::vector<SetQuery<Rel>> queries;
        queries.push_back(std::move(query));
        auto rows = f.await(f.store().template async_look_up_sets<Rel>(std::move(queries)));
        expect(rows.rows.size() == 1, "a look-up answers once for each query");
        return rows;
    }

    static SetQuery<By> query(Fixture& f, int parent, std::size_t limit = whole_set) {
        SetQuery<By> q;
        q.value = f.value(parent);
        q.limit = limit;
        return q;
    }

    static SetRow<R> set(Fixture& f, int parent) { return look_up(f, query(f, parent)).rows.front(); }

    static Covered cover(Fixture& f, Ticket at, int parent, const std::vector<int>& members,
                         std::chrono::milliseconds elapsed = {}) {
        Coverage<By> coverage;
        coverage.value = f.value(parent);
        coverage.ticket = at;
        coverage.elapsed = elapsed;
        for (const int which : members)
            coverage.members.push_back(key_of(f.record(which, parent, 2)));
        std::vector<Coverage<By>> batch;
        batch.push_back(std::move(coverage));
        const auto outcomes = f.await(f.store().template async_cover<By>(std::move(batch)));
        expect(outcomes.size() == 1, "a cover answers once for each coverage");
        return outcomes.front();
    }

    // Reads a set of those members, from drawing the ticket to covering.
    static Ticket fill(Fixture& f, int parent, const std::vector<int>& members) {
        const Ticket at = ticket(f);
        for (const int which : members)
            put(f, at, f.record(which, parent, 2));
        expect(cover(f, at, parent, members) == Covered::covered, "a set whose members were applied is covered");
        return at;
    }

    static void hint_set(Fixture& f, int parent) {
        std::vector<typename By::value_type> values;
        values.push_back(f.value(parent));
        f.await(f.store().template async_hint_sets<By>(std::move(values)));
    }

    static void hint(Fixture& f, int which) {
        std::vector<key_t<R>> keys(1, key_of(f.record(which, 0, 2)));
        f.await(f.store().async_hint(std::move(keys)));
    }

    static bool has(Fixture& f, const SetRow<R>& row, const std::vector<int>& members) {
        if (row.members.size() != members.size())
            return false;
        for (std::size_t i = 0; i < members.size(); ++i)
            if (row.members[i].id != key_of(f.record(members[i], 0, 2)))
                return false;
        return true;
    }

    static void unknown_set(Fixture& f) {
        const auto found = look_up(f, query(f, 1));
        expect(!found.rows.front().covered(), "a set nobody read is not covered");
        expect(!found.rows.front().current(), "a set nobody read is not current");
        expect(found.ticket != no_ticket, "a look-up of a set that is not current draws a ticket");
        expect(found.ticket < ticket(f), "that ticket comes from the same counter");
    }

    static void rows_do_not_cover(Fixture& f) {
        put(f, ticket(f), f.record(1, 1, 2));
        expect(!set(f, 1).covered(), "a set is not covered because a row belongs to it");
    }

    static void covered_and_empty(Fixture& f) {
        fill(f, 1, {});
        const auto row = set(f, 1);
        expect(row.covered() && row.current(), "a set that was read empty is covered and current");
        expect(row.members.empty() && !row.more && row.doubts.empty(), "and has no members");
    }

    static void covered_with_members(Fixture& f) {
        fill(f, 1, {3, 1, 2});
        fill(f, 2, {4});
        const auto row = set(f, 1);
        expect(row.current() && has(f, row, {1, 2, 3}), "the members of a set come by ascending key");
        expect(row.members.front().record == f.record(1, 1, 2), "with their records");
        expect(row.members.front().state == State::live && row.members.front().mark == Mark::clean,
               "with their states and marks");
    }

    static void hits_draw_no_ticket(Fixture& f) {
        fill(f, 1, {1});
        expect(look_up(f, query(f, 1)).ticket == no_ticket, "a look-up of current sets draws no ticket");
    }

    static void sets_are_judged_apart(Fixture& f) {
        fill(f, 1, {1});
        fill(f, 2, {});
        std::vector<SetQuery<By>> queries{query(f, 2), query(f, 3), query(f, 1), query(f, 2)};
        const auto rows = f.await(f.store().template async_look_up_sets<By>(std::move(queries)));
        expect(rows.rows.size() == 4, "a look-up answers once for each query");
        expect(rows.rows[0].current() && rows.rows[0].members.empty(), "in the order asked");
        expect(!rows.rows[1].covered(), "each set is judged by itself");
        expect(rows.rows[2].current() && has(f, rows.rows[2], {1}), "in the order asked");
        expect(rows.rows[3].current() && rows.rows[3].members.empty(), "a set may be asked for twice");
        expect(rows.ticket != no_ticket, "one set that is not current draws the ticket");
    }

    static void coverage_before_hint(Fixture& f) {
        const Ticket at = ticket(f);
        hint_set(f, 1);
        expect(cover(f, at, 1, {}) == Covered::dropped, "a coverage that began before a hint decides nothing");
        expect(!set(f, 1).covered(), "and covers nothing");
    }

    static void coverage_after_hint(Fixture& f) {
        hint_set(f, 1);
        const auto before = set(f, 1);
        expect(!before.covered() && before.mark == Mark::dirty, "a hint covers nothing");
        expect(before.ticket != no_ticket, "a hint leaves a ticket");
        fill(f, 1, {});
        const auto after = set(f, 1);
        expect(after.current() && after.ticket > before.ticket, "a coverage gives the set a new ticket");
    }

    static void earlier_coverage(Fixture& f) {
        const Ticket early = ticket(f);
        const Ticket late = fill(f, 1, {1});
        expect(cover(f, early, 1, {}) == Covered::dropped, "an earlier coverage is dropped");
        const auto row = set(f, 1);
        expect(row.as_of == late && has(f, row, {1}), "the later one stays");
    }

    static void incomplete(Fixture& f) {
        expect(cover(f, ticket(f), 1, {1}) == Covered::incomplete, "a member without a row is a hole");
        expect(!set(f, 1).covered(), "a set with a hole is not covered");
    }

    static void hinted_member(Fixture& f) {
        const Ticket at = ticket(f);
        hint(f, 1);
        expect(put(f, at, f.record(1, 1, 2)) == Applied::dropped, "the hint came after the read began");
        expect(cover(f, at, 1, {1}) == Covered::dropped, "no row shows the member: the set is read again");
        expect(!set(f, 1).covered(), "and is not covered meanwhile");
        fill(f, 1, {1});
        expect(has(f, set(f, 1), {1}), "until it was");
    }

    static void moved_while_read(Fixture& f) {
        put(f, ticket(f), f.record(1, 2, 2));
        const Ticket at = ticket(f);
        hint(f, 1);
        put(f, at, f.record(1, 1, 2));
        expect(cover(f, at, 1, {1}) == Covered::dropped, "the member's row names another set, from an earlier read");
        const Ticket again = ticket(f);
        put(f, ticket(f), f.record(1, 2, 2));
        expect(cover(f, again, 1, {1}) == Covered::covered, "a row of a later read may name what it likes");
        expect(set(f, 1).current() && has(f, set(f, 1), {}), "and then it is no member");
    }

    static void hint_keeps_rows(Fixture& f) {
        fill(f, 1, {1});
        hint_set(f, 1);
        const auto row = set(f, 1);
        expect(row.covered() && !row.current() && row.mark == Mark::dirty, "a hinted set is dirty, not unknown");
        expect(has(f, row, {1}), "a hint removes nobody");
        expect(row.doubts.empty(), "a hint of the set is none of its members");
    }

    static void dirty_member(Fixture& f) {
        fill(f, 1, {1, 2});
        hint(f, 2);
        const auto row = set(f, 1);
        expect(row.covered() && row.mark == Mark::clean, "the set itself is clean");
        expect(row.doubts.size() == 1 && row.doubts.front().id == key_of(f.record(2, 1, 2)),
               "a dirty member is a doubt");
        expect(row.doubts.front().ticket != no_ticket, "with its row's ticket");
        expect(!row.current(), "a set with a doubt is not current");
    }

    static void lacking_member(Fixture& f) {
        fill(f, 1, {1, 2});
        fill(f, 1, {1});
        const auto row = set(f, 1);
        expect(row.covered() && has(f, row, {1, 2}), "a row stays though the source's answer lacked it");
        expect(row.doubts.size() == 1 && row.doubts.front().id == key_of(f.record(2, 1, 2)), "but it is in doubt");
    }

    static void doubt_ends(Fixture& f) {
        fill(f, 1, {1, 2});
        fill(f, 1, {1});
        expect(put(f, ticket(f), f.record(2, 1, 2)) == Applied::unchanged, "the row says so already");
        expect(set(f, 1).current(), "a later read that confirms the row ends the doubt");
    }

    static void late_member(Fixture& f) {
        const Ticket early = ticket(f);
        fill(f, 1, {1});
        expect(put(f, early, f.record(2, 1, 2)) == Applied::applied, "nothing was known of the record");
        const auto row = set(f, 1);
        expect(row.doubts.size() == 1 && row.doubts.front().id == key_of(f.record(2, 1, 2)),
               "the set was read later and lacked it");
    }

    static void later_member(Fixture& f) {
        fill(f, 1, {1});
        put(f, ticket(f), f.record(2, 1, 2));
        const auto row = set(f, 1);
        expect(row.current() && has(f, row, {1, 2}), "what was learned later is believed");
    }

    static void moved_member(Fixture& f) {
        fill(f, 1, {1, 2});
        fill(f, 2, {});
        put(f, ticket(f), f.record(2, 2, 2));
        expect(has(f, set(f, 1), {1}), "the old set has it no more");
        expect(has(f, set(f, 2), {2}), "the new set has it");
        put(f, ticket(f), f.record(2, -1, 2));
        expect(has(f, set(f, 2), {}), "a record may belong to none");
        expect(set(f, 1).current() && set(f, 2).current(), "both sets stay current");
    }

    static void deleted_member(Fixture& f) {
        fill(f, 1, {1, 2});
        Observation<R> gone;
        gone.key = key_of(f.record(2, 1, 2));
        gone.ticket = ticket(f);
        gone.state = State::archived;
        apply(f, std::move(gone));
        const auto row = set(f, 1);
        expect(row.current() && has(f, row, {1}), "a deleted record is no member");
    }

    static void pages(Fixture& f) {
        fill(f, 1, {1, 2, 3, 4, 5});
        auto q = query(f, 1, 2);
        const auto first = look_up(f, q).rows.front();
        expect(first.current() && has(f, first, {1, 2}) && first.more, "the first page");
        put(f, ticket(f), f.record(0, 1, 2));
        q.after = first.members.back().id;
        const auto second = look_up(f, q).rows.front();
        expect(has(f, second, {3, 4}) && second.more, "the next page begins after the last, whatever came before it");
        q.after = second.members.back().id;
        const auto last = look_up(f, q).rows.front();
        expect(has(f, last, {5}) && !last.more, "the last page");
        q.after = last.members.back().id;
        const auto beyond = look_up(f, q).rows.front();
        expect(beyond.current() && has(f, beyond, {}) && !beyond.more, "beyond the last there is nothing");
    }

    static void doubts_alone(Fixture& f) {
        fill(f, 1, {1, 2});
        hint(f, 1);
        const auto row = look_up(f, query(f, 1, 0)).rows.front();
        expect(row.covered() && row.members.empty() && row.doubts.size() == 1, "no members, all doubts");
    }

    static void whole_set_of_type(Fixture& f) {
        const Ticket at = ticket(f);
        put(f, at, f.record(1, 1, 2));
        put(f, at, f.record(2, -1, 2));
        Coverage<All> coverage;
        coverage.ticket = at;
        coverage.members = {key_of(f.record(1, 1, 2)), key_of(f.record(2, 1, 2))};
        std::vector<Coverage<All>> batch(1, coverage);
        expect(f.await(f.store().template async_cover<All>(std::move(batch))).front() == Covered::covered,
               "all records can be covered");
        const auto row = look_up(f, SetQuery<All>{}).rows.front();
        expect(row.current() && has(f, row, {1, 2}), "all records are members");
        expect(!set(f, 1).covered(), "which covers no other relation's sets");
        std::vector<Everything> everything(1);
        f.await(f.store().template async_hint_sets<All>(std::move(everything)));
        expect(!look_up(f, SetQuery<All>{}).rows.front().current(), "a hint makes it dirty");
    }

    static void age(Fixture& f) {
        using namespace std::chrono_literals;
        const Ticket at = ticket(f);
        put(f, at, f.record(1, 1, 2), 5s);
        put(f, at, f.record(2, 1, 2), 1s);
        cover(f, at, 1, {1, 2}, 2s);
        const auto row = set(f, 1);
        expect(row.age >= 5s && row.age < 1h, "the oldest member's age counts");
        fill(f, 2, {});
        expect(set(f, 2).age < 5s, "an empty set has its own age");
    }
};

} // namespace understudy::testing
