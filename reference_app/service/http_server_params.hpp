#pragma once

#include "address.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace service {

struct HttpServerParams {
    /// The address to listen on; 0 as the port takes a free one.
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;
    /// Bytes of a request line with its headers; more is refused with 431.
    std::size_t header_limit = 16 * 1024;
    /// Bytes of a request's body; more is refused with 413.
    std::size_t body_limit = 64 * 1024;
    /// Paths whose limit is another one.
    std::vector<std::pair<std::string_view, std::size_t>> body_limits;
    /// Connections at a time; when all are taken the one that is idle for the longest makes room, and if none is idle
    /// new ones wait in the system's queue.
    std::size_t connection_limit = 10'000;
    /// From a request's first byte to its last; longer is refused with 408.
    std::chrono::milliseconds request_timeout{10'000};
    /// How long a kept connection may be silent.
    std::chrono::milliseconds idle_timeout{75'000};
    /// How long a client may take to read an answer.
    std::chrono::milliseconds write_timeout{10'000};
    /// Who may say in `X-Forwarded-For` whom it speaks for.
    std::vector<Network> trusted_proxies;
};

} // namespace service
