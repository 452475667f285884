#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <future>
#include <stdexcept>
#include <utility>

namespace tests {

/// Runs an io_context with real sockets, one operation or one condition at a time.
class RealTime {
public:
    boost::asio::io_context& context() noexcept { return context_; }
    auto get_executor() noexcept { return context_.get_executor(); }

    /// Starts an operation and runs until it has completed; gives its result or throws.
    template<class Operation>
    auto await(Operation&& operation) {
        auto result = std::forward<Operation>(operation)(boost::asio::use_future);
        until([&] { return result.wait_for(std::chrono::seconds{0}) == std::future_status::ready; });
        return result.get();
    }

    /// Runs until the condition holds.
    template<class Condition>
    void until(Condition condition) {
        context_.restart();
        while (!condition())
            if (context_.run_one_for(std::chrono::seconds{30}) == 0)
                throw std::logic_error{"nothing happened for half a minute"};
    }

private:
    boost::asio::io_context context_{1};
};

} // namespace tests
