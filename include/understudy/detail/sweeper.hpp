#pragma once

#include <understudy/detail/backoff.hpp>
#include <understudy/detail/participant.hpp>
#include <understudy/operation_params.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace understudy::detail {

// Has the marked rows of one record type read again, until it is stopped; less and less often while that fails.
template<class Settlement, class Clock>
class Sweeper : public std::enable_shared_from_this<Sweeper<Settlement, Clock>> {
public:
    using Part = std::shared_ptr<Participant<Settlement>>;

    Sweeper(const boost::asio::any_io_executor& executor, const OperationParams& params, Part part)
        : timer_{executor}
        , params_{params}
        , part_{std::move(part)} {}

    void run() {
        running_ = true;
        if (!std::exchange(sweeping_, true))
            sweep();
    }
    void stop() {
        running_ = false;
        timer_.cancel();
    }
    // Does not wait for the next time, unless that is waited for because of failures.
    void hasten() {
        again_ = running_ && failures_ == 0;
        if (again_)
            timer_.cancel();
    }

private:
    void sweep() {
        again_ = false;
        part_->sweep(params_.sweep_batch, [self = this->shared_from_this()](Swept swept) { self->on_swept(swept); });
    }

    void on_swept(Swept swept) {
        failures_ = swept == Swept::failed ? std::min(failures_ + 1, 20) : 0;
        const auto pause = swept == Swept::more || (again_ && failures_ == 0)
                               ? std::chrono::milliseconds{0}
                               : backoff(failures_, params_.sweep_interval,
                                         std::max(params_.longest_pause, params_.sweep_interval), 0xFFFFFFFF);
        timer_.expires_after(pause);
        timer_.async_wait([weak = this->weak_from_this()](error_code) {
            const auto self = weak.lock();
            if (self && (self->sweeping_ = self->running_))
                self->sweep();
        });
        if (!running_)
            timer_.cancel();
    }

    boost::asio::basic_waitable_timer<Clock> timer_;
    OperationParams params_;
    Part part_;
    int failures_ = 0;
    bool running_ = false;
    bool again_ = false;    // rows may have been marked since the sweep that is under way looked for them
    bool sweeping_ = false; // a sweep is under way, or the timer says when the next one is
};

} // namespace understudy::detail
