#pragma once

#include <understudy/detail/deadline.hpp>
#include <understudy/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

// The lease on everything that is held of a journal: opened when it is needed, renewed as long as it is.
template<class Journal, class Clock>
class JournalSession : public std::enable_shared_from_this<JournalSession<Journal, Clock>> {
public:
    using Timer = boost::asio::basic_waitable_timer<Clock>;
    using Work = std::function<void(error_code)>;

    // `needed` says whether the lease is to be renewed, `on_lost` that it ran out.
    JournalSession(Journal journal, std::chrono::milliseconds retry, std::function<bool()> needed,
                   std::function<void()> on_lost)
        : journal_{std::move(journal)}
        , retry_{retry}
        , needed_{std::move(needed)}
        , on_lost_{std::move(on_lost)}
        , timer_{journal_.get_executor()} {}

    // By our own clock, with a tenth to spare: nothing may be sent without.
    bool held() const noexcept { return Clock::now() < until_; }

    // What is left of it.
    std::chrono::milliseconds left() const { return time_until<Clock>(until_); }

    // Calls `work` when the lease is held, or with the reason why it is not.
    void with(Work work) {
        if (held()) {
            if (!armed_ && !renewing_)
                renew_after(left() / 3);
            return work({});
        }
        waiting_.push_back(std::move(work));
        if (!renewing_)
            renew();
    }

    // The lease need not be renewed any more, for now.
    void rest() {
        armed_ = false;
        timer_.cancel();
    }

    // The journal says that it had run out.
    void lapse() { until_ = {}; }

private:
    void renew() {
        renewing_ = true;
        armed_ = false;
        auto on_renewed = [self = this->shared_from_this(), asked = Clock::now()](error_code error,
                                                                                  std::chrono::milliseconds lease) {
            self->renewing_ = false;
            self->renewed(error, asked, lease);
        };
        journal_.async_renew(boost::asio::bind_executor(journal_.get_executor(), std::move(on_renewed)));
    }

    void renewed(error_code error, typename Clock::time_point asked, std::chrono::milliseconds lease) {
        if (error == Errc::lease_lost) {
            until_ = {};
            on_lost_();
            return renew();
        }
        if (!error)
            until_ = asked + lease * 9 / 10;
        for (const auto& work : std::exchange(waiting_, {}))
            work(error);
        if (!needed_())
            return;
        renew_after(error ? retry_ : lease / 3);
    }

    void renew_after(std::chrono::milliseconds pause) {
        armed_ = true;
        timer_.expires_after(pause);
        timer_.async_wait([weak = this->weak_from_this()](error_code ec) {
            if (const auto self = weak.lock(); self && !ec && !self->renewing_)
                self->renew();
        });
    }

    Journal journal_;
    std::chrono::milliseconds retry_;
    std::function<bool()> needed_;
    std::function<void()> on_lost_;
    Timer timer_;
    std::vector<Work> waiting_;
    typename Clock::time_point until_{};
    bool renewing_ = false;
    bool armed_ = false; // the timer says when to renew
};

} // namespace understudy::detail
