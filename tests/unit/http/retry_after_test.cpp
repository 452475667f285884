#include <understudy/http/retry_after.hpp>

#include <boost/test/unit_test.hpp>

#include <string_view>

using namespace understudy;
using namespace std::chrono;

BOOST_AUTO_TEST_SUITE(http_retry_after)

namespace {

constexpr Timestamp now = sys_days{year{1994} / 11 / 6} + hours{8} + minutes{49} + seconds{30};

long long parsed(std::string_view text) {
    const auto wait = http::parse_retry_after(text, now);
    return wait ? wait->count() : -1;
}

} // namespace

BOOST_AUTO_TEST_CASE(seconds) {
    BOOST_TEST(parsed("0") == 0);
    BOOST_TEST(parsed("120") == 120'000);
    BOOST_TEST(parsed(" 7 ") == 7'000);
    BOOST_TEST(parsed("86399999") == 86'399'999'000);
}

BOOST_AUTO_TEST_CASE(dates) {
    BOOST_TEST(parsed("Sun, 06 Nov 1994 08:49:37 GMT") == 7'000);
    BOOST_TEST(parsed("Sun, 06 Nov 1994 08:49:00 GMT") == 0);
    BOOST_TEST(parsed("Mon, 07 Nov 1994 08:49:30 GMT") == 86'400'000);
    BOOST_TEST(parsed("Sat, 31 Dec 1994 23:59:60 GMT") > 0);
}

BOOST_AUTO_TEST_CASE(anything_else_is_nothing) {
    for (const std::string_view text :
         {"", " ", "-1", "1.5", "1e3", "999999999", "99999999999999999999", "soon", "Sun, 06 Nov 1994 08:49:37",
          "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 2994 08:49:37 GMT",
          "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:3x GMT"})
        BOOST_TEST(parsed(text) == -1, text);
}

BOOST_AUTO_TEST_SUITE_END()
