#pragma once

#include <understudy/postgres/detail/backoff.hpp>
#include <understudy/postgres/detail/connection.hpp>
#include <understudy/postgres/pool_stats.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// What the handles of a pool share.
class PoolState final : public ConnectionOwner, public std::enable_shared_from_this<PoolState> {
public:
    using Clock = std::chrono::steady_clock;

    PoolState(boost::asio::any_io_executor executor, ConnectParams params)
        : executor_{std::move(executor)}
        , params_{std::make_shared<const ConnectParams>(std::move(params))}
        , prepares_{params_->prepares()}
        , backoff_{params_->backoff_first, params_->backoff_last, std::minstd_rand{std::random_device{}()}}
        , deadline_timer_{executor_}
        , pause_timer_{executor_} {}

    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    const ConnectParams& params() const noexcept { return *params_; }
    PoolStats stats() const {
        PoolStats stats = stats_;
        stats.waiting = waiting_.size();
        stats.connected = static_cast<std::size_t>(
            std::count_if(connections_.begin(), connections_.end(), [](const auto& c) { return c->ready(); }));
        stats.plain = !prepares_;
        return stats;
    }
    const error_code& last_error() const noexcept { return last_failure_; }

    void execute(RequestPtr request, std::chrono::milliseconds timeout) {
        if (request->commands.empty())
            return request->refuse({});
        ++stats_.requests;
        if (const auto ec = refusal(*request)) {
            ++stats_.failed;
            return request->refuse(ec);
        }
        if (timeout.count() <= 0)
            timeout = params_->request_timeout;
        request->deadline = deadlines_.emplace(Clock::now() + timeout, request);
        self_ = shared_from_this();
        arm_deadline();
        place(std::move(request));
    }

    void cancel(const RequestPtr& request) {
        ++stats_.cancelled;
        give_up(request, boost::asio::error::operation_aborted);
    }

    void close() {
        closed_ = true;
        pause_timer_.cancel();
        deadline_timer_.cancel();
        for (const auto& connection : std::exchange(connections_, {}))
            connection->close();
        while (!deadlines_.empty())
            give_up(RequestPtr{deadlines_.begin()->second}, Errc::shutting_down);
    }

    // The io_context is going away: nothing may be called any more, and whatever a handler holds must be let go.
    void abandon() {
        closed_ = true;
        for (const auto& connection : std::exchange(connections_, {}))
            connection->close();
        const auto waiting = std::exchange(waiting_, {});
        const auto requests = std::exchange(deadlines_, {});
        const auto self = std::move(self_);
    }

    void on_ready(Connection& connection) override {
        ++stats_.connects;
        if (prepares_ && !params_->session_setup.empty())
            set_up(connection);
        drain();
    }

    void on_finished(Connection& connection, Finished finished) override {
        backoff_.succeeded();
        for (auto& [request, results] : finished.done) {
            if (request->done)
                continue;
            const auto ec = results.back().error();
            // Prepared statements that come and go: somebody in between hands our requests to other sessions. (A name
            // that this connection does not know any more was refused while others already relied on it.)
            const bool taken = is_sqlstate(ec, "42P05");
            const std::size_t most = 2 + request->commands.size();
            if ((taken || is_sqlstate(ec, "26000")) && ++request->attempts <= static_cast<int>(most)) {
                const auto& failed =
                    *request->commands[std::min(results.size(), request->commands.size()) - 1].statement;
                if ((taken || connection.prepared(failed)) && params_->statements == StatementMode::automatic)
                    stop_preparing();
                if (!taken)
                    connection.forget(failed);
                again(std::move(request));
                continue;
            }
            if (ec)
                report(ec, results.back().diagnostics());
            finish(request, ec, std::move(results));
        }
        for (auto& request : finished.again)
            again(std::move(request));
        drain();
    }

    void on_closed(Connection& connection, const Failure& failure, std::vector<RequestPtr> out) override {
        std::erase_if(connections_, [&](const auto& c) { return c.get() == &connection; });
        last_failure_ = failure.code;
        report(failure.code, failure.diagnostics);
        for (const auto& request : out)
            give_up(request, failure.code);
        if (closed_)
            return;
        if (connection.answered()) {
            if (connections_.empty())
                open();
            return drain();
        }
        ++stats_.connect_failures;
        pause();
        if (any_ready())
            return drain();
        for (const auto& request : std::exchange(waiting_, {})) {
            request->waiting = false;
            give_up(request, failure.code);
        }
    }

private:
    void set_up(Connection& connection) {
        RequestPtr request = std::make_shared<SetupRequest>(params_->session_setup);
        request->deadline = deadlines_.emplace(Clock::now() + params_->request_timeout, request);
        self_ = shared_from_this();
        arm_deadline();
        connection.submit(std::move(request));
    }

    bool any_ready() const {
        return std::any_of(connections_.begin(), connections_.end(), [](const auto& c) { return c->ready(); });
    }

    error_code refusal(const Request& request) const {
        if (closed_)
            return Errc::shutting_down;
        for (const auto& command : request.commands) {
            if (command.parameters.error())
                return command.parameters.error();
        }
        if (pausing_ && connections_.empty())
            return last_failure_;
        if (waiting_.size() >= params_->max_waiting)
            return Errc::overloaded;
        return {};
    }

    // To an idle connection, if there is one. If another may be opened, the request waits for it or for the first one
    // to become idle: nothing gets stuck behind a statement that waits for a lock while there is another way. Otherwise
    // it is sent after what is out already, where least is.
    bool try_place(const RequestPtr& request) {
        Connection* least = nullptr;
        bool connecting = false;
        for (const auto& connection : connections_) {
            if (!connection->ready())
                connecting = true;
            else if (!least || connection->load() < least->load())
                least = connection.get();
        }
        if (!least || least->load() > 0) {
            if (!connecting && !pausing_ && connections_.size() < params_->max_connections) {
                open();
                connecting = true;
            }
            if (!least || connecting || least->load() >= params_->pipeline_depth)
                return false;
        }
        least->submit(request);
        return true;
    }

    void place(RequestPtr request) {
        if (try_place(request))
            return;
        request->waiting = true;
        waiting_.push_back(std::move(request));
    }

    void open() {
        connections_.push_back(std::make_shared<Connection>(executor_, params_, prepares_, weak_from_this()));
        connections_.back()->start();
    }

    void pause() {
        pausing_ = true;
        pause_timer_.expires_after(backoff_.failed());
        pause_timer_.async_wait([weak = weak_from_this()](error_code ec) {
            const auto self = weak.lock();
            if (!self || ec || self->closed_)
                return;
            self->pausing_ = false;
            if (self->connections_.empty())
                self->open();
        });
    }

    void drain() {
        while (!waiting_.empty() && try_place(waiting_.front())) {
            waiting_.front()->waiting = false;
            waiting_.pop_front();
        }
    }

    void again(RequestPtr request) {
        if (request->done)
            return;
        ++stats_.sent_again;
        request->alone = true;
        place(std::move(request));
    }

    void stop_preparing() {
        prepares_ = false;
        for (const auto& connection : connections_)
            connection->stop_preparing();
    }

    void finish(const RequestPtr& request, error_code ec, std::vector<Result> results) {
        retire(*request, ec);
        request->deliver(ec, std::move(results));
    }

    void give_up(const RequestPtr& request, error_code ec) {
        if (request->done)
            return;
        const auto kept = request;
        if (request->waiting)
            std::erase(waiting_, request);
        retire(*kept, ec);
        kept->deliver_later(ec);
    }

    void retire(Request& request, error_code ec) {
        request.done = true;
        if (ec)
            ++stats_.failed;
        deadlines_.erase(request.deadline);
        // Whoever called holds the pool too.
        if (deadlines_.empty())
            self_.reset();
    }

    // The timer is left alone while it is early enough: re-arming it for every request would cost more than the rest.
    void arm_deadline() {
        if (deadlines_.empty() || closed_)
            return;
        const auto first = deadlines_.begin()->first;
        if (armed_ && armed_until_ <= first)
            return;
        armed_ = true;
        armed_until_ = first;
        deadline_timer_.expires_at(first);
        deadline_timer_.async_wait([weak = weak_from_this()](error_code ec) {
            const auto self = weak.lock();
            if (!self || ec)
                return;
            self->armed_ = false;
            self->expire(Clock::now());
            self->arm_deadline();
        });
    }

    void expire(Clock::time_point now) {
        while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
            ++stats_.timed_out;
            give_up(RequestPtr{deadlines_.begin()->second}, Errc::deadline_exceeded);
        }
    }

    void report(const error_code& ec, const Diagnostics& diagnostics) const {
        if (params_->on_failure)
            params_->on_failure(ec, diagnostics);
    }

    boost::asio::any_io_executor executor_;
    std::shared_ptr<const ConnectParams> params_;
    bool prepares_;
    bool closed_ = false;
    bool pausing_ = false;
    bool armed_ = false;
    Clock::time_point armed_until_{};
    Backoff<> backoff_;
    error_code last_failure_;
    PoolStats stats_;
    std::vector<std::shared_ptr<Connection>> connections_;
    std::deque<RequestPtr> waiting_;
    // Every request that has not been answered is here, and keeps the pool.
    Deadlines deadlines_;
    std::shared_ptr<PoolState> self_;
    boost::asio::steady_timer deadline_timer_;
    boost::asio::steady_timer pause_timer_;
};

// Tells the pools of an io_context that it goes away: requests and pools hold each other until they are answered.
class PoolService final : public boost::asio::execution_context::service {
public:
    static inline boost::asio::execution_context::id id;

    explicit PoolService(boost::asio::execution_context& context)
        : service{context} {}

    static void enlist(const std::shared_ptr<PoolState>& pool) {
        auto& service = boost::asio::use_service<PoolService>(
            boost::asio::query(pool->executor(), boost::asio::execution::context));
        const std::lock_guard lock{service.mutex_};
        std::erase_if(service.pools_, [](const auto& weak) { return weak.expired(); });
        service.pools_.push_back(pool);
    }

private:
    void shutdown() override {
        for (const auto& weak : std::exchange(pools_, {})) {
            if (const auto pool = weak.lock())
                pool->abandon();
        }
    }

    std::mutex mutex_;
    std::vector<std::weak_ptr<PoolState>> pools_;
};

} // namespace understudy::postgres::detail
