#include <understudy/error.hpp>

#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

using namespace understudy;

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(what_may_pass_can_be_retried_and_what_is_refused_cannot) {
    for (const Errc e : {Errc::unavailable, Errc::timed_out, Errc::rate_limited, Errc::circuit_open, Errc::overloaded,
                         Errc::source_lagging, Errc::contended, Errc::deadline_exceeded, Errc::replica_unavailable})
        BOOST_TEST((make_error_code(e) == Condition::retryable), make_error_code(e).message());
    for (const Errc e : {Errc::refused, Errc::conflict, Errc::invalid_argument, Errc::unauthorized, Errc::forbidden,
                         Errc::schema_mismatch, Errc::incomplete_record})
        BOOST_TEST((make_error_code(e) != Condition::retryable), make_error_code(e).message());
}

BOOST_AUTO_TEST_CASE(D10_a_source_that_fails_in_any_way_can_be_stood_in_for) {
    for (const Errc e : {Errc::unavailable, Errc::timed_out, Errc::rate_limited, Errc::unauthorized, Errc::forbidden,
                         Errc::malformed_answer, Errc::incomplete_record, Errc::schema_mismatch, Errc::circuit_open})
        BOOST_TEST((make_error_code(e) == Condition::recoverable_by_fallback), make_error_code(e).message());
    BOOST_TEST((make_error_code(Errc::refused) != Condition::recoverable_by_fallback));
}

BOOST_AUTO_TEST_CASE(only_what_was_sent_may_have_taken_effect) {
    BOOST_TEST((make_error_code(Errc::timed_out) == Condition::applied_unknown));
    BOOST_TEST((make_error_code(Errc::unavailable) != Condition::applied_unknown));
    BOOST_TEST((make_error_code(Errc::rate_limited) != Condition::applied_unknown));
}

BOOST_AUTO_TEST_CASE(the_operating_systems_errors_are_failures_of_transport) {
    const error_code refused = boost::system::errc::make_error_code(boost::system::errc::connection_refused);
    const error_code reset = boost::system::errc::make_error_code(boost::system::errc::connection_reset);
    const error_code cancelled = boost::system::errc::make_error_code(boost::system::errc::operation_canceled);
    BOOST_TEST((refused == Condition::retryable));
    BOOST_TEST((refused != Condition::applied_unknown));
    BOOST_TEST((reset == Condition::applied_unknown));
    BOOST_TEST((cancelled == Condition::cancelled));
    BOOST_TEST((cancelled != Condition::retryable));
    BOOST_TEST((error_code{} != Condition::retryable));
}

BOOST_AUTO_TEST_CASE(every_error_says_what_it_is) {
    for (int value = 1; value <= static_cast<int>(Errc::invalid_argument); ++value)
        BOOST_TEST(make_error_code(static_cast<Errc>(value)).message() != "unknown error");
}

BOOST_AUTO_TEST_SUITE_END()
