#pragma once

#include <understudy/pass_report.hpp>
#include <understudy/reconciler_schedule.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace understudy::detail {

// Asks for the passes of one kind when they are due, one after the other, until it is stopped.
template<class Clock>
class PassClock : public std::enable_shared_from_this<PassClock<Clock>> {
public:
    // Carries a pass out, then calls back.
    using Pass = std::function<void(std::function<void()>)>;

    PassClock(const boost::asio::any_io_executor& executor, Schedule schedule, std::function<Timestamp()> wall_clock,
              Pass pass)
        : timer_{executor}
        , schedule_{std::move(schedule)}
        , wall_clock_{std::move(wall_clock)}
        , pass_{std::move(pass)} {}

    // When the next pass is due; nothing if never, or while one is under way.
    std::optional<Timestamp> due() const { return due_; }

    void start() {
        last_ = wall_clock_();
        wait();
    }
    void stop() {
        pass_ = nullptr;
        timer_.cancel();
    }

private:
    // So often at least the clock is looked at: it may have been set.
    static constexpr std::chrono::milliseconds glance{30'000};

    void wait() {
        if (!pass_)
            return;
        const auto now = wall_clock_();
        // What is due stays due, unless the clock was set back to well before.
        if (!due_ || *due_ - now > *planned_ + glance)
            plan(now);
        if (!due_)
            return;
        if (*due_ <= now) {
            last_ = due_;
            due_.reset();
            const auto pass = pass_;
            return pass([self = this->shared_from_this()] { self->wait(); });
        }
        planned_ = *due_ - now;
        timer_.expires_after(std::min<std::chrono::milliseconds>(*planned_, glance));
        timer_.async_wait([self = this->shared_from_this()](boost::system::error_code error) {
            if (!error)
                self->wait();
        });
    }

    void plan(Timestamp now) {
        due_ = schedule_.next(now, last_);
        if (due_)
            planned_ = *due_ - now;
    }

    boost::asio::basic_waitable_timer<Clock> timer_;
    Schedule schedule_;
    std::function<Timestamp()> wall_clock_;
    Pass pass_;
    std::optional<Timestamp> last_;
    std::optional<Timestamp> due_;
    std::optional<std::chrono::milliseconds> planned_; // how far away it was
};

} // namespace understudy::detail
