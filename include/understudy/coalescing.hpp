#pragma once

#include <understudy/coalescing_params.hpp>
#include <understudy/coalescing_stats.hpp>
#include <understudy/detail/coalescing_lane.hpp>
#include <understudy/detail/coalescing_operation.hpp>
#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/is_cache.hpp>
#include <understudy/detail/store_call.hpp>
#include <understudy/store.hpp>

#include <boost/asio/deferred.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <typeindex>
#include <utility>
#include <vector>

namespace understudy {

/// A store that turns the calls of many callers into few: values that are asked for within a few milliseconds leave in
/// one batch, each once. 400 readers of 400 records are four calls of a hundred.
///
/// It goes outermost: what it sends counts as one call for the decorators inside.
///
/// Each caller gets its own part, keeps its own deadline, and can be cancelled alone. What fails for a batch fails for
/// the values in it: as failed readings in a fetch, as the call's error in a search.
///
/// A handle: copies collect together. *Thread safety*: the store's executor only. `Clock` is monotonic.
template<class Store, class Clock = std::chrono::steady_clock>
class Coalescing {
public:
    using record_type = typename Store::record_type;
    static constexpr bool is_cache = detail::is_cache<Store>();
    using executor_type = decltype(std::declval<const Store&>().get_executor());

    explicit Coalescing(Store store, const CoalescingParams& params = {})
        : shared_{std::make_shared<Shared>(std::move(store), params)} {}

    executor_type get_executor() const noexcept { return shared_->store.get_executor(); }

    /// See `FetchableBy`. *Errors*: `Errc::deadline_exceeded` for the call, the store's in the readings.
    /// *Cancellation*: terminal, partial and total; the batch goes on.
    template<IndexTag By = ById<record_type>, class Token = boost::asio::deferred_t>
    requires FetchableBy<Store, By>
    auto async_fetch(std::vector<typename By::value_type> values, const ReadOptions& options = {}, Token&& token = {}) {
        return call<detail::FetchCall<By>>(std::move(values), options, std::forward<Token>(token));
    }

    /// See `SearchableBy`. *Errors*: `Errc::deadline_exceeded` and the store's. *Cancellation*: as `async_fetch`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires SearchableBy<Store, By>
    auto async_search(std::vector<typename By::value_type> values, const ReadOptions& options = {},
                      Token&& token = {}) {
        return call<detail::SearchCall<By>>(std::move(values), options, std::forward<Token>(token));
    }

    const CoalescingStats& stats() const noexcept { return *shared_->stats; }

private:
    struct Shared {
        Shared(Store with, const CoalescingParams& how)
            : store{std::move(with)}
            , params{how} {}
        Store store;
        CoalescingParams params;
        std::shared_ptr<CoalescingStats> stats = std::make_shared<CoalescingStats>();
        std::map<std::type_index, std::shared_ptr<void>> lanes;
    };

    template<class Call, class Token>
    auto call(std::vector<typename Call::Value> values, const ReadOptions& options, Token&& token) {
        using Lane = detail::CoalescingLane<Store, Clock, Call>;
        return detail::start_operation<typename Call::Signature>(
            shared_->store.get_executor(),
            [shared = shared_, values = std::move(values), options] {
                auto& slot = shared->lanes[typeid(Call)];
                if (!slot)
                    slot = std::make_shared<Lane>(shared->store, shared->params, shared->stats);
                return detail::CoalescingOperation<Lane>{std::static_pointer_cast<Lane>(slot), values, options};
            },
            std::forward<Token>(token));
    }

    std::shared_ptr<Shared> shared_;
};

} // namespace understudy
