#pragma once

#include <understudy/detail/breaker.hpp>
#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/guarded_operation.hpp>
#include <understudy/detail/source_decorator.hpp>
#include <understudy/guarded_params.hpp>
#include <understudy/store.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace understudy {

/// A store that is not asked while it keeps failing: a circuit breaker (Nygard, "Release It!"). After
/// `params.failures_to_open` failures of transport or time-outs in a row every call fails at once with
/// `Errc::circuit_open`, but for one probe per `params.probe_interval`; the first success closes the circuit. Refusals,
/// rate limits and cancelled calls say nothing about the store's health and are not counted.
///
/// A write has failed like that if one of its rows has, be it `unsent` or `unknown`; it has succeeded if the store
/// decided on a row and none failed. While the circuit is open rows are `unsent`, with `Errc::circuit_open`.
///
/// A handle: copies share one breaker. *Thread safety*: the store's executor only. *Cancellation*: passed on.
template<class Store, class Clock = std::chrono::steady_clock>
class Guarded : public detail::SourceDecorator<Guarded<Store, Clock>, Store> {
public:
    explicit Guarded(Store store, const GuardedParams& params = {})
        : store_{std::move(store)}
        , breaker_{std::make_shared<detail::Breaker>(params)} {}

    boost::asio::any_io_executor get_executor() const noexcept { return store_.get_executor(); }

    template<class By>
    static constexpr std::size_t max_batch() {
        return max_batch_of<Store, By>();
    }

    /// Whether calls are failing at once.
    bool is_open() const noexcept { return breaker_->state() == detail::Breaker::State::open; }

    /// Whether the last that was heard of the store was a failure, and not long ago: what a cache in front of it
    /// answers cannot be confirmed at the moment.
    bool is_failing() const noexcept {
        return breaker_->failing(std::chrono::duration_cast<detail::Breaker::Instant>(Clock::now().time_since_epoch()));
    }

private:
    friend detail::SourceDecorator<Guarded<Store, Clock>, Store>;

    template<class Call, class Token>
    auto start(std::vector<typename Call::Value> values, const typename Call::Options& options, Token&& token) {
        return detail::start_operation<typename Call::Signature>(
            store_.get_executor(),
            [store = store_, breaker = breaker_, values = std::move(values), options] {
                return detail::GuardedOperation<Store, Clock, Call>{store, breaker, values, options};
            },
            std::forward<Token>(token));
    }

    Store store_;
    std::shared_ptr<detail::Breaker> breaker_;
};

} // namespace understudy
