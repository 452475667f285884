#pragma once

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <utility>

namespace understudy::detail {

// Closes a cache and waits until no load is under way.
template<class Core>
class DrainOperation {
public:
    explicit DrainOperation(std::shared_ptr<Core> core)
        : core_{std::move(core)} {}

    template<class Self>
    void operator()(Self& self, boost::system::error_code = {}) {
        if (!std::exchange(begun_, true)) {
            self.reset_cancellation_state(boost::asio::enable_total_cancellation());
            core_->closed = true;
        } else if (self.cancelled() != boost::asio::cancellation_type::none) {
            return self.complete(boost::asio::error::operation_aborted);
        } else if (core_->idle()) {
            return self.complete({});
        }
        const auto core = core_;
        core->idle_wait(std::move(self));
    }

private:
    std::shared_ptr<Core> core_;
    bool begun_ = false;
};

} // namespace understudy::detail
