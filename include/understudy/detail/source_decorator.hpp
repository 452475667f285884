#pragma once

#include <understudy/detail/is_cache.hpp>
#include <understudy/detail/store_call.hpp>
#include <understudy/listing.hpp>
#include <understudy/store.hpp>
#include <understudy/writable_source.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/deferred.hpp>

#include <utility>
#include <vector>

namespace understudy::detail {

// What every store that wraps a source has in common. `Derived` has
//
//     template<class Call, class Token> auto start(std::vector<Call::Value>, const Call::Options&, Token&&);
template<class Derived, class Store>
class SourceDecorator {
public:
    using record_type = typename Store::record_type;
    using executor_type = boost::asio::any_io_executor;
    static constexpr bool is_cache = detail::is_cache<Store>();

    /// See `FetchableBy`. *Errors*: those of the wrapped store, and what this class adds. *Cancellation*: terminal,
    /// partial and total.
    template<IndexTag By = ById<record_type>, class Token = boost::asio::deferred_t>
    requires FetchableBy<Store, By>
    auto async_fetch(std::vector<typename By::value_type> values, const ReadOptions& options = {}, Token&& token = {}) {
        return derived().template start<FetchCall<By>>(std::move(values), options, std::forward<Token>(token));
    }

    /// See `SearchableBy`. *Errors* and *cancellation*: as `async_fetch`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires SearchableBy<Store, By>
    auto async_search(std::vector<typename By::value_type> values, const ReadOptions& options = {},
                      Token&& token = {}) {
        return derived().template start<SearchCall<By>>(std::move(values), options, std::forward<Token>(token));
    }

    /// See `SetSource`. *Errors* and *cancellation*: as `async_fetch`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires SetSource<Store, By>
    auto async_fetch_set(std::vector<typename By::value_type> values, const ReadOptions& options = {},
                         Token&& token = {}) {
        return derived().template start<FetchSetCall<By>>(std::move(values), options, std::forward<Token>(token));
    }

    /// See `ListableSource`. *Errors* and *cancellation*: as `async_fetch`.
    template<class Token = boost::asio::deferred_t>
    requires ListableSource<Store>
    auto async_list(std::vector<ListingQuery<record_type>> queries, const ReadOptions& options = {},
                    Token&& token = {}) {
        return derived().template start<ListCall<record_type>>(std::move(queries), options, std::forward<Token>(token));
    }

    /// See `ChangeSource`. *Errors* and *cancellation*: as `async_fetch`.
    template<class Token = boost::asio::deferred_t>
    requires ChangeSource<Store>
    auto async_find_changes(std::vector<ChangesQuery<record_type>> queries, const ReadOptions& options = {},
                            Token&& token = {}) {
        return derived().template start<ChangesCall<record_type>>(std::move(queries), options,
                                                                  std::forward<Token>(token));
    }
    template<class Token = boost::asio::deferred_t>
    requires ChangeSource<Store>
    auto async_extent(std::vector<Extreme> extremes, const ReadOptions& options = {}, Token&& token = {}) {
        return derived().template start<ExtentCall<record_type>>(std::move(extremes), options,
                                                                 std::forward<Token>(token));
    }

    /// See `WritableSource`; what this class adds to its failures is `unsent`. *Cancellation*: terminal, partial and
    /// total; what was sent may still take effect.
    template<class Token = boost::asio::deferred_t>
    requires WritableSource<Store>
    auto async_update(std::vector<Change<record_type>> changes, const WriteOptions& options = {}, Token&& token = {}) {
        return derived().template start<UpdateCall<record_type>>(std::move(changes), options,
                                                                 std::forward<Token>(token));
    }
    template<class Token = boost::asio::deferred_t>
    requires WritableSource<Store>
    auto async_create(std::vector<Creation<record_type>> creations, const WriteOptions& options = {},
                      Token&& token = {}) {
        return derived().template start<CreateCall<record_type>>(std::move(creations), options,
                                                                 std::forward<Token>(token));
    }
    template<class Token = boost::asio::deferred_t>
    requires WritableSource<Store>
    auto async_archive(std::vector<key_t<record_type>> keys, const WriteOptions& options = {}, Token&& token = {}) {
        return derived().template start<ArchiveCall<record_type>>(std::move(keys), options, std::forward<Token>(token));
    }
    template<class Token = boost::asio::deferred_t>
    requires AssociatingSource<Store>
    auto async_associate(std::vector<Relinking<record_type>> relinkings, const WriteOptions& options = {},
                         Token&& token = {}) {
        return derived().template start<AssociateCall<record_type>>(std::move(relinkings), options,
                                                                    std::forward<Token>(token));
    }
    template<class Token = boost::asio::deferred_t>
    requires WritableSource<Store>
    auto async_find_operations(std::vector<SentOperation<record_type>> sent, const WriteOptions& options = {},
                               Token&& token = {}) {
        return derived().template start<FindOperationsCall<record_type>>(std::move(sent), options,
                                                                         std::forward<Token>(token));
    }

private:
    Derived& derived() noexcept { return static_cast<Derived&>(*this); }
};

} // namespace understudy::detail
