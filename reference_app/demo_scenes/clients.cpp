#include "clients.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>

#include <exception>
#include <optional>

namespace demo {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

// One keep-alive connection.
class Connection {
public:
    Connection(asio::io_context& context, int address)
        : socket_{context} {
        socket_.open(tcp::v4());
        const asio::ip::address_v4::bytes_type own{127, 0, 0, static_cast<unsigned char>(1 + address)};
        socket_.bind({asio::ip::address_v4{own}, 0});
    }

    asio::awaitable<void> connect(std::uint16_t port) {
        const tcp::endpoint there{asio::ip::address_v4::loopback(), port};
        co_await socket_.async_connect(there, asio::use_awaitable);
        socket_.set_option(tcp::no_delay{true});
    }

    asio::awaitable<void> ask(const Question& question, Answer& answer) {
        http::request<http::string_body> request{http::string_to_verb(question.method), question.target, 11};
        request.set(http::field::host, "127.0.0.1");
        request.set(http::field::content_type, "application/json");
        if (!question.idempotency_key.empty())
            request.set("Idempotency-Key", question.idempotency_key);
        request.body() = question.body;
        request.prepare_payload();
        answer.asked = answer.answered = Clock::now();
        co_await http::async_write(socket_, request, asio::use_awaitable);
        http::response<http::string_body> response;
        co_await http::async_read(socket_, buffer_, response, asio::use_awaitable);
        answer.answered = Clock::now();
        answer.status = response.result_int();
        answer.freshness = std::string{response["X-Data-Freshness"]};
        boost::system::error_code error;
        answer.body = boost::json::parse(response.body(), error);
    }

private:
    tcp::socket socket_;
    boost::beast::flat_buffer buffer_;
};

asio::awaitable<void> make(Connection& connection, const Visit& visit, std::vector<Answer>& answers) {
    if (visit.after.count() > 0) {
        asio::steady_timer timer{co_await asio::this_coro::executor, visit.after};
        co_await timer.async_wait(asio::use_awaitable);
    }
    try {
        for (std::size_t i = 0; i < visit.questions.size(); ++i)
            co_await connection.ask(visit.questions[i], answers[i]);
    } catch (const boost::system::system_error&) {
        // The rest has no answers.
    }
}

} // namespace

struct Clients::Impl {
    void run(asio::awaitable<void> work) {
        asio::co_spawn(context, std::move(work), rethrow);
        finish();
    }
    void finish() {
        context.restart();
        context.run();
    }
    static void rethrow(std::exception_ptr failure) {
        if (failure)
            std::rethrow_exception(failure);
    }

    std::uint16_t port;
    int address;
    asio::io_context context{1};
    std::optional<Connection> connection;
};

Clients::Clients(std::uint16_t port, int address)
    : impl_{std::make_unique<Impl>()} {
    impl_->port = port;
    impl_->address = address;
}

Clients::~Clients() = default;

Answer Clients::ask(const Question& question) {
    if (!impl_->connection) {
        impl_->connection.emplace(impl_->context, impl_->address);
        impl_->run(impl_->connection->connect(impl_->port));
    }
    Answer answer;
    impl_->run(impl_->connection->ask(question, answer));
    return answer;
}

std::vector<Answer> Clients::at_once(const std::vector<Question>& questions) {
    std::vector<Visit> visits;
    for (const auto& question : questions)
        visits.push_back({{question}});
    std::vector<Answer> answers;
    for (auto& own : at_once(visits))
        answers.push_back(std::move(own.front()));
    return answers;
}

std::vector<std::vector<Answer>> Clients::at_once(const std::vector<Visit>& visits) {
    std::vector<std::unique_ptr<Connection>> connections;
    std::vector<std::vector<Answer>> answers;
    for (const auto& visit : visits) {
        connections.push_back(std::make_unique<Connection>(impl_->context, impl_->address));
        impl_->run(connections.back()->connect(impl_->port));
        answers.emplace_back(visit.questions.size());
    }
    for (std::size_t i = 0; i < visits.size(); ++i)
        asio::co_spawn(impl_->context, make(*connections[i], visits[i], answers[i]), Impl::rethrow);
    impl_->finish();
    return answers;
}

} // namespace demo
