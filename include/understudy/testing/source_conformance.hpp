#pragma once

#include <understudy/store.hpp>
#include <understudy/testing/conformance_case.hpp>

#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::testing {

/// What every source must do.
///
/// A `Fixture` gives a source with records in it:
///
///     auto& store();                          // models Source
///     std::vector<R> existing();              // more than one batch of them, as the source holds them
///     key_t<R> missing_key();                 // of no record
///     auto await(operation);                  // runs a deferred operation to its end and gives its result
///
/// and, if the store can fetch or search by other indexes:
///
///     using unique_index = …;
///     unique_index::value_type value_of(const R&);
///     unique_index::value_type missing_value();
///     using searched_index = …;
///     searched_index::value_type searched_value_of(const R&);
///     searched_index::value_type missing_searched_value();
template<class Fixture>
class SourceConformance {
    using Store = std::remove_reference_t<decltype(std::declval<Fixture&>().store())>;
    using R = typename Store::record_type;
    static_assert(Source<Store>);

    static constexpr bool has_unique_index = requires { typename Fixture::unique_index; };
    static constexpr bool has_searched_index = requires { typename Fixture::searched_index; };

public:
    static std::vector<ConformanceCase<Fixture>> cases() {
        std::vector<ConformanceCase<Fixture>> all{
            {"a record is found whole", &found_whole},
            {"found, absent and failed are three things", &absent_is_no_error},
            {"answers come in the order asked, repeated values included", &order_is_kept},
            {"nothing asked is nothing answered", &nothing_asked},
            {"more values than one batch are split", &more_than_a_batch},
        };
        if constexpr (has_unique_index)
            all.push_back({"a unique index finds the record", &unique_index});
        if constexpr (has_searched_index)
            all.push_back({"a search names the record", &search});
        return all;
    }

private:
    template<IndexTag By>
    static std::vector<Reading<R>> fetch(Fixture& f, std::vector<typename By::value_type> values) {
        const auto asked = values.size();
        auto readings = f.await(f.store().template async_fetch<By>(std::move(values), ReadOptions{}));
        expect(readings.size() == asked, "a fetch answers once for each value");
        return readings;
    }

    static void expect_found(const Reading<R>& reading, const R& record) {
        expect(reading.found(), "the record is found");
        expect(!reading.error, "without an error");
        expect(reading.id == key_of(record), "under its key");
        expect(reading.record == record, "with every member as the source holds it");
        expect(reading.version != no_version, "and with a stamp");
    }

    static void found_whole(Fixture& f) {
        const auto records = f.existing();
        expect_found(fetch<ById<R>>(f, {key_of(records.front())}).front(), records.front());
    }

    static void absent_is_no_error(Fixture& f) {
        const auto readings = fetch<ById<R>>(f, {f.missing_key(), key_of(f.existing().front())});
        expect(readings[0].absent() && !readings[0].failed() && !readings[0].error, "a missing key is absent");
        expect(readings[1].found(), "and its neighbour is found");
    }

    static void order_is_kept(Fixture& f) {
        const auto records = f.existing();
        std::vector<key_t<R>> keys;
        for (const std::size_t i : {2U, 0U, 1U, 0U})
            keys.push_back(key_of(records[i]));
        const auto readings = fetch<ById<R>>(f, keys);
        for (std::size_t i = 0; i < keys.size(); ++i)
            expect(readings[i].found() && readings[i].id == keys[i], "each answer is at its value's place");
    }

    static void nothing_asked(Fixture& f) { expect(fetch<ById<R>>(f, {}).empty(), "no value, no answer"); }

    static void more_than_a_batch(Fixture& f) {
        const auto records = f.existing();
        expect(records.size() > max_batch_of<Store, ById<R>>() || max_batch_of<Store, ById<R>>() > 100'000,
               "the fixture holds more than one batch");
        std::vector<key_t<R>> keys;
        for (const auto& record : records)
            keys.push_back(key_of(record));
        const auto readings = fetch<ById<R>>(f, keys);
        for (std::size_t i = 0; i < keys.size(); ++i)
            expect_found(readings[i], records[i]);
    }

    static void unique_index(Fixture& f) {
        using Unique = typename Fixture::unique_index;
        static_assert(FetchableBy<Store, Unique>);
        const auto records = f.existing();
        const auto readings = fetch<Unique>(f, {f.value_of(records[1]), f.missing_value(), f.value_of(records[0])});
        expect_found(readings[0], records[1]);
        expect(readings[1].absent(), "a missing value is absent");
        expect_found(readings[2], records[0]);
    }

    static void search(Fixture& f) {
        using Searched = typename Fixture::searched_index;
        static_assert(SearchableBy<Store, Searched>);
        const auto records = f.existing();
        std::vector<typename Searched::value_type> values;
        values.push_back(f.missing_searched_value());
        values.push_back(f.searched_value_of(records[0]));
        const auto found = f.await(f.store().template async_search<Searched>(std::move(values), ReadOptions{}));
        expect(found.size() == 2, "a search answers once for each value");
        expect(found[0].empty(), "nothing is named for a value that nobody has");
        expect(std::any_of(found[1].begin(), found[1].end(),
                           [&](const auto& candidate) { return candidate.id == key_of(records[0]); }),
               "the record is named");
    }
};

} // namespace understudy::testing
