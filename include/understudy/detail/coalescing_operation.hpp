#pragma once

#include <understudy/detail/store_call.hpp>
#include <understudy/error.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

// One caller's wait.
template<class Lane, class Call>
class CoalescingOperation {
public:
    CoalescingOperation(std::shared_ptr<Lane> lane, std::vector<typename Lane::Value> values,
                        const typename Lane::Options& options)
        : lane_{std::move(lane)}
        , values_{std::move(values)}
        , caller_{std::make_shared<typename Lane::Caller>(lane_->get_executor(), values_.size(), options)} {}

    template<class Self>
    void operator()(Self& self, boost::system::error_code = {}) {
        if (std::exchange(begun_, true))
            return finish(self);
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        const auto lane = lane_;
        const auto caller = caller_;
        const auto values = std::move(values_);
        if (values.empty())
            caller->timer.expires_after(typename Lane::Timer::duration{0});
        caller->timer.async_wait(std::move(self));
        lane->add(values, caller);
    }

private:
    template<class Self>
    void finish(Self& self) {
        if (caller_->missing == 0)
            return caller_->error ? self.complete(caller_->error, {}) : self.complete({}, std::move(caller_->items));
        caller_->gone = true;
        const bool cancelled = self.cancelled() != boost::asio::cancellation_type::none;
        if (cancelled && (caller_->sent || !CallOfRows<Call>))
            return self.complete(boost::asio::error::operation_aborted, {});
        if constexpr (CallOfRows<Call>) {
            if (cancelled)
                caller_->items.assign(caller_->items.size(), Call::unsent(boost::asio::error::operation_aborted));
            self.complete({}, std::move(caller_->items));
        } else {
            self.complete(Errc::deadline_exceeded, {});
        }
    }

    std::shared_ptr<Lane> lane_;
    std::vector<typename Lane::Value> values_;
    std::shared_ptr<typename Lane::Caller> caller_;
    bool begun_ = false;
};

} // namespace understudy::detail
