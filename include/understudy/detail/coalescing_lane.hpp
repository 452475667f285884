#pragma once

#include <understudy/coalescing_params.hpp>
#include <understudy/coalescing_stats.hpp>
#include <understudy/detail/collector.hpp>
#include <understudy/detail/deadline.hpp>
#include <understudy/detail/key_line.hpp>
#include <understudy/detail/store_call.hpp>
#include <understudy/error.hpp>
#include <understudy/read_options.hpp>
#include <understudy/store.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

// Everything of one kind of call that is collected and under way.
template<class Store, class Clock, class Call>
class CoalescingLane : public std::enable_shared_from_this<CoalescingLane<Store, Clock, Call>> {
public:
    using Value = typename Call::Value;
    using Item = typename Call::Item;
    using Options = typename Call::Options;
    using Line = KeyLine<key_t<typename Store::record_type>>;
    using Timer = boost::asio::basic_waitable_timer<Clock>;
    using Executor = decltype(std::declval<const Store&>().get_executor());

    // One caller; its timer is its deadline and its alarm.
    struct Caller {
        Caller(const Executor& executor, std::size_t values, const Options& how)
            : timer{executor}
            , items(values)
            , missing{values}
            , options{how} {
            timer.expires_at(deadline_after<Clock>(how.timeout));
            if constexpr (CallOfRows<Call>)
                items.assign(values, Call::unsent(Errc::deadline_exceeded));
        }
        Timer timer;
        std::vector<Item> items;
        std::size_t missing;
        Options options;
        boost::system::error_code error{};
        bool sent = false; // some of it
        bool gone = false;
    };
    struct Rider {
        std::shared_ptr<Caller> caller;
        std::size_t place;
    };
    using Waiting = Collector<Value, Rider, !CallOfRows<Call>>;
    using Batch = typename Waiting::Batch;

    // `line` is for the calls in order, of whatever kind.
    CoalescingLane(Store store, const CoalescingParams& params, std::shared_ptr<CoalescingStats> stats,
                   std::shared_ptr<Line> line)
        : store_{std::move(store)}
        , params_{params}
        , stats_{std::move(stats)}
        , line_{std::move(line)}
        , timer_{store_.get_executor()}
        , max_batch_{params.max_batch != 0 ? std::min(params.max_batch, max_batch_of<Store, typename Call::Index>())
                                           : max_batch_of<Store, typename Call::Index>()} {
        params_.max_in_flight = std::max<std::size_t>(params_.max_in_flight, 1);
    }

    Executor get_executor() const noexcept { return store_.get_executor(); }

    void add(const std::vector<Value>& values, const std::shared_ptr<Caller>& caller) {
        stats_->values += values.size();
        for (std::size_t i = 0; i < values.size(); ++i)
            if constexpr (CallInOrder<Call>)
                line_->enter(Call::key(values[i]),
                             [lane = this->weak_from_this(), value = values[i], rider = Rider{caller, i}] {
                                 const auto self = lane.lock();
                                 if (!self || rider.caller->gone)
                                     return false;
                                 self->collect(value, rider);
                                 self->leave_if_ready();
                                 return true;
                             });
            else
                collect(values[i], Rider{caller, i});
        leave_if_ready();
    }

private:
    void collect(const Value& value, Rider rider) {
        last_added_ = Clock::now();
        if (collector_.empty())
            first_added_ = last_added_;
        collector_.add(value, std::move(rider));
    }

    // Those that come next with the same keys may leave.
    void let_go(const std::vector<Value>& values) {
        if constexpr (CallInOrder<Call>)
            for (const auto& value : values)
                line_->leave(Call::key(value));
    }

    // Full batches leave at once, the rest when its time has come; never more at once than may be under way.
    void leave_if_ready() {
        while (!collector_.empty() && in_flight_ < params_.max_in_flight) {
            if (collector_.size() < max_batch_ && !due_)
                return arm();
            leave();
        }
    }

    void arm() {
        if (armed_)
            return;
        armed_ = true;
        timer_.expires_at(due_at());
        timer_.async_wait([self = this->shared_from_this()](boost::system::error_code) {
            self->armed_ = false;
            // Values that came meanwhile put the leaving off, a little.
            self->due_ = !self->collector_.empty() && self->due_at() <= Clock::now();
            self->leave_if_ready();
        });
    }

    typename Clock::time_point due_at() const {
        return std::min(last_added_ + params_.delay, first_added_ + params_.max_delay);
    }

    void leave() {
        auto batch =
            std::make_shared<Batch>(collector_.take(max_batch_, [](const Rider& rider) { return rider.caller->gone; }));
        if (collector_.empty())
            due_ = false;
        else
            first_added_ = Clock::now();
        if (!batch->values.empty())
            send(batch);
        let_go(batch->unwanted);
    }

    void send(const std::shared_ptr<Batch>& batch) {
        if constexpr (CallOfRows<Call>)
            for (const auto& riders : batch->riders)
                for (const Rider& rider : riders) {
                    rider.caller->sent = true;
                    rider.caller->items[rider.place] = Call::unknown(Errc::deadline_exceeded);
                }
        ++in_flight_;
        ++stats_->batches;
        auto on_done = [self = this->shared_from_this(), batch](boost::system::error_code error,
                                                                std::vector<Item> items) {
            --self->in_flight_;
            self->hand_out(*batch, error, items);
            self->let_go(batch->values);
            self->leave_if_ready();
        };
        auto values = batch->values;
        try {
            Call::start(store_, std::move(values), options_of(*batch),
                        boost::asio::bind_executor(store_.get_executor(), std::move(on_done)));
        } catch (...) {
            --in_flight_;
            std::vector<Item> none;
            hand_out(*batch, Errc::unavailable, none);
            let_go(batch->values);
        }
    }

    // The batch is as urgent as its most urgent rider, has as long as the most patient, and is as strict as the
    // strictest.
    static Options options_of(const Batch& batch) {
        Options options = batch.riders.front().front().caller->options;
        options.timeout = std::chrono::milliseconds{1};
        for (const auto& riders : batch.riders)
            for (const Rider& rider : riders) {
                const Options& own = rider.caller->options;
                options.priority = std::min(options.priority, own.priority);
                options.timeout = std::max(options.timeout, time_until<Clock>(rider.caller->timer.expiry()));
                if constexpr (!CallOfRows<Call>) {
                    options.stale_if_error = options.stale_if_error && own.stale_if_error;
                    if (own.freshness != options.freshness)
                        options.freshness = Freshness::fresh();
                }
            }
        return options;
    }

    static void hand_out(Batch& batch, boost::system::error_code error, std::vector<Item>& items) {
        if (!error && items.size() != batch.values.size())
            error = Errc::malformed_answer;
        for (std::size_t i = 0; i < batch.values.size(); ++i)
            for (const Rider& rider : batch.riders[i]) {
                Caller& caller = *rider.caller;
                if (caller.gone)
                    continue;
                if (!error)
                    caller.items[rider.place] = items[i];
                else if constexpr (requires { Call::failure(error); })
                    caller.items[rider.place] = Call::failure(error);
                else
                    caller.error = error;
                if (--caller.missing == 0)
                    caller.timer.cancel();
            }
    }

    Store store_;
    CoalescingParams params_;
    std::shared_ptr<CoalescingStats> stats_;
    std::shared_ptr<Line> line_;
    Timer timer_;
    std::size_t max_batch_;
    Waiting collector_;
    std::size_t in_flight_ = 0;
    typename Clock::time_point first_added_{};
    typename Clock::time_point last_added_{};
    bool armed_ = false;
    bool due_ = false;
};

} // namespace understudy::detail
