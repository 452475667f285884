#pragma once

#include <understudy/http/detail/connection.hpp>
#include <understudy/http/message.hpp>
#include <understudy/http/origin.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace understudy::http::detail {

/// Makes one connection: resolves, connects, secures. Nobody's request drives it, so a request that gives up does not
/// take the connection with it.
class Connector : public std::enable_shared_from_this<Connector> {
public:
    using Done = std::function<void(std::unique_ptr<Connection>, Failure)>;

    Connector(const boost::asio::any_io_executor& executor, const Origin& origin, boost::asio::ssl::context* tls)
        : origin_{origin}
        , connection_{tls ? std::make_unique<Connection>(executor, *tls) : std::make_unique<Connection>(executor)}
        , resolver_{executor}
        , timer_{executor} {}

    /// `done` is called once, unless `abandon` is called before.
    void start(std::chrono::milliseconds limit, Done done) {
        done_ = std::move(done);
        deadline_ = std::chrono::steady_clock::now() + limit;
        // The resolver has no deadline of its own, and what it runs cannot be interrupted: it is left behind.
        timer_.expires_at(deadline_);
        timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
            if (!ec && self->phase_ == Phase::resolving)
                self->finish(boost::beast::error::timeout);
        });
        resolver_.async_resolve(origin_.host, origin_.port, [self = shared_from_this()](auto ec, auto endpoints) {
            self->on_resolved(ec, std::move(endpoints));
        });
    }

    void abandon() {
        done_ = nullptr;
        timer_.cancel();
        resolver_.cancel();
        connection_->lowest().close();
    }

private:
    void on_resolved(boost::system::error_code ec, boost::asio::ip::tcp::resolver::results_type endpoints) {
        if (!done_)
            return;
        timer_.cancel();
        if (ec)
            return finish(ec);
        phase_ = Phase::connecting;
        connection_->lowest().expires_at(deadline_);
        connection_->lowest().async_connect(
            endpoints, [self = shared_from_this()](auto result, const auto&) { self->on_connected(result); });
    }

    void on_connected(boost::system::error_code ec) {
        if (!done_)
            return;
        if (ec)
            return finish(ec);
        connection_->lowest().socket().set_option(boost::asio::ip::tcp::no_delay{true}, ec);
        auto* secure = connection_->secure();
        if (!secure)
            return finish({});
        phase_ = Phase::securing;
        expect_host(secure->native_handle());
        secure->async_handshake(boost::asio::ssl::stream_base::client,
                                [self = shared_from_this()](auto result) { self->finish(result); });
    }

    // OpenSSL compares the name itself and so can say what is wrong with a certificate.
    void expect_host(SSL* ssl) {
        boost::system::error_code not_an_address;
        boost::asio::ip::make_address(origin_.host, not_an_address);
        if (not_an_address) {
            // What the macro SSL_set_tlsext_host_name stands for.
            SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, origin_.host.data());
            SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
            SSL_set1_host(ssl, origin_.host.c_str());
        } else {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), origin_.host.c_str());
        }
    }

    void finish(boost::system::error_code ec) {
        auto done = std::exchange(done_, nullptr);
        if (!done)
            return;
        timer_.cancel();
        if (!ec) {
            connection_->lowest().expires_never();
            return done(std::move(connection_), {});
        }
        Failure failure{phase_, ec, ec.message()};
        if (phase_ == Phase::securing)
            if (const long verdict = SSL_get_verify_result(connection_->secure()->native_handle());
                verdict != X509_V_OK)
                failure.reason = std::string{"certificate refused: "} + X509_verify_cert_error_string(verdict);
        done(nullptr, std::move(failure));
    }

    Origin origin_;
    std::unique_ptr<Connection> connection_;
    boost::asio::ip::tcp::resolver resolver_;
    boost::asio::steady_timer timer_;
    std::chrono::steady_clock::time_point deadline_{};
    Phase phase_ = Phase::resolving;
    Done done_;
};

} // namespace understudy::http::detail
