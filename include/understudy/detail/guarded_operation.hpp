#pragma once

#include <understudy/detail/breaker.hpp>
#include <understudy/error.hpp>
#include <understudy/read_options.hpp>

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

template<class Store, class Clock, class Call>
class GuardedOperation {
public:
    GuardedOperation(Store store, std::shared_ptr<Breaker> breaker, std::vector<typename Call::Value> values,
                     const ReadOptions& options)
        : store_{std::move(store)}
        , breaker_{std::move(breaker)}
        , values_{std::move(values)}
        , options_{options} {}

    template<class Self>
    void operator()(Self& self) {
        if (refused_)
            return self.complete(Errc::circuit_open, {});
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        if (!breaker_->admit(now())) {
            refused_ = true;
            const auto executor = store_.get_executor();
            boost::asio::post(executor, std::move(self));
            return;
        }
        auto store = store_;
        auto values = std::move(values_);
        const ReadOptions options = options_;
        Call::start(store, std::move(values), options, std::move(self));
    }

    template<class Self>
    void operator()(Self& self, boost::system::error_code error, std::vector<typename Call::Item> items) {
        if (!error)
            breaker_->on_success();
        else if (is_failure_of_store(error))
            breaker_->on_failure(now());
        self.complete(error, std::move(items));
    }

private:
    static Breaker::Instant now() {
        return std::chrono::duration_cast<Breaker::Instant>(Clock::now().time_since_epoch());
    }

    Store store_;
    std::shared_ptr<Breaker> breaker_;
    std::vector<typename Call::Value> values_;
    ReadOptions options_;
    bool refused_ = false;
};

} // namespace understudy::detail
