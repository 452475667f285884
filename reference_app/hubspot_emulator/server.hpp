#pragma once

#include "certificate.hpp"
#include "emulator.hpp"

#include <functional>
#include <string>

namespace hubspot_emulator {

/// Where a portal is served.
struct ServerParams {
    std::string address = "127.0.0.1";
    /// For HTTP and for HTTPS; 0 picks a free one, below it there is none.
    int port = -1;
    int tls_port = -1;
    /// Asked for once there is a port for HTTPS.
    std::function<Certificate()> certificate;
};

/// Serves one emulator over HTTP/1.1, plain or TLS, on one thread, until SIGINT or SIGTERM: then idle connections are
/// closed, and calls under way are answered first, for two seconds at most. `on_ready` gets a line for each port, such
/// as `listening http 127.0.0.1:8080`. Throws what keeps it from listening.
void serve(Emulator& emulator, const ServerParams& params, const std::function<void(const std::string&)>& on_ready);

} // namespace hubspot_emulator
