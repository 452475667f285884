#pragma once

#include <understudy/store.hpp>
#include <understudy/testing/conformance_case.hpp>

#include <chrono>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::testing {

/// What every replica must do, whatever it is made of: the rules of the consistency protocol, one case each.
///
/// A `Fixture` gives an empty replica and records to fill it with:
///
///     auto& store();                          // models Replica; empty when the fixture is new
///     R record(int which, int variant);       // the same `which`: the same key; another variant: other content.
///                                             // variant 0 has every optional member empty, 1 zeros and empty strings,
///                                             // 2 and above ordinary values
///     auto await(operation);                  // runs a deferred operation to its end and gives its result
///     using unique_index = …;                 // an index tag; the record's value differs from variant to variant ≥ 2
///     unique_index::value_type value(int which, int variant);   // what the record answers to
///
///     for (auto& c : ReplicaConformance<Fixture>::cases()) { Fixture fixture; c.run(fixture); }
template<class Fixture>
class ReplicaConformance {
    using Store = std::remove_reference_t<decltype(std::declval<Fixture&>().store())>;
    using R = typename Store::record_type;
    using By = typename Fixture::unique_index;
    static_assert(Replica<Store>);

public:
    static std::vector<ConformanceCase<Fixture>> cases() {
        return {
            {"an unknown key is unknown, and its look-up draws a ticket", &unknown_key},
            {"a look-up that only hits draws no ticket", &hits_draw_no_ticket},
            {"tickets increase", &tickets_increase},
            {"I2: null, empty and zero come back as they went in", &values_stay_apart},
            {"I1: a read that began earlier never replaces a later one", &earlier_read_is_dropped},
            {"a dropped read that differs marks a clean row", &dropped_difference_marks},
            {"a dropped read that agrees marks nothing", &dropped_agreement_marks_nothing},
            {"I14: a duplicate changes nothing", &duplicate_changes_nothing},
            {"I14: any order of two reads gives the same row", &any_order},
            {"equal content on a clean row writes nothing", &equal_content_writes_nothing},
            {"a hint makes a row dirty and changes no value", &hint_is_no_value},
            {"a hint at an unknown key leaves a placeholder", &hint_leaves_placeholder},
            {"D1: a read that began before a hint is dropped", &read_before_hint},
            {"a read that began after a hint cleans the row", &read_after_hint},
            {"I4: after a delete was read, no earlier read makes the row live", &no_resurrection},
            {"a record that exists again is live again", &recreated},
            {"I6: a merged key names its survivor", &merged},
            {"a lagging answer is not applied", &lagging_answer},
            {"D3: each row of a batch is decided by itself", &batch_is_decided_per_row},
            {"of two observations of one key the later ticket counts", &one_observation_per_key},
            {"an empty batch is nothing", &empty_batch},
            {"a unique index finds the live record", &index_finds},
            {"a unique index forgets a value that the record lost", &index_forgets},
            {"of two live records with one value the one learned last answers", &index_prefers_latest},
            {"a deleted record answers to no index", &index_skips_deleted},
            {"I15: a noted absence answers until a matching record is applied", &absence_ends_with_record},
            {"I15: a noted absence gives way to a live record", &absence_gives_way},
            {"an absence noted earlier does not replace a later note", &absence_order},
        };
    }

private:
    static Ticket ticket(Fixture& f) { return f.await(f.store().async_draw_ticket()); }

    static Observation<R> seen(Ticket at, R record, std::int64_t version = 100) {
        Observation<R> o;
        o.key = key_of(record);
        o.ticket = at;
        o.state = State::live;
        o.version = Version{version};
        o.record = std::move(record);
        return o;
    }

    static Observation<R> gone(Ticket at, key_t<R> key, State state = State::absent) {
        Observation<R> o;
        o.key = std::move(key);
        o.ticket = at;
        o.state = state;
        return o;
    }

    static Applied apply(Fixture& f, Observation<R> o) {
        std::vector<Observation<R>> batch;
        batch.push_back(std::move(o));
        const auto outcomes = f.await(f.store().async_apply(std::move(batch)));
        expect(outcomes.size() == 1, "an apply answers once for each observation");
        return outcomes.front();
    }

    static Applied put(Fixture& f, R record, std::int64_t version = 100) {
        const Ticket at = ticket(f);
        return apply(f, seen(at, std::move(record), version));
    }

    static Rows<R> look_up(Fixture& f, const key_t<R>& key) {
        std::vector<key_t<R>> keys(1, key);
        auto rows = f.await(f.store().template async_lookup<ById<R>>(std::move(keys)));
        expect(rows.rows.size() == 1, "a look-up answers once for each value");
        return rows;
    }

    static Row<R> row(Fixture& f, int which) { return look_up(f, key_of(f.record(which, 2))).rows.front(); }

    static Row<R> find(Fixture& f, typename By::value_type value) {
        std::vector<typename By::value_type> values;
        values.push_back(std::move(value));
        auto rows = f.await(f.store().template async_lookup<By>(std::move(values)));
        expect(rows.rows.size() == 1, "a look-up answers once for each value");
        return rows.rows.front();
    }

    static void hint(Fixture& f, int which) {
        std::vector<key_t<R>> keys(1, key_of(f.record(which, 2)));
        f.await(f.store().async_hint(std::move(keys)));
    }

    static Applied note(Fixture& f, typename By::value_type value, Ticket at) {
        std::vector<typename By::value_type> values;
        values.push_back(std::move(value));
        return f.await(f.store().template async_note_absent<By>(std::move(values), at, std::chrono::milliseconds{0}))
            .front();
    }

    static void expect_row(const Row<R>& row, const R& record, Mark mark, std::string_view what) {
        expect(row.state == State::live && row.record == record && row.mark == mark, what);
    }

    static void unknown_key(Fixture& f) {
        const auto rows = look_up(f, key_of(f.record(1, 2)));
        expect(rows.rows.front().state == State::unknown, "the state of an unknown key is unknown");
        expect(rows.ticket != no_ticket, "a miss draws a ticket");
    }

    static void hits_draw_no_ticket(Fixture& f) {
        put(f, f.record(1, 2));
        expect(look_up(f, key_of(f.record(1, 2))).ticket == no_ticket, "a hit draws no ticket");
    }

    static void tickets_increase(Fixture& f) {
        const Ticket first = ticket(f);
        const Ticket second = look_up(f, key_of(f.record(1, 2))).ticket;
        const Ticket third = ticket(f);
        expect(no_ticket < first && first < second && second < third, "each ticket is greater than those before");
    }

    static void values_stay_apart(Fixture& f) {
        for (int variant = 0; variant < 4; ++variant) {
            expect(put(f, f.record(1, variant), 100 + variant) == Applied::applied, "a new content is applied");
            expect_row(row(f, 1), f.record(1, variant), Mark::clean, "a record comes back as it was applied");
        }
        expect(!(f.record(1, 0) == f.record(1, 1)), "the fixture's variants 0 and 1 differ");
    }

    static void earlier_read_is_dropped(Fixture& f) {
        const Ticket early = ticket(f);
        put(f, f.record(1, 2), 100);
        expect(apply(f, seen(early, f.record(1, 3), 200)) == Applied::dropped, "the earlier read is dropped");
        expect(row(f, 1).record == f.record(1, 2), "the row keeps the later read's content, whatever the stamps say");
    }

    static void dropped_difference_marks(Fixture& f) {
        const Ticket early = ticket(f);
        put(f, f.record(1, 2));
        const Ticket before = row(f, 1).ticket;
        apply(f, seen(early, f.record(1, 3)));
        expect_row(row(f, 1), f.record(1, 2), Mark::dirty, "two reads disagree: the row is dirty");
        expect(row(f, 1).ticket > before, "marking draws a new ticket");
    }

    static void dropped_agreement_marks_nothing(Fixture& f) {
        const Ticket early = ticket(f);
        put(f, f.record(1, 2));
        const Ticket before = row(f, 1).ticket;
        expect(apply(f, seen(early, f.record(1, 2))) == Applied::dropped, "the earlier read is dropped");
        expect_row(row(f, 1), f.record(1, 2), Mark::clean, "an agreeing read leaves the row clean");
        expect(row(f, 1).ticket == before, "and does not touch its ticket");
    }

    static void duplicate_changes_nothing(Fixture& f) {
        const Ticket at = ticket(f);
        expect(apply(f, seen(at, f.record(1, 2))) == Applied::applied, "the first is applied");
        const Row<R> before = row(f, 1);
        apply(f, seen(at, f.record(1, 2)));
        const Row<R> after = row(f, 1);
        expect(after.ticket == before.ticket && after.mark == Mark::clean && after.record == before.record,
               "the second changes nothing");
    }

    static void any_order(Fixture& f) {
        // Two reads of two states: whichever arrives first, one more read, begun after, settles the row.
        for (int which = 1; which <= 2; ++which) {
            const Ticket first = ticket(f);
            const Ticket second = ticket(f);
            auto older = seen(first, f.record(which, 2), 100);
            auto newer = seen(second, f.record(which, 3), 200);
            apply(f, which == 1 ? older : newer);
            apply(f, which == 1 ? newer : older);
            put(f, f.record(which, 3), 200);
            expect_row(row(f, which), f.record(which, 3), Mark::clean, "the row ends with the newer state");
        }
    }

    static void equal_content_writes_nothing(Fixture& f) {
        put(f, f.record(1, 2));
        const Ticket before = row(f, 1).ticket;
        expect(put(f, f.record(1, 2), 300) == Applied::unchanged, "equal content is unchanged");
        expect(row(f, 1).ticket == before, "and writes nothing");
    }

    static void hint_is_no_value(Fixture& f) {
        put(f, f.record(1, 2));
        const Ticket before = row(f, 1).ticket;
        hint(f, 1);
        expect_row(row(f, 1), f.record(1, 2), Mark::dirty, "a hint keeps the values");
        expect(row(f, 1).ticket > before, "a hint draws a new ticket");
        expect(look_up(f, key_of(f.record(1, 2))).ticket != no_ticket, "a dirty row is no hit");
    }

    static void hint_leaves_placeholder(Fixture& f) {
        hint(f, 1);
        const Row<R> placeholder = row(f, 1);
        expect(placeholder.state == State::unknown && placeholder.mark == Mark::dirty &&
                   placeholder.ticket != no_ticket,
               "the placeholder is unknown and dirty, with a ticket");
    }

    static void read_before_hint(Fixture& f) {
        const Ticket early = ticket(f);
        hint(f, 1);
        expect(apply(f, seen(early, f.record(1, 2))) == Applied::dropped, "the read began before the hint");
        expect(row(f, 1).state == State::unknown, "the placeholder stays");
        put(f, f.record(2, 2));
        const Ticket late = ticket(f);
        hint(f, 2);
        expect(apply(f, seen(late, f.record(2, 3), 200)) == Applied::dropped, "the read began before the hint");
        expect_row(row(f, 2), f.record(2, 2), Mark::dirty, "the row stays as it was, and dirty");
    }

    static void read_after_hint(Fixture& f) {
        put(f, f.record(1, 2));
        hint(f, 1);
        expect(put(f, f.record(1, 2)) == Applied::applied, "a read that began after the hint is applied");
        expect_row(row(f, 1), f.record(1, 2), Mark::clean, "and cleans the row");
    }

    static void no_resurrection(Fixture& f) {
        put(f, f.record(1, 2));
        const Ticket early = ticket(f);
        const Ticket later = ticket(f);
        expect(apply(f, gone(later, key_of(f.record(1, 2)))) == Applied::applied, "the delete is applied");
        expect(apply(f, seen(early, f.record(1, 2), 500)) == Applied::dropped, "the earlier read is dropped");
        expect(row(f, 1).state == State::absent, "the row stays deleted");
    }

    static void recreated(Fixture& f) {
        put(f, f.record(1, 2));
        apply(f, gone(ticket(f), key_of(f.record(1, 2)), State::archived));
        expect(row(f, 1).state == State::archived, "an archived row says so");
        expect(put(f, f.record(1, 3), 200) == Applied::applied, "a later read finds it again");
        expect_row(row(f, 1), f.record(1, 3), Mark::clean, "and the row is live");
    }

    static void merged(Fixture& f) {
        put(f, f.record(1, 2));
        auto merge = gone(ticket(f), key_of(f.record(1, 2)), State::merged);
        merge.merged_into = key_of(f.record(2, 2));
        expect(apply(f, merge) == Applied::applied, "the merge is applied");
        const Row<R> loser = row(f, 1);
        expect(loser.state == State::merged && loser.merged_into == key_of(f.record(2, 2)), "the survivor is named");
    }

    static void lagging_answer(Fixture& f) {
        put(f, f.record(1, 2), 200);
        expect(put(f, f.record(1, 3), 100) == Applied::lagging, "an older stamp betrays a lagging server");
        expect_row(row(f, 1), f.record(1, 2), Mark::dirty, "its answer is not applied, and the row is read again");
        expect(put(f, f.record(1, 2), 200) == Applied::applied, "a true answer cleans the row");
    }

    static void batch_is_decided_per_row(Fixture& f) {
        const Ticket early = ticket(f);
        put(f, f.record(1, 2));
        put(f, f.record(2, 2));
        const Ticket late = ticket(f);
        std::vector<Observation<R>> batch;
        batch.push_back(seen(late, f.record(3, 0)));
        batch.push_back(seen(early, f.record(1, 3)));
        batch.push_back(seen(late, f.record(2, 2)));
        batch.push_back(gone(late, key_of(f.record(4, 2))));
        batch.push_back(seen(late, f.record(5, 1)));
        const auto outcomes = f.await(f.store().async_apply(std::move(batch)));
        expect(outcomes == std::vector{Applied::applied, Applied::dropped, Applied::unchanged, Applied::applied,
                                       Applied::applied},
               "outcomes come in the order of the observations");
        expect_row(row(f, 3), f.record(3, 0), Mark::clean, "a row of empty members is applied as it is");
        expect_row(row(f, 5), f.record(5, 1), Mark::clean, "a row of zeros is applied as it is");
        expect_row(row(f, 2), f.record(2, 2), Mark::clean, "its neighbour keeps every value");
        expect(row(f, 4).state == State::absent, "a key that is absent gets a tombstone");
    }

    static void one_observation_per_key(Fixture& f) {
        const Ticket first = ticket(f);
        const Ticket second = ticket(f);
        std::vector<Observation<R>> batch;
        batch.push_back(seen(second, f.record(1, 3), 200));
        batch.push_back(seen(first, f.record(1, 2), 100));
        const auto outcomes = f.await(f.store().async_apply(std::move(batch)));
        expect(outcomes == std::vector{Applied::applied, Applied::dropped}, "the later one counts");
        expect(row(f, 1).record == f.record(1, 3), "the later one is in the row");
    }

    static void empty_batch(Fixture& f) {
        expect(f.await(f.store().async_apply({})).empty(), "nothing is applied");
        expect(f.await(f.store().template async_lookup<ById<R>>({})).rows.empty(), "nothing is found");
        f.await(f.store().async_hint({}));
    }

    static void index_finds(Fixture& f) {
        put(f, f.record(1, 2));
        put(f, f.record(2, 3));
        const Row<R> found = find(f, f.value(1, 2));
        expect(found.id == key_of(f.record(1, 2)), "the row's key is the record's");
        expect_row(found, f.record(1, 2), Mark::clean, "the whole record is found");
        expect(find(f, f.value(3, 2)).state == State::unknown, "a value that nobody has is unknown");
    }

    static void index_forgets(Fixture& f) {
        put(f, f.record(1, 2), 100);
        put(f, f.record(1, 3), 200);
        expect(find(f, f.value(1, 2)).state == State::unknown, "the old value finds nothing");
        expect(find(f, f.value(1, 3)).state == State::live, "the new value finds the record");
    }

    // A fixture may give two records one value by the variant 4 of any record.
    static void index_prefers_latest(Fixture& f) {
        put(f, f.record(1, 4));
        put(f, f.record(2, 4));
        expect(find(f, f.value(1, 4)).id == key_of(f.record(2, 2)), "the one learned last answers");
    }

    static void index_skips_deleted(Fixture& f) {
        put(f, f.record(1, 2));
        apply(f, gone(ticket(f), key_of(f.record(1, 2))));
        expect(find(f, f.value(1, 2)).state == State::unknown, "a tombstone answers to no value");
    }

    static void absence_ends_with_record(Fixture& f) {
        expect(note(f, f.value(1, 2), ticket(f)) == Applied::applied, "the absence is noted");
        const Row<R> noted = find(f, f.value(1, 2));
        expect(noted.state == State::absent && noted.mark == Mark::clean, "and found");
        expect(noted.age < std::chrono::hours{1}, "its age is the time since");
        put(f, f.record(1, 2));
        expect(find(f, f.value(1, 2)).state == State::live, "the record takes its place");
        put(f, f.record(1, 3), 200);
        expect(find(f, f.value(1, 2)).state == State::unknown, "the note does not come back");
    }

    static void absence_gives_way(Fixture& f) {
        put(f, f.record(1, 2));
        expect(note(f, f.value(1, 2), ticket(f)) == Applied::dropped, "a live record contradicts the note");
        expect(find(f, f.value(1, 2)).state == State::live, "and still answers");
    }

    static void absence_order(Fixture& f) {
        const Ticket early = ticket(f);
        const Ticket late = ticket(f);
        expect(note(f, f.value(1, 2), late) == Applied::applied, "the later note is taken");
        expect(note(f, f.value(1, 2), early) == Applied::dropped, "the earlier one is not");
    }
};

} // namespace understudy::testing
