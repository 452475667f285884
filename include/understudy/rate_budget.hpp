#pragma once

#include <understudy/detail/rate_ledger.hpp>
#include <understudy/error.hpp>
#include <understudy/rate_budget_params.hpp>
#include <understudy/rate_budget_stats.hpp>
#include <understudy/rate_report.hpp>
#include <understudy/read_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
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
public:
    using executor_type = boost::asio::any_io_executor;

    explicit BasicRateBudget(executor_type executor, const RateBudgetParams& params = {})
        : shared_{std::make_shared<Shared>(std::move(executor), params)} {}

    executor_type get_executor() const noexcept { return shared_->executor; }

    /// Waits until `calls` may be sent, and counts them as sent.
    ///
    /// *Handler*: `void(error_code)`. *Errors*: `Errc::rate_limited`, at once if it is clear that the time will not do,
    /// else after `timeout`. *Cancellation*: terminal, partial and total; nothing is counted then.
    template<class Token = boost::asio::deferred_t>
    auto async_acquire(RateBucket bucket, Priority priority, int calls, std::chrono::milliseconds timeout,
                       Token&& token = {}) {
        return boost::asio::async_compose<Token, void(boost::system::error_code)>(
            Acquire{shared_, bucket, std::make_shared<Waiter>(shared_->executor, priority, calls), timeout}, token,
            shared_->executor);
    }

    /// Learns from an answer of the server. Give it to the client as its `RateObserver`.
    void observe(const RateReport& report) {
        Shared& shared = *shared_;
        if (report.refused)
            ++shared.stats.refused_by_server;
        if (report.bucket == RateBucket::daily) {
            // Only a refusal matters: then nothing at all goes out until the server's day is over.
            if (report.refused)
                for (auto& lane : shared.lanes)
                    lane.ledger.learn(RateReport{.retry_after = report.retry_after, .refused = true}, now());
            return;
        }
        auto& lane = shared.lane(report.bucket);
        lane.ledger.learn(report, now());
        pump(shared_, lane);
    }

    RateObserver observer() {
        return [budget = *this](const RateReport& report) mutable { budget.observe(report); };
    }

    const RateBudgetStats& stats() const noexcept { return shared_->stats; }

    /// The limit of a bucket as known now, in calls per window.
    int limit(RateBucket bucket) const noexcept { return shared_->lane(bucket).ledger.limit(); }

    /// How long a caller would wait now; what `Retry-After` may say.
    std::chrono::milliseconds wait_estimate(RateBucket bucket, Priority priority = Priority::interactive) const {
        const auto at = shared_->lane(bucket).ledger.earliest(priority, 1, now());
        return std::chrono::ceil<std::chrono::milliseconds>(at - now());
    }

private:
    using Instant = detail::RateLedger::Instant;
    using Timer = boost::asio::basic_waitable_timer<Clock>;

    struct Waiter {
        Waiter(const executor_type& executor, Priority who, int how_many)
            : timer{executor}
            , priority{who}
            , calls{how_many} {}
        Timer timer;
        Priority priority;
        int calls;
        bool granted = false;
        bool gone = false;
    };

    struct Lane {
        Lane(const executor_type& executor, detail::RateLedger book)
            : ledger{std::move(book)}
            , timer{executor} {}
        detail::RateLedger ledger;
        std::array<std::deque<std::shared_ptr<Waiter>>, 3> queues;
        Timer timer;
    };

    struct Shared {
        Shared(executor_type on, const RateBudgetParams& params)
            : executor{std::move(on)}
            , lanes{Lane{executor, {params.limit, params.window, params.margin, params.reserve}},
                    Lane{executor, {params.searches, params.search_window, params.margin, params.reserve}}} {}
        Lane& lane(RateBucket bucket) { return lanes[bucket == RateBucket::search ? 1 : 0]; }
        executor_type executor;
        std::array<Lane, 2> lanes;
        RateBudgetStats stats;
    };

    static Instant now() { return std::chrono::duration_cast<Instant>(Clock::now().time_since_epoch()); }

    // Grants what may go out, the most urgent first, and wakes again when the next may.
    static void pump(const std::shared_ptr<Shared>& shared, Lane& lane) {
        for (auto& queue : lane.queues) {
            while (!queue.empty()) {
                const std::shared_ptr<Waiter> waiter = queue.front();
                if (waiter->gone) {
                    queue.pop_front();
                    continue;
                }
                const Instant at = lane.ledger.earliest(waiter->priority, waiter->calls, now());
                if (at > now())
                    return arm(shared, lane, at);
                lane.ledger.take(waiter->calls, now());
                shared->stats.granted += static_cast<std::uint64_t>(waiter->calls);
                waiter->granted = true;
                waiter->timer.cancel();
                queue.pop_front();
            }
        }
    }

    static void arm(const std::shared_ptr<Shared>& shared, Lane& lane, Instant at) {
        lane.timer.expires_at(typename Timer::time_point{std::chrono::ceil<typename Timer::duration>(at)});
        lane.timer.async_wait([weak = std::weak_ptr<Shared>{shared}, &lane](boost::system::error_code error) {
            if (error)
                return;
            if (const auto alive = weak.lock())
                pump(alive, lane);
        });
    }

    struct Acquire {
        std::shared_ptr<Shared> shared;
        RateBucket bucket;
        std::shared_ptr<Waiter> waiter;
        std::chrono::milliseconds timeout;
        bool begun = false;

        template<class Self>
        void operator()(Self& self, boost::system::error_code = {}) {
            if (std::exchange(begun, true))
                return finish(self);
            self.reset_cancellation_state(boost::asio::enable_total_cancellation());
            auto& lane = shared->lane(bucket);
            const auto held = shared;
            const auto mine = waiter;
            mine->timer.expires_after(timeout);
            if (lane.ledger.earliest(mine->priority, mine->calls, now()) - now() > timeout) {
                mine->gone = true;
                boost::asio::post(held->executor, std::move(self));
                return;
            }
            ++held->stats.acquired;
            lane.queues[static_cast<std::size_t>(mine->priority)].push_back(mine);
            mine->timer.async_wait(std::move(self));
            pump(held, lane);
            if (!mine->granted)
                ++held->stats.waited;
        }

        template<class Self>
        void finish(Self& self) {
            if (self.cancelled() != boost::asio::cancellation_type::none && !waiter->granted) {
                waiter->gone = true;
                return self.complete(boost::asio::error::operation_aborted);
            }
            if (waiter->granted)
                return self.complete({});
            waiter->gone = true;
            ++shared->stats.refused;
            self.complete(Errc::rate_limited);
        }
    };

    std::shared_ptr<Shared> shared_;
};

/// The budget by the steady clock.
using RateBudget = BasicRateBudget<>;

} // namespace understudy
