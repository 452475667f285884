#include <understudy/http/origin.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using namespace understudy;

BOOST_AUTO_TEST_SUITE(http_origin)

BOOST_AUTO_TEST_CASE(addresses_are_taken_apart) {
    const struct {
        std::string text;
        http::Origin origin;
    } table[] = {
        {"https://api.hubapi.com", {true, "api.hubapi.com", "443", "", "api.hubapi.com"}},
        {"https://api.hubapi.com/", {true, "api.hubapi.com", "443", "", "api.hubapi.com"}},
        {"http://127.0.0.1:8080", {false, "127.0.0.1", "8080", "", "127.0.0.1:8080"}},
        {"HTTP://localhost", {false, "localhost", "80", "", "localhost"}},
        {"https://[::1]:8443/hub/", {true, "::1", "8443", "/hub", "[::1]:8443"}},
        {"https://proxy.example.com/a%20b/c//", {true, "proxy.example.com", "443", "/a%20b/c", "proxy.example.com"}},
        {"https://host:", {true, "host", "443", "", "host:"}},
    };
    for (const auto& row : table)
        BOOST_TEST_CONTEXT(row.text) {
            const auto origin = http::parse_origin(row.text);
            BOOST_TEST(origin.tls == row.origin.tls);
            BOOST_TEST(origin.host == row.origin.host);
            BOOST_TEST(origin.port == row.origin.port);
            BOOST_TEST(origin.prefix == row.origin.prefix);
            BOOST_TEST(origin.authority == row.origin.authority);
        }
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_refused_without_repeating_it) {
    for (const std::string text :
         {"", "api.hubapi.com", "ftp://host", "https://", "https:///path", "https://user:secret@host",
          "https://host?a=b", "https://host#f", "https://host:0", "https://host:65536", "https://host:80a",
          "https://ho st", "https://host/\r\nX: y", "wss://host"})
        BOOST_TEST_CONTEXT(text) {
            BOOST_CHECK_EXCEPTION(http::parse_origin(text), std::invalid_argument, [](const auto& error) {
                return std::string{error.what()}.find("secret") == std::string::npos && *error.what() != '\0';
            });
        }
}

BOOST_AUTO_TEST_CASE(everything_but_unreserved_characters_is_encoded) {
    BOOST_TEST(http::encoded("0-1") == "0-1");
    BOOST_TEST(http::encoded("a b/c?d&e=f%g+h@x.com") == "a%20b%2Fc%3Fd%26e%3Df%25g%2Bh%40x.com");
    BOOST_TEST(http::encoded("..") == "..");
    BOOST_TEST(http::encoded(std::string_view{"\r\n\0\xc3\xa9", 5}) == "%0D%0A%00%C3%A9");
}

BOOST_AUTO_TEST_SUITE_END()
