#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/settlement.hpp>
#include <understudy/testing/conformance_case.hpp>

#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::testing {

/// What writes that are shown before they are read back do to covered sets: they stay covered.
///
/// A `Fixture` is one of `SetConformance`, and can change its records:
///
///     Links<R> move_to(int parent);      // writes the parent alone; or a Patch<R>, if it is no link
///     Patch<R> change(int variant);      // writes what differs from variant to variant, not the parent
template<class Fixture>
class SettleSetConformance {
    using Store = std::remove_reference_t<decltype(std::declval<Fixture&>().store())>;
    using R = typename Store::record_type;
    using By = typename Fixture::relation;
    static_assert(SettlingReplica<Store> && SetReplica<Store, By>);

public:
    static std::vector<ConformanceCase<Fixture>> cases() {
        return {
            {"I7: a created record is a member of its covered set at once", &created_member},
            {"a created record that a later answer lacks is in doubt", &created_before_the_set},
            {"an archived record leaves its covered set at once", &archived_member},
            {"an update keeps covered sets covered", &updated_member},
            {"an update proves no membership", &update_proves_nothing},
            {"a record that moves leaves its old set at once, and joins its new one", &moved_member},
            {"a record that moves to a set which was read later is read before it is shown there", &moved_in_doubt},
            {"I7: a hinted creation is not missed by its covered set", &hinted_creation},
            {"I7: a set that was read while a record was made does not miss it", &created_while_read},
            {"I7: a set to which a hinted update moved a record is read again", &hinted_move},
            {"I7: a set that was read while a record moved there does not miss it", &moved_while_read},
        };
    }

private:
    static Ticket ticket(Fixture& f) { return f.await(f.store().async_draw_ticket()); }
    static key_t<R> key(Fixture& f, int which) { return key_of(f.record(which, 0, 2)); }

    static void put(Fixture& f, Ticket at, R record) {
        Observation<R> o;
        o.key = key_of(record);
        o.ticket = at;
        o.state = State::live;
        o.version = Version{100};
        o.record = std::move(record);
        o.confirm = true;
        std::vector<Observation<R>> batch;
        batch.push_back(std::move(o));
        f.await(f.store().async_apply(std::move(batch)));
    }
    static void hint(Fixture& f, int which) {
        std::vector<key_t<R>> keys(1, key(f, which));
        f.await(f.store().async_hint(std::move(keys)));
    }

    static SetRow<R> set(Fixture& f, int parent) {
        SetQuery<By> query;
        query.value = f.value(parent);
        std::vector<SetQuery<By>> queries(1, query);
        return f.await(f.store().template async_look_up_sets<By>(std::move(queries))).rows.front();
    }
    static Covered cover(Fixture& f, Ticket at, int parent, const std::vector<int>& members) {
        Coverage<By> coverage;
        coverage.value = f.value(parent);
        coverage.ticket = at;
        for (const int which : members)
            coverage.members.push_back(key(f, which));
        std::vector<Coverage<By>> batch(1, coverage);
        return f.await(f.store().template async_cover<By>(std::move(batch))).front();
    }
    static void fill(Fixture& f, int parent, const std::vector<int>& members) {
        const Ticket at = ticket(f);
        for (const int which : members)
            put(f, at, f.record(which, parent, 2));
        expect(cover(f, at, parent, members) == Covered::covered, "a set whose members were applied is covered");
    }

    static Settlement<R> settlement(Fixture& f, int which, WriteAction action, Ticket at) {
        Settlement<R> s;
        s.key = key(f, which);
        s.action = action;
        s.ticket = at;
        return s;
    }
    static Settled settle(Fixture& f, Settlement<R> settlement) {
        std::vector<Settlement<R>> batch;
        batch.push_back(std::move(settlement));
        return f.await(f.store().async_settle(std::move(batch))).front();
    }
    static Settled create(Fixture& f, int which, int parent, Ticket at) {
        auto s = settlement(f, which, WriteAction::create, at);
        s.record = f.record(which, parent, 2);
        return settle(f, std::move(s));
    }
    static Settled archive(Fixture& f, int which, Ticket at) {
        return settle(f, settlement(f, which, WriteAction::archive, at));
    }
    static Settled update(Fixture& f, int which, MemberValues<R> patch, Ticket at) {
        auto s = settlement(f, which, WriteAction::update, at);
        s.patch = std::move(patch);
        return settle(f, std::move(s));
    }

    static bool has(Fixture& f, const SetRow<R>& row, const std::vector<int>& members) {
        if (row.members.size() != members.size())
            return false;
        for (std::size_t i = 0; i < members.size(); ++i)
            if (row.members[i].id != key(f, members[i]))
                return false;
        return true;
    }
    static void expect_members(Fixture& f, int parent, const std::vector<int>& members, std::string_view what) {
        const auto row = set(f, parent);
        expect(row.current() && has(f, row, members), what);
    }
    static void expect_doubt(Fixture& f, int parent, int which, std::string_view what) {
        const auto row = set(f, parent);
        expect(row.covered() && row.doubts.size() == 1 && row.doubts.front().id == key(f, which), what);
    }

    static void created_member(Fixture& f) {
        fill(f, 1, {1});
        fill(f, 2, {});
        expect(create(f, 2, 1, ticket(f)) == Settled::shown, "a creation is shown");
        expect_members(f, 1, {1, 2}, "the set has the new member and needs no load");
        expect_members(f, 2, {}, "another set does not have it");
    }

    static void created_before_the_set(Fixture& f) {
        const Ticket sent = ticket(f);
        fill(f, 1, {1});
        expect(create(f, 2, 1, sent) == Settled::shown, "a creation is shown");
        expect_doubt(f, 1, 2, "the set was read later, and lacked it");
    }

    static void archived_member(Fixture& f) {
        fill(f, 1, {1, 2});
        expect(archive(f, 2, ticket(f)) == Settled::shown, "an archiving is shown");
        expect_members(f, 1, {1}, "the set has lost the member and needs no load");
    }

    static void updated_member(Fixture& f) {
        fill(f, 1, {1, 2});
        expect(update(f, 2, f.change(3), ticket(f)) == Settled::shown, "an update is shown");
        expect_members(f, 1, {1, 2}, "the set has the same members and needs no load");
        expect(set(f, 1).members.back().record == f.record(2, 1, 3), "one of them changed");
    }

    static void update_proves_nothing(Fixture& f) {
        fill(f, 1, {1, 2});
        fill(f, 1, {1});
        expect_doubt(f, 1, 2, "the set's last answer lacked it");
        expect(update(f, 2, f.change(3), ticket(f)) == Settled::shown, "an update is shown");
        expect_doubt(f, 1, 2, "another member's value says nothing about that");
    }

    static void moved_member(Fixture& f) {
        fill(f, 2, {});
        fill(f, 1, {1, 2});
        expect(update(f, 2, f.move_to(2), ticket(f)) == Settled::shown, "an update is shown");
        expect_members(f, 1, {1}, "the old set has lost the member and needs no load");
        expect_members(f, 2, {2}, "the new set has it and needs no load");
    }

    static void moved_in_doubt(Fixture& f) {
        fill(f, 1, {1, 2});
        fill(f, 2, {});
        expect(update(f, 2, f.move_to(2), ticket(f)) == Settled::shown, "an update is shown");
        expect_members(f, 1, {1}, "the old set has lost the member and needs no load");
        expect(has(f, set(f, 2), {2}), "the new set has it");
        expect_doubt(f, 2, 2, "but was read after the row");
        put(f, ticket(f), f.record(2, 2, 2));
        expect_members(f, 2, {2}, "one read by id settles it");
    }

    static void hinted_creation(Fixture& f) {
        fill(f, 1, {1});
        const Ticket sent = ticket(f);
        hint(f, 2);
        expect(create(f, 2, 1, sent) == Settled::hinted, "something changed since the record was sent");
        expect_doubt(f, 1, 2, "the set knows of the record, and that it is to be read");
        put(f, ticket(f), f.record(2, 1, 2));
        expect_members(f, 1, {1, 2}, "one read by id settles it");
    }

    static void created_while_read(Fixture& f) {
        const Ticket early = ticket(f);
        expect(create(f, 2, 1, ticket(f)) == Settled::shown, "a creation is shown");
        const Ticket sent = ticket(f);
        hint(f, 3);
        expect(create(f, 3, 1, sent) == Settled::hinted, "something changed since the record was sent");
        expect(cover(f, early, 1, {}) == Covered::covered, "the source's answer had neither yet");
        const auto row = set(f, 1);
        expect(has(f, row, {2, 3}), "the set has both");
        expect(row.doubts.size() == 1 && row.doubts.front().id == key(f, 3), "one is certain, one to be read");
    }

    static void hinted_move(Fixture& f) {
        fill(f, 1, {1, 2});
        fill(f, 2, {});
        fill(f, 3, {});
        hint(f, 2);
        expect(update(f, 2, f.move_to(2), ticket(f)) == Settled::hinted, "the row is dirty");
        expect_doubt(f, 1, 2, "the old set knows that the member is to be read");
        expect(!set(f, 2).current(), "the new set is to be read");
        expect(update(f, 4, f.move_to(3), ticket(f)) == Settled::hinted, "the row is not there");
        expect(!set(f, 3).current(), "the new set is to be read");
        expect(set(f, 3).covered(), "and still serves who takes older answers");
    }

    static void moved_while_read(Fixture& f) {
        const Ticket early = ticket(f);
        expect(update(f, 2, f.move_to(1), ticket(f)) == Settled::hinted, "the row is not there");
        expect(cover(f, early, 1, {}) == Covered::dropped, "the source's answer may be from before the write");
        expect(!set(f, 1).covered(), "the set is read again");
        fill(f, 1, {2});
        expect_members(f, 1, {2}, "and has the record");
    }
};

} // namespace understudy::testing
