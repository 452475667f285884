#pragma once

#include <understudy/settlement.hpp>
#include <understudy/testing/conformance_case.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::testing {

/// What every replica must do that shows writes before they are read back, besides what `ReplicaConformance` says.
///
/// A `Fixture` is one of `ReplicaConformance`, and can change its records:
///
///     Patch<R> patch(int which, int variant);   // makes any variant ≥ 2 of a record that variant
template<class Fixture>
class SettleConformance {
    using Store = std::remove_reference_t<decltype(std::declval<Fixture&>().store())>;
    using R = typename Store::record_type;
    using By = typename Fixture::unique_index;
    static_assert(SettlingReplica<Store>);

public:
    static std::vector<ConformanceCase<Fixture>> cases() {
        return {
            {"I7: an update is shown on the row at once, and its row is a hit", &update_is_shown},
            {"I2: an update changes the members of its patch and no others", &update_is_partial},
            {"D1: a read that began before a write was shown is dropped, and marks nothing", &read_before_write},
            {"a read that began after a write was shown cleans the row", &read_after_write},
            {"I1: a write that was sent before the row was read is hinted at", &sent_before_read},
            {"an update of a dirty row is hinted at", &update_of_dirty_row},
            {"an update of a row that is not there, or not live, is hinted at", &update_of_no_live_row},
            {"a write that nobody knows when it was sent is hinted at", &unknown_ticket},
            {"a write that is settled twice is hinted at", &settled_twice},
            {"two writes of one key in one call leave the row to be read again", &one_key_twice},
            {"a created record is a live row, as of the moment of sending", &creation_is_shown},
            {"a created record that the source showed in full needs no reading", &complete_creation},
            {"I7: a creation of which something was learned since is a live row in doubt", &overtaken_creation},
            {"I4: a creation that was archived since does not become live", &creation_archived_since},
            {"an archived record is an archived row", &archive_is_shown},
            {"I4: an archiving that something was learned after is hinted at", &overtaken_archive},
            {"an archived row is live again when a later read finds it", &archive_undone},
            {"the later of both versions stays", &later_version_stays},
            {"each write is judged by itself, and answered in the order given", &judged_apart},
            {"nothing to settle is nothing settled", &nothing_settled},
            {"an index follows a write that is shown", &index_follows},
            {"I15: a noted absence ends with a write that is shown", &absence_ends},
            {"I15: a value that a hinted update wrote is unknown, not absent", &hinted_value_is_learned_of},
            {"I15: a value that a hinted creation wrote is not absent", &hinted_creation_is_learned_of},
            {"marked rows are found, those marked longest ago first", &marked_are_found},
            {"as many marked rows are found as were asked for", &marked_are_limited},
        };
    }

private:
    static Ticket ticket(Fixture& f) { return f.await(f.store().async_draw_ticket()); }
    static key_t<R> key(Fixture& f, int which) { return key_of(f.record(which, 2)); }

    static Settlement<R> update(Fixture& f, int which, int variant, Ticket at, std::int64_t version = 0) {
        Settlement<R> s;
        s.key = key(f, which);
        s.action = WriteAction::update;
        s.ticket = at;
        s.version = Version{version};
        s.patch = f.patch(which, variant);
        return s;
    }
    static Settlement<R> creation(Fixture& f, int which, int variant, Ticket at, std::int64_t version = 0) {
        Settlement<R> s;
        s.key = key(f, which);
        s.action = WriteAction::create;
        s.ticket = at;
        s.version = Version{version};
        s.record = f.record(which, variant);
        return s;
    }
    static Settlement<R> archiving(Fixture& f, int which, Ticket at) {
        Settlement<R> s;
        s.key = key(f, which);
        s.action = WriteAction::archive;
        s.ticket = at;
        return s;
    }

    static Settled settle(Fixture& f, Settlement<R> settlement) {
        std::vector<Settlement<R>> batch;
        batch.push_back(std::move(settlement));
        const auto outcomes = f.await(f.store().async_settle(std::move(batch)));
        expect(outcomes.size() == 1, "every settlement is answered");
        return outcomes.front();
    }
    static void expect_shown(Fixture& f, Settlement<R> settlement, std::string_view what) {
        expect(settle(f, std::move(settlement)) == Settled::shown, what);
    }
    static void expect_hinted(Fixture& f, Settlement<R> settlement, std::string_view what) {
        expect(settle(f, std::move(settlement)) == Settled::hinted, what);
    }

    static Applied apply(Fixture& f, Ticket at, int which, int variant, State state = State::live,
                         std::int64_t version = 100) {
        Observation<R> o;
        o.key = key(f, which);
        o.ticket = at;
        o.state = state;
        o.version = Version{version};
        if (state == State::live)
            o.record = f.record(which, variant);
        std::vector<Observation<R>> batch;
        batch.push_back(std::move(o));
        return f.await(f.store().async_apply(std::move(batch))).front();
    }
    static void put(Fixture& f, int which, int variant, std::int64_t version = 100) {
        const Ticket at = ticket(f);
        expect(apply(f, at, which, variant, State::live, version) == Applied::applied, "a later read is applied");
    }
    static void hint(Fixture& f, int which) {
        std::vector<key_t<R>> keys(1, key(f, which));
        f.await(f.store().async_hint(std::move(keys)));
    }

    static Rows<R> look_up(Fixture& f, int which) {
        std::vector<key_t<R>> keys(1, key(f, which));
        return f.await(f.store().template async_lookup<ById<R>>(std::move(keys)));
    }
    static Row<R> row(Fixture& f, int which) { return look_up(f, which).rows.front(); }
    static Row<R> find(Fixture& f, int which, int variant) {
        std::vector<typename By::value_type> values;
        values.push_back(f.value(which, variant));
        return f.await(f.store().template async_lookup<By>(std::move(values))).rows.front();
    }
    static Applied note_absent(Fixture& f, int which, int variant, Ticket at) {
        std::vector<typename By::value_type> values;
        values.push_back(f.value(which, variant));
        return f.await(f.store().template async_note_absent<By>(std::move(values), at, std::chrono::milliseconds{0}))
            .front();
    }
    static std::vector<key_t<R>> marked(Fixture& f, std::size_t limit) {
        return f.await(f.store().async_find_marked(limit));
    }

    static void expect_live(const Row<R>& row, const R& record, Mark mark, std::string_view what) {
        expect(row.state == State::live && row.record == record && row.mark == mark, what);
    }

    static void update_is_shown(Fixture& f) {
        put(f, 1, 2);
        const Row<R> before = row(f, 1);
        expect_shown(f, update(f, 1, 3, ticket(f)), "an update of a clean row is shown");
        const auto found = look_up(f, 1);
        const Row<R>& after = found.rows.front();
        expect_live(after, f.record(1, 3), Mark::patched, "the row carries the write");
        expect(after.current() && found.ticket == no_ticket, "and is a hit");
        expect(after.ticket > before.ticket, "with a new ticket");
        expect(after.as_of == before.as_of, "as of the read that its other members come from");
        expect_shown(f, update(f, 1, 5, ticket(f)), "an update of a patched row is shown");
        expect_live(row(f, 1), f.record(1, 5), Mark::patched, "the row carries the later write");
    }

    static void update_is_partial(Fixture& f) {
        for (int variant = 0; variant < 2; ++variant) {
            put(f, 1, variant, 100 + variant);
            R expected = f.record(1, variant);
            f.patch(1, 3).apply_to(expected);
            expect_shown(f, update(f, 1, 3, ticket(f)), "an update is shown on any values");
            expect_live(row(f, 1), expected, Mark::patched, "members outside of the patch keep theirs");
        }
    }

    static void read_before_write(Fixture& f) {
        put(f, 1, 2);
        const Ticket read = ticket(f);
        expect_shown(f, update(f, 1, 3, ticket(f)), "the write is shown");
        const Ticket shown = row(f, 1).ticket;
        expect(apply(f, read, 1, 2, State::live, 500) == Applied::dropped, "the read began before the write");
        expect_live(row(f, 1), f.record(1, 3), Mark::patched, "the write stays, and is served");
        expect(row(f, 1).ticket == shown, "nothing was learned");
    }

    static void read_after_write(Fixture& f) {
        put(f, 1, 2);
        expect_shown(f, update(f, 1, 3, ticket(f)), "the write is shown");
        const Ticket read = ticket(f);
        expect(apply(f, read, 1, 3, State::live, 200) == Applied::applied, "what is read back confirms the row");
        expect_live(row(f, 1), f.record(1, 3), Mark::clean, "which is clean");
        expect(row(f, 1).as_of == read, "as of that read");
    }

    static void sent_before_read(Fixture& f) {
        const Ticket sent = ticket(f);
        put(f, 1, 2);
        const Ticket before = row(f, 1).ticket;
        expect_hinted(f, update(f, 1, 3, sent), "nobody knows which of the two was first");
        expect_live(row(f, 1), f.record(1, 2), Mark::dirty, "the row keeps what was read, and is read again");
        expect(row(f, 1).ticket > before, "by loads that begin now");
    }

    static void update_of_dirty_row(Fixture& f) {
        put(f, 1, 2);
        hint(f, 1);
        expect_hinted(f, update(f, 1, 3, ticket(f)), "the row's other members are in doubt");
        expect_live(row(f, 1), f.record(1, 2), Mark::dirty, "it stays as it was, and dirty");
    }

    static void update_of_no_live_row(Fixture& f) {
        const Ticket early = ticket(f);
        expect_hinted(f, update(f, 1, 3, ticket(f)), "a patch is no record");
        expect(row(f, 1).state == State::unknown && row(f, 1).mark == Mark::dirty, "its key is known to be unknown");
        expect(apply(f, early, 1, 2) == Applied::dropped, "a read that began before the write is dropped");
        const Ticket read = ticket(f);
        apply(f, read, 2, 2, State::archived);
        expect_hinted(f, update(f, 2, 3, ticket(f)), "no row to be patched");
        expect(row(f, 2).state == State::archived && row(f, 2).mark == Mark::dirty, "it is read again");
    }

    static void unknown_ticket(Fixture& f) {
        put(f, 1, 2);
        expect_hinted(f, update(f, 1, 3, no_ticket), "an update without a ticket");
        expect_live(row(f, 1), f.record(1, 2), Mark::dirty, "is not shown");
        expect_hinted(f, archiving(f, 1, no_ticket), "an archiving without a ticket");
        expect(row(f, 1).state == State::live && row(f, 1).mark == Mark::dirty, "is not shown");
        expect_hinted(f, creation(f, 2, 2, no_ticket), "a creation without a ticket");
        expect(!row(f, 2).current(), "is no hit");
    }

    static void settled_twice(Fixture& f) {
        put(f, 1, 2);
        const auto write = update(f, 1, 3, ticket(f));
        expect_shown(f, write, "the first time");
        expect_hinted(f, write, "the second time");
        expect_live(row(f, 1), f.record(1, 3), Mark::dirty, "the write stays, and is read again");
        const auto made = creation(f, 2, 2, ticket(f));
        expect_shown(f, made, "the first time");
        expect_hinted(f, made, "the second time");
        expect_live(row(f, 2), f.record(2, 2), Mark::dirty, "the record stays, and is read again");
    }

    static void one_key_twice(Fixture& f) {
        put(f, 1, 2);
        const Ticket first = ticket(f);
        const Ticket second = ticket(f);
        const std::vector batch{update(f, 1, 3, first), update(f, 1, 5, second)};
        expect(f.await(f.store().async_settle(batch)).size() == 2, "every settlement is answered");
        expect(row(f, 1).mark == Mark::dirty, "nobody says which of the two came first");
    }

    static void creation_is_shown(Fixture& f) {
        const Ticket sent = ticket(f);
        expect_shown(f, creation(f, 1, 0, sent), "nothing was known of the key");
        const Row<R> made = row(f, 1);
        expect_live(made, f.record(1, 0), Mark::patched, "the record is there as it was written");
        expect(made.current() && made.as_of == sent && made.ticket > sent, "as of the sending");
        expect(made.age < std::chrono::hours{1}, "and young");
        hint(f, 2);
        expect_shown(f, creation(f, 2, 2, ticket(f)), "all that was known of the key is older");
        expect_live(row(f, 2), f.record(2, 2), Mark::patched, "a placeholder becomes the record");
    }

    static void complete_creation(Fixture& f) {
        const Ticket sent = ticket(f);
        auto whole = creation(f, 1, 2, sent, 300);
        whole.complete = true;
        expect_shown(f, whole, "nothing was known of the record");
        expect_live(row(f, 1), f.record(1, 2), Mark::clean, "it is whole");
        expect(row(f, 1).as_of == sent && row(f, 1).version == Version{300}, "as of the sending");
        expect(marked(f, 10).empty(), "nobody reads it again");
        expect_hinted(f, whole, "settled twice");
        expect_live(row(f, 1), f.record(1, 2), Mark::dirty, "it is in doubt");
        auto overtaken = creation(f, 2, 2, ticket(f));
        overtaken.complete = true;
        hint(f, 2);
        expect_hinted(f, overtaken, "something was learned since it was sent");
        expect(row(f, 2).mark == Mark::dirty, "so it is in doubt");
        auto changed = update(f, 3, 3, ticket(f));
        put(f, 3, 2);
        changed.ticket = ticket(f);
        changed.complete = true;
        expect_shown(f, changed, "an update");
        expect(row(f, 3).mark == Mark::patched, "shows some members only");
    }

    static void overtaken_creation(Fixture& f) {
        const Ticket sent = ticket(f);
        hint(f, 1);
        expect_hinted(f, creation(f, 1, 2, sent), "something changed since the record was sent");
        const Row<R> made = row(f, 1);
        expect_live(made, f.record(1, 2), Mark::dirty, "the record is there, and read before it is shown");
        expect(made.as_of == no_ticket && made.ticket > sent, "as of nothing");
        expect(apply(f, sent, 1, 2) == Applied::dropped, "by a read that begins now");
        put(f, 1, 3);
        expect_live(row(f, 1), f.record(1, 3), Mark::clean, "which settles it");
        put(f, 2, 3);
        expect_hinted(f, creation(f, 2, 2, sent), "the record was read since");
        expect_live(row(f, 2), f.record(2, 3), Mark::dirty, "what was read stays");
    }

    static void creation_archived_since(Fixture& f) {
        const Ticket sent = ticket(f);
        const Ticket read = ticket(f);
        apply(f, read, 1, 2, State::archived);
        expect_hinted(f, creation(f, 1, 2, sent), "the record was archived since it was sent");
        expect(row(f, 1).state == State::archived && row(f, 1).mark == Mark::dirty, "and stays so until it is read");
    }

    static void archive_is_shown(Fixture& f) {
        put(f, 1, 2);
        const Ticket sent = ticket(f);
        expect_shown(f, archiving(f, 1, sent), "an archiving is shown");
        const Row<R> gone = row(f, 1);
        expect(gone.state == State::archived && gone.mark == Mark::patched, "the row says so");
        expect(gone.as_of == sent && gone.ticket > sent, "as of the sending");
        expect(find(f, 1, 2).state != State::live, "it answers to no value");
        expect(apply(f, sent, 1, 2) == Applied::dropped, "a read that began before is dropped");
        expect(row(f, 1).state == State::archived, "and does not bring it back");
        expect_shown(f, archiving(f, 2, ticket(f)), "nothing was known of the key");
        expect(row(f, 2).state == State::archived, "now it is");
    }

    static void overtaken_archive(Fixture& f) {
        const Ticket sent = ticket(f);
        put(f, 1, 2);
        expect_hinted(f, archiving(f, 1, sent), "the record was read since the archiving was sent");
        expect_live(row(f, 1), f.record(1, 2), Mark::dirty, "an archiving that may be undone already hides nothing");
    }

    static void archive_undone(Fixture& f) {
        put(f, 1, 2);
        expect_shown(f, archiving(f, 1, ticket(f)), "an archiving is shown");
        put(f, 1, 3, 200);
        expect_live(row(f, 1), f.record(1, 3), Mark::clean, "a record that was restored is live");
        expect(find(f, 1, 3).state == State::live, "and answers to its values");
    }

    static void later_version_stays(Fixture& f) {
        put(f, 1, 2, 100);
        expect_shown(f, update(f, 1, 3, ticket(f), 300), "a write with a stamp");
        expect(row(f, 1).version == Version{300}, "the later stamp is the write's");
        expect_shown(f, update(f, 1, 5, ticket(f), 200), "a write with an older stamp");
        expect_shown(f, update(f, 1, 6, ticket(f)), "a write without a stamp");
        expect(row(f, 1).version == Version{300}, "the later stamp is the row's");
        expect(apply(f, ticket(f), 1, 2, State::live, 100) == Applied::lagging,
               "a server that has not heard of the write is found out");
        expect_live(row(f, 1), f.record(1, 6), Mark::dirty, "and changes nothing");
        expect_shown(f, creation(f, 2, 2, ticket(f), 300), "a creation with a stamp");
        expect(row(f, 2).version == Version{300}, "which the row has");
    }

    static void judged_apart(Fixture& f) {
        const Ticket early = ticket(f);
        for (int which = 1; which <= 3; ++which)
            put(f, which, 2);
        hint(f, 2);
        const Ticket late = ticket(f);
        const std::vector batch{creation(f, 5, 1, late), update(f, 3, 3, late), update(f, 2, 3, late),
                                archiving(f, 1, early),  update(f, 4, 3, late), archiving(f, 6, late)};
        const auto outcomes = f.await(f.store().async_settle(batch));
        expect(outcomes == std::vector{Settled::shown, Settled::shown, Settled::hinted, Settled::hinted,
                                       Settled::hinted, Settled::shown},
               "outcomes come in the order of the settlements");
        expect_live(row(f, 1), f.record(1, 2), Mark::dirty, "hinted at");
        expect_live(row(f, 2), f.record(2, 2), Mark::dirty, "hinted at");
        expect_live(row(f, 3), f.record(3, 3), Mark::patched, "updated");
        expect(row(f, 4).state == State::unknown && row(f, 4).mark == Mark::dirty, "hinted at");
        expect_live(row(f, 5), f.record(5, 1), Mark::patched, "created");
        expect(row(f, 6).state == State::archived, "archived");
    }

    static void nothing_settled(Fixture& f) {
        expect(f.await(f.store().async_settle({})).empty(), "no settlement, no outcome");
        expect(marked(f, 10).empty(), "and no mark");
    }

    static void index_follows(Fixture& f) {
        put(f, 1, 2);
        expect_shown(f, update(f, 1, 3, ticket(f)), "the write is shown");
        expect_live(find(f, 1, 3), f.record(1, 3), Mark::patched, "the new value finds the record");
        expect(find(f, 1, 2).state == State::unknown, "the old one nobody");
        expect_shown(f, creation(f, 2, 2, ticket(f)), "the record is shown");
        expect_live(find(f, 2, 2), f.record(2, 2), Mark::patched, "a new record is found");
    }

    static void absence_ends(Fixture& f) {
        put(f, 1, 2);
        note_absent(f, 1, 3, ticket(f));
        note_absent(f, 2, 2, ticket(f));
        const Ticket early = ticket(f);
        expect_shown(f, update(f, 1, 3, ticket(f)), "the write is shown");
        expect(find(f, 1, 3).state == State::live, "somebody answers to the value now");
        expect_shown(f, creation(f, 2, 2, ticket(f)), "the record is shown");
        expect(find(f, 2, 2).state == State::live, "somebody answers to the value now");
        expect(note_absent(f, 2, 2, early) == Applied::dropped, "whatever was read before");
        expect_shown(f, update(f, 2, 3, ticket(f)), "the record moves on");
        expect(find(f, 2, 2).state == State::unknown, "the note does not come back");
    }

    static void hinted_value_is_learned_of(Fixture& f) {
        put(f, 1, 2);
        hint(f, 1);
        for (int which = 1; which <= 3; ++which)
            expect(note_absent(f, which, 3, ticket(f)) == Applied::applied, "nobody answers to the value yet");
        const Ticket early = ticket(f);
        expect_hinted(f, update(f, 1, 3, ticket(f)), "the row is dirty");
        expect_hinted(f, update(f, 2, 3, ticket(f)), "the row is not there");
        for (int which = 1; which <= 2; ++which) {
            const Row<R> found = find(f, which, 3);
            expect(found.state == State::unknown && found.mark == Mark::dirty, "nobody knows who answers now");
            expect(found.ticket > early, "no load from before the write is joined");
            expect(note_absent(f, which, 3, early) == Applied::dropped, "nor believed");
            expect(find(f, which, 3).state == State::unknown, "the value is still unknown");
            expect(note_absent(f, which, 3, ticket(f)) == Applied::applied, "a load from after it is");
        }
        expect(find(f, 3, 3).state == State::absent, "other values are still absent");
    }

    static void hinted_creation_is_learned_of(Fixture& f) {
        note_absent(f, 1, 2, ticket(f));
        note_absent(f, 2, 2, ticket(f));
        const Ticket sent = ticket(f);
        hint(f, 1);
        expect_hinted(f, creation(f, 1, 2, sent), "something changed since the record was sent");
        const Row<R> read = find(f, 1, 2);
        expect(read.id == key(f, 1) && !read.current(), "the value leads to the record in doubt");
        expect(note_absent(f, 1, 2, sent) == Applied::dropped, "no load from before is believed");
        put(f, 2, 3);
        expect_hinted(f, creation(f, 2, 2, sent), "the record was read since, with another value");
        expect(find(f, 2, 2).state == State::unknown && find(f, 2, 2).ticket > sent,
               "nobody knows who answers to the first");
    }

    static void marked_are_found(Fixture& f) {
        for (int which = 1; which <= 5; ++which)
            put(f, which, 2);
        expect(marked(f, 10).empty(), "clean rows are not marked");
        hint(f, 4);
        expect_shown(f, update(f, 1, 3, ticket(f)), "patched");
        hint(f, 6);
        expect_shown(f, archiving(f, 2, ticket(f)), "archived");
        expect_shown(f, creation(f, 7, 2, ticket(f)), "created");
        hint(f, 3);
        expect(marked(f, 10) == keys(f, {4, 1, 6, 2, 7, 3}), "dirty and patched rows, in the order of their marks");
        put(f, 1, 3, 200);
        hint(f, 4);
        expect(marked(f, 10) == keys(f, {6, 2, 7, 3, 4}), "a row that was read is not, one marked again is last");
    }

    static void marked_are_limited(Fixture& f) {
        for (int which = 1; which <= 5; ++which)
            hint(f, which);
        expect(marked(f, 2) == keys(f, {1, 2}), "the oldest marks");
        expect(marked(f, 5).size() == 5 && marked(f, 0).empty(), "all, and none");
    }

    static std::vector<key_t<R>> keys(Fixture& f, const std::vector<int>& which) {
        std::vector<key_t<R>> all;
        for (const int w : which)
            all.push_back(key(f, w));
        return all;
    }
};

} // namespace understudy::testing
