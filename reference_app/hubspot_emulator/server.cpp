#include "server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace hubspot_emulator {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using TlsStream = asio::ssl::stream<Socket>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr std::uint32_t header_limit = 64 * 1024;
constexpr std::size_t chunk_size = 4096;
constexpr std::uint64_t body_limit = 16 * 1024 * 1024;

// The wall clock as it was at the start, carried on by one that never goes back.
Millis now_ms() {
    using namespace std::chrono;
    static const auto wall = duration_cast<milliseconds>(system_clock::now().time_since_epoch());
    static const auto start = steady_clock::now();
    return (wall + duration_cast<milliseconds>(steady_clock::now() - start)).count();
}

std::string_view reason(int status) {
    if (status == 477)
        return "Migration in Progress";
    return http::obsolete_reason(static_cast<http::status>(status));
}

} // namespace

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

/// One connection: reads a request, lets its time pass, answers, reads the next.
class Session : public std::enable_shared_from_this<Session> {
public:
    explicit Session(Server& server)
        : server_(server)
        , timer_(server.io_) {
        server_.sessions_.insert(this);
    }
    virtual ~Session() { server_.forget(this); }

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    virtual void start() = 0;
    bool idle() const noexcept { return !busy_ || held_; }
    void close() {
        error_code ignored;
        socket().close(ignored);
        timer_.cancel();
    }
    void wake() {
        if (held_ && server_.emulator_.hold_generation() > admission_.hold_generation)
            timer_.cancel();
    }

protected:
    virtual Socket& socket() = 0;
    virtual void read() = 0;
    virtual void write() = 0;
    /// A read that ends when the client is gone.
    virtual void await_end() = 0;

    void read_next() {
        busy_ = false;
        if (server_.stopping_) {
            close();
            return;
        }
        parser_.emplace();
        parser_->header_limit(header_limit);
        parser_->body_limit(body_limit);
        read();
    }

    void on_read(error_code error) {
        if (error) {
            if (error == http::error::body_limit || error == http::error::header_limit ||
                error == http::error::bad_target || error == http::error::bad_method)
                close();
            return;
        }
        busy_ = true;
        auto& message = parser_->get();
        request_.method = std::string(message.method_string());
        request_.target = std::string(message.target());
        request_.authorization = std::string(message[http::field::authorization]);
        request_.body = std::move(message.body());
        keep_alive_ = message.keep_alive();
        admission_ = server_.emulator_.admit(request_, now_ms());
        pass(admission_.latency_ms / 2, &Session::before_effect);
    }

    void on_written(error_code error) {
        if (!admission_.control)
            server_.emulator_.finished(admission_, error || half_ ? 0 : response_.status);
        if (error)
            return;
        if (half_ || !keep_alive_) {
            shut_down();
            return;
        }
        read_next();
    }

    virtual void shut_down() {
        error_code ignored;
        socket().shutdown(asio::socket_base::shutdown_send, ignored);
        close();
    }

    std::optional<http::request_parser<http::string_body>> parser_;
    beast::flat_buffer buffer_;
    std::string head_;
    Response response_;
    bool half_ = false;

    std::vector<asio::const_buffer> answer() const {
        if (!half_)
            return {asio::buffer(head_), asio::buffer(response_.body)};
        return {asio::buffer(head_), asio::buffer(response_.body, response_.body.size() / 2)};
    }

private:
    using Step = void (Session::*)();

    void pass(Millis delay, Step next) {
        if (delay <= 0) {
            (this->*next)();
            return;
        }
        timer_.expires_after(std::chrono::milliseconds(delay));
        timer_.async_wait([self = shared_from_this(), next](error_code error) {
            if (!error)
                ((*self).*next)();
            else
                self->gone();
        });
    }

    void hold(Step next) {
        held_ = true;
        server_.emulator_.held(1);
        timer_.expires_at(Timer::time_point::max());
        timer_.async_wait([self = shared_from_this(), next](error_code) {
            self->held_ = false;
            self->server_.emulator_.held(-1);
            if (self->socket().is_open())
                ((*self).*next)();
            else
                self->gone();
        });
    }

    void gone() {
        if (!admission_.control)
            server_.emulator_.finished(admission_, 0);
    }

    /// False when the call goes on now.
    bool interrupt(Interruption interruption, Step next) {
        switch (interruption) {
        case Interruption::never_answer:
            gone();
            busy_ = false;
            await_end();
            return true;
        case Interruption::reset: {
            gone();
            error_code ignored;
            socket().set_option(asio::socket_base::linger(true, 0), ignored);
            close();
            return true;
        }
        case Interruption::hold:
            hold(next);
            return true;
        case Interruption::none:
        case Interruption::half_answer:
            break;
        }
        return false;
    }

    void before_effect() {
        if (!interrupt(admission_.before, &Session::take_effect))
            take_effect();
    }

    void take_effect() {
        response_ = server_.emulator_.perform(request_, admission_, now_ms());
        server_.wake_held();
        server_.deliver();
        pass(admission_.latency_ms - admission_.latency_ms / 2, &Session::after_effect);
    }

    void after_effect() {
        if (!interrupt(admission_.after, &Session::send))
            send();
    }

    void send() {
        half_ = admission_.after == Interruption::half_answer;
        keep_alive_ = keep_alive_ && !server_.stopping_;
        head_.clear();
        head_ += "HTTP/1.1 ";
        head_ += std::to_string(response_.status);
        head_ += ' ';
        head_ += reason(response_.status);
        if (response_.status != 204) {
            head_ += "\r\nContent-Type: ";
            head_ += response_.content_type;
            if (admission_.chunked && !half_) {
                head_ += "\r\nTransfer-Encoding: chunked";
                send_in_chunks();
            } else {
                head_ += "\r\nContent-Length: ";
                head_ += std::to_string(response_.body.size());
            }
        }
        for (const auto& [name, value] : response_.headers) {
            head_ += "\r\n";
            head_ += name;
            head_ += ": ";
            head_ += value;
        }
        head_ += keep_alive_ ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
        write();
    }

    void send_in_chunks() {
        std::string framed;
        for (std::size_t at = 0; at < response_.body.size(); at += chunk_size) {
            auto part = std::string_view(response_.body).substr(at, chunk_size);
            char size[24];
            std::snprintf(size, sizeof size, "%zx\r\n", part.size());
            framed.append(size).append(part).append("\r\n");
        }
        response_.body = framed + "0\r\n\r\n";
    }

    Server& server_;
    Timer timer_;
    Request request_;
    Admission admission_;
    bool keep_alive_ = true;
    bool busy_ = false;
    bool held_ = false;
};

/// Carries one delivery to the subscriber, who has five seconds to answer it.
class Courier : public std::enable_shared_from_this<Courier> {
public:
    Courier(Server& server, Delivery delivery)
        : server_(server)
        , delivery_(std::move(delivery))
        , socket_(server.io_)
        , timer_(server.io_) {
        server_.couriers_.insert(this);
    }
    ~Courier() {
        server_.couriers_.erase(this);
        if (server_.stopping_)
            return;
        server_.emulator_.webhooks().ended(delivery_.id, status_, now_ms());
        server_.deliver();
    }
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    void start() {
        timer_.expires_after(std::chrono::seconds(5));
        timer_.async_wait([weak = weak_from_this()](error_code error) {
            if (const auto self = weak.lock(); self && !error)
                self->close();
        });
        const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(delivery_.host), delivery_.port);
        socket_.async_connect(endpoint, [self = shared_from_this()](error_code error) {
            if (!error)
                self->send();
        });
    }
    void close() {
        error_code ignored;
        socket_.close(ignored);
    }

private:
    void send() {
        asio::async_write(socket_, asio::buffer(delivery_.request),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (!error)
                                  self->receive();
                          });
    }
    void receive() {
        http::async_read_header(socket_, buffer_, parser_, [self = shared_from_this()](error_code error, std::size_t) {
            if (!error)
                self->status_ = static_cast<int>(self->parser_.get().result_int());
        });
    }

    Server& server_;
    Delivery delivery_;
    Socket socket_;
    Timer timer_;
    beast::flat_buffer buffer_;
    http::response_parser<http::string_body> parser_;
    int status_ = 0;
};

namespace {

template<typename Stream>
class StreamSession final : public Session {
public:
    template<typename... Arguments>
    StreamSession(Server& server, Arguments&&... arguments)
        : Session(server)
        , stream_(std::forward<Arguments>(arguments)...) {}

    void start() override {
        error_code ignored;
        socket().set_option(asio::ip::tcp::no_delay(true), ignored);
        if constexpr (std::is_same_v<Stream, TlsStream>)
            stream_.async_handshake(asio::ssl::stream_base::server, [self = shared()](error_code error) {
                if (!error)
                    self->read_next();
            });
        else
            read_next();
    }

private:
    std::shared_ptr<StreamSession> shared() { return std::static_pointer_cast<StreamSession>(shared_from_this()); }

    Socket& socket() override {
        if constexpr (std::is_same_v<Stream, TlsStream>)
            return stream_.next_layer();
        else
            return stream_;
    }

    void read() override {
        http::async_read(stream_, buffer_, *parser_,
                         [self = shared()](error_code error, std::size_t) { self->on_read(error); });
    }

    void write() override {
        asio::async_write(stream_, answer(),
                          [self = shared()](error_code error, std::size_t) { self->on_written(error); });
    }

    void await_end() override {
        stream_.async_read_some(asio::buffer(unread_), [self = shared()](error_code error, std::size_t) {
            if (!error)
                self->await_end();
        });
    }

    void shut_down() override {
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            if (!half_) {
                stream_.async_shutdown([self = shared()](error_code) { self->close(); });
                return;
            }
        }
        Session::shut_down();
    }

    Stream stream_;
    std::array<char, 512> unread_{};
};

} // namespace

Server::Server(asio::io_context& io, Emulator& emulator)
    : io_(io)
    , emulator_(emulator)
    , delivery_timer_(io) {}

Server::~Server() = default;

unsigned short Server::listen(const std::string& address, unsigned short port) {
    return open(address, port, nullptr);
}

unsigned short Server::listen_tls(const std::string& address, unsigned short port, const Certificate& certificate) {
    auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                         asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    context->use_certificate_chain(asio::buffer(certificate.certificate_pem));
    context->use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem);
    tls_.push_back(std::move(context));
    return open(address, port, tls_.back().get());
}

unsigned short Server::open(const std::string& address, unsigned short port, asio::ssl::context* tls) {
    Tcp::endpoint endpoint(asio::ip::make_address(address), port);
    acceptors_.push_back(std::make_unique<Acceptor>(io_.get_executor(), endpoint));
    accept(*acceptors_.back(), tls);
    return acceptors_.back()->local_endpoint().port();
}

void Server::accept(Acceptor& acceptor, asio::ssl::context* tls) {
    acceptor.async_accept([this, &acceptor, tls](error_code error, Socket socket) {
        if (error == asio::error::operation_aborted || !acceptor.is_open())
            return;
        if (!error) {
            if (tls)
                std::make_shared<StreamSession<TlsStream>>(*this, std::move(socket), *tls)->start();
            else
                std::make_shared<StreamSession<Socket>>(*this, std::move(socket))->start();
        }
        accept(acceptor, tls);
    });
}

void Server::deliver() {
    if (stopping_)
        return;
    while (auto delivery = emulator_.webhooks().next(now_ms()))
        std::make_shared<Courier>(*this, std::move(*delivery))->start();
    const auto due = emulator_.webhooks().next_due();
    if (!due)
        return;
    delivery_timer_.expires_after(std::chrono::milliseconds(std::max<Millis>(1, *due - now_ms())));
    delivery_timer_.async_wait([this](error_code error) {
        if (!error)
            deliver();
    });
}

void Server::wake_held() {
    for (auto* session : sessions_)
        session->wake();
}

void Server::forget(Session* session) {
    sessions_.erase(session);
    if (sessions_.empty() && drained_)
        drained_();
}

void Server::stop(std::function<void()> drained) {
    stopping_ = true;
    error_code ignored;
    for (auto& acceptor : acceptors_)
        acceptor->close(ignored);
    delivery_timer_.cancel();
    for (auto* courier : couriers_)
        courier->close();
    for (auto* session : sessions_)
        if (session->idle())
            session->close();
    if (sessions_.empty())
        drained();
    else
        drained_ = std::move(drained);
}

void Server::abort() {
    drained_ = nullptr;
    stopping_ = true;
    delivery_timer_.cancel();
    for (auto* courier : couriers_)
        courier->close();
    for (auto* session : sessions_)
        session->close();
}

void serve(Emulator& emulator, const ServerParams& params, const std::function<void(const std::string&)>& on_ready) {
    asio::io_context io(1);
    Server server(io, emulator);

    std::string ready;
    const auto listening = [&](const char* scheme, unsigned short port) {
        ready += std::string("listening ") + scheme + " " + params.address + ":" + std::to_string(port) + "\n";
    };
    if (params.port >= 0)
        listening("http", server.listen(params.address, static_cast<unsigned short>(params.port)));
    if (params.tls_port >= 0)
        listening("https", server.listen_tls(params.address, static_cast<unsigned short>(params.tls_port),
                                             params.certificate()));
    on_ready(ready);

    asio::signal_set signals(io, SIGINT, SIGTERM);
    asio::steady_timer patience(io);
    signals.async_wait([&](error_code error, int) {
        if (error)
            return;
        patience.expires_after(std::chrono::seconds(2));
        patience.async_wait([&](error_code) { io.stop(); });
        server.stop([&] { patience.cancel(); });
    });
    io.run();
    // What is still open after all that patience is cut off; its handlers run while there is a server.
    server.abort();
    io.restart();
    io.poll();
}

} // namespace hubspot_emulator
