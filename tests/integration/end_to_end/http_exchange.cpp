#include "http_exchange.hpp"

#include <boost/json/parse.hpp>

#include <cerrno>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tests {

std::string HttpAnswer::header(std::string_view name) const {
    const auto at = head.find("\r\n" + std::string{name} + ": ");
    if (at == std::string::npos)
        return {};
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

boost::json::value HttpAnswer::json() const {
    return boost::json::parse(body);
}

HttpExchange::HttpExchange(unsigned short port)
    : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error{"the service does not accept"};
}

HttpExchange::HttpExchange(unsigned short port, std::string_view method, std::string_view path, std::string_view body)
    : HttpExchange{port} {
    send(method, path, body);
}

HttpExchange::HttpExchange(HttpExchange&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)} {}

HttpExchange::~HttpExchange() {
    if (socket_ >= 0)
        ::close(socket_);
}

void HttpExchange::send(std::string_view method, std::string_view path, std::string_view body,
                        std::string_view headers) {
    std::string text{method};
    text.append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ");
    text.append(std::to_string(body.size())).append("\r\n").append(headers).append("\r\n").append(body);
    if (::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
        throw std::runtime_error{"the service does not read"};
}

HttpAnswer HttpExchange::receive() {
    std::string text;
    char buffer[8192];
    for (;;) {
        const auto size = ::recv(socket_, buffer, sizeof buffer, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            break;
        text.append(buffer, static_cast<std::size_t>(size));
    }
    const auto end = text.find("\r\n\r\n");
    if (end == std::string::npos)
        throw std::runtime_error{"no answer: " + text};
    HttpAnswer answer;
    answer.head = text.substr(0, end + 2);
    answer.body = text.substr(end + 4);
    answer.status = std::stoi(answer.head.substr(9, 3));
    return answer;
}

} // namespace tests
