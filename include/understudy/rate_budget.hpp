#pragma once

#include <understudy/detail/acquire_operation.hpp>
#include <understudy/detail/budget_desk.hpp>
#include <understudy/detail/erased_handler.hpp>
#include <understudy/rate_budget_params.hpp>
#include <understudy/rate_budget_stats.hpp>
#include <understudy/rate_report.hpp>
#include <understudy/read_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/deferred.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace understudy {

/// The one allowance that everything which talks to a source shares. Interactive reads go first, writes next,
/// background work takes what is left and leaves a reserve. It never grants more than the limits that are known at that
/// moment, learns them from what the server reports (`observe`), and grants nothing while the server asks to be left
/// alone.
///
/// A handle: copies share one budget. *Thread safety*: its executor only. `Clock` is monotonic.
template<class Clock = std::chrono::steady_clock>
class BasicRateBudget {
    using Desk = detail::BudgetDesk<Clock>;

public:
    using executor_type = boost::asio::any_io_executor;

    explicit BasicRateBudget(executor_type executor, const RateBudgetParams& params = {})
        : desk_{std::make_shared<Desk>(std::move(executor), params)} {}

    executor_type get_executor() const noexcept { return desk_->executor; }

    /// Waits until one call may be sent, and counts it as sent. `bucket` is `window` or `search`.
    ///
    /// *Handler*: `void(error_code)`. *Errors*: `Errc::rate_limited`, at once if it is clear that the time will not do,
    /// else after `timeout`. *Cancellation*: terminal, partial and total; nothing is counted then.
    template<class Token = boost::asio::deferred_t>
    auto async_acquire(RateBucket bucket, Priority priority, std::chrono::milliseconds timeout, Token&& token = {}) {
        return detail::start_operation<void(boost::system::error_code)>(
            desk_->executor,
            [desk = desk_, bucket, priority, timeout] {
                return detail::AcquireOperation<Clock>{desk, bucket, priority, timeout};
            },
            std::forward<Token>(token));
    }

    /// Learns from an answer of the server. Give it to the client as its `RateObserver`.
    void observe(const RateReport& report) { desk_->observe(report); }

    RateObserver observer() {
        return [budget = *this](const RateReport& report) mutable { budget.observe(report); };
    }

    const RateBudgetStats& stats() const noexcept { return desk_->stats; }

    /// The limit of a bucket as known now, in calls per window; `bucket` is `window` or `search`.
    int limit(RateBucket bucket) const noexcept { return desk_->lane(bucket).ledger.limit(); }

    /// How long a caller would wait if nobody else did; what `Retry-After` may say.
    std::chrono::milliseconds wait_estimate(RateBucket bucket, Priority priority = Priority::interactive) const {
        const auto now = Desk::now();
        return std::chrono::ceil<std::chrono::milliseconds>(desk_->lane(bucket).ledger.earliest(priority, now) - now);
    }

private:
    std::shared_ptr<Desk> desk_;
};

/// The budget by the steady clock.
using RateBudget = BasicRateBudget<>;

} // namespace understudy
