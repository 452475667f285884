#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <chrono>
#include <cstdint>
#include <utility>
#include <variant>

namespace understudy::http::detail {

/// One connection, plain or secured, with what was read of it in advance.
class Connection {
public:
    using Plain = boost::beast::tcp_stream;
    using Secure = boost::asio::ssl::stream<boost::beast::tcp_stream>;

    explicit Connection(const boost::asio::any_io_executor& executor)
        : stream_{std::in_place_type<Plain>, executor} {}
    Connection(const boost::asio::any_io_executor& executor, boost::asio::ssl::context& tls)
        : stream_{std::in_place_type<Secure>, executor, tls} {}

    Plain& lowest() {
        if (auto* secure = std::get_if<Secure>(&stream_))
            return secure->next_layer();
        return std::get<Plain>(stream_);
    }
    Secure* secure() { return std::get_if<Secure>(&stream_); }

    template<class F>
    void visit(F&& f) {
        std::visit(std::forward<F>(f), stream_);
    }

    /// Whether the server seems to be still there: no end, and nothing that nobody asked for. A secured connection that
    /// was never used may hold session tickets.
    bool alive() {
        auto& socket = lowest().socket();
        boost::system::error_code ec;
        socket.non_blocking(true, ec);
        char byte{};
        socket.receive(boost::asio::buffer(&byte, 1), boost::asio::socket_base::message_peek, ec);
        return ec == boost::asio::error::would_block || (!ec && secure() && exchanges == 0);
    }

    boost::beast::flat_buffer buffer{};
    std::uint64_t exchanges = 0;
    std::chrono::steady_clock::time_point idle_since{};

private:
    std::variant<Plain, Secure> stream_;
};

} // namespace understudy::http::detail
