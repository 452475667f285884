#pragma once

#include <understudy/postgres/command.hpp>
#include <understudy/postgres/connect_params.hpp>
#include <understudy/postgres/detail/pool_state.hpp>
#include <understudy/postgres/execute_options.hpp>
#include <understudy/postgres/parameters.hpp>
#include <understudy/postgres/pool_stats.hpp>
#include <understudy/postgres/result.hpp>
#include <understudy/postgres/statement.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace understudy::postgres {

/// The signatures with which `Pool::async_execute` completes, for one statement and for several.
using ExecuteSignature = void(error_code, Result);
using ExecuteAllSignature = void(error_code, std::vector<Result>);

/// Connections to one PostgreSQL database: opened when needed, several requests on their way on each (libpq's pipeline
/// mode), reopened with growing pauses when they break. While no server can be reached requests fail at once with the
/// reason, so that a reader can turn to another store.
///
/// A handle: copies share the connections. Not thread-safe: use it from its executor only, which must run handlers one
/// at a time; handlers run there unless they have an executor of their own. Have one pool for each thread. The
/// connections close with the last handle and the last request, or with `close()`; until then a pool that was used
/// keeps its io_context busy.
class Pool {
public:
    using executor_type = boost::asio::any_io_executor;

    /// `params` must have no `problems()`; a connection string that cannot be read fails every request with
    /// `Errc::invalid_argument`.
    Pool(executor_type executor, ConnectParams params)
        : state_{std::make_shared<detail::PoolState>(std::move(executor), std::move(params))} {
        detail::PoolService::enlist(state_);
    }

    executor_type get_executor() const noexcept { return state_->executor(); }
    const ConnectParams& params() const noexcept { return state_->params(); }
    PoolStats stats() const { return state_->stats(); }

    /// Why the last connection that broke, or could not be made, did so.
    error_code last_connection_error() const noexcept { return state_->last_error(); }

    /// Runs one statement as a transaction of its own, prepared where the pool prepares statements.
    ///
    /// *Errors*: `sqlstate_category()` for what the server refuses, the result's `diagnostics()` then hold its words;
    /// `ClientErrc` for connections and for values that cannot be encoded; `Errc::overloaded` above `max_waiting`;
    /// `Errc::deadline_exceeded`; `Errc::shutting_down` after `close()`.
    ///
    /// *Cancellation*: terminal, partial and total: the handler gets `operation_aborted` at once. A statement that was
    /// sent already runs on at the server, and its result is thrown away.
    template<class Token = boost::asio::deferred_t>
    auto async_execute(std::shared_ptr<const Statement> statement, Parameters parameters, ExecuteOptions options = {},
                       Token&& token = {}) {
        std::vector<Command> commands{{std::move(statement), std::move(parameters)}};
        return initiate<detail::StatementRequest, ExecuteSignature>(std::move(commands), options, false,
                                                                    std::forward<Token>(token));
    }

    /// The same for a statement that is not worth keeping: it is not prepared.
    template<class Token = boost::asio::deferred_t>
    auto async_execute(std::string text, Parameters parameters = {}, ExecuteOptions options = {}, Token&& token = {}) {
        std::vector<Command> commands{{std::make_shared<const Statement>(std::move(text)), std::move(parameters)}};
        return initiate<detail::StatementRequest, ExecuteSignature>(std::move(commands), options, true,
                                                                    std::forward<Token>(token));
    }

    /// Runs several statements, in their order, as one transaction, in one round trip: all take effect or none. Each of
    /// them sees what became visible before it began, so that one may wait for locks that the next one relies on.
    ///
    /// The result of each statement, in their order. With an error, which is that of the statement that failed or of
    /// the commit, the results of those before it and then its own, whose `diagnostics()` hold the server's words; a
    /// statement that the server cannot even prepare fails before all others. Nothing to run is a success.
    ///
    /// *Errors* and *cancellation*: as for one statement. After `Condition::applied_unknown` all may have taken effect.
    template<class Token = boost::asio::deferred_t>
    auto async_execute(std::vector<Command> commands, ExecuteOptions options = {}, Token&& token = {}) {
        return initiate<detail::Request, ExecuteAllSignature>(std::move(commands), options, false,
                                                              std::forward<Token>(token));
    }

    /// Closes every connection; what was asked and not answered fails with `Errc::shutting_down`, and so does
    /// everything from then on.
    void close() { state_->close(); }

private:
    template<class Request>
    struct Initiation {
        std::shared_ptr<detail::PoolState> state;

        template<class Handler>
        void operator()(Handler&& handler, std::vector<Command> commands, ExecuteOptions options, bool plain) {
            auto cancel = [weak = std::weak_ptr{state}](const std::shared_ptr<Request>& cancelled) {
                if (const auto pool = weak.lock())
                    pool->cancel(cancelled);
            };
            auto request =
                detail::make_call<Request>(std::forward<Handler>(handler), state->executor(), std::move(cancel));
            request->commands = std::move(commands);
            request->alone = !options.read_only;
            request->plain = plain;
            state->execute(std::move(request), options.timeout);
        }
    };

    template<class Request, class Signature, class Token>
    auto initiate(std::vector<Command> commands, ExecuteOptions options, bool plain, Token&& token) {
        return boost::asio::async_initiate<Token, Signature>(Initiation<Request>{state_}, token, std::move(commands),
                                                             options, plain);
    }

    std::shared_ptr<detail::PoolState> state_;
};

} // namespace understudy::postgres
