#pragma once

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace tests {

struct HttpAnswer {
    int status = 0;
    std::string head;
    std::string body;

    std::string header(std::string_view name) const;
    boost::json::value json() const;
};

/// One request on a connection of its own. Sending and receiving are two steps, so that many can be out at once.
class HttpExchange {
public:
    /// Connects, and asks nothing yet.
    explicit HttpExchange(unsigned short port);
    HttpExchange(unsigned short port, std::string_view method, std::string_view path, std::string_view body = {});
    HttpExchange(HttpExchange&& other) noexcept;
    HttpExchange& operator=(HttpExchange&&) = delete;
    ~HttpExchange();

    /// `headers` are lines that end with `\r\n`.
    void send(std::string_view method, std::string_view path, std::string_view body = {},
              std::string_view headers = {});
    /// Reads until the server closes the connection.
    HttpAnswer receive();

private:
    int socket_ = -1;
};

} // namespace tests
