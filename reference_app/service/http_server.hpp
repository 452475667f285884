#pragma once

#include "http_message.hpp"
#include "http_server_params.hpp"
#include "log.hpp"
#include "metrics.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace service {

/// An HTTP/1.1 server on one thread: everything happens on the threads that run the io_context, of which there must be
/// one. It keeps connections, answers pipelined requests in order, and gives every transport error the answer it
/// deserves; what a request means is the handler's matter.
class HttpServer {
public:
    /// The log must outlive the io_context's last handler.
    HttpServer(boost::asio::io_context& context, HttpServerParams params, RequestHandler handler, const Log& log);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Starts to listen and returns the port. Throws `boost::system::system_error` if it cannot.
    std::uint16_t listen();

    /// Stops accepting, closes idle connections, lets requests that have begun be answered, then calls `done`.
    void stop(std::function<void()> done);

    /// Closes every connection, answered or not.
    void abort();

    std::size_t connections() const noexcept;
    void collect(MetricSink& sink) const;

private:
    class Connection;
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace service
