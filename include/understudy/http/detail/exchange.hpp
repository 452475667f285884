#pragma once

#include <understudy/detail/erased_handler.hpp>
#include <understudy/error.hpp>
#include <understudy/http/detail/pool.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace understudy::http::detail {

/// What one request needs until it is answered.
struct Exchange {
    using Body = boost::beast::http::string_body;

    Exchange(const Pool& pool, Request&& asked, std::chrono::milliseconds limit)
        : waiter{pool.executor()}
        , timeout{limit}
        , repeatable{asked.repeatable || asked.method == Method::get} {
        namespace http = boost::beast::http;
        constexpr http::verb verbs[] = {http::verb::get, http::verb::post, http::verb::put, http::verb::patch,
                                        http::verb::delete_};
        request.method(verbs[static_cast<std::size_t>(asked.method)]);
        request.target(pool.origin().prefix + asked.target);
        request.version(11);
        request.set(http::field::host, pool.origin().authority);
        request.set(http::field::user_agent, pool.params().user_agent);
        for (const auto& header : asked.headers)
            request.set(header.name, header.value);
        request.body() = std::move(asked.body);
        if (asked.method != Method::get || !request.body().empty())
            request.prepare_payload();
    }

    void renew_parser(std::size_t max_body) {
        parser.emplace();
        parser->body_limit(max_body);
        parser->header_limit(64 * 1024);
    }

    Waiter waiter;
    std::chrono::milliseconds timeout;
    std::chrono::steady_clock::time_point deadline{};
    bool repeatable;
    bool repeated = false;
    std::unique_ptr<Connection> connection{};
    boost::beast::http::request<Body> request{};
    std::optional<boost::beast::http::response_parser<Body>> parser{};
    boost::system::error_code error{};
    Answer answer{};
};

/// The steps of one request, on the pool's executor.
class RequestOp {
public:
    RequestOp(std::shared_ptr<Pool> pool, std::unique_ptr<Exchange> exchange)
        : pool_{std::move(pool)}
        , exchange_{std::move(exchange)} {}

    template<class Self>
    void operator()(Self& self, boost::system::error_code ec = {}, std::size_t = 0) {
        switch (step_) {
        case Step::start:
            // Whatever the caller's signal says, the streams underneath understand only "terminal".
            self.reset_cancellation_state([](auto type) {
                using boost::asio::cancellation_type;
                return type == cancellation_type::none ? cancellation_type::none : cancellation_type::terminal;
            });
            exchange_->deadline = std::chrono::steady_clock::now() + exchange_->timeout;
            pool_->begin_request();
            return acquire(self, true);
        case Step::waiting:
            return on_waited(self);
        case Step::sending:
            if (ec)
                return on_lost(self, ec);
            step_ = Step::receiving;
            return receive(self);
        case Step::receiving:
            if (ec)
                return on_lost(self, ec);
            return on_answer(self);
        case Step::refused:
            return complete(self);
        }
    }

private:
    enum class Step : std::uint8_t { start, waiting, sending, receiving, refused };

    template<class Self>
    void acquire(Self& self, bool at_start = false) {
        auto& x = *exchange_;
        if (pool_->closed())
            return finish(self, Errc::shutting_down, {}, at_start);
        if (std::chrono::steady_clock::now() >= x.deadline)
            return finish(self, Errc::deadline_exceeded, {}, at_start);
        if (!x.waiter.fresh && pool_->admit(false) == Admission::reuse) {
            x.connection = pool_->take_idle();
            if (x.connection)
                return send(self);
        }
        if (pool_->admit(true) == Admission::refuse)
            return finish(self, Errc::overloaded, {Phase::waiting, {}, "too many requests wait already"}, at_start);
        step_ = Step::waiting;
        x.waiter.timer.expires_at(x.deadline);
        pool_->enqueue(x.waiter);
        x.waiter.timer.async_wait(std::move(self));
    }

    template<class Self>
    void on_waited(Self& self) {
        auto& x = *exchange_;
        const bool cancelled = self.cancelled() != boost::asio::cancellation_type::none;
        if (x.waiter.connection) {
            if (cancelled) {
                pool_->give_back(std::move(x.waiter.connection));
                return finish(self, boost::asio::error::operation_aborted, {});
            }
            x.connection = std::move(x.waiter.connection);
            return send(self);
        }
        if (x.waiter.error)
            return finish(self, x.waiter.error, std::move(x.waiter.failure));
        pool_->dequeue(x.waiter);
        if (cancelled)
            return finish(self, boost::asio::error::operation_aborted, {});
        if (pool_->nothing_established())
            return finish(self, Errc::unavailable, {Phase::connecting, {}, "no connection in time"});
        finish(self, Errc::overloaded, {Phase::waiting, {}, "no connection became free in time"});
    }

    template<class Self>
    void send(Self& self) {
        auto& x = *exchange_;
        // Whoever is told that time is up relies on nothing being sent afterwards.
        if (std::chrono::steady_clock::now() >= x.deadline) {
            pool_->give_back(std::move(x.connection));
            return finish(self, Errc::deadline_exceeded, {Phase::waiting, {}, "a connection became free too late"},
                          step_ == Step::start);
        }
        step_ = Step::sending;
        x.renew_parser(pool_->params().max_body);
        x.connection->lowest().expires_at(x.deadline);
        x.connection->visit([&](auto& stream) { boost::beast::http::async_write(stream, x.request, std::move(self)); });
    }

    template<class Self>
    void receive(Self& self) {
        auto& x = *exchange_;
        x.connection->visit([&](auto& stream) {
            boost::beast::http::async_read(stream, x.connection->buffer, *x.parser, std::move(self));
        });
    }

    template<class Self>
    void on_answer(Self& self) {
        auto& x = *exchange_;
        auto message = x.parser->release();
        ++x.connection->exchanges;
        const bool reusable = message.keep_alive() && x.connection->buffer.size() == 0;
        x.connection->lowest().expires_never();
        if (reusable)
            pool_->give_back(std::move(x.connection));
        else
            pool_->drop(std::move(x.connection));
        x.answer.status = static_cast<int>(message.result_int());
        for (const auto& field : message)
            x.answer.headers.push_back({std::string{field.name_string()}, std::string{field.value()}});
        x.answer.body = std::move(message.body());
        ++pool_->stats().answers;
        finish(self, {}, {});
    }

    // The connection failed while it was ours.
    template<class Self>
    void on_lost(Self& self, boost::system::error_code ec) {
        auto& x = *exchange_;
        const bool used_before = x.connection->exchanges > 0;
        const auto phase = step_ == Step::sending ? Phase::sending : Phase::receiving;
        const bool answered = x.parser->got_some();
        pool_->drop(std::move(x.connection));
        if (self.cancelled() != boost::asio::cancellation_type::none)
            return finish(self, boost::asio::error::operation_aborted, {phase, ec, ec.message()});
        if (ec == boost::beast::error::timeout)
            return finish(self, Errc::timed_out, {phase, ec, ec.message()});
        if (is_nonsense(ec))
            return finish(self, Errc::malformed_answer, {phase, ec, ec.message()});
        // A server may close an idle connection at the moment when we start to use it.
        if (used_before && !answered && x.repeatable && !x.repeated) {
            x.repeated = true;
            x.waiter.fresh = true;
            ++pool_->stats().repeated;
            pool_->drop_idle();
            return acquire(self);
        }
        // What does no harm twice has no unknown effect either.
        finish(self, x.repeatable ? Errc::unavailable : Errc::timed_out, {phase, ec, ec.message()});
    }

    static bool is_nonsense(boost::system::error_code ec) {
        namespace http = boost::beast::http;
        return ec.category() == http::make_error_code(http::error::end_of_stream).category() &&
               ec != http::error::end_of_stream && ec != http::error::partial_message;
    }

    template<class Self>
    void finish(Self& self, boost::system::error_code ec, Failure failure, bool at_start = false) {
        exchange_->error = ec;
        exchange_->answer.failure = std::move(failure);
        if (!at_start)
            return complete(self);
        step_ = Step::refused;
        const auto executor = pool_->executor();
        boost::asio::post(executor, std::move(self));
    }

    template<class Self>
    void complete(Self& self) {
        pool_->end_request();
        const auto exchange = std::move(exchange_);
        self.complete(exchange->error, std::move(exchange->answer));
    }

    std::shared_ptr<Pool> pool_;
    std::unique_ptr<Exchange> exchange_;
    Step step_ = Step::start;
};

/// Not a template, so that there is one of it however many callers there are.
inline void start_request(const std::shared_ptr<Pool>& pool, std::unique_ptr<Exchange> exchange,
                          understudy::detail::ErasedHandler<void(boost::system::error_code, Answer)> handler) {
    boost::asio::async_compose<understudy::detail::ErasedHandler<void(boost::system::error_code, Answer)>,
                               void(boost::system::error_code, Answer)>(RequestOp{pool, std::move(exchange)}, handler,
                                                                        pool->executor());
}

} // namespace understudy::http::detail
