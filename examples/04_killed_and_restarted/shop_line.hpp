#pragma once

#include "order.hpp"

#include <understudy/record_json.hpp>
#include <understudy/writable_source.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// The line to the shop, as a source that can be written to. Questions leave at once and are answered in their order.
class ShopLine {
public:
    using record_type = Order;
    using executor_type = boost::asio::any_io_executor;
    using By = understudy::ById<Order>;
    using Outcome = understudy::WriteOutcome<Order>;
    using error_code = boost::system::error_code;

    ShopLine(executor_type executor, int descriptor)
        : line_{std::make_shared<Line>(std::move(executor), descriptor)} {
        line_->listen();
    }

    executor_type get_executor() const { return line_->socket.get_executor(); }
    void thank(const std::string& reference) { line_->send({{"thanks", reference}}); }
    void hang_up() { line_->socket.close(); }

    template<std::same_as<By> = By, class Token = boost::asio::deferred_t>
    auto async_fetch(std::vector<std::string> numbers, const understudy::ReadOptions& = {}, Token&& token = {}) {
        using Reading = understudy::Reading<Order>;
        std::vector<boost::json::object> questions;
        for (const auto& number : numbers)
            questions.push_back({{"read", number}});
        const auto reading = [numbers](std::size_t i, const boost::json::object& answer) {
            Order order;
            const auto* json = answer.if_contains("order");
            return json && understudy::from_json(*json, order) ? Reading::of(order, understudy::no_version)
                                                               : Reading::none(numbers[i]);
        };
        return ask<understudy::FetchSignature<Order>, Reading>(std::move(questions), reading,
                                                               std::forward<Token>(token));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_create(std::vector<understudy::Creation<Order>> creations, const understudy::WriteOptions& = {},
                      Token&& token = {}) {
        std::vector<boost::json::object> questions;
        for (const auto& creation : creations)
            questions.push_back({{"order", understudy::to_json(creation.record)}});
        const auto outcome = [](std::size_t, const boost::json::object& answer) {
            if (const auto* number = answer.if_contains("number"))
                return Outcome::done(std::string{number->as_string()}, understudy::no_version);
            // There is an order with that reference already: this one.
            auto refused = Outcome::failure(understudy::WriteState::refused, understudy::Errc::conflict);
            refused.id = answer.at("taken").as_string();
            return refused;
        };
        return ask<understudy::WriteSignature<Order>, Outcome>(std::move(questions), outcome,
                                                               std::forward<Token>(token));
    }

    /// The shop changes no orders, takes none back, and keeps no names of writes.
    template<class Token = boost::asio::deferred_t>
    auto async_update(std::vector<understudy::Change<Order>> changes, const understudy::WriteOptions& = {},
                      Token&& token = {}) {
        return refuse(changes.size(), std::forward<Token>(token));
    }
    template<class Token = boost::asio::deferred_t>
    auto async_archive(std::vector<std::string> numbers, const understudy::WriteOptions& = {}, Token&& token = {}) {
        return refuse(numbers.size(), std::forward<Token>(token));
    }
    template<class Token = boost::asio::deferred_t>
    auto async_find_operations(std::vector<understudy::SentOperation<Order>> sent, const understudy::WriteOptions& = {},
                               Token&& token = {}) {
        return answer<understudy::LandedSignature>(std::vector(sent.size(), understudy::Landed::unknown),
                                                   std::forward<Token>(token));
    }

private:
    struct Line : std::enable_shared_from_this<Line> {
        Line(executor_type executor, int descriptor)
            : socket{std::move(executor), boost::asio::local::stream_protocol{}, descriptor} {}

        void send(const boost::json::object& question) {
            unsent += boost::json::serialize(question) + '\n';
            if (sending.empty())
                write();
        }
        void write() {
            sending = std::exchange(unsent, {});
            if (!sending.empty())
                boost::asio::async_write(socket, boost::asio::buffer(sending),
                                         [self = shared_from_this()](error_code error, std::size_t) {
                                             self->sending.clear();
                                             if (!error)
                                                 self->write();
                                         });
        }
        void listen() {
            boost::asio::async_read_until(
                socket, boost::asio::dynamic_buffer(heard), '\n',
                [self = shared_from_this()](error_code error, std::size_t size) {
                    if (error)
                        return;
                    const auto json = boost::json::parse(boost::json::string_view{self->heard.data(), size});
                    self->heard.erase(0, size);
                    const auto handler = std::move(self->waiting.front());
                    self->waiting.pop_front();
                    handler(json.as_object());
                    self->listen();
                });
        }

        boost::asio::local::stream_protocol::socket socket;
        std::string unsent;
        std::string sending;
        std::string heard;
        std::deque<std::function<void(const boost::json::object&)>> waiting;
    };

    /// Asks, and makes a result of each answer.
    template<class Signature, class Result, class Make, class Token>
    auto ask(std::vector<boost::json::object> questions, Make make, Token&& token) {
        return boost::asio::async_initiate<Token, Signature>(
            [line = line_, make](auto handler, const std::vector<boost::json::object>& asked) {
                auto held = std::make_shared<decltype(handler)>(std::move(handler));
                auto results = std::make_shared<std::vector<Result>>();
                for (const auto& question : asked) {
                    line->send(question);
                    line->waiting.push_back([=, all = asked.size()](const boost::json::object& answer) {
                        results->push_back(make(results->size(), answer));
                        if (results->size() == all)
                            boost::asio::post(line->socket.get_executor(),
                                              boost::asio::append(std::move(*held), error_code{}, std::move(*results)));
                    });
                }
            },
            token, std::move(questions));
    }

    template<class Token>
    auto refuse(std::size_t count, Token&& token) {
        const auto refused = Outcome::failure(understudy::WriteState::refused, understudy::Errc::refused);
        return answer<understudy::WriteSignature<Order>>(std::vector(count, refused), std::forward<Token>(token));
    }
    template<class Signature, class Result, class Token>
    auto answer(std::vector<Result> results, Token&& token) {
        return boost::asio::async_initiate<Token, Signature>(
            [executor = get_executor()](auto handler, std::vector<Result> known) {
                boost::asio::post(executor, boost::asio::append(std::move(handler), error_code{}, std::move(known)));
            },
            token, std::move(results));
    }

    std::shared_ptr<Line> line_;
};
static_assert(understudy::WritableSource<ShopLine>);
