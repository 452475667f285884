#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

/// Somebody else's slow REST interface: `GET /customers?ids=1,2,3` answers with those of the customers 1 to 1000 that
/// were asked for, in an order of its own, after 150 ms.
class CustomerApi {
    using tcp = boost::asio::ip::tcp;

public:
    explicit CustomerApi(boost::asio::any_io_executor executor)
        : acceptor_{executor, tcp::endpoint{boost::asio::ip::address_v4::loopback(), 0}} {
        boost::asio::co_spawn(executor, accept(), boost::asio::detached);
    }

    std::string origin() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
    int calls() const { return calls_; }

    /// From now on every call is answered with 503.
    void fail(bool failing) { failing_ = failing; }
    /// Somebody gives every customer one more credit.
    void give_a_credit_to_everyone() { ++given_; }

private:
    boost::asio::awaitable<void> accept() {
        for (;;) {
            tcp::socket socket = co_await acceptor_.async_accept(boost::asio::use_awaitable);
            boost::asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), boost::asio::detached);
        }
    }

    boost::asio::awaitable<void> serve(tcp::socket socket) {
        namespace http = boost::beast::http;
        constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
        boost::asio::steady_timer delay{socket.get_executor()};
        boost::beast::flat_buffer buffer;
        for (;;) {
            http::request<http::empty_body> request;
            const auto [no_request, read] = co_await http::async_read(socket, buffer, request, token);
            if (no_request)
                co_return;
            ++calls_;
            delay.expires_after(std::chrono::milliseconds{150});
            co_await delay.async_wait(token);

            http::response<http::string_body> response{http::status::ok, request.version()};
            const std::string target{request.target()};
            if (failing_)
                response.result(http::status::service_unavailable);
            else
                response.body() = boost::json::serialize(answer(target.substr(target.find('=') + 1)));
            response.set(http::field::content_type, "application/json");
            response.prepare_payload();
            const auto [not_sent, written] = co_await http::async_write(socket, response, token);
            if (not_sent)
                co_return;
        }
    }

    boost::json::array answer(std::string ids) const {
        boost::json::array customers;
        for (ids += ','; !ids.empty(); ids.erase(0, ids.find(',') + 1)) {
            const std::string id = ids.substr(0, ids.find(','));
            const int number = std::atoi(id.c_str());
            if (number < 1 || number > 1000)
                continue;
            boost::json::object customer;
            customer["id"] = id;
            customer["name"] = "Customer " + id;
            customer["email"] = nullptr;
            customer["credits"] = number + given_;
            customer["updated_at"] = std::int64_t{1'700'000'000'000} + given_;
            customers.insert(customers.begin(), std::move(customer));
        }
        return customers;
    }

    tcp::acceptor acceptor_;
    int calls_ = 0;
    int given_ = 0;
    bool failing_ = false;
};
