#include <understudy/http/client.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

BOOST_AUTO_TEST_SUITE(http_client)

namespace {

std::string ok(std::string_view body, std::string_view headers = "") {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string{headers} +
           "\r\n" + std::string{body};
}

// What the server does with the next request on whatever connection it comes.
struct Act {
    std::string answer{}; // sent as it is; nothing is sent if empty
    bool close = false;   // then the connection is closed
    bool reset = false;   // ... rudely
};

class Server {
public:
    explicit Server(asio::io_context& io)
        : acceptor_{io, {asio::ip::address_v4::loopback(), 0}} {
        accept();
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
    void on_request(Act act) { acts_.push_back(std::move(act)); }
    void stop_listening() { acceptor_.close(); }
    void close_all() {
        for (const auto& connection : connections_)
            connection->socket.close();
        connections_.clear();
    }

    int accepted = 0;
    std::vector<std::string> requests; // heads
    std::function<void()> after_request;

private:
    struct Connection {
        explicit Connection(tcp::socket accepted)
            : socket{std::move(accepted)} {}
        tcp::socket socket;
        std::string buffer;
        std::string out;
    };

    void accept() {
        acceptor_.async_accept([this](boost::system::error_code ec, tcp::socket socket) {
            if (ec)
                return;
            ++accepted;
            connections_.push_back(std::make_shared<Connection>(std::move(socket)));
            read(connections_.back());
            accept();
        });
    }

    void read(const std::shared_ptr<Connection>& c) {
        asio::async_read_until(c->socket, asio::dynamic_buffer(c->buffer), "\r\n\r\n",
                               [this, c](boost::system::error_code ec, std::size_t size) {
                                   if (ec)
                                       return;
                                   requests.push_back(c->buffer.substr(0, size));
                                   c->buffer.clear();
                                   act(c);
                               });
    }

    void act(const std::shared_ptr<Connection>& c) {
        Act act;
        if (!acts_.empty()) {
            act = std::move(acts_.front());
            acts_.pop_front();
        }
        if (after_request)
            after_request();
        c->out = act.answer;
        asio::async_write(c->socket, asio::buffer(c->out), [this, act, c](boost::system::error_code ec, std::size_t) {
            if (ec)
                return;
            if (act.reset)
                c->socket.set_option(tcp::socket::linger{true, 0});
            if (!act.close && !act.reset)
                return read(c);
            c->socket.close();
            connections_.remove(c);
        });
    }

    tcp::acceptor acceptor_;
    std::list<std::shared_ptr<Connection>> connections_;
    std::deque<Act> acts_;
};

struct Outcome {
    error_code error;
    http::Answer answer;
};

struct Bench {
    asio::io_context io;
    Server server{io};
    http::Params params = [this] {
        http::Params settings;
        settings.origin = server.url();
        return settings;
    }();
    std::optional<http::Client> made;

    http::Client& client() {
        if (!made)
            made.emplace(io.get_executor(), params);
        return *made;
    }

    std::shared_ptr<std::optional<Outcome>> start(http::Request request, std::chrono::milliseconds timeout = 10s) {
        auto outcome = std::make_shared<std::optional<Outcome>>();
        client().async_request(std::move(request), timeout, [outcome](error_code error, http::Answer answer) {
            *outcome = Outcome{error, std::move(answer)};
        });
        return outcome;
    }

    template<class Done>
    void run_until(Done done) {
        io.restart();
        while (!done() && io.run_one() > 0) {
        }
        BOOST_REQUIRE(done());
    }

    Outcome ask(http::Request request = {}, std::chrono::milliseconds timeout = 10s) {
        const auto outcome = start(std::move(request), timeout);
        run_until([&] { return outcome->has_value(); });
        return std::move(**outcome);
    }

    Outcome wait(const std::shared_ptr<std::optional<Outcome>>& outcome) {
        run_until([&] { return outcome->has_value(); });
        return **outcome;
    }
};

http::Request post(std::string body, bool repeatable) {
    return {http::Method::post, "/write", {{"X-Test", "1"}}, std::move(body), repeatable};
}

} // namespace

BOOST_AUTO_TEST_CASE(asks_and_reads) {
    Bench bench;
    bench.server.on_request({ok("hello", "X-One: 1\r\n")});
    const auto [error, answer] = bench.ask({http::Method::get, "/a?b=c", {{"Accept", "text/plain"}}});
    BOOST_TEST(!error);
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.body == "hello");
    BOOST_TEST(answer.header("x-one") == "1");
    BOOST_REQUIRE(bench.server.requests.size() == 1);
    const auto& head = bench.server.requests[0];
    BOOST_TEST(head.starts_with("GET /a?b=c HTTP/1.1\r\n"));
    BOOST_TEST(head.find("Host: 127.0.0.1:") != std::string::npos);
    BOOST_TEST(head.find("User-Agent: understudy/") != std::string::npos);
    BOOST_TEST(head.find("Accept: text/plain") != std::string::npos);
    BOOST_TEST(head.find("Content-Length") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_prefix_of_the_address_precedes_every_target) {
    Bench bench;
    bench.params.origin += "/hub/";
    bench.server.on_request({ok("")});
    bench.ask({http::Method::get, "/x"});
    BOOST_TEST(bench.server.requests.at(0).starts_with("GET /hub/x "));
}

BOOST_AUTO_TEST_CASE(a_connection_is_kept) {
    Bench bench;
    for (int i = 0; i < 3; ++i) {
        bench.server.on_request({ok("x")});
        BOOST_TEST(!bench.ask().error);
    }
    BOOST_TEST(bench.server.accepted == 1);
    BOOST_TEST(bench.client().stats().idle == 1u);
}

BOOST_AUTO_TEST_CASE(a_connection_that_the_server_ends_is_not) {
    Bench bench;
    for (const auto* header : {"Connection: close\r\n", ""}) {
        bench.server.on_request({ok("x", header)});
        BOOST_TEST(!bench.ask().error);
    }
    BOOST_TEST(bench.server.accepted == 2);
}

BOOST_AUTO_TEST_CASE(an_answer_may_end_with_its_connection_or_come_in_chunks) {
    Bench bench;
    bench.server.on_request({.answer = "HTTP/1.1 200 OK\r\n\r\nuntil the end", .close = true});
    BOOST_TEST(bench.ask().answer.body == "until the end");
    bench.server.on_request({"HTTP/1.1 207 Multi-Status\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"});
    const auto chunked = bench.ask();
    BOOST_TEST(chunked.answer.body == "abc");
    BOOST_TEST(chunked.answer.status == 207);
    bench.server.on_request({"HTTP/1.1 204 No Content\r\n\r\n"});
    BOOST_TEST(bench.ask().answer.status == 204);
}

BOOST_AUTO_TEST_CASE(a_dead_connection_is_noticed_before_it_is_used) {
    Bench bench;
    bench.server.on_request({ok("x")});
    bench.ask();
    bench.server.close_all();
    bench.server.on_request({ok("y")});
    BOOST_TEST(bench.ask(post("{}", false)).answer.body == "y");
    BOOST_TEST(bench.server.accepted == 2);
    BOOST_TEST(bench.client().stats().repeated == 0u);
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_dies_in_use_is_replaced_once_if_that_does_no_harm) {
    for (const bool rudely : {false, true}) {
        Bench bench;
        bench.server.on_request({ok("x")});
        bench.ask();
        bench.server.on_request({.close = !rudely, .reset = rudely});
        bench.server.on_request({ok("y")});
        BOOST_TEST(bench.ask(post("{}", true)).answer.body == "y");
        BOOST_TEST(bench.server.accepted == 2);
        BOOST_TEST(bench.client().stats().repeated == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_write_is_never_repeated) {
    Bench bench;
    bench.server.on_request({ok("x")});
    bench.ask();
    bench.server.on_request({.close = true});
    bench.server.on_request({ok("y")});
    const auto lost = bench.ask(post("{}", false));
    BOOST_TEST(lost.error == error_code{Errc::timed_out});
    BOOST_TEST(bool(lost.error == Condition::applied_unknown));
    BOOST_CHECK(lost.answer.failure.phase == http::Phase::receiving);
    BOOST_TEST(bench.server.requests.size() == 2);
}

BOOST_AUTO_TEST_CASE(nothing_is_repeated_on_a_new_connection_or_twice_or_after_a_first_byte) {
    {
        Bench bench;
        bench.server.on_request({.close = true});
        const auto lost = bench.ask();
        BOOST_TEST(lost.error == error_code{Errc::unavailable});
        BOOST_TEST(bool(lost.error == Condition::retryable));
        BOOST_TEST(bench.server.requests.size() == 1);
    }
    {
        Bench bench;
        bench.server.on_request({ok("x")});
        bench.ask();
        bench.server.on_request({.close = true});
        bench.server.on_request({.close = true});
        BOOST_TEST(bench.ask().error == error_code{Errc::unavailable});
        BOOST_TEST(bench.server.requests.size() == 3);
    }
    {
        Bench bench;
        bench.server.on_request({ok("x")});
        bench.ask();
        bench.server.on_request({.answer = "HTTP/1.1 200 OK\r\nContent-Le", .close = true});
        BOOST_TEST(bench.ask().error == error_code{Errc::unavailable});
        BOOST_TEST(bench.server.requests.size() == 2);
    }
}

BOOST_AUTO_TEST_CASE(half_an_answer_is_none) {
    Bench bench;
    bench.server.on_request({.answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", .close = true});
    BOOST_TEST(bench.ask().error == error_code{Errc::unavailable});
    bench.server.on_request({.answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", .reset = true});
    const auto write = bench.ask(post("{}", false));
    BOOST_TEST(bool(write.error == Condition::applied_unknown));
    BOOST_TEST(!write.answer.failure.reason.empty());
    BOOST_TEST(write.answer.body == "");
}

BOOST_AUTO_TEST_CASE(what_is_not_http_is_malformed) {
    for (const std::string answer :
         {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
          "HTTP/1.1 200 OK\r\nno colon\r\n\r\n"}) {
        Bench bench;
        bench.server.on_request({answer});
        const auto outcome = bench.ask();
        BOOST_TEST(outcome.error == error_code{Errc::malformed_answer}, answer);
        BOOST_TEST(bench.client().stats().idle == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_body_or_head_beyond_the_limit_is_malformed) {
    Bench bench;
    bench.params.max_body = 100;
    bench.server.on_request({ok(std::string(100, 'x'))});
    BOOST_TEST(!bench.ask().error);
    bench.server.on_request({ok(std::string(101, 'x'))});
    BOOST_TEST(bench.ask().error == error_code{Errc::malformed_answer});
    bench.server.on_request({ok("", "X: " + std::string(70'000, 'x') + "\r\n")});
    BOOST_TEST(bench.ask().error == error_code{Errc::malformed_answer});
}

BOOST_AUTO_TEST_CASE(bytes_after_an_answer_spoil_the_connection) {
    Bench bench;
    bench.server.on_request({ok("x") + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!"});
    BOOST_TEST(bench.ask().answer.body == "x");
    bench.server.on_request({ok("y")});
    BOOST_TEST(bench.ask().answer.body == "y");
    BOOST_TEST(bench.server.accepted == 2);
}

BOOST_AUTO_TEST_CASE(a_silent_server_times_out) {
    Bench bench;
    const auto outcome = bench.ask({}, 30ms);
    BOOST_TEST(outcome.error == error_code{Errc::timed_out});
    BOOST_CHECK(outcome.answer.failure.phase == http::Phase::receiving);
    BOOST_TEST(bench.client().stats().busy == 0u);
    // The connection that may still bring the late answer is gone.
    bench.server.on_request({ok("y")});
    BOOST_TEST(bench.ask().answer.body == "y");
    BOOST_TEST(bench.server.accepted == 2);
}

BOOST_AUTO_TEST_CASE(no_time_at_all) {
    Bench bench;
    BOOST_TEST(bench.ask({}, 0ms).error == error_code{Errc::deadline_exceeded});
    BOOST_TEST(bench.ask({}, -5ms).error == error_code{Errc::deadline_exceeded});
    BOOST_TEST(bench.server.accepted == 0);
}

BOOST_AUTO_TEST_CASE(a_refused_connection) {
    Bench bench;
    bench.server.stop_listening();
    const auto outcome = bench.ask(post("{}", false));
    BOOST_TEST(outcome.error == error_code{Errc::unavailable});
    BOOST_TEST(bool(outcome.error != Condition::applied_unknown));
    BOOST_CHECK(outcome.answer.failure.phase == http::Phase::connecting);
    BOOST_TEST(outcome.answer.failure.cause == boost::system::errc::connection_refused);
}

BOOST_AUTO_TEST_CASE(an_unknown_host) {
    Bench bench;
    bench.params.origin = "http://host.invalid";
    const auto outcome = bench.ask();
    BOOST_TEST(outcome.error == error_code{Errc::unavailable});
    BOOST_CHECK(outcome.answer.failure.phase == http::Phase::resolving);
}

BOOST_AUTO_TEST_CASE(connections_are_bounded) {
    Bench bench;
    bench.params.max_connections = 2;
    std::vector<std::shared_ptr<std::optional<Outcome>>> outcomes;
    for (int i = 0; i < 3; ++i)
        outcomes.push_back(bench.start({}));
    bench.run_until([&] { return bench.server.requests.size() == 2; });
    BOOST_TEST(bench.client().stats().busy == 2u);
    BOOST_TEST(bench.client().stats().waiting == 1u);
    BOOST_TEST(bench.server.accepted == 2);
}

BOOST_AUTO_TEST_CASE(those_who_wait_are_served_in_order) {
    Bench bench;
    bench.params.max_connections = 1;
    std::vector<std::shared_ptr<std::optional<Outcome>>> outcomes;
    for (int i = 0; i < 6; ++i) {
        bench.server.on_request({ok(std::to_string(i))});
        outcomes.push_back(bench.start({http::Method::get, "/" + std::to_string(i)}));
    }
    BOOST_TEST(bench.client().stats().waiting == 6u);
    for (int i = 0; i < 6; ++i)
        BOOST_TEST(bench.wait(outcomes[static_cast<std::size_t>(i)]).answer.body == std::to_string(i));
    BOOST_TEST(bench.server.accepted == 1);
    BOOST_TEST(bench.client().stats().idle == 1u);
}

BOOST_AUTO_TEST_CASE(the_queue_is_bounded) {
    Bench bench;
    bench.params.max_connections = 1;
    bench.params.max_waiting = 2;
    bench.server.on_request({ok("a")});
    bench.server.on_request({ok("b")});
    const auto first = bench.start({});
    const auto second = bench.start({});
    const auto third = bench.ask();
    BOOST_TEST(third.error == error_code{Errc::overloaded});
    BOOST_TEST(bool(third.error != Condition::applied_unknown));
    BOOST_TEST(!bench.wait(first).error);
    BOOST_TEST(!bench.wait(second).error);
}

BOOST_AUTO_TEST_CASE(a_deadline_covers_the_waiting) {
    Bench bench;
    bench.params.max_connections = 1;
    const auto silent = bench.start({}, 10s);
    bench.run_until([&] { return bench.server.requests.size() == 1; });
    const auto waiting = bench.ask({}, 20ms);
    BOOST_TEST(waiting.error == error_code{Errc::overloaded});
    BOOST_CHECK(waiting.answer.failure.phase == http::Phase::waiting);
    BOOST_TEST(!silent->has_value());
    BOOST_TEST(bench.client().stats().waiting == 0u);
}

BOOST_AUTO_TEST_CASE(an_idle_connection_is_closed_after_a_while) {
    Bench bench;
    bench.params.idle_timeout = 10ms;
    bench.server.on_request({ok("x")});
    bench.ask();
    BOOST_TEST(bench.client().stats().idle == 1u);
    bench.run_until([&] { return bench.client().stats().idle == 0; });
}

BOOST_AUTO_TEST_CASE(each_request_is_cancelled_by_itself_in_every_phase) {
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        Bench bench;
        bench.params.max_connections = 1;
        asio::cancellation_signal sent_signal;
        asio::cancellation_signal waiting_signal;
        std::optional<error_code> sent;
        std::optional<error_code> waiting;
        bench.client().async_request(
            {}, 10s, asio::bind_cancellation_slot(sent_signal.slot(), [&](error_code ec, const auto&) { sent = ec; }));
        bench.client().async_request(
            {}, 10s,
            asio::bind_cancellation_slot(waiting_signal.slot(), [&](error_code ec, const auto&) { waiting = ec; }));
        const auto other = bench.start({});
        bench.run_until([&] { return bench.server.requests.size() == 1; });
        waiting_signal.emit(type);
        bench.run_until([&] { return waiting.has_value(); });
        BOOST_TEST(*waiting == asio::error::operation_aborted);
        BOOST_TEST(!sent);
        bench.server.on_request({ok("x")});
        sent_signal.emit(type);
        bench.run_until([&] { return sent.has_value(); });
        BOOST_TEST(*sent == asio::error::operation_aborted);
        BOOST_TEST(!bench.wait(other).error);
        BOOST_TEST(bench.server.accepted == 2);
    }
}

BOOST_AUTO_TEST_CASE(the_work_is_done_here_and_the_handler_called_where_it_wants_to_be) {
    Bench bench;
    bench.server.on_request({ok("x")});
    asio::io_context elsewhere;
    bool called = false;
    bench.client().async_request({}, 10s,
                                 asio::bind_executor(elsewhere.get_executor(), [&](error_code ec, const auto& answer) {
                                     BOOST_TEST(!ec);
                                     BOOST_TEST(answer.body == "x");
                                     called = true;
                                 }));
    BOOST_TEST(elsewhere.poll() == 0u);
    BOOST_TEST(!elsewhere.stopped()); // for it has work to come
    bench.run_until([&] { return bench.client().stats().answers == 1; });
    BOOST_TEST(!called);
    elsewhere.run();
    BOOST_TEST(called);
}

BOOST_AUTO_TEST_CASE(closing_lets_what_was_sent_finish) {
    Bench bench;
    bench.params.max_connections = 1;
    const auto sent = bench.start({});
    const auto waiting = bench.start({});
    bench.server.on_request({ok("x")});
    bench.server.after_request = [&] { bench.client().close(); };
    BOOST_TEST(bench.wait(waiting).error == error_code{Errc::shutting_down});
    BOOST_TEST(!sent->has_value());
    bool drained = false;
    bench.client().async_drain([&](error_code ec) {
        BOOST_TEST(!ec);
        BOOST_TEST(sent->has_value());
        drained = true;
    });
    BOOST_TEST(!bench.wait(sent).error);
    bench.run_until([&] { return drained; });
    BOOST_TEST(bench.ask().error == error_code{Errc::shutting_down});
    drained = false;
    bench.client().async_drain([&](error_code) { drained = true; });
    BOOST_TEST(!drained);
    bench.run_until([&] { return drained; });
    BOOST_TEST(bench.client().stats().idle == 0u);
}

BOOST_AUTO_TEST_CASE(a_client_that_is_gone_leaves_nothing_running) {
    Bench bench;
    bench.server.on_request({ok("x")});
    bench.ask();
    bench.made.reset();
    bench.server.stop_listening();
    bench.server.close_all();
    bench.io.restart();
    bench.io.run();
}

BOOST_AUTO_TEST_CASE(requests_outlive_the_client) {
    Bench bench;
    bench.server.on_request({ok("x")});
    const auto outcome = bench.start({});
    bench.made.reset();
    BOOST_TEST(!bench.wait(outcome).error);
}

BOOST_AUTO_TEST_CASE(pending_work_may_be_thrown_away) {
    auto bench = std::make_unique<Bench>();
    bench->start({});
    bench->start({});
    bench->run_until([&] { return bench->server.requests.size() == 2; });
    bench->start({});
    bench.reset();
}

BOOST_AUTO_TEST_CASE(wrong_settings_are_said_at_once) {
    asio::io_context io;
    http::Params params;
    params.origin = "example.com";
    BOOST_CHECK_THROW((http::Client{io.get_executor(), params}), std::invalid_argument);
    params.origin = "https://example.com";
    params.ca_file = "/nonexistent/ca.pem";
    BOOST_CHECK_EXCEPTION((http::Client{io.get_executor(), params}), std::runtime_error, [](const auto& error) {
        return std::string{error.what()}.find("/nonexistent/ca.pem") != std::string::npos;
    });
}

BOOST_AUTO_TEST_SUITE_END()
