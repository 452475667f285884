#pragma once

#include <understudy/date_time.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace understudy::hubspot {

/// A request that claims to come from HubSpot. Views, for the length of one call.
struct SignedRequest {
    /// `POST`.
    std::string_view method{};
    /// The whole address as HubSpot called it, its query included: behind a proxy that is not what the server saw.
    std::string_view uri{};
    /// The bytes as they came: what was parsed and written again has another signature.
    std::string_view body{};
    /// The header `X-HubSpot-Signature-v3`; where it came more than once, its values joined by commas.
    std::string_view signature{};
    /// The header `X-HubSpot-Request-Timestamp`, in the same way.
    std::string_view timestamp{};
};

/// What becomes of a request, for the log: who sent it is told no more than that it is not believed.
enum class SignatureVerdict : std::uint8_t {
    valid,
    /// There is no secret to compare with.
    no_secret,
    missing_signature,
    missing_timestamp,
    /// Not the base64 of one SHA-256; also where the header came twice.
    garbled_signature,
    /// Not one number of milliseconds.
    garbled_timestamp,
    too_old,
    /// Signed later than now.
    too_new,
    wrong_signature,
};

/// The reason as logs and counters name it.
constexpr std::string_view name_of(SignatureVerdict verdict) noexcept {
    switch (verdict) {
    case SignatureVerdict::valid:
        return "valid";
    case SignatureVerdict::no_secret:
        return "no_secret";
    case SignatureVerdict::missing_signature:
        return "missing_signature";
    case SignatureVerdict::missing_timestamp:
        return "missing_timestamp";
    case SignatureVerdict::garbled_signature:
        return "garbled_signature";
    case SignatureVerdict::garbled_timestamp:
        return "garbled_timestamp";
    case SignatureVerdict::too_old:
        return "too_old";
    case SignatureVerdict::too_new:
        return "too_new";
    case SignatureVerdict::wrong_signature:
        break;
    }
    return "wrong_signature";
}

/// How old a request may be: HubSpot's documentation, "Validating requests", says five minutes.
inline constexpr std::chrono::milliseconds signature_age{300'000};
/// How far ahead of ours HubSpot's clock may be. HubSpot names no such bound; clocks that are set over the network
/// differ by less than a second, one that drifts is believed for a minute, and a request that somebody recorded can be
/// sent again for no more than that minute longer.
inline constexpr std::chrono::milliseconds signature_lead{60'000};

namespace detail {

// A SHA-256 in base64: 43 digits and a `=`.
inline constexpr std::size_t signature_length = 44;

// A character that HubSpot decodes before it signs, as three characters of the address spell it; 0 for any other.
inline char decoded_before_signing(std::string_view escape) noexcept {
    constexpr std::string_view decoded = ":/?@!$'()*,;";
    const auto digit = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                      : -1;
    };
    if (escape.size() < 3 || escape[0] != '%' || digit(escape[1]) < 0 || digit(escape[2]) < 0)
        return 0;
    const auto c = static_cast<char>(digit(escape[1]) * 16 + digit(escape[2]));
    return c != 0 && decoded.find(c) != std::string_view::npos ? c : '\0';
}

inline bool is_signature(std::string_view text) noexcept {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return text.size() == signature_length && text.find_first_not_of(digits) == signature_length - 1 &&
           text.back() == '=';
}

inline std::optional<std::int64_t> milliseconds_of(std::string_view text) noexcept {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc{} && end == text.data() + text.size() && text.front() != '-';
    return whole ? std::optional{number} : std::nullopt;
}

// Takes as long whatever they have in common.
inline bool is_signed_with(std::string_view secret, std::string_view message, std::string_view signature) {
    std::array<unsigned char, 32> code{};
    std::array<unsigned char, signature_length + 1> expected{};
    if (!HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
              reinterpret_cast<const unsigned char*>(message.data()), message.size(), code.data(), nullptr))
        return false;
    EVP_EncodeBlock(expected.data(), code.data(), static_cast<int>(code.size()));
    return CRYPTO_memcmp(expected.data(), signature.data(), signature_length) == 0;
}

} // namespace detail

/// The address as HubSpot signs it: `%3A %2F %3F %40 %21 %24 %27 %28 %29 %2A %2C %3B` are decoded, once, and nothing
/// else is.
inline std::string signed_uri(std::string_view uri) {
    std::string text;
    text.reserve(uri.size());
    for (std::size_t i = 0; i < uri.size(); ++i) {
        const char decoded = detail::decoded_before_signing(uri.substr(i, 3));
        text.push_back(decoded ? decoded : uri[i]);
        i += decoded ? 2 : 0;
    }
    return text;
}

/// Whether HubSpot sent a request: its signature of version 3 is the HMAC-SHA256 of method, address, body and timestamp
/// with one of the secrets (several while one is replaced by another), and it is not too old. Formula: HubSpot's
/// documentation, "Validating requests". How long it takes tells nothing about a secret or the right signature.
///
/// A request that was believed is believed again until it is too old: what it leads to must be harmless when repeated.
///
/// *Thread safety*: none is needed; it keeps nothing.
inline SignatureVerdict verify_signature(const SignedRequest& request, std::span<const std::string> secrets,
                                         Timestamp now) {
    if (request.signature.empty())
        return SignatureVerdict::missing_signature;
    if (request.timestamp.empty())
        return SignatureVerdict::missing_timestamp;
    if (!detail::is_signature(request.signature))
        return SignatureVerdict::garbled_signature;
    const auto sent = detail::milliseconds_of(request.timestamp);
    if (!sent)
        return SignatureVerdict::garbled_timestamp;
    const auto today = std::chrono::milliseconds{now.time_since_epoch()}.count();
    if (*sent < today - signature_age.count())
        return SignatureVerdict::too_old;
    if (*sent > today + signature_lead.count())
        return SignatureVerdict::too_new;
    std::string message{request.method};
    message.append(signed_uri(request.uri)).append(request.body).append(request.timestamp);
    auto verdict = SignatureVerdict::no_secret;
    for (const auto& secret : secrets) {
        if (secret.empty())
            continue;
        const bool fits = detail::is_signed_with(secret, message, request.signature);
        verdict =
            fits || verdict == SignatureVerdict::valid ? SignatureVerdict::valid : SignatureVerdict::wrong_signature;
    }
    return verdict;
}

} // namespace understudy::hubspot
