#pragma once

#include <boost/asio/wait_traits.hpp>

#include <chrono>

namespace understudy::testing {

/// A monotonic clock that stands still until a test moves it. Give it to the templates as their `Clock`, and let
/// `VirtualTime` move it. Each thread has its own.
class VirtualClock {
public:
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<VirtualClock>;
    static constexpr bool is_steady = true;

    static time_point now() noexcept { return state().now; }

    static void advance(duration by) noexcept { state().now += by; }

private:
    friend struct boost::asio::wait_traits<VirtualClock>;
    friend class VirtualTime;

    struct State {
        time_point now{std::chrono::hours{1}};
        duration until_next = duration::max();
    };
    static State& state() noexcept {
        thread_local State current;
        return current;
    }
};

} // namespace understudy::testing

/// Timers of the virtual clock never make an io_context sleep, and tell how far away the next of them is.
template<>
struct boost::asio::wait_traits<understudy::testing::VirtualClock> {
    using Clock = understudy::testing::VirtualClock;

    static Clock::duration to_wait_duration(const Clock::duration& distance) {
        Clock::state().until_next = distance;
        return Clock::duration::zero();
    }
    static Clock::duration to_wait_duration(const Clock::time_point& expiry) {
        return to_wait_duration(expiry - Clock::now());
    }
};
