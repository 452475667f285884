#pragma once

#include <understudy/budgeted_params.hpp>
#include <understudy/detail/backoff.hpp>
#include <understudy/detail/deadline.hpp>
#include <understudy/detail/guarded_operation.hpp>
#include <understudy/detail/store_call.hpp>
#include <understudy/error.hpp>
#include <understudy/rate_budget.hpp>
#include <understudy/store.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace understudy::detail {

// For each batch that one request carries: acquire -> call -> next, or wait -> acquire -> call again.
template<class Store, class Clock, class Call>
class BudgetedOperation {
public:
    using Budget = BasicRateBudget<Clock>;
    using Timer = boost::asio::basic_waitable_timer<Clock>;

    BudgetedOperation(Store store, Budget budget, const BudgetedParams& params,
                      std::shared_ptr<std::minstd_rand> random, std::vector<typename Call::Value> values,
                      const typename Call::Options& options)
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
        auto& state = *state_;
        if (std::exchange(state.waiting, false))
            return acquire(self);
        if (error)
            return give_up(self, error);
        auto values = state.batch();
        auto options = state.options;
        options.timeout = state.left() / (state.max_tries - state.tries);
        ++state.tries;
        Call::start(state.store, std::move(values), options, std::move(self));
    }

    template<class Self>
    void operator()(Self& self, boost::system::error_code error, std::vector<typename Call::Item> items) {
        auto& state = *state_;
        if (!error) {
            if (state.take(std::move(items)))
                return self.complete({}, std::move(state.items));
            return acquire(self);
        }
        if (is_cancelled(self))
            return;
        if (!is_worth_a_retry(error) || state.tries >= state.max_tries || state.left().count() <= 0)
            return give_up(self, error);
        // After a rate limit the budget makes the next try wait as long as the server wants; the pause is for sources
        // that nobody observes.
        state.waiting = true;
        state.timer.expires_after(std::min(backoff(state.tries - 1, state.params.backoff, state.params.most,
                                                   static_cast<std::uint32_t>((*state.random)()) << 1),
                                           state.left()));
        state.timer.async_wait(std::move(self));
    }

private:
    struct State {
        State(Store with, Budget from, const BudgetedParams& how, std::shared_ptr<std::minstd_rand> dice,
              std::vector<typename Call::Value> what, const typename Call::Options& caller)
            : store{std::move(with)}
            , budget{std::move(from)}
            , params{how}
            , max_tries{CallOfRows<Call> ? 1 : std::max(how.max_tries, 1)}
            , random{std::move(dice)}
            , values{std::move(what)}
            , options{caller}
            , timer{store.get_executor()}
            , deadline{deadline_after<Clock>(caller.timeout)} {}

        std::chrono::milliseconds left() const { return time_until<Clock>(deadline); }

        std::size_t batch_end() const {
            constexpr std::size_t most = max_batch_of<Store, typename Call::Index>();
            return values.size() - items.size() > most ? items.size() + most : values.size();
        }

        std::vector<typename Call::Value> batch() const {
            return {values.begin() + static_cast<std::ptrdiff_t>(items.size()),
                    values.begin() + static_cast<std::ptrdiff_t>(batch_end())};
        }

        // Whether that was the last batch.
        bool take(std::vector<typename Call::Item> answered) {
            if constexpr (requires { Call::failure(Errc::malformed_answer); })
                answered.resize(batch_end() - items.size(), Call::failure(Errc::malformed_answer));
            else
                answered.resize(batch_end() - items.size());
            items.insert(items.end(), std::make_move_iterator(answered.begin()),
                         std::make_move_iterator(answered.end()));
            tries = 0;
            return items.size() == values.size();
        }

        Store store;
        Budget budget;
        BudgetedParams params;
        int max_tries;
        std::shared_ptr<std::minstd_rand> random;
        std::vector<typename Call::Value> values;
        std::vector<typename Call::Item> items; // of the batches that are done
        typename Call::Options options;
        Timer timer;
        typename Clock::time_point deadline;
        int tries = 0; // of the batch at hand
        bool waiting = false;
    };

    static bool is_worth_a_retry(const boost::system::error_code& error) {
        return error == Errc::rate_limited || is_failure_of_store(error);
    }

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
        state.budget.async_acquire(Call::bucket, state.options.priority, state.left(), std::move(self));
    }

    // What was answered before counts, where a failure can be told value by value.
    template<class Self>
    void give_up(Self& self, boost::system::error_code error) {
        auto& state = *state_;
        if constexpr (requires { Call::failure(error); }) {
            if (CallOfRows<Call> || !state.items.empty()) {
                state.items.resize(state.values.size(), Call::failure(error));
                return self.complete({}, std::move(state.items));
            }
        }
        self.complete(error, {});
    }

    std::unique_ptr<State> state_;
};

} // namespace understudy::detail
