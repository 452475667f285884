#include "query_validation.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;

namespace {

template<class T>
T accepted(const Validated<T>& result) {
    BOOST_TEST_REQUIRE(std::holds_alternative<T>(result));
    return std::get<T>(result);
}

template<class T>
void check_errors(const Validated<T>& result, const ValidationErrors& expected) {
    const auto* errors = std::get_if<ValidationErrors>(&result);
    BOOST_TEST((errors ? *errors : ValidationErrors{}) == expected, boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_SUITE(query_validation_suite)

BOOST_AUTO_TEST_CASE(a_question_for_exams_is_read) {
    const auto plain = accepted(validate_available_exams("mock_type=Mini-mock"));
    BOOST_TEST((plain.mock_type == MockType::mini_mock));
    BOOST_TEST(plain.with_counts);
    BOOST_TEST(!plain.realtime);
    const auto full =
        accepted(validate_available_exams("realtime=true&x=1&x=2&include_capacity=false&mock_type=Clinical+Skills"));
    BOOST_TEST((full.mock_type == MockType::clinical_skills));
    BOOST_TEST(!full.with_counts);
    BOOST_TEST(full.realtime);
    const auto discussions = accepted(validate_available_discussions("mock_type=Chess&include_capacity=true"));
    BOOST_TEST((discussions.mock_type == MockType::mock_discussion));
    BOOST_TEST(discussions.with_counts);
}

BOOST_AUTO_TEST_CASE(a_question_for_bookings_is_read) {
    const auto plain = accepted(validate_booking_list("student_id=ANN1&email=Ann%40Example.org"));
    BOOST_TEST((plain.student == Credentials{"ANN1", "ann@example.org"}));
    BOOST_TEST((plain.page.filter == BookingFilter::all));
    BOOST_TEST(plain.page.page == 1);
    BOOST_TEST(plain.page.limit == 20);
    const auto full =
        accepted(validate_booking_list("student_id=ANN1&email=ann%2Bx@example.org&filter=past&page=1000000&limit=100"));
    BOOST_TEST(full.student.email == "ann+x@example.org");
    BOOST_TEST((full.page.filter == BookingFilter::past));
    BOOST_TEST(full.page.page == 1'000'000);
    BOOST_TEST(full.page.limit == 100);
    const auto upcoming = accepted(validate_booking_list("student_id=A&email=a@b.ca&filter=upcoming&page=1&limit=1"));
    BOOST_TEST((upcoming.page.filter == BookingFilter::upcoming));
    BOOST_TEST(upcoming.page.limit == 1);
}

BOOST_AUTO_TEST_CASE(all_messages_of_a_query_come_at_once) {
    const std::string types =
        "mock_type must be one of Situational Judgment, Clinical Skills, Mini-mock, Mock Discussion";
    check_errors(validate_available_exams(""), {"mock_type is required"});
    check_errors(validate_available_exams("mock_type="), {types});
    check_errors(validate_available_exams("mock_type=clinical%20skills&include_capacity=1&realtime=TRUE"),
                 {types, "include_capacity must be true or false", "realtime must be true or false"});
    check_errors(validate_available_exams("mock_type=Mini-mock&mock_type=Mini-mock&realtime=true&realtime=false"),
                 {"mock_type must be given once", "realtime must be given once"});
    check_errors(validate_student(""), {"student_id is required", "email is required"});
    check_errors(validate_student("student_id=ann&email=ann+x@example.org"),
                 {"student_id must consist of 1 to 64 upper-case letters and digits",
                  "email must be an e-mail address; a + in it is written as %2B in a query"});
    check_errors(validate_booking_list("filter=mine&page=0&limit=101"),
                 {"student_id is required", "email is required", "filter must be all, upcoming or past",
                  "page must be a whole number from 1 to 1000000", "limit must be a whole number from 1 to 100"});
    check_errors(validate_booking_list("student_id=A&student_id=B&email=a@b.ca%00"),
                 {"student_id must be given once", "email must be an e-mail address"});
}

BOOST_AUTO_TEST_CASE(numbers_are_whole_and_nothing_else) {
    for (const auto* text : {"", "-1", "0", "+1", "1.0", "1e1", "0x1", "one", "1%20", "%201", "1000001",
                             "99999999999999999999999999", "1%00"})
        check_errors(validate_booking_list(std::string{"student_id=A&email=a@b.ca&page="} + text),
                     {"page must be a whole number from 1 to 1000000"});
}

BOOST_AUTO_TEST_CASE(a_query_that_cannot_be_read_is_one_message) {
    check_errors(validate_student("student_id=A&email=%"),
                 {"the query must be UTF-8 with well-formed percent escapes"});
    check_errors(validate_available_exams("mock_type=Mini-mock&x=" + std::string(5000, 'x')),
                 {"the query must not be longer than 4096 bytes"});
}

BOOST_AUTO_TEST_SUITE_END()
