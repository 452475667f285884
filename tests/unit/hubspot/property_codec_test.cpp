#include "student.hpp"

#include <understudy/hubspot/property_codec.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

using namespace understudy;
using namespace understudy::hubspot;
using namespace std::chrono;

BOOST_AUTO_TEST_SUITE(hubspot_property_codec)

namespace {

template<class T>
struct Row {
    std::string_view text;
    std::optional<T> value;
};

template<class T, std::size_t N>
void check(const Row<T> (&table)[N]) {
    for (const auto& [text, value] : table) {
        const auto read = PropertyCodec<T>::read(text);
        BOOST_TEST((read == value), "read \"" << text << "\"");
        if (value)
            BOOST_TEST((PropertyCodec<T>::read(PropertyCodec<T>::write(*value)) == value), "wrote \"" << text << "\"");
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(integers) {
    check<std::int32_t>({
        {"0", 0},
        {"3", 3},
        {"-3", -3},
        {"3.0", 3},
        {"3.00", 3},
        {"1.0E7", 10'000'000},
        {"007", 7},
        {"2147483647", 2147483647},
        {"-2147483648", std::numeric_limits<std::int32_t>::min()},
        {"2147483648", {}},
        {"1e300", {}},
        {"3.5", {}},
        {"-0.1", {}},
        {"abc", {}},
        {"", {}},
        {" 3", {}},
        {"3 ", {}},
        {"+3", {}},
        {"3,000", {}},
        {"0x10", {}},
        {"nan", {}},
        {"inf", {}},
        {"2026-01-01", {}},
        {"\xd9\xa3", {}},
        {{"3\0", 2}, {}},
    });
    check<std::int64_t>({
        {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
        {"9223372036854775808", {}},
        {"9223372036854775807.0", {}}, // beyond what a double holds exactly
        {"9007199254740992.0", 9007199254740992},
    });
    check<std::uint8_t>({{"255", std::uint8_t{255}}, {"256", {}}, {"-1", {}}, {"-1.0", {}}});
}

BOOST_AUTO_TEST_CASE(floating_point) {
    check<double>({
        {"0", 0.0},
        {"3.25", 3.25},
        {"-1e-3", -0.001},
        {"0.1", 0.1},
        {"1e999", {}},
        {"nan", {}},
        {"inf", {}},
        {"1,5", {}},
        {"", {}},
        {"1.5x", {}},
    });
}

BOOST_AUTO_TEST_CASE(booleans) {
    check<bool>({{"true", true}, {"false", false}, {"", {}}, {"TRUE", {}}, {"1", {}}, {"yes", {}}});
}

BOOST_AUTO_TEST_CASE(texts) {
    check<std::string>({{"", std::string{}}, {"a;b", std::string{"a;b"}}, {" x ", std::string{" x "}}});
}

BOOST_AUTO_TEST_CASE(D16_dates_are_never_a_day_off) {
    check<Date>({
        {"2026-11-23", Date{year{2026} / 11 / 23}},
        {"2024-02-29", Date{year{2024} / 2 / 29}},
        {"1653696000000", Date{year{2022} / 5 / 28}}, // midnight UTC
        {"0", Date{year{1970} / 1 / 1}},
        {"-86400000", Date{year{1969} / 12 / 31}},
        {"1653696000001", {}}, // no midnight: a moment, not a day
        {"1653710400000", {}}, // midnight in Toronto
        {"2023-02-29", {}},
        {"2026-13-01", {}},
        {"2026-1-1", {}},
        {"2026-11-23T00:00:00Z", {}},
        {"11/23/2026", {}},
        {"", {}},
        {"2026", {}}, // milliseconds in 1970, not midnight
        {"99999999999999999999", {}},
        {"253402300800000", {}}, // the year 10000
    });
    BOOST_TEST(PropertyCodec<Date>::write(Date{year{2026} / 1 / 2}) == "2026-01-02");
}

BOOST_AUTO_TEST_CASE(D16_moments_come_in_three_forms) {
    constexpr Timestamp moment = sys_days{year{2022} / 2 / 17} + hours{20} + minutes{19} + seconds{27};
    check<Timestamp>({
        {"2022-02-17T20:19:27Z", moment},
        {"2022-02-17T20:19:27.424Z", moment + milliseconds{424}},
        {"2022-02-17T15:19:27-05:00", moment},
        {"1645129167000", moment},
        {"1645129167424", moment + milliseconds{424}},
        {"0", Timestamp{}},
        {"2022-02-17T20:19:27", {}}, // names no moment
        {"2022-02-17", {}},
        {"", {}},
        {"soon", {}},
        {"1645129167.5", {}},
        {"-99999999999999999", {}},
    });
    BOOST_TEST(PropertyCodec<Timestamp>::write(moment) == "1645129167000");
}

BOOST_AUTO_TEST_CASE(options) {
    check<Activity>({{"true", Activity::true_},
                     {"false", Activity::false_},
                     {"scheduled", Activity::scheduled},
                     {"true_", {}},
                     {"Scheduled", {}},
                     {"archived", {}},
                     {"", {}}});
    BOOST_TEST(PropertyCodec<Activity>::write(Activity::true_) == "true");
}

BOOST_AUTO_TEST_CASE(an_empty_text_is_a_value_for_texts_only) {
    std::optional<int> number = 5;
    BOOST_CHECK(decode_property("", number) == Decoded::no_value);
    BOOST_TEST(!number);
    int plain = 5;
    BOOST_CHECK(decode_property("", plain) == Decoded::no_value);
    BOOST_TEST(plain == 5);
    std::optional<std::string> text;
    BOOST_CHECK(decode_property("", text) == Decoded::value);
    BOOST_TEST(text.value() == "");
    std::optional<int> zero;
    BOOST_CHECK(decode_property("0", zero) == Decoded::value);
    BOOST_TEST(zero.value() == 0);
    std::optional<int> kept = 5;
    BOOST_CHECK(decode_property("x", kept) == Decoded::wrong);
    BOOST_TEST(kept.value() == 5);
}

BOOST_AUTO_TEST_CASE(no_value_is_written_as_the_empty_text) {
    BOOST_TEST(encode_property(std::optional<int>{}) == "");
    BOOST_TEST(encode_property(std::optional<int>{0}) == "0");
    BOOST_TEST(encode_property(std::optional<std::string>{}) == "");
    BOOST_TEST(encode_property(7) == "7");
    BOOST_TEST(encode_property(0.1) == "0.1");
}

BOOST_AUTO_TEST_SUITE_END()
