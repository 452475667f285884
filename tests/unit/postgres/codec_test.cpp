#include <understudy/postgres/codec.hpp>
#include <understudy/postgres/parameters.hpp>

#include <boost/describe/enum.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::postgres;
using namespace std::chrono_literals;

namespace {

BOOST_DEFINE_ENUM_CLASS(Colour, red, green)
enum class Undescribed { one };

template<class T>
std::string encoded(const T& value) {
    std::string bytes;
    BOOST_TEST(!Codec<T>::encode(value, bytes).failed());
    return bytes;
}

template<class T>
error_code encode_error(const T& value) {
    std::string bytes;
    return Codec<T>::encode(value, bytes);
}

template<class T>
T round_trip(const T& value) {
    T back{};
    BOOST_TEST(Codec<T>::decode(encoded(value), back));
    return back;
}

std::string hex(const std::string& bytes) {
    std::string out;
    for (const char c : bytes) {
        out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(codecs)

// Forms as PostgreSQL's *_send functions write them.
BOOST_AUTO_TEST_CASE(bytes_are_postgresqls) {
    BOOST_TEST(hex(encoded(true)) == "01");
    BOOST_TEST(hex(encoded(false)) == "00");
    BOOST_TEST(hex(encoded(std::int16_t{-2})) == "fffe");
    BOOST_TEST(hex(encoded(std::int32_t{258})) == "00000102");
    BOOST_TEST(hex(encoded(std::int64_t{-1})) == "ffffffffffffffff");
    BOOST_TEST(hex(encoded(1.5)) == "3ff8000000000000");
    BOOST_TEST(hex(encoded(std::string{"é"})) == "c3a9");
    BOOST_TEST(hex(encoded(Date{std::chrono::year{2000} / 1 / 2})) == "00000001");
    BOOST_TEST(hex(encoded(Date{std::chrono::year{1999} / 12 / 31})) == "ffffffff");
    BOOST_TEST(hex(encoded(*parse_timestamp("2000-01-01T00:00:00.001Z"))) == "00000000000003e8");
    BOOST_TEST(hex(encoded(Colour::green)) == "677265656e");
}

BOOST_AUTO_TEST_CASE(numbers_round_trip) {
    for (const auto value :
         {std::numeric_limits<std::int16_t>::min(), std::int16_t{0}, std::numeric_limits<std::int16_t>::max()})
        BOOST_TEST(round_trip(value) == value);
    for (const auto value : {std::numeric_limits<std::int32_t>::min(), 0, std::numeric_limits<std::int32_t>::max()})
        BOOST_TEST(round_trip(value) == value);
    for (const auto value :
         {std::numeric_limits<std::int64_t>::min(), std::int64_t{0}, std::numeric_limits<std::int64_t>::max()})
        BOOST_TEST(round_trip(value) == value);
    for (const double value : {0.0, -0.0, 0.1, 1e308, -5e-324, std::numeric_limits<double>::infinity()})
        BOOST_TEST(round_trip(value) == value);
}

BOOST_AUTO_TEST_CASE(D16_dates_and_moments_round_trip_to_the_day_and_millisecond) {
    for (const std::string text : {"2000-02-29", "1970-01-01", "1582-10-04", "0000-01-01", "9999-12-31", "2026-03-08"})
        BOOST_TEST(format_date(round_trip(*parse_date(text))) == text);
    for (const std::string text : {"1999-12-31T23:59:59.999Z", "1969-12-31T23:59:59.001Z", "2026-11-01T05:30:00.000Z"})
        BOOST_TEST(format_timestamp(round_trip(*parse_timestamp(text))) == text);
}

BOOST_AUTO_TEST_CASE(microseconds_are_cut_off_towards_the_past) {
    Timestamp moment;
    BOOST_TEST(Codec<Timestamp>::decode(std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8), moment));
    BOOST_TEST(format_timestamp(moment) == "1999-12-31T23:59:59.999Z");
}

BOOST_AUTO_TEST_CASE(what_the_other_side_cannot_hold_is_an_error) {
    Date date;
    Timestamp moment;
    BOOST_TEST(!Codec<Date>::decode(std::string("\x7f\xff\xff\xff", 4), date)); // infinity
    BOOST_TEST(!Codec<Date>::decode(std::string("\x80\x00\x00\x00", 4), date)); // -infinity
    BOOST_TEST(!Codec<Timestamp>::decode(std::string("\x7f\xff\xff\xff\xff\xff\xff\xff", 8), moment));
    BOOST_TEST(encode_error(Date{std::chrono::year{2023} / 2 / 30}) == make_error_code(ClientErrc::value_out_of_range));
    BOOST_TEST(encode_error(Date{std::chrono::year{-5000} / 1 / 1}) == make_error_code(ClientErrc::value_out_of_range));
    BOOST_TEST(encode_error(Timestamp::max()) == make_error_code(ClientErrc::value_out_of_range));
    BOOST_TEST(encode_error(static_cast<Colour>(7)) == make_error_code(ClientErrc::value_out_of_range));
    Colour colour{};
    BOOST_TEST(!Codec<Colour>::decode("blue", colour));
    bool flag = false;
    BOOST_TEST(!Codec<bool>::decode("t", flag));
    std::int32_t number = 0;
    BOOST_TEST(!Codec<std::int32_t>::decode("12", number));
    BOOST_TEST(!Codec<std::int32_t>::decode("", number));
}

BOOST_AUTO_TEST_CASE(hostile_texts_travel_untouched) {
    for (const std::string text :
         {"", " ", "NULL", "null", "'; DROP TABLE x; --", "\"quoted\"", "back\\slash", "{a,b}", "{}", "a,b", "$1", "%s",
          "\x01\x7f\t\r\n", "ünïcödé", "日本語", "\U0001F600", "\xEF\xBF\xBD", "a;b;c", "\\x00"})
        BOOST_TEST(round_trip(text) == text);
}

BOOST_AUTO_TEST_CASE(texts_that_postgresql_cannot_store_are_named_errors) {
    BOOST_TEST(encode_error(std::string("a\0b", 3)) == make_error_code(ClientErrc::text_with_nul));
    for (const std::string text : {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                   "\xf0\x80\x80\x80", "abc\xc3", "\x80", "\xe2\x82"})
        BOOST_TEST(encode_error(text) == make_error_code(ClientErrc::text_not_utf8));
    BOOST_TEST((encode_error(std::string{"\xff"}) == Condition::refused));
}

BOOST_AUTO_TEST_CASE(arrays_are_postgresqls) {
    ArrayBuilder<std::optional<std::int16_t>> empty;
    BOOST_TEST(hex(std::move(empty).finish()) == "000000000000000000000015");
    ArrayBuilder<std::optional<std::int16_t>> array;
    array.add(std::optional<std::int16_t>{5});
    array.add(std::optional<std::int16_t>{});
    BOOST_TEST(hex(std::move(array).finish()) == "0000000100000001000000150000000200000001"
                                                 "000000020005"
                                                 "ffffffff");
}

BOOST_AUTO_TEST_CASE(null_empty_and_zero_are_three_parameters) {
    const auto parameters = Parameters::of(std::optional<std::string>{}, std::string{}, std::optional<std::int32_t>{0});
    BOOST_TEST(!parameters.values()[0].has_value());
    BOOST_TEST(parameters.values()[1].value() == "");
    BOOST_TEST(hex(parameters.values()[2].value()) == "00000000");
    BOOST_TEST((parameters.types() == std::vector<unsigned>{25, 25, 23}));
}

BOOST_AUTO_TEST_CASE(a_bad_value_leaves_its_error_in_the_parameters) {
    BOOST_TEST(Parameters::of(1, std::string{"\xff"}).error() == make_error_code(ClientErrc::text_not_utf8));
    BOOST_TEST(Parameters::of(std::vector<std::string>{"a", std::string(1, '\0')}).error() ==
               make_error_code(ClientErrc::text_with_nul));
}

BOOST_AUTO_TEST_CASE(what_may_be_stored) {
    BOOST_TEST(Storable<std::optional<Colour>>);
    BOOST_TEST(Storable<Date>);
    BOOST_TEST(!Storable<Undescribed>);
    BOOST_TEST(!Storable<float>);
    BOOST_TEST(!Storable<std::optional<std::optional<int>>>);
}

// As `select array_send(array['a','bc'])` writes it.
BOOST_AUTO_TEST_CASE(lists_of_texts_are_arrays) {
    using Texts = std::vector<std::string>;
    BOOST_TEST(hex(encoded(Texts{"a", "bc"})) == "00000001000000000000001900000002000000010000000161000000026263");
    BOOST_TEST(hex(encoded(Texts{})) == "000000000000000000000019");
    for (const auto& texts : {Texts{}, Texts{""}, Texts{"17", "18", "NULL"}, Texts{"a,b", "\"", "{\\}"}})
        BOOST_TEST((round_trip(texts) == texts));
    BOOST_TEST((encode_error(Texts{"a", std::string{"\0", 1}}) == ClientErrc::text_with_nul));

    Texts texts;
    const auto good = encoded(Texts{"a", "bc"});
    for (std::size_t size = 0; size < good.size(); ++size)
        BOOST_TEST(!Codec<Texts>::decode(good.substr(0, size), texts), size);
    BOOST_TEST(!Codec<Texts>::decode(good + "x", texts));
    auto other = good;
    other[11] = '\x17';
    BOOST_TEST(!Codec<Texts>::decode(other, texts));
    other = good;
    other.replace(20, 4, "\xff\xff\xff\xff");
    BOOST_TEST(!Codec<Texts>::decode(other, texts));
}

BOOST_AUTO_TEST_CASE(a_list_inside_an_array_is_a_text) {
    using Texts = std::vector<std::string>;
    std::string text;
    BOOST_TEST(!Codec<Texts>::encode_element({"17", "a\"b\\", ""}, text).failed());
    BOOST_TEST(text == R"({"17","a\"b\\",""})");
    ArrayBuilder<Texts> lists;
    lists.add(Texts{"1"});
    ArrayBuilder<std::string> same;
    same.add(R"({"1"})");
    BOOST_TEST(hex(std::move(lists).finish()) == hex(std::move(same).finish()));
}

BOOST_AUTO_TEST_SUITE_END()
