#pragma once

#include <understudy/budgeted_params.hpp>
#include <understudy/detail/budgeted_operation.hpp>
#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/source_decorator.hpp>
#include <understudy/rate_budget.hpp>
#include <understudy/store.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace understudy {

/// A store whose every call is counted against a rate budget. Reads are repeated within the caller's time when they
/// failed in a way that passes: each try takes its own permit. Without one in time a read fails with
/// `Errc::rate_limited`.
///
/// Writes are not repeated: whether that is safe is for whoever wrote. Without a permit in time their rows are
/// `unsent`.
///
/// A call with more values than one request to the server carries (`max_batch`) is sent batch by batch, with a permit
/// for each. Wrap it with `Coalescing` rather than the other way round: a permit is for what really leaves.
///
/// A handle. *Thread safety*: the store's executor only, which is also the budget's. *Cancellation*: terminal, partial
/// and total.
template<class Store, class Clock = std::chrono::steady_clock>
class Budgeted : public detail::SourceDecorator<Budgeted<Store, Clock>, Store> {
public:
    Budgeted(Store store, BasicRateBudget<Clock> budget, const BudgetedParams& params = {})
        : store_{std::move(store)}
        , budget_{std::move(budget)}
        , params_{params}
        , random_{std::make_shared<std::minstd_rand>(params.seed)} {}

    boost::asio::any_io_executor get_executor() const noexcept { return store_.get_executor(); }

    template<class By>
    static constexpr std::size_t max_batch() {
        return max_batch_of<Store, By>();
    }

private:
    friend detail::SourceDecorator<Budgeted<Store, Clock>, Store>;

    template<class Call, class Token>
    auto start(std::vector<typename Call::Value> values, const typename Call::Options& options, Token&& token) {
        return detail::start_operation<typename Call::Signature>(
            store_.get_executor(),
            [store = store_, budget = budget_, params = params_, random = random_, values = std::move(values),
             options] {
                return detail::BudgetedOperation<Store, Clock, Call>{store, budget, params, random, values, options};
            },
            std::forward<Token>(token));
    }

    Store store_;
    BasicRateBudget<Clock> budget_;
    BudgetedParams params_;
    std::shared_ptr<std::minstd_rand> random_;
};

} // namespace understudy
