#include <understudy/schedule.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

using namespace understudy;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

Timestamp at(const std::string& text) {
    return *parse_timestamp(text);
}

std::string shown(std::optional<Timestamp> moment) {
    return moment ? format_timestamp(*moment) : "never";
}

Schedule cron(const std::string& expression, TimeZone zone = TimeZone::utc()) {
    return Schedule::cron(CronExpression::parse(expression).value(), std::move(zone));
}

/// Clocks that are changed at some moments, `before` and after each one by so much.
TimeZone changing(std::chrono::seconds before, std::map<Timestamp, std::chrono::seconds> changes) {
    return TimeZone{[before, changes = std::move(changes)](Timestamp moment) {
        const auto after = changes.upper_bound(moment);
        const auto end = after == changes.end() ? Timestamp::max() : after->first;
        if (after == changes.begin())
            return TimeZone::Span{Timestamp::min(), end, before};
        const auto current = std::prev(after);
        return TimeZone::Span{current->first, end, current->second};
    }};
}

/// Puts its clocks, one hour ahead of UTC, forward from 2:00 to 3:00 on 29 March, and back from 3:00 to 2:00 on 25
/// October.
TimeZone summer_time() {
    return changing(1h, {{at("2026-03-29T01:00Z"), 2h}, {at("2026-10-25T01:00Z"), 1h}});
}

std::vector<std::string> next_of(const Schedule& schedule, const std::string& from, std::size_t count) {
    std::vector<std::string> found;
    for (auto moment = schedule.next(at(from)); moment && found.size() < count; moment = schedule.next(*moment))
        found.push_back(format_timestamp(*moment).substr(5, 11));
    return found;
}

using Moments = std::vector<std::string>;

void check(const Moments& found, const Moments& expected) {
    BOOST_TEST(found == expected, boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_SUITE(schedule)

BOOST_AUTO_TEST_CASE(never_is_never) {
    BOOST_TEST(shown(Schedule::never().next(at("2026-11-23T10:00Z"))) == "never");
    BOOST_TEST(shown(Schedule::never().jittered(10s, 1).next(at("2026-11-23T10:00Z"))) == "never");
}

BOOST_AUTO_TEST_CASE(an_interval_is_counted_from_the_last_start) {
    const auto minute = Schedule::every(1min);
    const auto now = at("2026-11-23T10:00:30Z");
    BOOST_TEST(shown(minute.next(now)) == "2026-11-23T10:01:30.000Z");
    BOOST_TEST(shown(minute.next(now, at("2026-11-23T10:00:10.500Z"))) == "2026-11-23T10:01:10.500Z");
    // Overdue.
    BOOST_TEST(shown(minute.next(now, at("2026-11-23T09:58Z"))) == shown(now));
    // The clock was set back, a little and a lot.
    BOOST_TEST(shown(minute.next(now, at("2026-11-23T10:01:30Z"))) == "2026-11-23T10:02:30.000Z");
    BOOST_TEST(shown(minute.next(now, at("2026-11-23T10:01:30.001Z"))) == shown(now));
    BOOST_TEST(shown(minute.next(now, at("2040-01-01T00:00Z"))) == shown(now));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_meant_is_refused) {
    BOOST_CHECK_THROW(Schedule::every(0ms), std::invalid_argument);
    BOOST_CHECK_THROW(Schedule::every(-1ms), std::invalid_argument);
    BOOST_CHECK_THROW(Schedule::never().jittered(-1ms, 1), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_cron_expression_is_due_at_its_minutes) {
    const auto full = cron("0 */2 * * *");
    BOOST_TEST(shown(full.next(at("2026-11-23T09:59:59.999Z"))) == "2026-11-23T10:00:00.000Z");
    BOOST_TEST(shown(full.next(at("2026-11-23T10:00Z"))) == "2026-11-23T12:00:00.000Z");
    BOOST_TEST(shown(full.next(at("2026-11-23T22:00:00.001Z"))) == "2026-11-24T00:00:00.000Z");
    BOOST_TEST(shown(cron("0 0 31 2 *").next(at("2026-11-23T10:00Z"))) == "never");
    BOOST_TEST(shown(cron("0 0 31 2 *", summer_time()).jittered(10s, 1).next(at("2026-01-23T10:00Z"))) == "never");
}

BOOST_AUTO_TEST_CASE(a_zone_decides_what_its_minutes_are) {
    BOOST_TEST(shown(cron("30 9 * * *", changing(5h + 30min, {})).next(at("2026-11-23T04:00Z"))) ==
               "2026-11-24T04:00:00.000Z");
    BOOST_TEST(shown(cron("30 9 * * *", changing(-5h, {})).next(at("2026-11-23T14:29Z"))) ==
               "2026-11-23T14:30:00.000Z");
    // Before there were zones, clocks were off by seconds: minutes begin when the clock there says so.
    BOOST_TEST(shown(cron("* * * * *", changing(-5h - 17min - 32s, {})).next(at("1890-01-01T12:00Z"))) ==
               "1890-01-01T12:00:32.000Z");
}

// cron(8) of Debian, Notes: "those jobs which would have run in the time that was skipped will be run soon after the
// change".
BOOST_AUTO_TEST_CASE(a_fixed_time_that_is_left_out_is_due_at_the_change) {
    const auto zone = summer_time();
    check(next_of(cron("30 2 * * *", zone), "2026-03-27T12:00Z", 3), {"03-28T01:30", "03-29T01:00", "03-30T00:30"});
    check(next_of(cron("0 2 * * *", zone), "2026-03-28T12:00Z", 2), {"03-29T01:00", "03-30T00:00"});
    check(next_of(cron("59 2 * * *", zone), "2026-03-28T12:00Z", 2), {"03-29T01:00", "03-30T00:59"});
    // Once, however many there were, and together with one that is meant then anyway.
    check(next_of(cron("0,20,40 1-3 * * *", zone), "2026-03-29T00:20Z", 4),
          {"03-29T00:40", "03-29T01:00", "03-29T01:20", "03-29T01:40"});
    // The hours about it stay as they are.
    check(next_of(cron("59 1 * * *", zone), "2026-03-28T12:00Z", 2), {"03-29T00:59", "03-29T23:59"});
    check(next_of(cron("1 3 * * *", zone), "2026-03-28T12:00Z", 2), {"03-29T01:01", "03-30T01:01"});
    // Asked at the change itself it is over.
    check(next_of(cron("30 2 * * *", zone), "2026-03-29T01:00Z", 1), {"03-30T00:30"});
}

// The same: "those jobs that fall into the repeated time will not be re-run".
BOOST_AUTO_TEST_CASE(a_fixed_time_that_comes_twice_is_due_once) {
    const auto zone = summer_time();
    check(next_of(cron("30 2 * * *", zone), "2026-10-24T12:00Z", 2), {"10-25T00:30", "10-26T01:30"});
    check(next_of(cron("0 2 * * *", zone), "2026-10-24T12:00Z", 2), {"10-25T00:00", "10-26T01:00"});
    check(next_of(cron("0 3 * * *", zone), "2026-10-24T12:00Z", 2), {"10-25T02:00", "10-26T02:00"});
    check(next_of(cron("0,30 2,3 * * *", zone), "2026-10-24T12:00Z", 4),
          {"10-25T00:00", "10-25T00:30", "10-25T02:00", "10-25T02:30"});
    // Also for one who asks only in the hour that comes again.
    check(next_of(cron("30 2 * * *", zone), "2026-10-25T01:10Z", 1), {"10-26T01:30"});
}

// The same: "Jobs which are specified with wildcards are run based on the new time immediately".
BOOST_AUTO_TEST_CASE(wildcards_go_by_the_clock_as_it_is) {
    const auto zone = summer_time();
    check(next_of(cron("*/30 * * * *", zone), "2026-03-29T00:00Z", 3), {"03-29T00:30", "03-29T01:00", "03-29T01:30"});
    check(next_of(cron("0 */2 * * *", zone), "2026-03-28T22:00Z", 3), {"03-28T23:00", "03-29T02:00", "03-29T04:00"});
    check(next_of(cron("*/30 2 * * *", zone), "2026-03-29T00:00Z", 2), {"03-30T00:00", "03-30T00:30"});
    check(next_of(cron("*/30 2 * * *", zone), "2026-10-24T12:00Z", 5),
          {"10-25T00:00", "10-25T00:30", "10-25T01:00", "10-25T01:30", "10-26T01:00"});
    check(next_of(cron("@hourly", zone), "2026-10-24T23:30Z", 4),
          {"10-25T00:00", "10-25T01:00", "10-25T02:00", "10-25T03:00"});
}

// The same: "Clock changes of more than 3 hours are considered to be corrections to the clock".
BOOST_AUTO_TEST_CASE(a_change_of_three_hours_is_a_correction) {
    const auto forward = changing(-11h, {{at("2026-03-10T11:00Z"), 13h}});
    check(next_of(cron("30 12 * * *", forward), "2026-03-09T12:00Z", 3), {"03-09T23:30", "03-10T23:30", "03-11T23:30"});
    const auto back = changing(3h, {{at("2026-03-10T11:00Z"), 0h}});
    check(next_of(cron("30 12 * * *", back), "2026-03-10T00:00Z", 3), {"03-10T09:30", "03-10T12:30", "03-11T12:30"});
}

// Every minute of a hundred days, in zones that change often, at odd moments, by odd amounts.
BOOST_AUTO_TEST_CASE(changes_of_clocks_are_what_a_reading_minute_by_minute_finds) {
    std::mt19937 random{4'711};
    const auto between = [&random](int low, int high) {
        return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
    };
    const char* hours[] = {"*", "*/2", "1-3", "0", "2", "23", "0,12", "1-23/2"};
    const char* minutes[] = {"*/15", "0", "30", "5,55", "0-59/20", "59"};
    const char* days[] = {"* * *", "* * *", "1-15 * *", "* * 0"};
    for (int round = 0; round < 24; ++round) {
        const auto begin = at("2026-01-01T00:00Z");
        const auto before = std::chrono::minutes{15 * between(-40, 40)};
        std::map<Timestamp, std::chrono::seconds> changes;
        std::chrono::minutes offset = before;
        for (auto moment = begin; changes.size() < 9;) {
            moment += std::chrono::minutes{30 * between(20, 800)};
            // Not so close to one another that a minute is left out or repeated by two of them.
            offset += std::chrono::minutes{15 * (between(0, 1) == 0 ? between(1, 11) : -between(1, 11))};
            changes[moment] = offset;
        }
        const auto text = std::string{minutes[between(0, 5)]} + ' ' + hours[between(0, 7)] + ' ' + days[between(0, 3)];
        const auto expression = CronExpression::parse(text).value();
        const auto scheduled = cron(text, changing(before, changes));

        std::vector<Timestamp> expected;
        std::unordered_set<std::int64_t> seen;
        CivilMinute previous{std::chrono::floor<std::chrono::minutes>(begin.time_since_epoch()) - 1min + before};
        offset = before;
        const auto end = begin + std::chrono::days{100};
        for (auto moment = begin; moment < end; moment += 1min) {
            if (const auto change = changes.find(moment); change != changes.end())
                offset = std::chrono::duration_cast<std::chrono::minutes>(change->second);
            const CivilMinute shown_there{std::chrono::floor<std::chrono::minutes>(moment.time_since_epoch()) + offset};
            bool meant = expression.matches(shown_there);
            if (expression.fixed_time()) {
                meant = meant && !seen.contains(shown_there.time_since_epoch().count());
                for (auto skipped = previous + 1min; skipped < shown_there; skipped += 1min)
                    meant =
                        meant || (expression.matches(skipped) && !seen.contains(skipped.time_since_epoch().count()));
                for (auto skipped = previous + 1min; skipped <= shown_there; skipped += 1min)
                    seen.insert(skipped.time_since_epoch().count());
                seen.insert(shown_there.time_since_epoch().count());
            }
            previous = shown_there;
            if (meant)
                expected.push_back(moment);
        }
        std::vector<Timestamp> found;
        for (auto moment = scheduled.next(begin - 1ms); moment && *moment < end; moment = scheduled.next(*moment))
            found.push_back(*moment);
        const auto differ = std::mismatch(found.begin(), found.end(), expected.begin(), expected.end());
        BOOST_TEST((found == expected), text << ": " << (differ.first == found.end() ? "nothing" : shown(*differ.first))
                                             << ", not "
                                             << (differ.second == expected.end() ? "nothing" : shown(*differ.second)));
    }
}

BOOST_AUTO_TEST_CASE(asking_again_changes_nothing) {
    const auto schedule = cron("*/7 * * * *", summer_time()).jittered(3min, 99);
    const auto begin = at("2026-03-29T00:00Z");
    auto due = schedule.next(begin);
    for (auto now = begin; now < begin + 3h; now += 7s) {
        if (now >= *due)
            due = schedule.next(now);
        BOOST_TEST_REQUIRE(shown(schedule.next(now)) == shown(due));
    }
}

BOOST_AUTO_TEST_CASE(jitter_delays_by_less_than_it_may_and_leaves_nothing_out) {
    for (const auto most : {1ms, 1'000ms, 59'000ms, 60'000ms, 3'600'000ms}) {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            const auto schedule = cron("* * * * *").jittered(most, seed);
            auto due = *schedule.next(at("2026-11-23T10:00Z"));
            auto minute = std::chrono::floor<std::chrono::minutes>(due);
            for (int i = 0; i < 30; ++i, minute += 1min) {
                BOOST_TEST_REQUIRE((due >= minute && due < minute + std::min(milliseconds{1min}, most)),
                                   shown(due) << " for " << shown(minute));
                due = *schedule.next(due, due);
            }
        }
    }
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto from = at("2026-11-23T10:00Z");
        const auto due = *Schedule::every(1min).jittered(10s, seed).next(from, from);
        BOOST_TEST((due >= from + 1min && due < from + 70s), shown(due));
    }
}

BOOST_AUTO_TEST_CASE(jitter_follows_from_its_seed_and_spreads) {
    std::set<Timestamp> all;
    const auto now = at("2026-11-23T09:30Z");
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto due = cron("0 * * * *").jittered(10min, seed).next(now);
        BOOST_TEST(shown(due) == shown(cron("0 * * * *").jittered(10min, seed).next(now)));
        all.insert(*due);
    }
    BOOST_TEST(all.size() > 95u);
    // Thirds of the ten minutes hold about a third each.
    const auto early = std::ranges::count_if(all, [](Timestamp due) { return due < at("2026-11-23T10:03:20Z"); });
    const auto late = std::ranges::count_if(all, [](Timestamp due) { return due >= at("2026-11-23T10:06:40Z"); });
    BOOST_TEST((early > 20 && early < 47));
    BOOST_TEST((late > 20 && late < 47));
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_repeats_no_fixed_time_and_stops_nothing) {
    const auto daily = cron("0 10 * * *");
    const auto last = at("2026-11-23T10:00Z");
    BOOST_TEST(shown(daily.next(at("2026-11-23T09:59:59.999Z"), last)) == "2026-11-24T10:00:00.000Z");
    BOOST_TEST(shown(daily.next(at("2026-11-23T07:00:00.001Z"), last)) == "2026-11-24T10:00:00.000Z");
    // Three hours are a correction: the new time is right.
    BOOST_TEST(shown(daily.next(at("2026-11-23T07:00Z"), last)) == "2026-11-23T10:00:00.000Z");
    BOOST_TEST(shown(daily.next(at("2026-11-23T09:00Z"), at("2040-01-01T10:00Z"))) == "2026-11-23T10:00:00.000Z");
    // The last time was put off, and counts with that.
    const auto put_off = daily.jittered(10min, 1).next(at("2026-11-23T10:02Z"), at("2026-11-23T10:09:59.999Z"));
    BOOST_TEST(shown(put_off).substr(0, 10) == "2026-11-24");
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_back_does_not_hold_up_a_wildcard) {
    const auto minutely = cron("* * * * *");
    const auto last = at("2026-11-23T10:00Z");
    BOOST_TEST(shown(minutely.next(at("2026-11-23T09:59:59.950Z"), last)) == "2026-11-23T10:01:00.000Z");
    BOOST_TEST(shown(minutely.next(at("2026-11-23T09:59:00.001Z"), last)) == "2026-11-23T10:01:00.000Z");
    BOOST_TEST(shown(minutely.next(at("2026-11-23T09:59Z"), last)) == "2026-11-23T10:00:00.000Z");
    BOOST_TEST(shown(minutely.next(at("2026-11-23T09:10Z"), last)) == "2026-11-23T09:11:00.000Z");
    BOOST_TEST(shown(minutely.next(at("2026-11-23T10:05:10Z"), last)) == "2026-11-23T10:06:00.000Z");
}

BOOST_AUTO_TEST_SUITE_END()
