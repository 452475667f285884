#include <understudy/http/detail/pool_rules.hpp>

#include <boost/test/unit_test.hpp>

using namespace understudy::http::detail;

BOOST_AUTO_TEST_SUITE(http_pool_rules)

BOOST_AUTO_TEST_CASE(an_idle_connection_is_used_again) {
    BOOST_CHECK(admit({.idle = 1}, {4, 10}, false) == Admission::reuse);
}

BOOST_AUTO_TEST_CASE(a_second_attempt_gets_a_new_connection) {
    BOOST_CHECK(admit({.idle = 1}, {4, 10}, true) == Admission::wait);
}

BOOST_AUTO_TEST_CASE(nobody_overtakes_those_who_wait) {
    BOOST_CHECK(admit({.idle = 1, .waiting = 1}, {4, 10}, false) == Admission::wait);
}

BOOST_AUTO_TEST_CASE(a_full_queue_refuses) {
    BOOST_CHECK(admit({.busy = 4, .waiting = 9}, {4, 10}, false) == Admission::wait);
    BOOST_CHECK(admit({.busy = 4, .waiting = 10}, {4, 10}, false) == Admission::refuse);
    BOOST_CHECK(admit({.idle = 1}, {4, 0}, false) == Admission::reuse);
}

BOOST_AUTO_TEST_CASE(as_many_connections_are_made_as_are_waited_for_and_fit) {
    BOOST_TEST(should_connect({.waiting = 1}, {2, 10}));
    BOOST_TEST(!should_connect({}, {2, 10}));
    BOOST_TEST(!should_connect({.connecting = 1, .waiting = 1}, {2, 10}));
    BOOST_TEST(should_connect({.connecting = 1, .waiting = 2}, {2, 10}));
    BOOST_TEST(!should_connect({.busy = 1, .connecting = 1, .waiting = 5}, {2, 10}));
    BOOST_TEST(!should_connect({.idle = 1, .busy = 1, .waiting = 5}, {2, 10}));
}

BOOST_AUTO_TEST_SUITE_END()
