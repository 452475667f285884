#include <understudy/detail/backoff.hpp>
#include <understudy/detail/breaker.hpp>
#include <understudy/detail/collector.hpp>
#include <understudy/detail/key_line.hpp>
#include <understudy/detail/rate_ledger.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
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

void take(RateLedger& book, int calls, RateLedger::Instant now) {
    for (int i = 0; i < calls; ++i)
        book.take(now);
}

RateReport seen(int remaining, std::chrono::milliseconds elapsed) {
    RateReport report;
    report.limit = 100;
    report.remaining = remaining;
    report.elapsed = elapsed;
    return report;
}

constexpr auto nobody = [](int) { return false; };

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
        const auto priority = static_cast<Priority>(random() % 3);
        const auto when = book.earliest(priority, now);
        if (when > now + 1s)
            continue;
        now = std::max(now, when);
        BOOST_TEST_REQUIRE((book.earliest(priority, now) == now));
        book.take(now);
        sent.push_back(now);
        const auto in_window = std::count_if(sent.begin(), sent.end(), [&](auto moment) { return moment > now - 10s; });
        BOOST_TEST_REQUIRE(in_window <= 20);
    }
    BOOST_TEST(sent.size() > 1'000U);
}

BOOST_AUTO_TEST_CASE(I13_background_work_leaves_the_reserve) {
    auto book = ledger(100);
    take(book, 95, at(0ms));
    BOOST_TEST((book.earliest(Priority::background, at(1ms)) == at(10'100ms)));
    BOOST_TEST((book.earliest(Priority::write, at(1ms)) == at(1ms)));
    take(book, 4, at(1ms));
    BOOST_TEST((book.earliest(Priority::interactive, at(2ms)) == at(2ms)));
    take(book, 1, at(2ms));
    BOOST_TEST((book.earliest(Priority::interactive, at(3ms)) == at(10'100ms)));
}

BOOST_AUTO_TEST_CASE(I13_a_limit_lowered_by_a_header_holds_at_once) {
    auto book = ledger(190);
    take(book, 100, at(0ms));
    BOOST_TEST((book.earliest(Priority::interactive, at(1s)) == at(1s)));
    RateReport report;
    report.limit = 100;
    book.learn(report, at(1s));
    BOOST_TEST(book.limit() == 100);
    BOOST_TEST((book.earliest(Priority::interactive, at(1s)) == at(10'100ms)));
}

BOOST_AUTO_TEST_CASE(I13_calls_of_others_count) {
    auto book = ledger(100);
    take(book, 10, at(0ms));
    book.learn(seen(5, 0ms), at(500ms));
    take(book, 4, at(600ms));
    BOOST_TEST((book.earliest(Priority::interactive, at(600ms)) == at(600ms)));
    take(book, 1, at(600ms));
    BOOST_TEST((book.earliest(Priority::interactive, at(600ms)) == at(10'100ms)));
    // What others used is forgotten after a window.
    take(book, 94, at(10'600ms));
    BOOST_TEST((book.earliest(Priority::interactive, at(10'600ms)) == at(10'600ms)));
}

BOOST_AUTO_TEST_CASE(I13_calls_on_their_way_are_not_among_those_that_the_server_has_counted) {
    // Others used 40. Of our 50, sent one a millisecond, the first is answered: one of ours and 40 others are counted.
    auto book = ledger(100);
    for (int i = 0; i < 50; ++i)
        book.take(at(std::chrono::milliseconds{i}));
    book.learn(seen(59, 500ms), at(500ms));
    take(book, 10, at(501ms));
    BOOST_TEST((book.earliest(Priority::interactive, at(502ms)) > at(502ms)));
    // An answer that overtook it knew less, and changes nothing.
    book.learn(seen(60, 700ms), at(503ms));
    BOOST_TEST((book.earliest(Priority::interactive, at(504ms)) > at(504ms)));
}

BOOST_AUTO_TEST_CASE(calls_of_our_own_are_not_taken_for_those_of_others) {
    auto book = ledger(100);
    for (int i = 0; i < 50; ++i) {
        book.take(at(std::chrono::milliseconds{10 * i}));
        // Half a second a call, answered in order: the server has counted i + 1 of ours when it answers number i.
        if (i >= 25)
            book.learn(seen(100 - (i - 25) - 1, std::chrono::milliseconds{250}), at(std::chrono::milliseconds{10 * i}));
    }
    take(book, 49, at(500ms));
    BOOST_TEST((book.earliest(Priority::interactive, at(500ms)) == at(500ms)));
}

BOOST_AUTO_TEST_CASE(I13_a_refusal_closes_the_bucket_for_as_long_as_the_server_says) {
    auto book = ledger(100);
    RateReport report;
    report.refused = true;
    report.retry_after = 3s;
    book.learn(report, at(0ms));
    BOOST_TEST((book.earliest(Priority::interactive, at(1ms)) == at(3s)));
    report.retry_after = std::nullopt;
    book.learn(report, at(4s));
    BOOST_TEST((book.earliest(Priority::interactive, at(5s)) == at(14s)));
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

BOOST_AUTO_TEST_SUITE(failing_store)

BOOST_AUTO_TEST_CASE(one_failure_says_so_until_a_success_or_for_half_a_minute) {
    Breaker breaker{GuardedParams{}};
    BOOST_TEST(!breaker.failing(at(0ms)));
    breaker.on_failure(at(0ms));
    BOOST_TEST(breaker.failing(at(29'999ms)));
    BOOST_TEST(!breaker.failing(at(30'000ms)));
    breaker.on_failure(at(40s));
    breaker.on_success();
    BOOST_TEST(!breaker.failing(at(41s)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(collector)

BOOST_AUTO_TEST_CASE(a_value_leaves_once_for_all_who_asked) {
    Collector<std::string, int> waiting;
    waiting.add("a", 1);
    waiting.add("b", 2);
    waiting.add("a", 3);
    BOOST_TEST(waiting.size() == 2U);
    const auto batch = waiting.take(100, nobody);
    BOOST_TEST((batch.values == std::vector<std::string>{"a", "b"}));
    BOOST_TEST((batch.riders == std::vector<std::vector<int>>{{1, 3}, {2}}));
    BOOST_TEST(waiting.empty());
}

BOOST_AUTO_TEST_CASE(a_value_that_nobody_wants_any_more_stays_behind) {
    Collector<std::string, int> waiting;
    waiting.add("a", 1);
    waiting.add("b", 2);
    waiting.add("b", 3);
    const auto batch = waiting.take(100, [](int rider) { return rider < 3; });
    BOOST_TEST((batch.values == std::vector<std::string>{"b"}));
    BOOST_TEST((batch.riders == std::vector<std::vector<int>>{{3}}));
    BOOST_TEST(waiting.empty());
}

BOOST_AUTO_TEST_CASE(the_oldest_leave_first) {
    Collector<int, int> waiting;
    for (int i = 0; i < 5; ++i)
        waiting.add(i, i);
    BOOST_TEST((waiting.take(3, nobody).values == std::vector<int>{0, 1, 2}));
    waiting.add(4, 40);
    waiting.add(0, 50);
    const auto batch = waiting.take(100, nobody);
    BOOST_TEST((batch.values == std::vector<int>{3, 4, 0}));
    BOOST_TEST((batch.riders == std::vector<std::vector<int>>{{3}, {4, 40}, {50}}));
}

BOOST_AUTO_TEST_CASE(what_does_not_fold_leaves_each_by_itself_and_tells_what_stays_behind) {
    Collector<std::string, int, false> waiting;
    waiting.add("a", 1);
    waiting.add("a", 2);
    waiting.add("b", 3);
    const auto batch = waiting.take(100, [](int rider) { return rider == 3; });
    BOOST_TEST((batch.values == std::vector<std::string>{"a", "a"}));
    BOOST_TEST((batch.riders == std::vector<std::vector<int>>{{1}, {2}}));
    BOOST_TEST((batch.unwanted == std::vector<std::string>{"b"}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(key_line)

BOOST_AUTO_TEST_CASE(I17_one_at_a_time_in_the_order_in_which_they_came) {
    KeyLine<int> line;
    std::string went;
    const auto comes = [&](char who, bool takes = true) {
        return [&went, who, takes] {
            went += who;
            return takes;
        };
    };
    line.enter(1, comes('a'));
    line.enter(2, comes('b'));
    line.enter(1, comes('c'));
    line.enter(1, comes('d'));
    BOOST_TEST(went == "ab");
    line.leave(1);
    BOOST_TEST(went == "abc");
    line.leave(2);
    line.enter(2, comes('e', false));
    line.enter(2, comes('f'));
    BOOST_TEST(went == "abcef");
    line.leave(1);
    line.leave(1);
    line.enter(1, comes('g'));
    BOOST_TEST(went == "abcefdg");
}

BOOST_AUTO_TEST_CASE(any_number_may_have_left_the_line) {
    KeyLine<int> line;
    const auto takes = [] { return true; };
    int asked = 0;
    line.enter(1, takes);
    for (int i = 0; i < 200'000; ++i)
        line.enter(1, [&] {
            ++asked;
            return false;
        });
    line.leave(1);
    BOOST_TEST(asked == 200'000);
    bool went = false;
    line.enter(1, [&] { return went = true; });
    BOOST_TEST(went);
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
