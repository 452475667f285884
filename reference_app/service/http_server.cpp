#include "http_server.hpp"

#include "responses.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <list>
#include <optional>
#include <random>
#include <utility>

namespace service {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Clock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
using namespace std::chrono_literals;

constexpr std::size_t read_size = 4096;
// After its last answer a connection is read for this long, so that the answer is not lost to a reset.
constexpr auto linger_time = 2s;
constexpr auto accept_pause = 100ms;

constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

Address address_of(const asio::ip::address& address) {
    return address.is_v4() ? Address{address.to_v4().to_bytes()} : Address{address.to_v6().to_bytes()};
}

Method method_of(http::verb verb) {
    switch (verb) {
    case http::verb::get:
        return Method::get;
    case http::verb::head:
        return Method::head;
    case http::verb::post:
        return Method::post;
    case http::verb::put:
        return Method::put;
    case http::verb::patch:
        return Method::patch;
    case http::verb::delete_:
        return Method::delete_;
    case http::verb::options:
        return Method::options;
    default:
        return Method::other;
    }
}

// A proxy's client may send the target in absolute form (RFC 9112, section 3.2.2).
std::string_view without_authority(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme))
            continue;
        const auto path = target.find('/', scheme.size());
        return path == std::string_view::npos ? "/" : target.substr(path);
    }
    return target;
}

bool is_plain_id(std::string_view id) {
    return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
    });
}

void put_number(std::string& out, std::uint64_t number, int base = 10) {
    char digits[20];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, number, base).ptr);
}

Response answer_to_transport_error(const error_code& error) {
    if (error == http::error::body_limit)
        return user_error(413, "PAYLOAD_TOO_LARGE", "The body is too large");
    if (error == http::error::header_limit)
        return user_error(431, "HEADERS_TOO_LARGE", "The headers are too large");
    return user_error(400, "BAD_REQUEST", "This is not an HTTP request that can be understood");
}

} // namespace

struct HttpServer::State : std::enable_shared_from_this<State> {
    using Connections = std::list<Connection*>;

    State(asio::io_context& io, HttpServerParams with, RequestHandler handle, const Log& to)
        : context{io}
        , params{std::move(with)}
        , handler{std::move(handle)}
        , log{to}
        , acceptor{io.get_executor()}
        , sweep_timer{io.get_executor()}
        , accept_timer{io.get_executor()} {
        std::random_device device;
        id_prefix = (std::uint64_t{device()} << 32) | device();
    }

    void accept();
    void on_accept(error_code error, Socket socket);
    void admit(Socket socket);
    void sweep();
    void connection_ended();
    bool make_room();
    std::string_view date();

    asio::io_context& context;
    HttpServerParams params;
    RequestHandler handler;
    const Log& log;
    Acceptor acceptor;
    Timer sweep_timer;
    Timer accept_timer;
    Connections open;
    std::size_t count = 0;
    // Accepted while every place was taken; nobody else is accepted meanwhile.
    std::optional<Socket> waiting;
    bool stopping = false;
    // The server object is gone, or everything was closed by force.
    bool aborted = false;
    std::function<void()> on_stopped;
    std::uint64_t id_prefix = 0;
    std::uint64_t requests = 0;
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t evicted = 0;
    std::time_t date_second = -1;
    std::string date_text;
};

// One connection, kept alive by whatever it waits for.
class HttpServer::Connection : public std::enable_shared_from_this<Connection> {
public:
    enum class Phase : std::uint8_t { idle, reading, handling, writing, lingering, closed };

    Connection(std::shared_ptr<State> server, Socket socket, Address peer)
        : server_{std::move(server)}
        , socket_{std::move(socket)}
        , peer_{peer}
        , buffer_{server_->params.header_limit + 2 * read_size} {
        place_ = server_->open.insert(server_->open.end(), this);
        ++server_->count;
    }
    ~Connection() {
        server_->open.erase(place_);
        --server_->count;
        server_->connection_ended();
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void start() { next_request(); }

    // Closes a connection on which nothing has begun, not even in the socket's buffer.
    bool close_if_idle() {
        error_code ignored;
        if (phase_ != Phase::idle || socket_.available(ignored) > 0)
            return false;
        close();
        return true;
    }

    void close() {
        phase_ = Phase::closed;
        error_code ignored;
        socket_.close(ignored);
    }

    void expire(Clock::time_point now) {
        if (now < deadline_ || phase_ == Phase::closed)
            return;
        if (phase_ != Phase::reading)
            return close();
        ++server_->timed_out;
        too_slow_ = true;
        deadline_ = Clock::time_point::max();
        error_code ignored;
        socket_.cancel(ignored);
    }

    bool is_idle() const noexcept { return phase_ == Phase::idle; }
    Clock::time_point deadline() const noexcept { return deadline_; }

private:
    void enter(Phase phase, Clock::duration time) {
        phase_ = phase;
        deadline_ = Clock::now() + time;
    }

    void next_request() {
        parser_.emplace();
        // Stops after the header: where the request goes says how long its body may be.
        parser_->eager(false);
        parser_->header_limit(static_cast<std::uint32_t>(server_->params.header_limit));
        parser_->body_limit(boost::none);
        continued_ = false;
        too_slow_ = false;
        enter(Phase::idle, server_->params.idle_timeout);
        if (server_->waiting && buffer_.size() == 0 && close_if_idle())
            ++server_->evicted;
        else
            parse();
    }

    void parse() {
        error_code error = http::error::need_more;
        if (buffer_.size() > 0) {
            if (phase_ == Phase::idle)
                enter(Phase::reading, server_->params.request_timeout);
            error = feed();
            if (!error && !parser_->eager()) {
                error = limit_body();
                if (!error && !parser_->is_done())
                    error = buffer_.size() > 0 ? feed() : error_code{http::error::need_more};
            }
        }
        if (!error && parser_->is_done())
            return dispatch();
        if (error && error != http::error::need_more)
            return refuse(answer_to_transport_error(error));
        if (parser_->is_header_done() && !continued_ &&
            boost::beast::iequals(parser_->get()[http::field::expect], "100-continue"))
            return send_continue();
        read();
    }

    error_code feed() {
        error_code error;
        buffer_.consume(parser_->put(buffer_.data(), error));
        return error;
    }

    error_code limit_body() {
        const auto target = without_authority(parser_->get().target());
        const auto path = target.substr(0, target.find('?'));
        auto limit = server_->params.body_limit;
        for (const auto& [other, bytes] : server_->params.body_limits)
            if (other == path)
                limit = bytes;
        if (const auto length = parser_->content_length(); length && *length > limit)
            return http::error::body_limit;
        parser_->body_limit(limit);
        parser_->eager(true);
        return {};
    }

    void read() {
        socket_.async_read_some(buffer_.prepare(read_size),
                                [self = shared_from_this()](error_code error, std::size_t size) {
                                    self->buffer_.commit(size);
                                    self->on_read(error);
                                });
    }

    void on_read(error_code error) {
        if (phase_ == Phase::closed)
            return;
        if (too_slow_)
            return refuse(user_error(408, "REQUEST_TIMEOUT", "The request took too long to arrive"));
        if (error)
            return close();
        parse();
    }

    void send_continue() {
        continued_ = true;
        asio::async_write(socket_, asio::buffer(continue_line),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (error)
                                  self->on_read(error);
                              else
                                  self->read();
                          });
    }

    void dispatch() {
        phase_ = Phase::handling;
        deadline_ = Clock::time_point::max();
        const auto& message = parser_->get();
        keep_alive_ = message.version() == 11 && parser_->keep_alive();
        head_only_ = message.method() == http::verb::head;
        set_request_id(message["X-Request-Id"]);

        Request request;
        const auto target = without_authority(message.target());
        const auto query = target.find('?');
        request.method = method_of(message.method());
        request.path = target.substr(0, query);
        if (query != std::string_view::npos)
            request.query = target.substr(query + 1);
        request.body = message.body();
        request.origin = message[http::field::origin];
        request.authorization = message[http::field::authorization];
        for (const std::string_view name : {"X-Idempotency-Key", "Idempotency-Key"})
            if (const auto field = message.find(name); field != message.end())
                request.idempotency_key = field->value();
        request.signature = every_value("X-HubSpot-Signature-v3");
        request.signed_at = every_value("X-HubSpot-Request-Timestamp");
        request.client = client();
        request.id = request_id_;
        const auto turn = ++turn_;
        try {
            server_->handler(request, [self = shared_from_this(), turn](Response response) {
                self->respond(turn, std::move(response));
            });
        } catch (const std::exception& failure) {
            server_->log.error("handler_failed", {{"request_id", request_id_}, {"error", failure.what()}});
            respond(turn, internal_error());
        }
    }

    Address client() const {
        const auto& trusted = server_->params.trusted_proxies;
        if (trusted.empty())
            return peer_;
        return client_of(peer_, every_value("X-Forwarded-For"), trusted);
    }

    std::string every_value(std::string_view name) const {
        std::string values;
        const auto [first, last] = parser_->get().equal_range(name);
        for (auto field = first; field != last; ++field) {
            if (field != first)
                values += ',';
            values += std::string_view{field->value()};
        }
        return values;
    }

    void set_request_id(std::string_view given) {
        ++server_->requests;
        if (is_plain_id(given)) {
            request_id_ = given;
            return;
        }
        request_id_.clear();
        put_number(request_id_, server_->id_prefix, 16);
        request_id_ += '-';
        put_number(request_id_, server_->requests, 16);
    }

    void respond(std::uint64_t turn, Response response) {
        if (phase_ == Phase::handling && turn == turn_)
            send(std::move(response));
    }

    // Answers what is no request, or not a whole one; nothing after it can be understood.
    void refuse(Response response) {
        ++server_->refused;
        keep_alive_ = false;
        head_only_ = false;
        set_request_id({});
        send(std::move(response));
    }

    void send(Response response) {
        if (server_->stopping)
            keep_alive_ = false;
        body_ = std::move(response.body);
        const bool bodyless = response.status == 204 || response.status == 304;
        head_ = "HTTP/1.1 ";
        put_number(head_, response.status);
        head_ += ' ';
        head_ += std::string_view{http::obsolete_reason(http::int_to_status(response.status))};
        put_header("Date", server_->date());
        if (!bodyless) {
            put_header("Content-Type", response.content_type);
            head_ += "\r\nContent-Length: ";
            put_number(head_, body_.size());
        }
        put_header("Cache-Control", "no-store");
        put_header("X-Request-Id", request_id_);
        for (const auto& [name, value] : response.headers)
            put_header(name, value);
        if (!keep_alive_)
            put_header("Connection", "close");
        head_ += "\r\n\r\n";
        if (bodyless || head_only_)
            body_.clear();

        enter(Phase::writing, server_->params.write_timeout);
        const std::array<asio::const_buffer, 2> buffers{asio::buffer(head_), asio::buffer(body_)};
        asio::async_write(socket_, buffers, [self = shared_from_this()](error_code error, std::size_t) {
            if (self->phase_ == Phase::closed)
                return;
            if (error)
                return self->close();
            if (self->keep_alive_ && !self->server_->stopping)
                return self->next_request();
            self->linger();
        });
    }

    void put_header(std::string_view name, std::string_view value) {
        head_ += "\r\n";
        head_ += name;
        head_ += ": ";
        head_ += value;
    }

    void linger() {
        error_code error;
        socket_.shutdown(Socket::shutdown_send, error);
        if (error)
            return close();
        enter(Phase::lingering, linger_time);
        discard();
    }

    void discard() {
        buffer_.clear();
        socket_.async_read_some(buffer_.prepare(read_size), [self = shared_from_this()](error_code error, std::size_t) {
            if (self->phase_ == Phase::closed)
                return;
            if (error)
                return self->close();
            self->discard();
        });
    }

    std::shared_ptr<State> server_;
    State::Connections::iterator place_;
    Socket socket_;
    Address peer_;
    Phase phase_ = Phase::idle;
    bool keep_alive_ = false;
    bool head_only_ = false;
    bool continued_ = false;
    bool too_slow_ = false;
    std::uint64_t turn_ = 0;
    Clock::time_point deadline_ = Clock::time_point::max();
    boost::beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    std::string request_id_;
    std::string head_;
    std::string body_;
};

void HttpServer::State::accept() {
    if (stopping)
        return;
    acceptor.async_accept(
        [self = shared_from_this()](error_code error, Socket socket) { self->on_accept(error, std::move(socket)); });
}

void HttpServer::State::on_accept(error_code error, Socket socket) {
    if (stopping)
        return;
    if (error) {
        // Mostly no more file descriptors: asking again at once would spin.
        log.error("accept_failed", {{"error", error.message()}});
        accept_timer.expires_after(accept_pause);
        accept_timer.async_wait([self = shared_from_this()](error_code) { self->accept(); });
        return;
    }
    if (count >= params.connection_limit && !make_room()) {
        waiting.emplace(std::move(socket));
        return;
    }
    admit(std::move(socket));
    accept();
}

void HttpServer::State::admit(Socket socket) {
    ++accepted;
    error_code error;
    const auto peer = socket.remote_endpoint(error);
    if (error)
        return;
    socket.set_option(tcp::no_delay{true}, error);
    std::make_shared<Connection>(shared_from_this(), std::move(socket), address_of(peer.address()))->start();
}

// Closes the connection that is idle for the longest; it is counted until it is gone.
bool HttpServer::State::make_room() {
    Connection* oldest = nullptr;
    for (auto* connection : open)
        if (connection->is_idle() && (!oldest || connection->deadline() < oldest->deadline()))
            oldest = connection;
    if (!oldest || !oldest->close_if_idle())
        return false;
    ++evicted;
    return true;
}

void HttpServer::State::connection_ended() {
    if (aborted)
        return;
    if (stopping) {
        if (count == 0 && on_stopped)
            asio::post(context, std::exchange(on_stopped, nullptr));
    } else if (waiting) {
        auto socket = std::move(*waiting);
        waiting.reset();
        admit(std::move(socket));
        accept();
    }
}

void HttpServer::State::sweep() {
    const auto shortest = std::min({params.request_timeout, params.idle_timeout, params.write_timeout});
    sweep_timer.expires_after(std::clamp<Clock::duration>(shortest / 4, 5ms, 500ms));
    sweep_timer.async_wait([self = shared_from_this()](error_code error) {
        if (error || self->aborted)
            return;
        const auto now = Clock::now();
        for (auto* connection : self->open)
            connection->expire(now);
        self->sweep();
    });
}

std::string_view HttpServer::State::date() {
    const auto second = std::time(nullptr);
    if (second != date_second) {
        date_second = second;
        std::tm parts{};
        ::gmtime_r(&second, &parts);
        char text[64];
        date_text.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
    }
    return date_text;
}

HttpServer::HttpServer(asio::io_context& context, HttpServerParams params, RequestHandler handler, const Log& log)
    : state_{std::make_shared<State>(context, std::move(params), std::move(handler), log)} {}

HttpServer::~HttpServer() {
    abort();
}

std::uint16_t HttpServer::listen() {
    auto& state = *state_;
    const tcp::endpoint endpoint{asio::ip::make_address(state.params.address), state.params.port};
    state.acceptor.open(endpoint.protocol());
    state.acceptor.set_option(Acceptor::reuse_address{true});
    state.acceptor.bind(endpoint);
    state.acceptor.listen();
    state.accept();
    state.sweep();
    return state.acceptor.local_endpoint().port();
}

void HttpServer::stop(std::function<void()> done) {
    auto& state = *state_;
    state.stopping = true;
    state.waiting.reset();
    error_code ignored;
    state.acceptor.close(ignored);
    state.accept_timer.cancel();
    for (auto* connection : state.open)
        connection->close_if_idle();
    if (state.count == 0)
        asio::post(state.context, std::move(done));
    else
        state.on_stopped = std::move(done);
}

void HttpServer::abort() {
    auto& state = *state_;
    state.stopping = true;
    state.aborted = true;
    state.waiting.reset();
    error_code ignored;
    state.acceptor.close(ignored);
    state.accept_timer.cancel();
    state.sweep_timer.cancel();
    for (auto* connection : state.open)
        connection->close();
}

std::size_t HttpServer::connections() const noexcept {
    return state_->count;
}

void HttpServer::collect(MetricSink& sink) const {
    const auto number = [](auto value) { return static_cast<double>(value); };
    sink.gauge("http_connections", "Connections that are open", number(state_->count));
    sink.counter("http_connections_total", "Connections accepted", number(state_->accepted));
    sink.counter("http_evicted_total", "Idle connections closed to make room", number(state_->evicted));
    sink.counter("http_refused_total", "Answers to what was no whole request", number(state_->refused));
    sink.counter("http_slow_requests_total", "Requests that took too long to arrive", number(state_->timed_out));
}

} // namespace service
