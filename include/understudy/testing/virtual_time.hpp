#pragma once

#include <understudy/testing/virtual_clock.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <stdexcept>
#include <utility>

namespace understudy::testing {

/// Runs an io_context on the virtual clock: time passes only when nothing else can happen, and then at once.
///
///     VirtualTime time;
///     Reading<Contact> reading = time.await(cache.async_get("17"));
///
/// Everything that waits must wait on timers of `VirtualClock`; sockets are of no use here. Not thread-safe.
class VirtualTime {
public:
    boost::asio::io_context& context() noexcept { return context_; }
    boost::asio::io_context::executor_type get_executor() noexcept { return context_.get_executor(); }

    /// Runs whatever can run without time passing.
    void settle() {
        context_.restart();
        while (context_.poll() != 0)
            context_.restart();
    }

    /// Lets `by` pass, running everything that falls due, in order.
    void advance(VirtualClock::duration by) {
        const auto end = VirtualClock::now() + by;
        for (;;) {
            settle();
            const auto next = until_next();
            if (next > end - VirtualClock::now())
                break;
            VirtualClock::advance(next);
        }
        VirtualClock::advance(end - VirtualClock::now());
        settle();
    }

    /// Runs until nothing is left to do.
    void run() {
        while (step()) {
        }
    }

    /// Starts an operation and runs until it has completed; gives its result or throws `boost::system::system_error`.
    /// Throws `std::logic_error` if nothing is left that could complete it.
    template<class Operation>
    auto await(Operation&& operation) {
        auto result = std::forward<Operation>(operation)(boost::asio::use_future);
        while (result.wait_for(std::chrono::seconds{0}) != std::future_status::ready)
            if (!step())
                throw std::logic_error{"nothing is left to do, and the operation has not completed"};
        return result.get();
    }

private:
    bool step() {
        context_.restart();
        if (context_.poll() != 0)
            return true;
        if (context_.stopped())
            return false;
        const auto next = until_next();
        if (next == VirtualClock::duration::max())
            return false;
        VirtualClock::advance(next);
        return true;
    }

    // The distance to the next timer is learned when the io_context looks at its timers.
    VirtualClock::duration until_next() {
        VirtualClock::state().until_next = VirtualClock::duration::max();
        context_.restart();
        context_.poll();
        const auto next = VirtualClock::state().until_next;
        // A timer that is set to the end of time never fires.
        constexpr VirtualClock::duration horizon = std::chrono::hours{24 * 365 * 10};
        return next > horizon ? VirtualClock::duration::max() : std::max(next, VirtualClock::duration::zero());
    }

    boost::asio::io_context context_;
};

} // namespace understudy::testing
