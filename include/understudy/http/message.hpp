#pragma once

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::http {

enum class Method : std::uint8_t { get, post, put, patch, del };

struct Header {
    std::string name;
    std::string value;
};

/// What to ask of the server.
struct Request {
    Method method = Method::get;
    /// Path and query, percent-encoded where it must be; see `encoded`.
    std::string target = "/";
    /// Beyond `Host`, `User-Agent` and `Content-Length`, which the client adds.
    std::vector<Header> headers{};
    std::string body{};
    /// Whether asking twice does no harm. Always true of `get`.
    bool repeatable = false;
};

/// How far a request got.
enum class Phase : std::uint8_t { waiting, resolving, connecting, securing, sending, receiving, done };

constexpr std::string_view name_of(Phase phase) noexcept {
    constexpr std::string_view names[] = {"waiting for a connection",
                                          "resolving the host name",
                                          "connecting",
                                          "securing the connection",
                                          "sending",
                                          "receiving",
                                          "done"};
    return names[static_cast<std::size_t>(phase)];
}

/// Why there is no answer, in the words of whoever noticed. For logs only.
struct Failure {
    Phase phase = Phase::done;
    /// What the operating system, the TLS library or the parser reported.
    boost::system::error_code cause{};
    /// In words; a refused certificate says here what is wrong with it.
    std::string reason{};
};

namespace detail {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline bool same_name(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, lower, lower);
}

} // namespace detail

/// What the server said; when the request failed, why.
struct Answer {
    int status = 0;
    std::vector<Header> headers{};
    std::string body{};
    Failure failure{};

    /// The value of the first header of that name, in any case; empty if there is none.
    std::string_view header(std::string_view name) const noexcept {
        for (const auto& header : headers)
            if (detail::same_name(header.name, name))
                return header.value;
        return {};
    }
};

} // namespace understudy::http
