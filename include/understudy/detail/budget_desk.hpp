#pragma once

#include <understudy/detail/rate_ledger.hpp>
#include <understudy/rate_budget_params.hpp>
#include <understudy/rate_budget_stats.hpp>
#include <understudy/rate_report.hpp>
#include <understudy/read_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

namespace understudy::detail {

// What the handles of a rate budget share: a ledger for each bucket, and those who wait for a permit.
template<class Clock>
class BudgetDesk : public std::enable_shared_from_this<BudgetDesk<Clock>> {
public:
    using Executor = boost::asio::any_io_executor;
    using Instant = RateLedger::Instant;
    using Timer = boost::asio::basic_waitable_timer<Clock>;

    // The timer is the waiter's deadline and its alarm.
    struct Waiter {
        Waiter(const Executor& executor, Priority who)
            : timer{executor}
            , priority{who} {}
        Timer timer;
        Priority priority;
        bool granted = false;
    };

    struct Lane {
        Lane(const Executor& executor, RateLedger book)
            : ledger{std::move(book)}
            , timer{executor} {}
        RateLedger ledger;
        std::array<std::deque<std::shared_ptr<Waiter>>, 3> queues; // by priority
        Timer timer;
    };

    BudgetDesk(Executor on, const RateBudgetParams& params)
        : executor{std::move(on)}
        , lanes_{Lane{executor, {params.limit, params.window, params.margin, params.reserve}},
                 Lane{executor, {params.searches, params.search_window, params.margin, params.reserve}}} {}

    static Instant now() { return std::chrono::duration_cast<Instant>(Clock::now().time_since_epoch()); }

    Lane& lane(RateBucket bucket) { return lanes_[bucket == RateBucket::search ? 1 : 0]; }

    void join(RateBucket bucket, const std::shared_ptr<Waiter>& waiter) {
        ++stats.acquired;
        auto& own = lane(bucket);
        own.queues[static_cast<std::size_t>(waiter->priority)].push_back(waiter);
        pump(own);
        if (!waiter->granted)
            ++stats.waited;
    }

    // Those behind may be served earlier than the one who leaves would have been.
    void leave(RateBucket bucket, const std::shared_ptr<Waiter>& waiter) {
        auto& own = lane(bucket);
        std::erase(own.queues[static_cast<std::size_t>(waiter->priority)], waiter);
        pump(own);
    }

    void observe(const RateReport& report) {
        if (report.refused)
            ++stats.refused_by_server;
        if (report.bucket != RateBucket::daily) {
            auto& own = lane(report.bucket);
            own.ledger.learn(report, now());
            pump(own);
        } else if (report.refused) {
            // Nothing at all goes out until the server's day is over.
            RateReport closed;
            closed.retry_after = report.retry_after;
            closed.refused = true;
            for (auto& own : lanes_) {
                own.ledger.learn(closed, now());
                pump(own);
            }
        }
    }

    Executor executor;
    RateBudgetStats stats;

private:
    // Grants what may go out, the most urgent first, and wakes again when the next may.
    void pump(Lane& own) {
        for (auto& queue : own.queues) {
            while (!queue.empty()) {
                const auto at = own.ledger.earliest(queue.front()->priority, now());
                if (at > now())
                    return arm(own, at);
                own.ledger.take(now());
                ++stats.granted;
                queue.front()->granted = true;
                queue.front()->timer.cancel();
                queue.pop_front();
            }
        }
        own.timer.cancel();
    }

    void arm(Lane& own, Instant at) {
        own.timer.expires_at(typename Timer::time_point{std::chrono::ceil<typename Timer::duration>(at)});
        own.timer.async_wait([weak = this->weak_from_this(), &own](boost::system::error_code error) {
            const auto alive = weak.lock();
            if (!error && alive)
                alive->pump(own);
        });
    }

    std::array<Lane, 2> lanes_;
};

} // namespace understudy::detail
