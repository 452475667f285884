#pragma once

#include <understudy/error.hpp>
#include <understudy/testing/conformance_case.hpp>
#include <understudy/writable_source.hpp>

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::testing {

/// What every source that can be written to must do, besides what `SourceConformance` says.
///
/// A `Fixture` gives a source with records in it that is not used by another case:
///
///     auto& store();                      // models WritableSource
///     std::vector<R> existing();          // more than a hundred records that may be written, as the source holds them
///     Patch<R> patch(int which);          // changes every record; different for each `which`
///     R fresh(int which);                 // a record to be made, as it will be read, but for its key
///     key_t<R> missing_key();             // of no record
///     auto await(operation);              // runs a deferred operation to its end and gives its result
///
/// and, if the source can do so:
///
///     Patch<R> bad_patch();               // that no record of the source accepts
///     key_t<R> merge(key_t<R> loser);     // merges a record into another, and gives the survivor
///     Links<R> links(int which);          // of every record; different from each `which` to the next
///     Links<R> bad_links();               // to a record that is not there; beside `links`
///     static constexpr bool has_unique;   // two records like one `fresh` have a value that only one may have
///     static constexpr bool keeps_operations;
template<class Fixture>
class WriteConformance {
    using Store = std::remove_reference_t<decltype(std::declval<Fixture&>().store())>;
    using R = typename Store::record_type;
    static_assert(WritableSource<Store>);

    static constexpr bool has_bad_patch = requires(Fixture f) { f.bad_patch(); };
    static constexpr bool has_merges = requires(Fixture f, key_t<R> key) { f.merge(key); };
    static constexpr bool has_links = requires(Fixture f) { f.links(1); };
    static constexpr bool has_unique = requires { requires Fixture::has_unique; };
    static constexpr bool keeps_operations = requires { requires Fixture::keeps_operations; };

public:
    static std::vector<ConformanceCase<Fixture>> cases() {
        std::vector<ConformanceCase<Fixture>> all{
            {"an update writes the members of its patch and no others", &update_writes},
            {"outcomes come in the order given, for more writes than one batch", &order_is_kept},
            {"nothing to write is nothing written", &nothing_written},
            {"a record that is not there refuses its own write only", &missing_is_refused},
            {"a record is made and says its key", &creation},
            {"an archived record is gone", &archive},
        };
        if constexpr (has_bad_patch)
            all.push_back({"a bad write refuses itself only", &bad_write});
        if constexpr (has_merges)
            all.push_back({"a record that was merged away names its survivor", &merged});
        if constexpr (has_links) {
            all.push_back({"links become what they are to be, and nothing else is written", &links_are_set});
            all.push_back({"links of more records than one batch are set in the order given", &links_of_many});
            all.push_back({"links of or to a record that is not there refuse themselves only", &bad_links});
        }
        if constexpr (has_unique)
            all.push_back({"a unique value that is taken names its holder", &taken});
        if constexpr (keeps_operations)
            all.push_back({"a write is found again by its name", &found_again});
        return all;
    }

private:
    using Outcomes = std::vector<WriteOutcome<R>>;

    static Change<R> change(const R& record, Patch<R> patch, std::size_t which = 0) {
        return {key_of(record), std::move(patch), "operation-" + std::to_string(which)};
    }

    static Outcomes update(Fixture& f, std::vector<Change<R>> changes) {
        const auto asked = changes.size();
        auto outcomes = f.await(f.store().async_update(std::move(changes), WriteOptions{}));
        expect(outcomes.size() == asked, "every update has an outcome");
        return outcomes;
    }
    static Outcomes create(Fixture& f, std::vector<Creation<R>> creations) {
        const auto asked = creations.size();
        auto outcomes = f.await(f.store().async_create(std::move(creations), WriteOptions{}));
        expect(outcomes.size() == asked, "every creation has an outcome");
        return outcomes;
    }
    static Reading<R> read(Fixture& f, const key_t<R>& key) {
        return f.await(f.store().async_fetch(std::vector<key_t<R>>{key}, ReadOptions{})).front();
    }

    static void expect_applied(const WriteOutcome<R>& outcome, const key_t<R>& key) {
        expect(outcome.applied() && !outcome.error, "the write took effect");
        expect(outcome.id == key, "on the record that it was meant for");
    }
    static void expect_refused(const WriteOutcome<R>& outcome) {
        expect(outcome.state == WriteState::refused, "the write is refused");
        expect(outcome.error.failed(), "for a reason");
    }
    static void expect_holds(Fixture& f, const R& record) {
        const auto reading = read(f, key_of(record));
        expect(reading.found() && reading.record == record, "the record says what was written, and nothing else new");
    }

    static void update_writes(Fixture& f) {
        auto record = f.existing()[1];
        const auto outcome = update(f, {change(record, f.patch(1))}).front();
        expect_applied(outcome, key_of(record));
        f.patch(1).apply_to(record);
        expect_holds(f, record);
        expect_holds(f, f.existing()[0]);
    }

    static void order_is_kept(Fixture& f) {
        auto records = f.existing();
        expect(records.size() > 100, "the fixture holds more than one batch");
        std::vector<Change<R>> changes;
        for (std::size_t i = 0; i < records.size(); ++i)
            changes.push_back(change(records[i], f.patch(static_cast<int>(i)), i));
        const auto outcomes = update(f, changes);
        for (std::size_t i = 0; i < records.size(); ++i) {
            expect_applied(outcomes[i], key_of(records[i]));
            f.patch(static_cast<int>(i)).apply_to(records[i]);
        }
        for (const std::size_t i : {std::size_t{0}, std::size_t{99}, records.size() - 1})
            expect_holds(f, records[i]);
    }

    static void nothing_written(Fixture& f) {
        expect(update(f, {}).empty() && create(f, {}).empty(), "no write, no outcome");
        expect(f.await(f.store().async_archive(std::vector<key_t<R>>{}, WriteOptions{})).empty(), "nor here");
        expect(f.await(f.store().async_find_operations(std::vector<SentOperation<R>>{}, WriteOptions{})).empty(),
               "nor here");
    }

    static void missing_is_refused(Fixture& f) {
        auto record = f.existing()[0];
        auto missing = change(record, f.patch(1), 1);
        missing.key = f.missing_key();
        const auto outcomes = update(f, {missing, change(record, f.patch(2), 2)});
        expect_refused(outcomes[0]);
        expect_applied(outcomes[1], key_of(record));
    }

    static void creation(Fixture& f) {
        std::vector<R> records{f.fresh(1), f.fresh(2)};
        const auto outcomes = create(f, {{records[0], "create-1"}, {records[1], "create-2"}});
        for (std::size_t i = 0; i < 2; ++i) {
            expect(outcomes[i].applied() && !outcomes[i].error, "the record is made");
            records[i].*RecordTraits<R>::key = outcomes[i].id;
            expect_holds(f, records[i]);
        }
        expect(outcomes[0].id != outcomes[1].id, "each under a key of its own");
    }

    static void archive(Fixture& f) {
        const auto records = f.existing();
        const std::vector<key_t<R>> keys{key_of(records[3]), key_of(records[1])};
        const auto outcomes = f.await(f.store().async_archive(keys, WriteOptions{}));
        expect(outcomes.size() == 2, "every key has an outcome");
        for (std::size_t i = 0; i < 2; ++i) {
            expect_applied(outcomes[i], keys[i]);
            expect(read(f, keys[i]).absent(), "the record is not there any more");
        }
        expect_holds(f, records[2]);
    }

    static void bad_write(Fixture& f) {
        auto records = f.existing();
        std::vector<Change<R>> changes;
        for (std::size_t i = 0; i < 100; ++i)
            changes.push_back(change(records[i], i == 40 ? f.bad_patch() : f.patch(static_cast<int>(i)), i));
        const auto outcomes = update(f, changes);
        for (std::size_t i = 0; i < 100; ++i)
            if (i == 40)
                expect_refused(outcomes[i]);
            else
                expect_applied(outcomes[i], key_of(records[i]));
        expect_holds(f, records[40]);
    }

    static void merged(Fixture& f) {
        const auto records = f.existing();
        const auto survivor = f.merge(key_of(records[0]));
        const auto before = read(f, survivor);
        const auto outcomes = update(f, {change(records[2], f.patch(2), 2), change(records[0], f.patch(1), 1)});
        expect_applied(outcomes[0], key_of(records[2]));
        expect(outcomes[1].state == WriteState::merged, "the record is not there to be written");
        expect(outcomes[1].id == survivor, "and its survivor is named");
        expect(read(f, survivor).record == before.record, "which is as it was");
    }

    static Outcomes associate(Fixture& f, std::vector<Relinking<R>> relinkings) {
        const auto asked = relinkings.size();
        auto outcomes = f.await(f.store().async_associate(std::move(relinkings), WriteOptions{}));
        expect(outcomes.size() == asked, "every change of links has an outcome");
        return outcomes;
    }

    static void links_are_set(Fixture& f) {
        auto record = f.existing()[1];
        // The second time they are already there, and the third time other links take their place.
        for (const int which : {1, 1, 2}) {
            expect_applied(associate(f, {{key_of(record), f.links(which)}}).front(), key_of(record));
            f.links(which).apply_to(record);
            expect_holds(f, record);
        }
        expect_holds(f, f.existing()[0]);
        expect(associate(f, {}).empty(), "nothing to link is nothing linked");
    }

    static void links_of_many(Fixture& f) {
        auto records = f.existing();
        std::vector<Relinking<R>> relinkings;
        for (std::size_t i = 0; i < records.size(); ++i)
            relinkings.push_back({key_of(records[i]), f.links(static_cast<int>(i))});
        const auto outcomes = associate(f, relinkings);
        for (std::size_t i = 0; i < records.size(); ++i) {
            expect_applied(outcomes[i], key_of(records[i]));
            relinkings[i].links.apply_to(records[i]);
        }
        for (const std::size_t i : {std::size_t{0}, std::size_t{99}, records.size() - 1})
            expect_holds(f, records[i]);
    }

    static void bad_links(Fixture& f) {
        auto records = f.existing();
        const auto outcomes = associate(
            f, {{f.missing_key(), f.links(1)}, {key_of(records[0]), f.bad_links()}, {key_of(records[1]), f.links(1)}});
        expect_refused(outcomes[0]);
        expect_refused(outcomes[1]);
        expect_applied(outcomes[2], key_of(records[1]));
        expect_holds(f, records[0]);
        f.links(1).apply_to(records[1]);
        expect_holds(f, records[1]);
    }

    static void taken(Fixture& f) {
        const auto first = create(f, {{f.fresh(1), "create-1"}}).front();
        const auto again = create(f, {{f.fresh(2), "create-2"}, {f.fresh(1), "create-3"}});
        expect(again[0].applied(), "another value is free");
        expect_refused(again[1]);
        expect(again[1].error == Errc::conflict, "because of the unique value");
        expect(again[1].id == first.id, "which the outcome says who has");
    }

    static void found_again(Fixture& f) {
        const auto records = f.existing();
        update(f, {change(records[0], f.patch(1), 1), change(records[1], f.patch(2), 2)});
        update(f, {change(records[0], f.patch(3), 3)});
        const std::vector<SentOperation<R>> sent{{key_of(records[1]), "operation-1"},
                                                 {key_of(records[0]), "operation-1"},
                                                 {key_of(records[0]), "operation-3"},
                                                 {key_of(records[2]), "operation-3"}};
        const auto landed = f.await(f.store().async_find_operations(sent, WriteOptions{}));
        const std::vector expected{Landed::no, Landed::yes, Landed::yes, Landed::no};
        expect(landed == expected, "a record knows its own writes, also earlier ones, and no others");
    }
};

} // namespace understudy::testing
