#pragma once

#include <understudy/detail/breaker.hpp>
#include <understudy/detail/store_call.hpp>
#include <understudy/error.hpp>
#include <understudy/record.hpp>
#include <understudy/write_outcome.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

// Whether an error says that the store itself is not well.
inline bool is_failure_of_store(const boost::system::error_code& error) noexcept {
    return error == Condition::retryable && error != Errc::rate_limited && error != Errc::overloaded &&
           error != Errc::shutting_down && error != Errc::circuit_open;
}

// What an answer says of the store: that it is well, that it failed, or, with any other error, nothing.
template<class Item>
boost::system::error_code heard_of_store(const std::vector<Item>&) {
    return {};
}
template<Record R>
boost::system::error_code heard_of_store(const std::vector<WriteOutcome<R>>& rows) {
    boost::system::error_code why_not{};
    bool answered = false;
    for (const auto& row : rows) {
        if (row.state != WriteState::unsent && row.state != WriteState::unknown)
            answered = true;
        else if (is_failure_of_store(row.error))
            return row.error;
        else
            why_not = row.error;
    }
    return answered ? boost::system::error_code{} : why_not;
}
inline boost::system::error_code heard_of_store(const std::vector<Landed>& rows) {
    for (const auto row : rows)
        if (row != Landed::unknown)
            return {};
    return rows.empty() ? boost::system::error_code{} : make_error_code(Errc::outcome_unknown);
}

template<class Store, class Clock, class Call>
class GuardedOperation {
public:
    GuardedOperation(Store store, std::shared_ptr<Breaker> breaker, std::vector<typename Call::Value> values,
                     const typename Call::Options& options)
        : store_{std::move(store)}
        , breaker_{std::move(breaker)}
        , values_{std::move(values)}
        , options_{options} {}

    template<class Self>
    void operator()(Self& self) {
        if (refused_)
            return refuse(self);
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        if (!breaker_->admit(now())) {
            refused_ = true;
            const auto executor = store_.get_executor();
            boost::asio::post(executor, std::move(self));
            return;
        }
        auto store = store_;
        auto values = std::move(values_);
        const auto options = options_;
        Call::start(store, std::move(values), options, std::move(self));
    }

    template<class Self>
    void operator()(Self& self, boost::system::error_code error, std::vector<typename Call::Item> items) {
        const auto heard = error ? error : heard_of_store(items);
        if (!heard)
            breaker_->on_success();
        else if (is_failure_of_store(heard))
            breaker_->on_failure(now());
        self.complete(error, std::move(items));
    }

private:
    template<class Self>
    void refuse(Self& self) {
        if constexpr (CallOfRows<Call>) {
            std::vector<typename Call::Item> rows(values_.size(), Call::unsent(Errc::circuit_open));
            self.complete({}, std::move(rows));
        } else {
            self.complete(Errc::circuit_open, {});
        }
    }

    static Breaker::Instant now() {
        return std::chrono::duration_cast<Breaker::Instant>(Clock::now().time_since_epoch());
    }

    Store store_;
    std::shared_ptr<Breaker> breaker_;
    std::vector<typename Call::Value> values_;
    typename Call::Options options_;
    bool refused_ = false;
};

} // namespace understudy::detail
