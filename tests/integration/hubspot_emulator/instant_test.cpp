#include "instant.hpp"

#include <boost/test/unit_test.hpp>

using namespace hubspot_emulator;

BOOST_AUTO_TEST_SUITE(instant)

BOOST_AUTO_TEST_CASE(is_printed_without_a_fraction_of_zero) {
    BOOST_TEST(format_instant(0) == "1970-01-01T00:00:00Z");
    BOOST_TEST(format_instant(1'645'129'167'424) == "2022-02-17T20:19:27.424Z");
    BOOST_TEST(format_instant(1'645'129'167'007) == "2022-02-17T20:19:27.007Z");
    BOOST_TEST(format_instant(-1) == "1969-12-31T23:59:59.999Z");
    BOOST_TEST(format_date(1'645'129'167'424) == "2022-02-17");
    BOOST_TEST(format_long_date(1'645'129'167'424) == "February 17, 2022");
}

BOOST_AUTO_TEST_CASE(is_read_in_every_form) {
    constexpr Millis at = 1'645'129'167'424;
    for (const auto* text : {"1645129167424", "2022-02-17T20:19:27.424Z", "2022-02-17T15:19:27.424-05:00",
                             "2022-02-17T20:19:27.424999Z", "2022-02-17T21:49:27.424+0130"})
        BOOST_TEST(parse_instant(text).value() == at, text);
    BOOST_TEST(parse_instant("2022-02-17").value() == at / day_ms * day_ms);
    BOOST_TEST(parse_instant("0").value() == 0);
    for (const auto* text : {"", "x", "2022-02-30", "2022-2-17", "2022-02-17T", "2022-02-17T25:00:00Z",
                             "2022-02-17T20:19:27.Z", "17.02.2022", "12ab", "2022-02-17 20:19"})
        BOOST_TEST(!parse_instant(text), text);
}

BOOST_AUTO_TEST_SUITE_END()
