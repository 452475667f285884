#include <understudy/detail/backoff.hpp>
#include <understudy/detail/breaker.hpp>
#include <understudy/detail/collector.hpp>
#include <understudy/detail/rate_ledger.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <random>
#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::detail;
using namespace std::chrono_literals;

namespace {

constexpr RateLedger::Instant at(std::chrono::milliseconds time) {
    return time + 1h;
}

RateLedger ledger(int limit = 100) {
    return RateLedger{limit, 10s, 100ms, 0.05};
}

} // namespace

BOOST_AUTO_TEST_SUITE(rate_ledger)

BOOST_AUTO_TEST_CASE(I13_no_rolling_window_ever_holds_more_calls_than_the_limit) {
    std::mt19937 random{20261123};
    auto book = ledger(20);
    std::vector<RateLedger::Instant> sent;
    auto now = at(0ms);
    for (int i = 0; i < 5'000; ++i) {
        now += std::chrono::milliseconds{random() % 700};
        const int calls = 1 + static_cast<int>(random() % 3);
        const auto priority = static_cast<Priority>(random() % 3);
        const auto when = book.earliest(priority, calls, now);
        if (when > now + 1s)
            continue;
        now = std::max(now, when);
        BOOST_TEST_REQUIRE((book.earliest(priority, calls, now) == now));
        book.take(calls, now);
        sent.insert(sent.end(), static_cast<std::size_t>(calls), now);
        const auto in_window = std::count_if(sent.begin(), sent.end(), [&](auto moment) { return moment > now - 10s; });
        BOOST_TEST_REQUIRE(in_window <= 20);
    }
    BOOST_TEST(sent.size() > 1'000U);
}

BOOST_AUTO_TEST_CASE(I13_background_work_leaves_the_reserve) {
    auto book = ledger(100);
    book.take(95, at(0ms));
    BOOST_TEST((book.earliest(Priority::background, 1, at(1ms)) == at(10'100ms)));
    BOOST_TEST((book.earliest(Priority::write, 1, at(1ms)) == at(1ms)));
    BOOST_TEST((book.earliest(Priority::interactive, 5, at(1ms)) == at(1ms)));
    BOOST_TEST((book.earliest(Priority::interactive, 6, at(1ms)) == at(10'100ms)));
}

BOOST_AUTO_TEST_CASE(I13_a_limit_lowered_by_a_header_holds_at_once) {
    auto book = ledger(190);
    book.take(100, at(0ms));
    BOOST_TEST((book.earliest(Priority::interactive, 1, at(1s)) == at(1s)));
    book.learn({.limit = 100}, at(1s));
    BOOST_TEST(book.limit() == 100);
    BOOST_TEST((book.earliest(Priority::interactive, 1, at(1s)) == at(10'100ms)));
}

BOOST_AUTO_TEST_CASE(I13_calls_of_others_count) {
    auto book = ledger(100);
    book.take(10, at(0ms));
    book.learn({.limit = 100, .remaining = 5}, at(500ms));
    BOOST_TEST((book.earliest(Priority::interactive, 5, at(600ms)) == at(600ms)));
    BOOST_TEST((book.earliest(Priority::interactive, 6, at(600ms)) == at(10'100ms)));
    // What others used is forgotten after a window.
    BOOST_TEST((book.earliest(Priority::interactive, 100, at(10'600ms)) == at(10'600ms)));
}

BOOST_AUTO_TEST_CASE(I13_a_refusal_closes_the_bucket_for_as_long_as_the_server_says) {
    auto book = ledger(100);
    book.learn({.retry_after = 3s, .refused = true}, at(0ms));
    BOOST_TEST((book.earliest(Priority::interactive, 1, at(1ms)) == at(3s)));
    book.learn({.refused = true}, at(4s));
    BOOST_TEST((book.earliest(Priority::interactive, 1, at(5s)) == at(14s)));
}

BOOST_AUTO_TEST_CASE(more_than_ever_fits_waits_for_an_empty_window) {
    auto book = ledger(10);
    book.take(1, at(0ms));
    BOOST_TEST((book.earliest(Priority::interactive, 50, at(1ms)) == at(10'100ms)));
    BOOST_TEST((book.earliest(Priority::interactive, 50, at(10'100ms)) == at(10'100ms)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(breaker)

BOOST_AUTO_TEST_CASE(it_opens_after_five_failures_in_a_row_and_probes_once_a_second) {
    Breaker breaker{GuardedParams{}};
    for (int i = 0; i < 4; ++i)
        breaker.on_failure(at(0ms));
    breaker.on_success();
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(breaker.admit(at(0ms)));
        breaker.on_failure(at(0ms));
    }
    BOOST_TEST((breaker.state() == Breaker::State::open));
    BOOST_TEST(!breaker.admit(at(999ms)));
    BOOST_TEST(breaker.admit(at(1'000ms)));
    BOOST_TEST(!breaker.admit(at(1'001ms)));
    breaker.on_failure(at(1'500ms));
    BOOST_TEST(breaker.admit(at(2'000ms)));
    breaker.on_success();
    BOOST_TEST(breaker.admit(at(2'001ms)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(collector)

BOOST_AUTO_TEST_CASE(a_value_leaves_once_for_all_who_asked) {
    Collector<std::string, int> waiting;
    waiting.add("a", 1);
    waiting.add("b", 2);
    waiting.add("a", 3);
    BOOST_TEST(waiting.size() == 2U);
    const auto batch = waiting.take(100);
    BOOST_TEST((batch.values == std::vector<std::string>{"a", "b"}));
    BOOST_TEST((batch.riders == std::vector<std::vector<int>>{{1, 3}, {2}}));
    BOOST_TEST(waiting.empty());
}

BOOST_AUTO_TEST_CASE(the_oldest_leave_first) {
    Collector<int, int> waiting;
    for (int i = 0; i < 5; ++i)
        waiting.add(i, i);
    BOOST_TEST((waiting.take(3).values == std::vector<int>{0, 1, 2}));
    waiting.add(4, 40);
    waiting.add(0, 50);
    const auto batch = waiting.take(100);
    BOOST_TEST((batch.values == std::vector<int>{3, 4, 0}));
    BOOST_TEST((batch.riders == std::vector<std::vector<int>>{{3}, {4, 40}, {50}}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(waiting)

BOOST_AUTO_TEST_CASE(the_ceiling_doubles_up_to_the_most) {
    constexpr std::uint32_t highest = 0xFFFFFFFFU;
    BOOST_TEST((backoff(0, 100ms, 5s, highest) == 101ms));
    BOOST_TEST((backoff(1, 100ms, 5s, highest) == 201ms));
    BOOST_TEST((backoff(30, 100ms, 5s, highest) == 5'001ms));
    BOOST_TEST((backoff(3, 100ms, 5s, 0) == 1ms));
}

BOOST_AUTO_TEST_SUITE_END()
