#include "student_directory.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono_literals;
using understudy::Errc;
using Reading = understudy::Reading<ContactCredits>;

namespace {

Reading found(std::optional<std::string> student_id) {
    ContactCredits contact;
    contact.hubspot_id = "101";
    contact.student_id = std::move(student_id);
    return Reading::of(contact, understudy::Version{1});
}

template<class T>
bool is(const std::optional<StudentResult>& result) {
    return result && std::holds_alternative<T>(*result);
}

} // namespace

BOOST_AUTO_TEST_SUITE(student_directory_suite)

BOOST_AUTO_TEST_CASE(the_right_number_is_the_student) {
    auto reading = found("A1");
    reading.tier = 0;
    reading.age = 5s;
    reading.stale = true;
    const auto result = judge("A1", reading);
    BOOST_TEST_REQUIRE(is<Student>(result));
    const auto& student = std::get<Student>(*result);
    BOOST_TEST(student.contact.hubspot_id == "101");
    BOOST_TEST(student.from_replica);
    BOOST_TEST(student.stale);
    BOOST_TEST((student.age == 5s));
    reading.tier = 1;
    BOOST_TEST(!std::get<Student>(*judge("A1", reading)).from_replica);
}

BOOST_AUTO_TEST_CASE(another_number_is_refused_unless_the_answer_is_old) {
    BOOST_TEST(is<EmailMismatch>(judge("A1", found("A2"))));
    BOOST_TEST(is<EmailMismatch>(judge("A1", found("a1"))));
    BOOST_TEST(is<EmailMismatch>(judge("A1", found(std::nullopt))));
    auto old = found("A2");
    old.stale = true;
    BOOST_TEST(is<SourceUnavailable>(judge("A1", old)));
}

BOOST_AUTO_TEST_CASE(nobody_with_the_address_takes_another_question) {
    for (const auto state : {understudy::State::absent, understudy::State::archived, understudy::State::erased})
        BOOST_TEST(!judge("A1", Reading::none({}, state)).has_value());
}

// D10 where it is decided.
BOOST_AUTO_TEST_CASE(d10_a_failed_read_is_neither_absent_nor_empty) {
    for (const auto error : {Errc::unavailable, Errc::timed_out, Errc::rate_limited, Errc::unauthorized,
                             Errc::circuit_open, Errc::incomplete_record, Errc::malformed_answer}) {
        const auto result = judge("A1", Reading::failure(error));
        BOOST_TEST_REQUIRE(is<SourceUnavailable>(result));
        BOOST_TEST((std::get<SourceUnavailable>(*result).retry_after >= 1s));
        BOOST_TEST((std::get<SourceUnavailable>(*result).error == error));
    }
}

BOOST_AUTO_TEST_SUITE_END()
