#include "rate_limiter.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono_literals;

namespace {

const RateLimiter::Clock::time_point start{1h};

RateLimiter limiter(std::uint32_t per_second, std::uint32_t burst, std::size_t clients = 1000) {
    RateLimiterParams params;
    params.per_second = per_second;
    params.burst = burst;
    params.clients = clients;
    return RateLimiter{params};
}

Address client(std::uint8_t last) {
    return Address{std::array<std::uint8_t, 4>{192, 0, 2, last}};
}

int passed(RateLimiter& limit, const Address& who, RateLimiter::Clock::time_point now, int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i)
        count += !limit.take(who, now);
    return count;
}

} // namespace

BOOST_AUTO_TEST_SUITE(rate_limiter_suite)

BOOST_AUTO_TEST_CASE(a_quiet_client_may_send_its_burst_and_then_its_rate) {
    auto limit = limiter(50, 500);
    BOOST_TEST(passed(limit, client(1), start, 600) == 500);
    BOOST_TEST(passed(limit, client(1), start + 100ms, 600) == 5);
    BOOST_TEST(passed(limit, client(1), start + 1100ms, 600) == 50);
    BOOST_TEST(passed(limit, client(1), start + 1h, 600) == 500);
}

BOOST_AUTO_TEST_CASE(the_wait_is_told_and_is_enough) {
    auto limit = limiter(1, 3);
    BOOST_TEST(passed(limit, client(1), start, 3) == 3);
    const auto wait = limit.take(client(1), start + 200ms);
    BOOST_TEST_REQUIRE(wait.has_value());
    BOOST_TEST(wait->count() == 1);
    BOOST_TEST(!limit.take(client(1), start + 200ms + *wait).has_value());
}

BOOST_AUTO_TEST_CASE(a_refused_request_costs_nothing) {
    auto limit = limiter(10, 1);
    BOOST_TEST(passed(limit, client(1), start, 100) == 1);
    BOOST_TEST(!limit.take(client(1), start + 100ms).has_value());
}

BOOST_AUTO_TEST_CASE(clients_are_counted_apart_and_ipv6_by_subnet) {
    auto limit = limiter(1, 2);
    BOOST_TEST(passed(limit, client(1), start, 5) == 2);
    BOOST_TEST(passed(limit, client(2), start, 5) == 2);
    BOOST_TEST(passed(limit, *Address::parse("2001:db8::1"), start, 1) == 1);
    BOOST_TEST(passed(limit, *Address::parse("2001:db8::2"), start, 5) == 1);
    BOOST_TEST(passed(limit, *Address::parse("2001:db8:0:1::2"), start, 5) == 2);
}

BOOST_AUTO_TEST_CASE(memory_is_bounded_and_active_clients_are_remembered) {
    auto limit = limiter(1, 1, 100);
    BOOST_TEST(passed(limit, client(1), start, 2) == 1);
    for (int i = 0; i < 100'000; ++i) {
        const auto high = static_cast<std::uint8_t>(i >> 16);
        const auto middle = static_cast<std::uint8_t>(i >> 8);
        const auto low = static_cast<std::uint8_t>(i);
        limit.take(Address{std::array<std::uint8_t, 4>{10, high, middle, low}}, start);
        BOOST_TEST_REQUIRE(limit.remembered() <= 100u);
        // A client that keeps coming never gets a second burst out of the others' crowd.
        if (i % 20 == 0)
            BOOST_TEST_REQUIRE(passed(limit, client(1), start, 1) == 0);
    }
}

BOOST_AUTO_TEST_CASE(a_rate_of_zero_is_no_limit) {
    auto limit = limiter(0, 1);
    BOOST_TEST(passed(limit, client(1), start, 1000) == 1000);
    BOOST_TEST(limit.remembered() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
