#include "query_string.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;

namespace {

QueryString parsed(std::string_view text) {
    auto result = QueryString::parse(text);
    BOOST_TEST_REQUIRE(std::holds_alternative<QueryString>(result), text);
    return std::move(std::get<QueryString>(result));
}

std::string value(const QueryString& query, std::string_view name) {
    const auto* found = query.find(name);
    return found ? *found : "(none)";
}

} // namespace

BOOST_AUTO_TEST_SUITE(query_string_suite)

BOOST_AUTO_TEST_CASE(values_are_decoded) {
    struct Row {
        std::string_view text;
        std::string_view value;
    };
    const Row rows[] = {
        {"a=b", "b"},
        {"a=Clinical+Skills", "Clinical Skills"},
        {"a=Clinical%20Skills", "Clinical Skills"},
        {"a=x%2By", "x+y"},
        {"a=%C3%A9%c3%a9", "\xc3\xa9\xc3\xa9"},
        {"a=\xc3\xa9", "\xc3\xa9"},
        {"a=1%262%3D3", "1&2=3"},
        {"a=b=c==", "b=c=="},
        {"a=%2541", "%41"},
        {"a", ""},
        {"a=", ""},
        {"&&b=1&&a=2&", "2"},
        {"%61=x", "x"},
        {"a[]=1&a=(2|3)&{b}=\"4\"", "(2|3)"},
        {"a=1?2/3@4:5", "1?2/3@4:5"},
        {"", "(none)"},
        {"=x", "(none)"},
        {"A=x&aa=y", "(none)"},
    };
    for (const auto& row : rows)
        BOOST_TEST(value(parsed(row.text), "a") == row.value, row.text);
}

BOOST_AUTO_TEST_CASE(repeated_parameters_are_told) {
    const auto query = parsed("a=1&b=2&%61=3");
    BOOST_TEST(query.is_repeated("a"));
    BOOST_TEST(value(query, "a") == "1");
    BOOST_TEST(!query.is_repeated("b"));
    BOOST_TEST(!query.is_repeated("c"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_said) {
    for (const std::string_view text : {"a=%", "a=%4", "a=%zz", "a=%4g", "%=a", "a=1&b=100%", "a=\xff", "a=%ff",
                                        "a=%C3", "a=%C0%80", "a=%ED%A0%80", "a=%F4%90%80%80", "\x80=1"})
        BOOST_TEST(std::holds_alternative<std::string>(QueryString::parse(text)), text);
    BOOST_TEST(value(parsed("a=" + std::string(QueryString::longest - 2, 'x')), "a").size() == 4094u);
    const auto result = QueryString::parse("a=" + std::string(QueryString::longest - 1, 'x'));
    BOOST_TEST_REQUIRE(std::holds_alternative<std::string>(result));
    BOOST_TEST(std::get<std::string>(result) == "the query must not be longer than 4096 bytes");
}

BOOST_AUTO_TEST_CASE(paths_are_decoded) {
    BOOST_TEST((decode_path("/api/bookings/%31%32") == "/api/bookings/12"));
    BOOST_TEST((decode_path("/a+b") == "/a+b"));
    BOOST_TEST((decode_path("") == ""));
    for (const auto* path : {"/a%2Fb", "/a%2fb", "/%", "/%4", "/%gg", "/%ff", "/\xff", "/a%00b", "/a%0ab", "/%7f"})
        BOOST_TEST(!decode_path(path), path);
}

BOOST_AUTO_TEST_SUITE_END()
