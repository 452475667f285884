#include "digest.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace service {

std::string digest_of(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const auto part : parts)
        text.append(std::to_string(part.size())).append(":").append(part);
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error{"SHA-256 is not to be had"};
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (unsigned int i = 0; i < size; ++i)
        out.append({digits[bytes[i] >> 4], digits[bytes[i] & 15]});
    return out;
}

} // namespace service
