#pragma once

#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace understudy::http {

/// A server, as its address names it: `https://host[:port][/prefix]`.
struct Origin {
    bool tls = true;
    /// A name or an address; without brackets.
    std::string host;
    std::string port;
    /// What every target starts with: empty, or `/…` without a slash at the end.
    std::string prefix;
    /// As the `Host` header writes it.
    std::string authority;

    friend bool operator==(const Origin&, const Origin&) = default;
};

/// Reads an `http://` or `https://` address. Throws `std::invalid_argument` that says what is wrong with it; the text
/// is not repeated, for it might hold a password.
inline Origin parse_origin(std::string_view text) {
    const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
    if (!parsed)
        throw std::invalid_argument{"is not an address such as https://api.example.com"};
    const auto url = *parsed;
    // Boost.URL 1.81 takes what follows a port for a path even without a slash.
    if (!url.encoded_path().empty() && url.encoded_path().front() != '/')
        throw std::invalid_argument{"is not an address such as https://api.example.com"};
    Origin origin;
    origin.tls = url.scheme_id() == boost::urls::scheme::https;
    if (!origin.tls && url.scheme_id() != boost::urls::scheme::http)
        throw std::invalid_argument{"must start with https:// or http://"};
    if (url.has_userinfo())
        throw std::invalid_argument{"must not hold a user name or password"};
    if (url.has_query() || url.has_fragment())
        throw std::invalid_argument{"must not have a query or a fragment"};
    origin.host = url.host_address();
    if (origin.host.empty())
        throw std::invalid_argument{"names no host"};
    if (url.has_port() && !url.port().empty() && url.port_number() == 0)
        throw std::invalid_argument{"has a port that is out of range"};
    origin.port = url.has_port() && !url.port().empty() ? std::string{url.port()} : origin.tls ? "443" : "80";
    origin.authority = std::string{url.encoded_host_and_port()};
    origin.prefix = std::string{url.encoded_path()};
    while (!origin.prefix.empty() && origin.prefix.back() == '/')
        origin.prefix.pop_back();
    return origin;
}

/// The text as one segment of a path or one value of a query: everything but RFC 3986's unreserved characters is
/// percent-encoded.
inline std::string encoded(std::string_view text) {
    return boost::urls::encode({text.data(), text.size()}, boost::urls::unreserved_chars);
}

} // namespace understudy::http
