#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/error.hpp>
#include <understudy/listing.hpp>
#include <understudy/rate_report.hpp>
#include <understudy/read_options.hpp>
#include <understudy/store.hpp>
#include <understudy/writable_source.hpp>

#include <boost/system/error_code.hpp>

#include <concepts>
#include <optional>
#include <utility>
#include <vector>

namespace understudy::detail {

// The ways of asking a source, and of writing to it, so that a decorator is written once for all of them.
template<IndexTag By>
struct FetchCall {
    using Index = By;
    using Value = typename By::value_type;
    using Options = ReadOptions;
    using Item = Reading<typename By::record_type>;
    using Signature = FetchSignature<typename By::record_type>;
    static constexpr RateBucket bucket = RateBucket::window;

    static Item failure(boost::system::error_code error) { return Item::failure(error); }

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> values, const ReadOptions& options, Token&& token) {
        return store.template async_fetch<By>(std::move(values), options, std::forward<Token>(token));
    }
};

template<IndexTag By>
struct SearchCall {
    using Index = By;
    using Value = typename By::value_type;
    using Options = ReadOptions;
    using Item = std::vector<Candidate<typename By::record_type>>;
    using Signature = SearchSignature<typename By::record_type>;
    static constexpr RateBucket bucket = RateBucket::search;

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> values, const ReadOptions& options, Token&& token) {
        return store.template async_search<By>(std::move(values), options, std::forward<Token>(token));
    }
};

template<IndexTag By>
struct FetchSetCall {
    using Index = By;
    using Value = typename By::value_type;
    using Options = ReadOptions;
    using Item = SetReading<typename By::record_type>;
    using Signature = FetchSetSignature<typename By::record_type>;
    static constexpr RateBucket bucket = RateBucket::window;

    static Item failure(boost::system::error_code error) { return Item::failure(error); }

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> values, const ReadOptions& options, Token&& token) {
        return store.template async_fetch_set<By>(std::move(values), options, std::forward<Token>(token));
    }
};

template<Record R>
struct ListCall {
    using Index = Listing<R>;
    using Value = ListingQuery<R>;
    using Options = ReadOptions;
    using Item = ListingPage<R>;
    using Signature = ListingSignature<R>;
    static constexpr RateBucket bucket = RateBucket::window;

    static Item failure(boost::system::error_code error) { return Item::failure(error); }

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> queries, const ReadOptions& options, Token&& token) {
        return store.async_list(std::move(queries), options, std::forward<Token>(token));
    }
};

template<Record R>
struct ChangesCall {
    using Index = Changes<R>;
    using Value = ChangesQuery<R>;
    using Options = ReadOptions;
    using Item = ChangesPage<R>;
    using Signature = ChangesSignature<R>;
    static constexpr RateBucket bucket = RateBucket::search;

    static Item failure(boost::system::error_code error) { return Item::failure(error); }

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> queries, const ReadOptions& options, Token&& token) {
        return store.async_find_changes(std::move(queries), options, std::forward<Token>(token));
    }
};

template<Record R>
struct ExtentCall {
    using Index = Extremes<R>;
    using Value = Extreme;
    using Options = ReadOptions;
    using Item = std::optional<Candidate<R>>;
    using Signature = ExtentSignature<R>;
    static constexpr RateBucket bucket = RateBucket::search;

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> extremes, const ReadOptions& options, Token&& token) {
        return store.async_extent(std::move(extremes), options, std::forward<Token>(token));
    }
};

// What all calls that write have in common: each row says what became of it.
template<Record R>
struct WriteCall {
    using Index = ById<R>;
    using Options = WriteOptions;
    using Item = WriteOutcome<R>;
    using Signature = WriteSignature<R>;
    static constexpr RateBucket bucket = RateBucket::window;

    static Item unsent(boost::system::error_code error) { return Item::failure(WriteState::unsent, error); }
    static Item unknown(boost::system::error_code error) { return Item::failure(WriteState::unknown, error); }
    static Item failure(boost::system::error_code error) {
        return error == Condition::applied_unknown ? unknown(error) : unsent(error);
    }
};

template<Record R>
struct UpdateCall : WriteCall<R> {
    using Value = Change<R>;

    static const key_t<R>& key(const Value& change) noexcept { return change.key; }

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> changes, const WriteOptions& options, Token&& token) {
        return store.async_update(std::move(changes), options, std::forward<Token>(token));
    }
};

template<Record R>
struct CreateCall : WriteCall<R> {
    using Value = Creation<R>;

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> creations, const WriteOptions& options, Token&& token) {
        return store.async_create(std::move(creations), options, std::forward<Token>(token));
    }
};

template<Record R>
struct ArchiveCall : WriteCall<R> {
    using Value = key_t<R>;

    static const key_t<R>& key(const Value& key) noexcept { return key; }

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> keys, const WriteOptions& options, Token&& token) {
        return store.async_archive(std::move(keys), options, std::forward<Token>(token));
    }
};

template<Record R>
struct AssociateCall : WriteCall<R> {
    using Value = Relinking<R>;

    static const key_t<R>& key(const Value& relinking) noexcept { return relinking.key; }

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> relinkings, const WriteOptions& options, Token&& token) {
        return store.async_associate(std::move(relinkings), options, std::forward<Token>(token));
    }
};

template<Record R>
struct FindOperationsCall {
    using Index = ById<R>;
    using Value = SentOperation<R>;
    using Options = WriteOptions;
    using Item = Landed;
    using Signature = LandedSignature;
    static constexpr RateBucket bucket = RateBucket::window;

    static Item unsent(boost::system::error_code) noexcept { return Landed::unknown; }
    static Item unknown(boost::system::error_code) noexcept { return Landed::unknown; }
    static Item failure(boost::system::error_code) noexcept { return Landed::unknown; }

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> sent, const WriteOptions& options, Token&& token) {
        return store.async_find_operations(std::move(sent), options, std::forward<Token>(token));
    }
};

// A call whose error code says nothing but that it was cancelled: what failed is in the rows.
template<class Call>
concept CallOfRows = std::same_as<typename Call::Options, WriteOptions>;

// A call whose values must reach the store one after the other, if they are for the same key.
template<class Call>
concept CallInOrder = requires(const typename Call::Value& value) {
    Call::key(value);
};

} // namespace understudy::detail
