#include <understudy/hubspot/error.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace understudy;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(hubspot_errors)

namespace {

constexpr Timestamp now{};

hubspot::CallKind by_id() {
    return {.operation = "read 0-1", .by_id = true};
}
hubspot::CallKind batch() {
    return {.operation = "batch read 0-1"};
}
hubspot::CallKind searching() {
    return {.operation = "search 0-1", .search = true};
}
hubspot::CallKind writing() {
    return {.operation = "update 0-1", .write = true};
}

http::Answer answer(int status, std::string body, std::vector<http::Header> headers = {}) {
    return {status, std::move(headers), std::move(body), {}};
}

const std::string html = "<html><head><title>502 Bad Gateway</title></head></html>";

} // namespace

BOOST_AUTO_TEST_CASE(every_status_has_one_meaning) {
    const std::string plain = R"({"status":"error","message":"internal error"})";
    const struct {
        int status;
        std::string body;
        hubspot::CallKind kind;
        error_code error;
    } table[] = {
        {400, R"({"message":"Invalid input JSON on line 1, column 1: x"})", batch(), Errc::refused},
        {400, html, batch(), Errc::refused},
        {401, R"({"category":"INVALID_AUTHENTICATION","message":"Authentication credentials not found."})", batch(),
         Errc::unauthorized},
        {401, R"({"category":"EXPIRED_AUTHENTICATION"})", by_id(), Errc::unauthorized},
        {403, R"({"category":"MISSING_SCOPES"})", batch(), Errc::forbidden},
        {403, R"({"category":"BANNED"})", batch(), Errc::forbidden},
        {404, R"({"status":"error","message":"resource not found","correlationId":"c"})", by_id(), {}},
        {404,
         R"({"category":"OBJECT_NOT_FOUND","message":"Object not found.  objectId are usually numeric."})",
         by_id(),
         {}},
        {404, R"({"status":"error","message":"resource not found"})", batch(), Errc::schema_mismatch},
        {404, R"({"status":"error","message":"resource not found"})", writing(), Errc::refused},
        {404, html, by_id(), Errc::unavailable}, // some gateway's word, not HubSpot's
        {404, "", by_id(), Errc::unavailable},
        {404, "{}", by_id(), Errc::unavailable},
        {405, "", batch(), Errc::refused},
        {408, "", batch(), Errc::timed_out},
        {409, R"({"category":"CONFLICT","message":"Contact already exists. Existing ID: 6001"})", writing(),
         Errc::conflict},
        {410, plain, writing(), Errc::refused},
        {414, html, by_id(), Errc::unavailable},
        {415, plain, batch(), Errc::refused},
        {422, plain, writing(), Errc::refused},
        {423, plain, writing(), Errc::unavailable},
        {429, "", batch(), Errc::rate_limited},
        {477, plain, batch(), Errc::unavailable},
        {500, plain, batch(), Errc::unavailable},
        {500, plain, writing(), Errc::timed_out},
        {502, html, batch(), Errc::unavailable},
        {502, html, writing(), Errc::timed_out},
        {503, plain, writing(), Errc::timed_out},
        {504, html, batch(), Errc::timed_out},
        {521, html, batch(), Errc::unavailable},
        {522, html, batch(), Errc::unavailable},
        {523, html, batch(), Errc::unavailable},
        {524, html, batch(), Errc::timed_out},
        {525, html, batch(), Errc::unavailable},
        {526, html, batch(), Errc::unavailable},
        {530, html, batch(), Errc::unauthorized},
        {302, "", batch(), Errc::malformed_answer},
        {599, "", batch(), Errc::unavailable},
    };
    for (const auto& row : table)
        BOOST_TEST_CONTEXT(row.status << " " << row.body << " " << row.kind.operation) {
            const auto verdict = hubspot::judge(answer(row.status, row.body), row.kind, now);
            BOOST_TEST(verdict.detail.error == row.error);
            BOOST_TEST(verdict.detail.status == row.status);
            BOOST_TEST(verdict.detail.operation == row.kind.operation);
        }
}

BOOST_AUTO_TEST_CASE(conditions_say_what_a_caller_can_do) {
    const auto error = [](int status, const hubspot::CallKind& kind) {
        return hubspot::judge(answer(status, R"({"message":"m"})"), kind, now).detail.error;
    };
    for (const int status : {408, 414, 423, 429, 477, 500, 502, 503, 504, 521, 522, 523, 524, 525, 526, 599})
        BOOST_TEST(bool(error(status, batch()) == Condition::retryable), status);
    // None of these says anything about the record that was written.
    for (const int status : {401, 403, 405, 413, 414, 423, 429, 477, 500, 503, 530})
        BOOST_TEST(bool(error(status, writing()) != Condition::refused), status);
    for (const int status : {400, 404, 409, 410, 422})
        BOOST_TEST(bool(error(status, writing()) == Condition::refused), status);
    for (const int status : {302, 408, 500, 502, 503, 504, 521, 522, 523, 524, 525, 526, 599})
        BOOST_TEST(bool(error(status, writing()) == Condition::applied_unknown), status);
    for (const int status : {400, 401, 403, 404, 405, 409, 413, 414, 415, 423, 429, 477, 530})
        BOOST_TEST(bool(error(status, writing()) != Condition::applied_unknown), status);
    // A gateway's page refuses no write, whatever its status; where nothing is carried out, it matters not who says so.
    for (const int status : {400, 404, 409, 410, 422})
        for (const std::string& body : {html, std::string{}, std::string{"{}"}})
            BOOST_TEST(
                bool(hubspot::judge(answer(status, body), writing(), now).detail.error == Condition::applied_unknown),
                status);
    for (const int status : {401, 403, 413, 414, 423, 429, 477})
        BOOST_TEST(
            bool(hubspot::judge(answer(status, html), writing(), now).detail.error != Condition::applied_unknown),
            status);
    for (const int status : {401, 403, 429, 500, 503})
        BOOST_TEST(bool(error(status, batch()) == Condition::recoverable_by_fallback), status);
}

BOOST_AUTO_TEST_CASE(four_shapes_of_429) {
    const struct {
        std::string body;
        hubspot::CallKind kind;
        RateBucket bucket;
        std::chrono::milliseconds wait;
    } table[] = {
        {R"({"status":"error","message":"You have reached your secondly limit.","category":"RATE_LIMITS"})",
         searching(), RateBucket::search, 1s},
        {R"({"status":"error","message":"You have reached your daily limit.","errorType":"RATE_LIMIT",)"
         R"("policyName":"DAILY"})",
         batch(), RateBucket::daily, 10min},
        {R"({"message":"You have reached your daily limit.","policyName":"DAILY"})", searching(), RateBucket::daily,
         10min},
        {R"({"status":"error","message":"You have reached your ten_secondly_rolling limit.",)"
         R"("errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING","groupName":"publicapi:x:1"})",
         batch(), RateBucket::window, 10s},
        {R"({"message":"You have reached your ten_secondly_rolling limit."})", searching(), RateBucket::window, 10s},
        {R"({"message":"You have reached your secondly limit.","policyName":"SECONDLY","groupName":"g"})", batch(),
         RateBucket::window, 1s},
        {html, batch(), RateBucket::window, 10s},
        {html, searching(), RateBucket::search, 1s},
        {"", batch(), RateBucket::window, 10s},
    };
    for (const auto& row : table)
        BOOST_TEST_CONTEXT(row.body << " " << row.kind.operation) {
            const auto verdict = hubspot::judge(answer(429, row.body), row.kind, now);
            BOOST_TEST(verdict.detail.error == error_code{Errc::rate_limited});
            BOOST_REQUIRE(verdict.rate);
            BOOST_TEST(verdict.rate->refused);
            BOOST_CHECK(verdict.rate->bucket == row.bucket);
            BOOST_TEST(verdict.rate->retry_after->count() == row.wait.count());
            BOOST_TEST(verdict.rate->remaining.value() == 0);
            BOOST_TEST(verdict.detail.retry_after->count() == row.wait.count());
        }
}

BOOST_AUTO_TEST_CASE(a_retry_after_is_obeyed) {
    const auto limited = hubspot::judge(answer(429, "", {{"Retry-After", "3"}}), batch(), now);
    BOOST_TEST(limited.rate->retry_after->count() == 3'000);
    BOOST_TEST(limited.detail.retry_after->count() == 3'000);
    const auto migrating = hubspot::judge(answer(477, "", {{"retry-after", "7200"}}), batch(), now);
    BOOST_TEST(migrating.rate->retry_after->count() == 7'200'000);
    BOOST_TEST(!migrating.rate->refused);
    const auto locked = hubspot::judge(answer(423, ""), writing(), now);
    BOOST_TEST(locked.rate->retry_after->count() == 2'000);
    BOOST_TEST(!hubspot::judge(answer(503, ""), batch(), now).rate);
}

BOOST_AUTO_TEST_CASE(the_detail_is_kept_for_the_logs) {
    const auto verdict = hubspot::judge(
        answer(403, R"({"status":"error","message":"This app hasn't been granted all required scopes","correlationId":
            "0199","errors":[{"message":"One or more of the following scopes are required.","context":
            {"requiredGranularScopes":["crm.objects.contacts.read","crm.objects.custom.read"]}}],
            "links":{"scopes":"https://developers.hubspot.com/scopes"},"category":"MISSING_SCOPES"})"),
        batch(), now);
    BOOST_TEST(verdict.detail.category == "MISSING_SCOPES");
    BOOST_TEST(verdict.detail.correlation_id == "0199");
    BOOST_TEST(verdict.detail.scopes ==
               (std::vector<std::string>{"crm.objects.contacts.read", "crm.objects.custom.read"}));
    const auto line = hubspot::to_line(verdict.detail);
    BOOST_TEST(line.find("crm.objects.contacts.read") != std::string::npos);
    BOOST_TEST(line.find("status: 403") != std::string::npos);

    const auto bare = hubspot::judge(answer(500, "", {{"X-HubSpot-Correlation-Id", "abc"}}), batch(), now);
    BOOST_TEST(bare.detail.correlation_id == "abc");
}

BOOST_AUTO_TEST_CASE(a_line_of_the_log_is_one_line) {
    hubspot::ErrorDetail detail;
    detail.message = "a\r\nb\x1b[31m\x7f" + std::string(2000, 'x');
    const auto line = hubspot::to_line(detail);
    BOOST_TEST(line.find_first_of("\r\n\x1b\x7f") == std::string::npos);
    BOOST_TEST(line.size() < 700);
}

BOOST_AUTO_TEST_CASE(a_unique_value_that_is_taken_names_its_owner) {
    BOOST_TEST(hubspot::existing_id_in("Contact already exists. Existing ID: 6001") == "6001");
    BOOST_TEST(hubspot::existing_id_in("Contact already exists. Existing ID: ") == "");
    BOOST_TEST(hubspot::existing_id_in("Cannot set PropertyValueCoordinates{portalId=1, value=a@x} on 552148386511. "
                                       "552239500007 already has that value.") == "552239500007");
    BOOST_TEST(hubspot::existing_id_in(" already has that value") == "");
    BOOST_TEST(hubspot::existing_id_in("7 already has that value") == "7");
    BOOST_TEST(hubspot::existing_id_in("resource not found") == "");

    const auto verdict = hubspot::judge(
        answer(400, R"({"category":"VALIDATION_ERROR","message":"Cannot set PropertyValueCoordinates{portalId=1, )"
                    R"(propertyName=email, value=a@x.com} on 5. 68689323038 already has that value."})"),
        writing(), now);
    BOOST_TEST(verdict.detail.error == error_code{Errc::conflict});
    BOOST_TEST(verdict.detail.existing_id == "68689323038");
}

BOOST_AUTO_TEST_CASE(a_property_that_does_not_exist_is_a_matter_of_the_schema) {
    const auto verdict =
        hubspot::judge(answer(400, R"({"category":"VALIDATION_ERROR","message":"Property values were not valid",
            "errors":[{"code":"PROPERTY_DOESNT_EXIST","context":{"propertyName":["sj_credits"]}}]})"),
                       batch(), now);
    BOOST_TEST(verdict.detail.error == error_code{Errc::schema_mismatch});
    BOOST_TEST(verdict.detail.properties == std::vector<std::string>{"sj_credits"});
}

BOOST_AUTO_TEST_CASE(limits_are_learned_from_headers) {
    const std::vector<http::Header> all{{"X-HubSpot-RateLimit-Max", "190"},
                                        {"X-HubSpot-RateLimit-Remaining", "187"},
                                        {"X-HubSpot-RateLimit-Interval-Milliseconds", "10000"},
                                        {"X-HubSpot-RateLimit-Daily", "625000"},
                                        {"X-HubSpot-RateLimit-Daily-Remaining", "624000"}};
    const auto reports = hubspot::rate_reports(answer(200, "", all), batch());
    BOOST_REQUIRE(reports.size() == 2);
    BOOST_CHECK(reports[0] == (RateReport{RateBucket::window, 190, 187, 10s, {}, false}));
    BOOST_CHECK(reports[1] == (RateReport{RateBucket::daily, 625'000, 624'000, 24h, {}, false}));

    const auto search = hubspot::rate_reports(answer(200, "", all), searching());
    BOOST_REQUIRE(search.size() == 1);
    BOOST_CHECK(search[0].bucket == RateBucket::daily);

    BOOST_TEST(hubspot::rate_reports(answer(200, ""), batch()).empty());
    BOOST_TEST(hubspot::rate_reports(answer(200, "",
                                            {{"X-HubSpot-RateLimit-Max", "many"},
                                             {"X-HubSpot-RateLimit-Remaining", "-1"},
                                             {"X-HubSpot-RateLimit-Daily", "99999999999999"}}),
                                     batch())
                   .empty());
}

BOOST_AUTO_TEST_CASE(no_answer_at_all_says_where_it_failed) {
    http::Answer none;
    none.failure = {http::Phase::securing, {}, "certificate refused: certificate has expired"};
    const auto verdict = hubspot::judge_failure(Errc::unavailable, none, batch());
    BOOST_TEST(verdict.detail.error == error_code{Errc::unavailable});
    BOOST_TEST(verdict.detail.reason == "while securing the connection: certificate refused: certificate has expired");
    BOOST_TEST(verdict.detail.status == 0);
}

BOOST_AUTO_TEST_CASE(odd_bodies_do_no_harm) {
    for (const std::string body :
         {R"([1,2])", R"("text")", "null", "{", R"({"errors":5,"context":[],"message":{"a":1},"category":7})",
          R"({"errors":[1,null,{"context":{"requiredGranularScopes":"x","propertyName":[1,null]}}]})",
          R"({"message":"\ud800"})"})
        for (const int status : {400, 403, 404, 409, 429, 500})
            BOOST_TEST(hubspot::judge(answer(status, body), batch(), now).detail.error.failed(), body);
    const std::string deep = std::string(100'000, '[');
    BOOST_TEST(hubspot::judge(answer(500, deep), batch(), now).detail.error == error_code{Errc::unavailable});
}

BOOST_AUTO_TEST_SUITE_END()
