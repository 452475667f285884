#include <understudy/http/message.hpp>

#include <boost/test/unit_test.hpp>

using namespace understudy;

BOOST_AUTO_TEST_SUITE(http_message)

BOOST_AUTO_TEST_CASE(headers_are_found_in_any_case_and_the_first_counts) {
    http::Answer answer;
    answer.headers = {{"retry-after", "1"}, {"RETRY-AFTER", "2"}, {"Retry-Aft", "3"}};
    BOOST_TEST(answer.header("Retry-After") == "1");
    BOOST_TEST(answer.header("Retry-After-") == "");
    BOOST_TEST(answer.header("") == "");
}

BOOST_AUTO_TEST_CASE(phases_have_names) {
    BOOST_TEST(http::name_of(http::Phase::waiting) == "waiting for a connection");
    BOOST_TEST(http::name_of(http::Phase::done) == "done");
}

BOOST_AUTO_TEST_SUITE_END()
