#pragma once

#include <string>

namespace hubspot_emulator {

struct Certificate {
    std::string certificate_pem;
    std::string key_pem;
};

/// Self-signed, for localhost, 127.0.0.1 and ::1, valid for a day from now, or over since yesterday.
/// Throws `std::runtime_error` when OpenSSL fails.
Certificate make_certificate(bool expired);

} // namespace hubspot_emulator
