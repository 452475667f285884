#pragma once

#include <understudy/budgeted_params.hpp>
#include <understudy/detail/backoff.hpp>
#include <understudy/detail/guarded_operation.hpp>
#include <understudy/error.hpp>
#include <understudy/rate_budget.hpp>
#include <understudy/store.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace understudy::detail {

// acquire -> call -> done, or wait -> acquire -> call again
template<class Store, class Clock, class Call>
class BudgetedOperation {
public:
    using Budget = BasicRateBudget<Clock>;
    using Timer = boost::asio::basic_waitable_timer<Clock>;

    BudgetedOperation(Store store, Budget budget, const BudgetedParams& params,
                      std::shared_ptr<std::minstd_rand> random, std::vector<typename Call::Value> values,
                      const ReadOptions& options)
        : state_{std::make_unique<State>(std::move(store), std::move(budget), params, std::move(random),
                                         std::move(values), options)} {}

    template<class Self>
    void operator()(Self& self) {
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        acquire(self);
    }

    // From the budget or from the timer between two tries.
    template<class Self>
    void operator()(Self& self, boost::system::error_code error) {
        if (is_cancelled(self))
            return;
        if (std::exchange(state_->waiting, false))
            return acquire(self);
        if (error)
            return self.complete(error, {});
        auto& state = *state_;
        auto values = state.values;
        ReadOptions options = state.options;
        options.timeout = state.left() / (state.params.max_tries - state.tries);
        ++state.tries;
        Call::start(state.store, std::move(values), options, std::move(self));
    }

    template<class Self>
    void operator()(Self& self, boost::system::error_code error, std::vector<typename Call::Item> items) {
        auto& state = *state_;
        const bool again = error == Errc::rate_limited || is_failure_of_store(error);
        if (!error || !again || state.tries >= state.params.max_tries || state.left().count() <= 0)
            return self.complete(error, std::move(items));
        if (is_cancelled(self))
            return;
        if (error == Errc::rate_limited)
            return acquire(self); // the budget knows how long the server wants to be left alone
        state.waiting = true;
        state.timer.expires_after(std::min(backoff(state.tries - 1, state.params.backoff, state.params.most,
                                                   static_cast<std::uint32_t>((*state.random)()) << 1),
                                           state.left()));
        state.timer.async_wait(std::move(self));
    }

private:
    struct State {
        State(Store with, Budget from, const BudgetedParams& how, std::shared_ptr<std::minstd_rand> dice,
              std::vector<typename Call::Value> what, const ReadOptions& reader)
            : store{std::move(with)}
            , budget{std::move(from)}
            , params{how}
            , random{std::move(dice)}
            , values{std::move(what)}
            , options{reader}
            , timer{store.get_executor()}
            , deadline{Clock::now() + reader.timeout} {
            constexpr std::size_t batch = max_batch_of<Store, typename Call::Index>();
            calls = static_cast<int>(values.size() / batch + (values.size() % batch != 0));
        }

        std::chrono::milliseconds left() const {
            return std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        }

        Store store;
        Budget budget;
        BudgetedParams params;
        std::shared_ptr<std::minstd_rand> random;
        std::vector<typename Call::Value> values;
        ReadOptions options;
        Timer timer;
        typename Clock::time_point deadline;
        int calls = 1;
        int tries = 0;
        bool waiting = false;
    };

    template<class Self>
    bool is_cancelled(Self& self) {
        if (self.cancelled() == boost::asio::cancellation_type::none)
            return false;
        self.complete(boost::asio::error::operation_aborted, {});
        return true;
    }

    template<class Self>
    void acquire(Self& self) {
        auto& state = *state_;
        state.budget.async_acquire(Call::bucket, state.options.priority, state.calls, state.left(), std::move(self));
    }

    std::unique_ptr<State> state_;
};

} // namespace understudy::detail
