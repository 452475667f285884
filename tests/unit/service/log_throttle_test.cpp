#include "log_throttle.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(one_event_a_second_passes_and_says_how_many_did_not) {
    LogThrottle throttle;
    const LogThrottle::Clock::time_point start{1h};
    BOOST_TEST(throttle.pass(start).value() == 0u);
    BOOST_TEST(!throttle.pass(start + 1ms).has_value());
    BOOST_TEST(!throttle.pass(start + 999ms).has_value());
    BOOST_TEST(throttle.pass(start + 1000ms).value() == 2u);
    BOOST_TEST(throttle.pass(start + 5s).value() == 0u);
    LogThrottle slower{1min};
    BOOST_TEST(slower.pass(start).value() == 0u);
    BOOST_TEST(!slower.pass(start + 59s).has_value());
    BOOST_TEST(slower.pass(start + 60s).value() == 1u);
}
