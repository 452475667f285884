#pragma once

#include <understudy/key_order.hpp>
#include <understudy/reading.hpp>
#include <understudy/store.hpp>

#include <boost/system/error_code.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy {

// What a source says of all its records, for a reconciler: it lists them, and it names those that changed.

/// Asks for a page of the list of all records, which ascends by key (`key_less`).
template<Record R>
struct ListingQuery {
    /// The page begins with this key or, if there is no such record, with the next one; without a value, with the
    /// first.
    std::optional<key_t<R>> from{};

    friend bool operator==(const ListingQuery&, const ListingQuery&) = default;
};

/// A page of the list of all records.
template<Record R>
struct ListingPage {
    /// Why the page could not be read; it is then empty.
    boost::system::error_code error{};
    /// The ids of the page, ascending, and what was read of each: found and complete, or failed.
    std::vector<std::pair<key_t<R>, Reading<R>>> records{};
    /// Where the next page begins: greater than every id of this one. Nothing on the last page.
    std::optional<key_t<R>> next{};

    static ListingPage failure(boost::system::error_code error) {
        ListingPage page;
        page.error = error;
        return page;
    }
};

/// Asks for the records that a source's index knows to have changed.
template<Record R>
struct ChangesQuery {
    /// Those whose stamp, as the index has it, is not before this.
    Version since = no_version;
    /// Of those the ones with greater keys; without a value, all.
    std::optional<key_t<R>> after{};

    friend bool operator==(const ChangesQuery&, const ChangesQuery&) = default;
};

/// A page of what an index names.
template<Record R>
struct ChangesPage {
    boost::system::error_code error{};
    /// By ascending key.
    std::vector<Candidate<R>> candidates{};
    /// What the next query says in `after`. Nothing on the last page.
    std::optional<key_t<R>> next{};

    static ChangesPage failure(boost::system::error_code error) {
        ChangesPage page;
        page.error = error;
        return page;
    }
};

/// An end of what a source holds.
enum class Extreme : std::uint8_t {
    /// The record with the latest stamp.
    latest,
    /// The record with the greatest key.
    last,
};

/// How far a source reaches, as its index has it.
template<Record R>
struct Extent {
    /// The latest stamp of a record; `no_version` if there is no record.
    Version latest = no_version;
    /// The greatest key.
    std::optional<key_t<R>> last{};
};

/// The names under which these calls are batched and counted.
template<Record R>
struct Listing {
    using record_type = R;
    using value_type = ListingQuery<R>;
    static constexpr std::string_view name = "listing";
    static constexpr bool is_unique = false;
};
template<Record R>
struct Changes {
    using record_type = R;
    using value_type = ChangesQuery<R>;
    static constexpr std::string_view name = "changes";
    static constexpr bool is_unique = false;
};
template<Record R>
struct Extremes {
    using record_type = R;
    using value_type = Extreme;
    static constexpr std::string_view name = "extent";
    static constexpr bool is_unique = false;
};

/// The signatures with which a reconciler's calls complete: one page for each query, and the record at each end
/// (nothing if there is no record), in the order asked. The error code says that the whole call failed, and the vector
/// is then empty.
template<Record R>
using ListingSignature = void(boost::system::error_code, std::vector<ListingPage<R>>);
template<Record R>
using ChangesSignature = void(boost::system::error_code, std::vector<ChangesPage<R>>);
template<Record R>
using ExtentSignature = void(boost::system::error_code, std::vector<std::optional<Candidate<R>>>);

/// A source that lists all its records.
///
///     source.async_list(std::vector<ListingQuery<R>>, ReadOptions, token) -> ListingSignature<R>
///
/// A list is no index and does not lag: a record that was there from before the call until its answer is on the page
/// whose ids surround its own. What the source cannot read of one record is in that record's reading. The source
/// decides how long its pages are.
///
/// *Cancellation*: terminal, partial and total; the handler then gets `operation_aborted`.
template<class S>
concept ListableSource = Source<S> &&
    requires(S& source, std::vector<ListingQuery<typename S::record_type>> queries, ReadOptions options,
             detail::ArchetypeHandler<ListingSignature<typename S::record_type>> handler) {
    source.async_list(std::move(queries), options, handler);
};

/// A source that names what changed.
///
///     source.async_find_changes(std::vector<ChangesQuery<R>>, ReadOptions, token) -> ChangesSignature<R>
///     source.async_extent(std::vector<Extreme>, ReadOptions, token)               -> ExtentSignature<R>
///
/// Both ask an index, which lags: see `Candidate`. What it shows of a record may be newer than what it knows it by.
template<class S>
concept ChangeSource = Source<S> &&
    requires(S& source, std::vector<ChangesQuery<typename S::record_type>> queries, std::vector<Extreme> extremes,
             ReadOptions options, detail::ArchetypeHandler<ChangesSignature<typename S::record_type>> on_changes,
             detail::ArchetypeHandler<ExtentSignature<typename S::record_type>> on_extent) {
    source.async_find_changes(std::move(queries), options, on_changes);
    source.async_extent(std::move(extremes), options, on_extent);
};

} // namespace understudy

template<understudy::Record R>
struct std::hash<understudy::ListingQuery<R>> {
    std::size_t operator()(const understudy::ListingQuery<R>& query) const {
        return query.from ? std::hash<understudy::key_t<R>>{}(*query.from) : 0;
    }
};

template<understudy::Record R>
struct std::hash<understudy::ChangesQuery<R>> {
    std::size_t operator()(const understudy::ChangesQuery<R>& query) const {
        const auto stamp = std::hash<std::int64_t>{}(static_cast<std::int64_t>(query.since));
        return query.after ? stamp * 31 + std::hash<understudy::key_t<R>>{}(*query.after) : stamp;
    }
};
