#include <understudy/date_time.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

using namespace understudy;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(date_time)

const std::string dates[] = {"2026-11-23", "2024-02-29", "0001-01-01", "9999-12-31"};

BOOST_DATA_TEST_CASE(D16_a_date_comes_back_as_it_was, data::make(dates)) {
    const auto date = parse_date(sample);
    BOOST_TEST_REQUIRE(date.has_value());
    BOOST_TEST(format_date(*date) == sample);
}

const std::string bad_dates[] = {"",           "2026-11-2",    "2026-02-30", "2025-02-29", "2026-13-01",
                                 "2026-00-10", "2026-11-23 ",  "26-11-23",   "2026/11/23", "2026-11-23T00:00:00Z",
                                 "-026-11-23", "1764547200000"};

BOOST_DATA_TEST_CASE(D16_what_is_no_date_is_refused, data::make(bad_dates)) {
    BOOST_TEST(!parse_date(sample).has_value());
}

const std::string one_moment[] = {"2022-02-17T20:19:27.424Z",      "2022-02-17T20:19:27.4249Z",
                                  "2022-02-17T21:19:27.424+01:00", "2022-02-17T15:19:27.424-0500",
                                  "2022-02-17 20:19:27.424+00",    "2022-02-18T01:49:27.424+05:30"};

BOOST_DATA_TEST_CASE(D16_one_moment_in_many_forms, data::make(one_moment)) {
    const auto moment = parse_timestamp(sample);
    BOOST_TEST_REQUIRE(moment.has_value());
    BOOST_TEST(moment->time_since_epoch().count() == 1'645'129'167'424);
    BOOST_TEST(format_timestamp(*moment) == "2022-02-17T20:19:27.424Z");
}

BOOST_AUTO_TEST_CASE(D16_a_moment_without_a_fraction_has_no_milliseconds) {
    BOOST_TEST(format_timestamp(*parse_timestamp("2022-02-17T20:19:05Z")) == "2022-02-17T20:19:05.000Z");
    BOOST_TEST(format_timestamp(*parse_timestamp("2022-02-17T20:19Z")) == "2022-02-17T20:19:00.000Z");
}

BOOST_AUTO_TEST_CASE(D16_moments_before_1970_keep_their_day) {
    const auto moment = parse_timestamp("1969-12-31T23:59:59.999Z");
    BOOST_TEST_REQUIRE(moment.has_value());
    BOOST_TEST(moment->time_since_epoch().count() == -1);
    BOOST_TEST(format_timestamp(*moment) == "1969-12-31T23:59:59.999Z");
}

const std::string bad_moments[] = {"",
                                   "2022-02-17",
                                   "2022-02-17T20:19:27",
                                   "2022-02-17T24:00:00Z",
                                   "2022-02-17T20:60:00Z",
                                   "2022-02-17T20:19:61Z",
                                   "2022-02-17T20:19:27.Z",
                                   "2022-02-30T20:19:27Z",
                                   "2022-02-17T20:19:27Zx",
                                   "1645129167424",
                                   "2022-02-17T20:19:27+1"};

BOOST_DATA_TEST_CASE(D16_what_is_no_moment_is_refused, data::make(bad_moments)) {
    BOOST_TEST(!parse_timestamp(sample).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
