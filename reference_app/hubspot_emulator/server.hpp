#pragma once

#include "certificate.hpp"
#include "emulator.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>

namespace hubspot_emulator {

class Courier;
class Session;

/// Serves one emulator over HTTP/1.1 on any number of ports, plain or TLS, on one thread.
class Server {
public:
    Server(boost::asio::io_context& io, Emulator& emulator);
    ~Server();

    /// Listens on 127.0.0.1 or what `address` says; port 0 picks a free one. The port that it became.
    unsigned short listen(const std::string& address, unsigned short port);
    unsigned short listen_tls(const std::string& address, unsigned short port, const Certificate& certificate);

    /// No new connections; idle ones are closed, calls under way are answered first.
    /// `drained` is called once the last connection is gone.
    void stop(std::function<void()> drained);
    /// Closes everything that is still open.
    void abort();

private:
    friend class Courier;
    friend class Session;
    using Tcp = boost::asio::ip::tcp;
    using Acceptor = boost::asio::basic_socket_acceptor<Tcp, boost::asio::io_context::executor_type>;

    unsigned short open(const std::string& address, unsigned short port, boost::asio::ssl::context* tls);
    void accept(Acceptor& acceptor, boost::asio::ssl::context* tls);
    void forget(Session* session);
    /// Sends the webhooks that are due, and comes back for the next ones.
    void deliver();
    /// Wakes what a release or a reset lets go on.
    void wake_held();

    boost::asio::io_context& io_;
    Emulator& emulator_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    std::vector<std::unique_ptr<boost::asio::ssl::context>> tls_;
    std::set<Session*> sessions_;
    std::set<Courier*> couriers_;
    boost::asio::steady_timer delivery_timer_;
    std::function<void()> drained_;
    bool stopping_ = false;
};

} // namespace hubspot_emulator
