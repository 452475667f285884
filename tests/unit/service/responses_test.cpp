#include "responses.hpp"

#include "booking_responses.hpp"
#include "exam_responses.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace service;
using namespace std::chrono_literals;

namespace {

Student student() {
    Student found;
    auto& contact = found.contact;
    contact.hubspot_id = "90071992547409931";
    contact.student_id = "ABC123";
    contact.email = "ann@example.org";
    contact.firstname = "Ann";
    contact.lastname = "Lee \"Q\"";
    contact.sj_credits = 2;
    contact.cs_credits = 0;
    contact.shared_mock_credits = 1;
    contact.ndecc_exam_date = "2026-05-01";
    return found;
}

std::string header(const Response& response, std::string_view name) {
    const auto at = std::find_if(response.headers.begin(), response.headers.end(),
                                 [&](const auto& one) { return one.first == name; });
    return at == response.headers.end() ? "" : at->second;
}

// Compares as JSON: the order of members does not matter.
void check_body(const Response& response, std::string_view expected) {
    BOOST_TEST(boost::json::parse(response.body) == boost::json::parse(expected), response.body);
}

} // namespace

BOOST_AUTO_TEST_SUITE(responses_suite)

BOOST_AUTO_TEST_CASE(login) {
    auto found = student();
    const auto answer = login_answer(found, understudy::Timestamp{1'750'000'000'123ms});
    BOOST_TEST(answer.status == 200u);
    check_body(answer, R"({"success":true,"message":"Login successful","data":{
        "contact_id":"90071992547409931","student_id":"ABC123","email":"ann@example.org","name":"Ann Lee \"Q\"",
        "firstname":"Ann","lastname":"Lee \"Q\"","ndecc_exam_date":"2026-05-01",
        "credits":{"sj_credits":2,"cs_credits":0,"sjmini_credits":0,"mock_discussion_token":0,"shared_mock_credits":1},
        "_metadata":{"data_source":"hubspot","timestamp":"2025-06-15T15:06:40.123Z"}}})");
    BOOST_TEST(header(answer, "Age").empty());
    BOOST_TEST(header(answer, "X-Data-Freshness").empty());
}

BOOST_AUTO_TEST_CASE(what_was_never_filled_in) {
    Student found;
    found.contact.hubspot_id = "1";
    const auto answer = login_answer(found, understudy::Timestamp{});
    const auto data = boost::json::parse(answer.body).at("data");
    BOOST_TEST(data.at("name") == "");
    BOOST_TEST(data.at("ndecc_exam_date").is_null());
    BOOST_TEST(data.at("credits").at("sj_credits") == 0);
}

BOOST_AUTO_TEST_CASE(answers_from_the_replica_say_how_old_they_are) {
    auto found = student();
    found.from_replica = true;
    found.age = 61'999ms;
    for (const auto& answer :
         {login_answer(found, understudy::Timestamp{}), credits_answer(found, MockType::mini_mock)}) {
        BOOST_TEST(header(answer, "Age") == "61");
        BOOST_TEST(header(answer, "X-Data-Freshness") == "fresh");
    }
    found.stale = true;
    const auto answer = login_answer(found, understudy::Timestamp{});
    BOOST_TEST(header(answer, "X-Data-Freshness") == "stale");
    BOOST_TEST(boost::json::parse(answer.body).at("data").at("_metadata").at("data_source") == "supabase");
}

BOOST_AUTO_TEST_CASE(credits) {
    const auto answer = credits_answer(student(), MockType::situational_judgment);
    BOOST_TEST(answer.status == 200u);
    check_body(answer, R"({"success":true,"message":"Credit validation successful","data":{"eligible":true,
        "available_credits":3,"credit_breakdown":{"specific_credits":2,"shared_credits":1},
        "contact_id":"90071992547409931","enrollment_id":null,"student_name":"Ann Lee \"Q\"",
        "ndecc_exam_date":"2026-05-01"}})");
    const auto refusal = credits_answer(student(), MockType::mini_mock);
    BOOST_TEST(refusal.status == 200u);
    check_body(refusal, R"({"success":true,"message":"Insufficient credits","data":{"eligible":false,
        "available_credits":0,"credit_breakdown":{"specific_credits":0,"shared_credits":0},
        "contact_id":"90071992547409931","enrollment_id":null,"student_name":"Ann Lee \"Q\"",
        "ndecc_exam_date":"2026-05-01","error_message":"Insufficient credits for Mini-mock"}})");
}

BOOST_AUTO_TEST_CASE(refusals_have_the_users_envelope) {
    struct Row {
        Response answer;
        unsigned status;
        std::string_view code;
    };
    const Row rows[] = {
        {malformed_json(), 400, "INVALID_JSON"},
        {invalid_request({"email is required"}), 400, "VALIDATION_ERROR"},
        {not_found(), 404, "NOT_FOUND"},
        {method_not_allowed("POST"), 405, "METHOD_NOT_ALLOWED"},
        {too_many_requests(3s), 429, "RATE_LIMITED"},
        {internal_error(), 500, "INTERNAL_ERROR"},
        {unreadable_path(), 400, "INVALID_PATH"},
        {source_unavailable({{}, 7s}), 503, "SOURCE_UNAVAILABLE"},
        {replica_unavailable({{}, 2s}), 503, "REPLICA_UNAVAILABLE"},
        {exam_not_found(), 404, "EXAM_NOT_FOUND"},
        {booking_not_found(), 404, "BOOKING_NOT_FOUND"},
        {access_denied(), 403, "ACCESS_DENIED"},
    };
    for (const auto& row : rows) {
        BOOST_TEST(row.answer.status == row.status, row.code);
        const auto body = boost::json::parse(row.answer.body).as_object();
        BOOST_TEST(body.at("success") == false);
        BOOST_TEST(body.at("error").is_string());
        BOOST_TEST(std::string_view{body.at("code").as_string()} == row.code);
    }
    BOOST_TEST(header(method_not_allowed("POST"), "Allow") == "POST");
    BOOST_TEST(header(source_unavailable({{}, 7s}), "Retry-After") == "7");
    BOOST_TEST(header(replica_unavailable({{}, 2s}), "Retry-After") == "2");
    BOOST_TEST(header(too_many_requests(3s), "Retry-After") == "3");
    BOOST_TEST(boost::json::parse(too_many_requests(3s).body).at("retryAfter") == 3);
    check_body(invalid_request({"a", "b"}), R"({"success":false,"error":"The request is invalid",
        "code":"VALIDATION_ERROR","validationErrors":["a","b"]})");
}

BOOST_AUTO_TEST_CASE(a_service_that_stops_is_not_ready) {
    BOOST_TEST(ready_answer(false).status == 200u);
    BOOST_TEST(ready_answer(true).status == 503u);
    HealthReport report;
    report.version = "1.2.3";
    BOOST_TEST(health_answer(report).status == 200u);
    BOOST_TEST(boost::json::parse(health_answer(report).body).at("data").at("version") == "1.2.3");
    report.draining = true;
    BOOST_TEST(health_answer(report).status == 503u);
}

BOOST_AUTO_TEST_SUITE_END()
