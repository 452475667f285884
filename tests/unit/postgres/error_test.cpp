#include <understudy/postgres/detail/connect_failure.hpp>
#include <understudy/postgres/error.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using namespace understudy;
using namespace understudy::postgres;

namespace {

bool has(const error_code& ec, Condition condition) {
    return ec == condition;
}

} // namespace

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(a_sqlstate_is_a_number_and_back) {
    for (const std::string state : {"00001", "28P01", "40001", "42P01", "57P03", "XX000", "ZZZZZ"})
        BOOST_TEST(sqlstate_text(sqlstate_value(state)) == state);
    for (const std::string text : {"", "2800", "280011", "28p01", "28 01"})
        BOOST_TEST(sqlstate_value(text) == 0);
    BOOST_TEST((sqlstate_error("") == ClientErrc::client_failure));
    BOOST_TEST(sqlstate_error("40P01").message() == "the database broke a deadlock (SQLSTATE 40P01)");
    BOOST_TEST(is_sqlstate(sqlstate_error("40P01"), "40"));
    BOOST_TEST(!is_sqlstate(sqlstate_error("40P01"), "40001"));
    BOOST_TEST(!is_sqlstate(ClientErrc::stalled, "08"));
}

BOOST_AUTO_TEST_CASE(conditions_of_sqlstates) {
    for (const std::string state : {"08006", "40001", "40P01", "53300", "55P03", "57P01", "57P03", "25006"}) {
        BOOST_TEST(has(sqlstate_error(state), Condition::retryable), state);
        BOOST_TEST(has(sqlstate_error(state), Condition::recoverable_by_fallback), state);
    }
    for (const std::string state : {"28P01", "28000", "3D000", "42P01", "42501", "22021", "23505", "XX000"})
        BOOST_TEST(!has(sqlstate_error(state), Condition::retryable), state);
    for (const std::string state : {"22021", "23514"}) {
        BOOST_TEST(has(sqlstate_error(state), Condition::refused), state);
        BOOST_TEST(!has(sqlstate_error(state), Condition::recoverable_by_fallback), state);
    }
    // A wrong password is no reason for 503 while another store can answer.
    BOOST_TEST(has(sqlstate_error("28P01"), Condition::recoverable_by_fallback));
    BOOST_TEST(has(sqlstate_error("40003"), Condition::applied_unknown));
    BOOST_TEST(!has(sqlstate_error("40001"), Condition::applied_unknown));
}

BOOST_AUTO_TEST_CASE(conditions_of_the_client) {
    for (const auto e :
         {ClientErrc::connect_failed, ClientErrc::host_not_found, ClientErrc::connection_lost, ClientErrc::stalled})
        BOOST_TEST(has(e, Condition::retryable));
    BOOST_TEST(has(ClientErrc::connection_lost, Condition::applied_unknown));
    BOOST_TEST(!has(ClientErrc::connect_failed, Condition::applied_unknown));
    BOOST_TEST(!has(ClientErrc::tls_failed, Condition::retryable));
    BOOST_TEST(has(ClientErrc::text_with_nul, Condition::refused));
    BOOST_TEST(!has(ClientErrc::text_with_nul, Condition::recoverable_by_fallback));
}

BOOST_AUTO_TEST_CASE(the_sqlstate_of_a_refused_connection_is_in_its_verbose_message) {
    BOOST_TEST(postgres::detail::sqlstate_in(
                   "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  28P01: password "
                   "authentication failed for user \"u\"\nLOCATION:  auth_failed, auth.c:334\n") == "28P01");
    BOOST_TEST(postgres::detail::sqlstate_in("ФАТАЛЬНО:  57P03: система запускается") == "57P03");
    BOOST_TEST(postgres::detail::sqlstate_in("connection refused") == "");
    BOOST_TEST(postgres::detail::sqlstate_in("odd:  ABC") == "");
    Diagnostics diagnostics;
    diagnostics.message = "server does not support SSL, but SSL was required";
    BOOST_TEST((postgres::detail::connect_error(diagnostics) == ClientErrc::tls_failed));
}

BOOST_AUTO_TEST_SUITE_END()
