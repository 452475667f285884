#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/rate_report.hpp>
#include <understudy/store.hpp>

#include <boost/system/error_code.hpp>

#include <utility>
#include <vector>

namespace understudy::detail {

// The ways of asking a source, so that a decorator is written once for all of them.
template<IndexTag By>
struct FetchCall {
    using Index = By;
    using Value = typename By::value_type;
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
    using Item = SetReading<typename By::record_type>;
    using Signature = FetchSetSignature<typename By::record_type>;
    static constexpr RateBucket bucket = RateBucket::window;

    static Item failure(boost::system::error_code error) { return Item::failure(error); }

    template<class Store, class Token>
    static auto start(Store& store, std::vector<Value> values, const ReadOptions& options, Token&& token) {
        return store.template async_fetch_set<By>(std::move(values), options, std::forward<Token>(token));
    }
};

} // namespace understudy::detail
