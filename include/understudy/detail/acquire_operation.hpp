#pragma once

#include <understudy/detail/budget_desk.hpp>
#include <understudy/detail/deadline.hpp>
#include <understudy/error.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace understudy::detail {

// One caller's wait for a permit.
template<class Clock>
class AcquireOperation {
public:
    using Desk = BudgetDesk<Clock>;

    AcquireOperation(std::shared_ptr<Desk> desk, RateBucket bucket, Priority priority,
                     std::chrono::milliseconds timeout)
        : desk_{std::move(desk)}
        , bucket_{bucket}
        , waiter_{std::make_shared<typename Desk::Waiter>(desk_->executor, priority)}
        , deadline_{deadline_after<Clock>(timeout)} {}

    template<class Self>
    void operator()(Self& self, boost::system::error_code = {}) {
        if (std::exchange(begun_, true))
            return finish(self);
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        const auto desk = desk_;
        const auto waiter = waiter_;
        const auto bucket = bucket_;
        const auto left = std::chrono::duration_cast<typename Desk::Instant>(deadline_ - Clock::now());
        if (desk->lane(bucket).ledger.earliest(waiter->priority, Desk::now()) - Desk::now() > left) {
            boost::asio::post(desk->executor, std::move(self));
            return;
        }
        waiter->timer.expires_at(deadline_);
        waiter->timer.async_wait(std::move(self));
        desk->join(bucket, waiter);
    }

private:
    template<class Self>
    void finish(Self& self) {
        if (waiter_->granted)
            return self.complete({});
        desk_->leave(bucket_, waiter_);
        if (self.cancelled() != boost::asio::cancellation_type::none)
            return self.complete(boost::asio::error::operation_aborted);
        ++desk_->stats.refused;
        self.complete(Errc::rate_limited);
    }

    std::shared_ptr<Desk> desk_;
    RateBucket bucket_;
    std::shared_ptr<typename Desk::Waiter> waiter_;
    typename Clock::time_point deadline_;
    bool begun_ = false;
};

} // namespace understudy::detail
