#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace understudy::http {

/// How a client talks to its one server.
struct Params {
    /// `https://host[:port][/prefix]`, or `http://…` for servers nearby.
    std::string origin;
    /// A PEM file with the certificates to trust instead of the system's; empty for the system's.
    std::string ca_file{};
    std::string user_agent = "understudy/0.1";
    /// Connections at the same time, those being made included.
    std::size_t max_connections = 16;
    /// Requests that may wait for a connection; one more fails with `Errc::overloaded`.
    std::size_t max_waiting = 1000;
    /// For resolving, connecting and securing one connection together.
    std::chrono::milliseconds connect_timeout{5'000};
    /// An unused connection is closed after this time.
    std::chrono::milliseconds idle_timeout{30'000};
    /// Bytes of one answer's body; a longer one fails with `Errc::malformed_answer`.
    std::size_t max_body = 16 * 1024 * 1024;
};

} // namespace understudy::http
