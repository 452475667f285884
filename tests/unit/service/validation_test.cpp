#include "validation.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace service;

namespace {

boost::json::object object(std::string_view text) {
    return boost::json::parse(text).as_object();
}

template<class T>
ValidationErrors errors_of(const Validated<T>& result) {
    const auto* errors = std::get_if<ValidationErrors>(&result);
    return errors ? *errors : ValidationErrors{};
}

void check_errors(const ValidationErrors& seen, const ValidationErrors& expected) {
    BOOST_TEST(seen == expected, boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_SUITE(validation_suite)

BOOST_AUTO_TEST_CASE(a_login_is_read_and_its_address_normalised) {
    const auto result = validate_login(object(R"({"student_id":"ABC123","email":" Ann@Example.org","extra":[1]})"));
    BOOST_TEST_REQUIRE(std::holds_alternative<Credentials>(result));
    BOOST_TEST((std::get<Credentials>(result) == Credentials{"ABC123", "ann@example.org"}));
}

BOOST_AUTO_TEST_CASE(all_messages_come_at_once) {
    check_errors(errors_of(validate_login(object("{}"))), {"student_id is required", "email is required"});
    check_errors(errors_of(validate_login(object(R"({"student_id":17,"email":["a@b.c"]})"))),
                 {"student_id must be a string", "email must be a string"});
    check_errors(errors_of(validate_login(object(R"({"student_id":null,"email":"nobody"})"))),
                 {"student_id is required", "email must be an e-mail address"});
    check_errors(errors_of(validate_credit_question(object(R"({"student_id":"a b","email":"","mock_type":"Chess"})"))),
                 {"student_id must consist of 1 to 64 upper-case letters and digits", "email must be an e-mail address",
                  "mock_type must be one of Situational Judgment, Clinical Skills, Mini-mock, Mock Discussion"});
    check_errors(errors_of(validate_credit_question(object(R"({"student_id":"A1","email":"a@b.ca","mock_type":4})"))),
                 {"mock_type must be a string"});
}

BOOST_AUTO_TEST_CASE(a_credit_question_is_read) {
    const auto result =
        validate_credit_question(object(R"({"student_id":"A1","email":"a@b.ca","mock_type":"Mini-mock"})"));
    BOOST_TEST_REQUIRE(std::holds_alternative<CreditQuestion>(result));
    BOOST_TEST((std::get<CreditQuestion>(result) == CreditQuestion{{"A1", "a@b.ca"}, MockType::mini_mock}));
}

BOOST_AUTO_TEST_CASE(student_ids) {
    for (const auto* text : {"A", "0", "ABC123", "ZZZZZZZZZZZZZZZZ9"})
        BOOST_TEST(is_student_id(text), text);
    for (const auto* text : {"", "abc", "A-1", "A 1", "\xc3\x84", "A1\n"})
        BOOST_TEST(!is_student_id(text), text);
    BOOST_TEST(is_student_id(std::string(64, 'A')));
    BOOST_TEST(!is_student_id(std::string(65, 'A')));
}

BOOST_AUTO_TEST_CASE(record_ids) {
    for (const auto* text : {"1", "10", "300000000001", "90071992547409931", "99999999999999999999999999999999"})
        BOOST_TEST(is_record_id(text), text);
    for (const auto* text : {"", "0", "01", "-1", "+1", "1 ", " 1", "1a", "0x1", "1.0", "\xd9\xa1", "list",
                             "100000000000000000000000000000000"})
        BOOST_TEST(!is_record_id(text), text);
}

BOOST_AUTO_TEST_CASE(email_shapes) {
    for (const auto* text : {"a@b.ca", "first.last+tag@sub.example.org", "o'neil@example.org",
                             "m\xc3\xbcller@b\xc3\xbc"
                             "ro.example"})
        BOOST_TEST(is_email(text), text);
    for (const auto* text : {"", "a", "@b.ca", "a@", "a@b", "a@.ca", "a@b.", "a@b..ca", "a@b@c.ca", "a b@c.ca",
                             "a@b .ca", "a;c@b.ca", "a@b.ca;d@e.ca", "a@b.ca\n", "<a@b.ca>", "a\x7f@b.ca"})
        BOOST_TEST(!is_email(text), text);
    BOOST_TEST(!is_email(std::string_view{"a\0@b.ca", 7}));
    BOOST_TEST(is_email(std::string(64, 'a') + "@b.ca"));
    BOOST_TEST(!is_email(std::string(65, 'a') + "@b.ca"));
    BOOST_TEST(!is_email("a@" + std::string(250, 'b') + ".ca"));
}

BOOST_AUTO_TEST_SUITE_END()
