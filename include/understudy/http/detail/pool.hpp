#pragma once

#include <understudy/error.hpp>
#include <understudy/http/detail/connection.hpp>
#include <understudy/http/detail/connector.hpp>
#include <understudy/http/detail/pool_rules.hpp>
#include <understudy/http/params.hpp>
#include <understudy/http/stats.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <list>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace understudy::http::detail {

/// Somebody who waits for a connection: his timer runs to his deadline and is cancelled when there is news.
struct Waiter {
    explicit Waiter(const boost::asio::any_io_executor& executor)
        : timer{executor} {}

    boost::asio::steady_timer timer;
    bool fresh = false;
    std::unique_ptr<Connection> connection{};
    boost::system::error_code error{};
    Failure failure{};
};

/// The connections to one server. Belongs to one executor.
class Pool : public std::enable_shared_from_this<Pool> {
public:
    Pool(boost::asio::any_io_executor executor, Params params)
        : executor_{std::move(executor)}
        , params_{std::move(params)}
        , origin_{parse_origin(params_.origin)}
        , sweeper_{executor_}
        , drained_{executor_, std::chrono::steady_clock::time_point::max()} {
        if (origin_.tls)
            set_up_tls();
    }

    ~Pool() {
        for (const auto& connector : connectors_)
            connector->abandon();
    }

    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    const Params& params() const noexcept { return params_; }
    const Origin& origin() const noexcept { return origin_; }
    bool closed() const noexcept { return closed_; }
    Stats& stats() noexcept { return stats_; }

    Stats snapshot() const {
        Stats stats = stats_;
        const auto now = counts();
        stats.idle = now.idle;
        stats.busy = now.busy;
        stats.connecting = now.connecting;
        stats.waiting = now.waiting;
        return stats;
    }

    /// The connection used last, if one is there that seems alive.
    std::unique_ptr<Connection> take_idle() {
        while (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            const bool young = std::chrono::steady_clock::now() - connection->idle_since < params_.idle_timeout;
            if (young && connection->alive()) {
                ++busy_;
                return connection;
            }
        }
        return nullptr;
    }

    Admission admit(bool fresh) const { return detail::admit(counts(), limits(), fresh); }

    void enqueue(Waiter& waiter) {
        waiting_.push_back(&waiter);
        connect_if_needed();
    }

    void dequeue(Waiter& waiter) { waiting_.remove(&waiter); }

    /// Takes a connection back after an exchange that left it usable.
    void give_back(std::unique_ptr<Connection> connection) {
        --busy_;
        hand_out(std::move(connection));
    }

    /// Closes a connection that was handed out.
    void drop(std::unique_ptr<Connection> connection) {
        --busy_;
        connection.reset();
        connect_if_needed();
    }

    /// What one dead connection says of those that lie idle beside it.
    void drop_idle() { idle_.clear(); }

    bool nothing_established() const noexcept { return busy_ == 0 && idle_.empty(); }

    void close() {
        closed_ = true;
        idle_.clear();
        sweeper_.cancel();
        for (const auto& connector : std::exchange(connectors_, {}))
            connector->abandon();
        for (auto* waiter : std::exchange(waiting_, {}))
            refuse(*waiter, Errc::shutting_down, {});
    }

    void begin_request() {
        ++in_flight_;
        ++stats_.requests;
    }
    void end_request() {
        if (--in_flight_ == 0)
            drained_.cancel();
    }
    bool is_drained() const noexcept { return in_flight_ == 0; }
    boost::asio::steady_timer& drained() noexcept { return drained_; }

private:
    PoolCounts counts() const noexcept { return {idle_.size(), busy_, connectors_.size(), waiting_.size()}; }
    PoolLimits limits() const noexcept { return {params_.max_connections, params_.max_waiting}; }

    void set_up_tls() {
        namespace ssl = boost::asio::ssl;
        tls_.emplace(ssl::context::tls_client);
        tls_->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                          ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
        tls_->set_verify_mode(ssl::verify_peer);
        boost::system::error_code ec;
        if (params_.ca_file.empty())
            tls_->set_default_verify_paths(ec);
        else
            tls_->load_verify_file(params_.ca_file, ec);
        if (ec)
            throw std::runtime_error{"cannot read the certificates to trust" +
                                     (params_.ca_file.empty() ? std::string{} : " in " + params_.ca_file) + ": " +
                                     ec.message()};
    }

    void connect_if_needed() {
        while (!closed_ && should_connect(counts(), limits())) {
            auto connector = std::make_shared<Connector>(executor_, origin_, tls_ ? &*tls_ : nullptr);
            connectors_.push_back(connector);
            connector->start(params_.connect_timeout, [weak = weak_from_this(), key = connector.get()](
                                                          std::unique_ptr<Connection> connection, Failure failure) {
                if (const auto self = weak.lock())
                    self->on_connector_done(key, std::move(connection), std::move(failure));
            });
        }
    }

    void on_connector_done(const Connector* key, std::unique_ptr<Connection> connection, Failure failure) {
        std::erase_if(connectors_, [key](const auto& connector) { return connector.get() == key; });
        if (connection) {
            ++stats_.connections_made;
            return hand_out(std::move(connection));
        }
        ++stats_.connections_failed;
        if (!waiting_.empty()) {
            auto* waiter = waiting_.front();
            waiting_.pop_front();
            refuse(*waiter, Errc::unavailable, std::move(failure));
        }
        connect_if_needed();
    }

    void hand_out(std::unique_ptr<Connection> connection) {
        if (closed_)
            return;
        const bool used = connection->exchanges > 0;
        const auto taker = std::ranges::find_if(waiting_, [used](const Waiter* w) { return !(used && w->fresh); });
        if (taker != waiting_.end()) {
            auto* waiter = *taker;
            waiting_.erase(taker);
            ++busy_;
            waiter->connection = std::move(connection);
            waiter->timer.cancel();
        } else if (waiting_.empty()) {
            connection->idle_since = std::chrono::steady_clock::now();
            idle_.push_back(std::move(connection));
            sweep_later();
        } else {
            connection.reset();
            connect_if_needed();
        }
    }

    static void refuse(Waiter& waiter, boost::system::error_code error, Failure failure) {
        waiter.error = error;
        waiter.failure = std::move(failure);
        waiter.timer.cancel();
    }

    void sweep_later() {
        if (sweeping_)
            return;
        sweeping_ = true;
        sweeper_.expires_at(idle_.front()->idle_since + params_.idle_timeout);
        sweeper_.async_wait([weak = weak_from_this()](boost::system::error_code) {
            if (const auto self = weak.lock())
                self->sweep();
        });
    }

    void sweep() {
        sweeping_ = false;
        const auto now = std::chrono::steady_clock::now();
        std::erase_if(idle_, [&](const auto& c) { return now - c->idle_since >= params_.idle_timeout; });
        if (!idle_.empty() && !closed_)
            sweep_later();
    }

    boost::asio::any_io_executor executor_;
    Params params_;
    Origin origin_;
    std::optional<boost::asio::ssl::context> tls_;
    std::vector<std::unique_ptr<Connection>> idle_; // the one used last at the back
    std::vector<std::shared_ptr<Connector>> connectors_;
    std::list<Waiter*> waiting_;
    std::size_t busy_ = 0;
    std::size_t in_flight_ = 0;
    bool closed_ = false;
    bool sweeping_ = false;
    Stats stats_;
    boost::asio::steady_timer sweeper_;
    boost::asio::steady_timer drained_;
};

} // namespace understudy::http::detail
