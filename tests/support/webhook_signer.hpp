#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <string>
#include <string_view>

namespace tests {

/// Signs as HubSpot does, by its documentation alone. The address is what is signed: decoded already.
inline std::string signature_v3(std::string_view secret, std::string_view method, std::string_view uri,
                                std::string_view body, std::string_view timestamp) {
    std::string message;
    for (const auto part : {method, uri, body, timestamp})
        message.append(part);
    std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), code.data(), &size);
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> text{};
    const auto length = EVP_EncodeBlock(text.data(), code.data(), static_cast<int>(size));
    return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

} // namespace tests
