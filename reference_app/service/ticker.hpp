#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace service {

/// Does something again and again, an interval after the last time, until it is stopped. Belongs to its executor, and
/// outlives the timer's handlers: the executor is stopped before it goes away.
class Ticker {
public:
    Ticker(const boost::asio::any_io_executor& executor, std::chrono::milliseconds interval, std::function<void()> work)
        : timer_{executor}
        , interval_{interval}
        , work_{std::move(work)} {}

    /// The first time is after one interval.
    void start() {
        timer_.expires_after(interval_);
        timer_.async_wait([this](boost::system::error_code error) {
            if (error || stopped_)
                return;
            work_();
            start();
        });
    }
    void stop() {
        stopped_ = true;
        timer_.cancel();
    }

private:
    boost::asio::steady_timer timer_;
    std::chrono::milliseconds interval_;
    std::function<void()> work_;
    bool stopped_ = false;
};

} // namespace service
