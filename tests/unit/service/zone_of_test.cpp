#include "zone_of.hpp"

#include <understudy/schedule.hpp>

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace service;
using understudy::format_timestamp;
using understudy::parse_timestamp;
using understudy::Schedule;
using understudy::Timestamp;

namespace {

using Moments = std::vector<std::string>;

Moments next_in(const std::string& zone, const std::string& expression, const std::string& from, std::size_t count) {
    const auto schedule = Schedule::cron(understudy::CronExpression::parse(expression).value(), zone_of(zone));
    Moments found;
    for (auto due = schedule.next(*parse_timestamp(from)); due && found.size() < count; due = schedule.next(*due))
        found.push_back(format_timestamp(*due).substr(0, 16));
    return found;
}

void check(const Moments& found, const Moments& expected) {
    BOOST_TEST(found == expected, boost::test_tools::per_element());
}

} // namespace

// Toronto's clocks go forward on 8 March 2026 at 07:00 UTC, from 2:00 to 3:00, and back on 1 November at 06:00 UTC,
// from 2:00 to 1:00 (IANA time zone database, 2025b).
BOOST_AUTO_TEST_SUITE(zone_of_suite)

BOOST_AUTO_TEST_CASE(d16_cron_expressions_go_by_torontos_clocks) {
    check(next_in("America/Toronto", "30 9 * * *", "2026-03-07T00:00Z", 2), {"2026-03-07T14:30", "2026-03-08T13:30"});
    check(next_in("America/Toronto", "30 9 * * *", "2026-10-31T00:00Z", 2), {"2026-10-31T13:30", "2026-11-01T14:30"});
}

BOOST_AUTO_TEST_CASE(d16_what_toronto_leaves_out_in_spring_is_due_at_the_change) {
    check(next_in("America/Toronto", "30 2 * * *", "2026-03-07T00:00Z", 3),
          {"2026-03-07T07:30", "2026-03-08T07:00", "2026-03-09T06:30"});
    check(next_in("America/Toronto", "0 1,2,3 * * *", "2026-03-08T05:00Z", 3),
          {"2026-03-08T06:00", "2026-03-08T07:00", "2026-03-09T05:00"});
    check(next_in("America/Toronto", "*/30 2 * * *", "2026-03-08T05:00Z", 1), {"2026-03-09T06:00"});
    check(next_in("America/Toronto", "0 */2 * * *", "2026-03-08T04:00Z", 3),
          {"2026-03-08T05:00", "2026-03-08T08:00", "2026-03-08T10:00"});
}

BOOST_AUTO_TEST_CASE(d16_what_toronto_repeats_in_autumn_is_due_once_if_its_time_is_fixed) {
    check(next_in("America/Toronto", "30 1 * * *", "2026-10-31T12:00Z", 2), {"2026-11-01T05:30", "2026-11-02T06:30"});
    check(next_in("America/Toronto", "0 1,2 * * *", "2026-10-31T12:00Z", 3),
          {"2026-11-01T05:00", "2026-11-01T07:00", "2026-11-02T06:00"});
    check(next_in("America/Toronto", "*/30 1 * * *", "2026-10-31T12:00Z", 5),
          {"2026-11-01T05:00", "2026-11-01T05:30", "2026-11-01T06:00", "2026-11-01T06:30", "2026-11-02T06:00"});
    check(next_in("America/Toronto", "0 */2 * * *", "2026-11-01T03:00Z", 3),
          {"2026-11-01T04:00", "2026-11-01T07:00", "2026-11-01T09:00"});
}

// Lord Howe Island changes by half an hour; Apia left out 30 December 2011, which cron takes for a correction.
BOOST_AUTO_TEST_CASE(other_places_change_otherwise) {
    check(next_in("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00Z", 2),
          {"2026-10-03T15:30", "2026-10-04T15:15"});
    check(next_in("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00Z", 2),
          {"2026-04-04T14:45", "2026-04-05T15:15"});
    check(next_in("Pacific/Apia", "0 12 * * *", "2011-12-29T00:00Z", 2), {"2011-12-29T22:00", "2011-12-30T22:00"});
}

BOOST_AUTO_TEST_CASE(zones_without_changes_are_the_same_for_ever) {
    const auto utc = zone_of("UTC").span_at(*parse_timestamp("2026-11-23T10:00Z"));
    BOOST_TEST((utc.begin == Timestamp::min() && utc.end == Timestamp::max() && utc.offset.count() == 0));
    const auto tokyo = zone_of("Asia/Tokyo").span_at(*parse_timestamp("2026-11-23T10:00Z"));
    BOOST_TEST((tokyo.end == Timestamp::max() && tokyo.offset == std::chrono::hours{9}));
    check(next_in("UTC", "0 0 29 2 *", "2026-11-23T10:00Z", 1), {"2028-02-29T00:00"});
}

BOOST_AUTO_TEST_CASE(a_zone_that_is_missing_is_named_to_whoever_wrote_it) {
    BOOST_CHECK_EXCEPTION(zone_of("America/Nowhere"), std::runtime_error, [](const std::runtime_error& error) {
        return std::string{error.what()}.find("America/Nowhere") != std::string::npos;
    });
}

BOOST_AUTO_TEST_SUITE_END()
