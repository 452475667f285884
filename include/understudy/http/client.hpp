#pragma once

#include <understudy/http/detail/exchange.hpp>
#include <understudy/http/message.hpp>
#include <understudy/http/params.hpp>
#include <understudy/http/stats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace understudy::http {

/// A client of one HTTP/1.1 server over a bounded number of kept connections, plain or TLS with the server's
/// certificate and host name checked.
///
/// A handle: copies share the connections. Use it from its executor only; handlers run there unless they have an
/// executor of their own. Requests in flight keep what they need alive after the last handle is gone; connections that
/// nobody uses are closed then.
class Client {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Throws `std::invalid_argument` for an address that is none, `std::runtime_error` for certificates that cannot be
    /// read. Connects on the first request.
    Client(executor_type executor, Params params)
        : pool_{std::make_shared<detail::Pool>(std::move(executor), std::move(params))} {}

    executor_type get_executor() const noexcept { return pool_->executor(); }

    /// Sends a request and reads the answer, whatever its status.
    ///
    /// *Signature*: `void(boost::system::error_code, Answer)`.
    ///
    /// `timeout` covers everything: waiting for a connection, sending and receiving. A request that fails on a
    /// connection kept from before, with no byte of an answer, is sent once more on a new connection if it is
    /// repeatable.
    ///
    /// *Errors*: `unavailable` (no connection could be made, or it was lost and the request is repeatable), `timed_out`
    /// (sent, and no answer in time; or lost and not repeatable: it may have taken effect), `overloaded` (too many
    /// wait, or all connections stayed busy), `malformed_answer` (not HTTP, or too large), `shutting_down`,
    /// `deadline_exceeded` (no time was left when it was to be sent). `Answer::failure` then says more, for logs.
    ///
    /// *Cancellation*: terminal, partial and total, with `operation_aborted`; what was sent may have taken effect, and
    /// its connection is closed.
    template<class Token = boost::asio::deferred_t>
    auto async_request(Request request, std::chrono::milliseconds timeout, Token&& token = {}) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, Answer)>(
            [](auto handler, const std::shared_ptr<detail::Pool>& pool, std::unique_ptr<detail::Exchange> exchange) {
                detail::start_request(pool, std::move(exchange), {pool->executor(), std::move(handler)});
            },
            token, pool_, std::make_unique<detail::Exchange>(*pool_, std::move(request), timeout));
    }

    /// Takes no new requests and fails those that wait with `shutting_down`; those that were sent are answered still.
    void close() { pool_->close(); }

    /// Completes when nothing is in flight any more.
    ///
    /// *Signature*: `void(boost::system::error_code)`. *Cancellation*: all types, with `operation_aborted`.
    template<class Token = boost::asio::deferred_t>
    auto async_drain(Token&& token = {}) {
        return boost::asio::async_compose<Token, void(boost::system::error_code)>(
            [pool = pool_, waited = false](auto& self, boost::system::error_code = {}) mutable {
                if (self.cancelled() != boost::asio::cancellation_type::none)
                    return self.complete(boost::asio::error::operation_aborted);
                if (waited && pool->is_drained())
                    return self.complete({});
                if (!waited)
                    self.reset_cancellation_state(boost::asio::enable_total_cancellation());
                const bool drained = pool->is_drained();
                waited = true;
                auto& timer = pool->drained();
                if (drained)
                    return boost::asio::post(pool->executor(), std::move(self));
                timer.async_wait(std::move(self));
            },
            token, pool_->executor());
    }

    Stats stats() const { return pool_->snapshot(); }

private:
    std::shared_ptr<detail::Pool> pool_;
};

} // namespace understudy::http
