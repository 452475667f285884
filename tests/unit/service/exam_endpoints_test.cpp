#include "exam_endpoints.hpp"

#include "answered.hpp"
#include "exam_responses.hpp"
#include "scripted_exams.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono_literals;

namespace {

struct Fixture : Answered {
    ScriptedExams exams;
    ExamEndpoints endpoints{exams};

    void available(std::string_view query) { endpoints.available_exams(query, respond()); }
    void capacity(std::string_view id) { endpoints.capacity(id, respond()); }
};

constexpr std::string_view clinics = "mock_type=Clinical%20Skills";

} // namespace

BOOST_FIXTURE_TEST_SUITE(exam_endpoints_suite, Fixture)

BOOST_AUTO_TEST_CASE(exams_on_offer_are_listed_with_their_places) {
    available(clinics);
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(json() == boost::json::parse(R"({"success":true,"message":"Exams on offer","data":[{
        "mock_exam_id":"501","exam_date":"2026-12-05","start_time":"2026-12-05T14:00:00.000Z",
        "end_time":"2026-12-05T17:30:00.000Z","mock_type":"Clinical Skills","capacity":12,"total_bookings":4,
        "available_slots":8,"location":"Mississauga","is_active":true,"status":"available"}]})"),
               response.body);
    BOOST_TEST(exams.question.with_counts);
    BOOST_TEST(!exams.question.realtime);
    BOOST_TEST(times == 1);
}

BOOST_AUTO_TEST_CASE(discussions_are_a_kind_of_exam) {
    endpoints.available_discussions("realtime=true", respond());
    BOOST_TEST(response.status == 200u);
    BOOST_TEST((exams.question.mock_type == MockType::mock_discussion));
    BOOST_TEST(exams.question.realtime);
}

BOOST_AUTO_TEST_CASE(what_was_not_counted_is_left_out) {
    auto exam = ScriptedExams::clinic();
    exam.places.reset();
    exam.start_time.reset();
    exam.end_time.reset();
    exam.location.reset();
    exam.capacity.reset();
    exams.available_result = ExamsOnOffer{{exam}, {}};
    available("mock_type=Clinical+Skills&include_capacity=false");
    BOOST_TEST(!exams.question.with_counts);
    BOOST_TEST(data() == boost::json::parse(R"([{"mock_exam_id":"501","exam_date":"2026-12-05","start_time":null,
        "end_time":null,"mock_type":"Clinical Skills","capacity":null,"location":null,"is_active":true}])"),
               response.body);
}

BOOST_AUTO_TEST_CASE(no_exams_are_an_answer) {
    exams.available_result = ExamsOnOffer{};
    available(clinics);
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(data() == boost::json::array{});
    BOOST_TEST(header("Age").empty());
    BOOST_TEST(header("X-Data-Freshness").empty());
}

BOOST_AUTO_TEST_CASE(few_places_are_said_to_be_few) {
    struct Row {
        std::optional<std::int32_t> capacity;
        std::int64_t taken;
        std::string_view status;
    };
    for (const auto& row : {Row{12, 0, "available"}, Row{12, 8, "available"}, Row{12, 9, "limited"},
                            Row{12, 11, "limited"}, Row{12, 12, "full"}, Row{12, 13, "full"}, Row{0, 0, "full"},
                            Row{std::nullopt, 0, "full"}, Row{-4, 0, "full"}})
        BOOST_TEST(availability({row.capacity, row.taken}) == row.status, row.taken);
}

BOOST_AUTO_TEST_CASE(a_capacity_says_when_it_was_so) {
    ExamCapacity found;
    found.mock_exam_id = "90071992547409931";
    found.places = {2, 2};
    found.provenance = {true, 61'500ms, true};
    const understudy::Timestamp now{1'750'000'000'123ms};
    response = capacity_answer(found, now);
    BOOST_TEST(json() == boost::json::parse(R"({"success":true,"message":"The exam is full","data":{
        "mock_exam_id":"90071992547409931","capacity":2,"total_bookings":2,"available_slots":0,"is_full":true,
        "last_checked":"2025-06-15T15:05:38.623Z"}})"),
               response.body);
    BOOST_TEST(header("Age") == "61");
    BOOST_TEST(header("X-Data-Freshness") == "stale");
    found.places = {std::nullopt, 3};
    response = capacity_answer(found, now);
    BOOST_TEST(data().at("capacity").is_null());
    BOOST_TEST(data().at("available_slots") == 0);
    BOOST_TEST(data().at("is_full") == true);
}

BOOST_AUTO_TEST_CASE(an_id_that_nobody_has_is_404) {
    for (const auto* id : {"abc", "0", "01", "1a", "", "-1", "123456789012345678901234567890123"}) {
        capacity(id);
        BOOST_TEST(response.status == 404u, id);
        BOOST_TEST(code() == "EXAM_NOT_FOUND", id);
    }
    BOOST_TEST(exams.asks == 0);
    exams.capacity_result = ExamNotFound{};
    capacity("502");
    BOOST_TEST(response.status == 404u);
    BOOST_TEST(code() == "EXAM_NOT_FOUND");
    BOOST_TEST(exams.exam_id == "502");
}

BOOST_AUTO_TEST_CASE(a_question_that_is_wrong_asks_nobody) {
    available("mock_type=Chess&realtime=yes");
    BOOST_TEST(response.status == 400u);
    BOOST_TEST(code() == "VALIDATION_ERROR");
    BOOST_TEST(json().at("validationErrors").as_array().size() == 2u);
    endpoints.available_discussions("include_capacity=%", respond());
    BOOST_TEST(response.status == 400u);
    BOOST_TEST(exams.asks == 0);
}

BOOST_AUTO_TEST_CASE(d10_a_failure_is_503_never_no_exams_never_0_places_never_404) {
    exams.available_result = unavailable(make_error_code(understudy::Errc::rate_limited));
    exams.capacity_result = unavailable(make_error_code(understudy::Errc::timed_out));
    const auto check = [&](std::string_view expected, std::string_view retry_after) {
        BOOST_TEST(response.status == 503u);
        BOOST_TEST(code() == expected);
        BOOST_TEST(header("Retry-After") == retry_after);
        BOOST_TEST(!json().as_object().contains("data"));
        BOOST_TEST(!response.reason.empty());
        BOOST_TEST(response.body.find(response.reason) == std::string::npos);
    };
    available(clinics);
    check("SOURCE_UNAVAILABLE", "10");
    capacity("501");
    check("SOURCE_UNAVAILABLE", "5");
    ReplicaUnavailable down{make_error_code(understudy::Errc::unavailable)};
    exams.available_result = down;
    exams.capacity_result = down;
    available(clinics);
    check("REPLICA_UNAVAILABLE", "2");
    capacity("501");
    check("REPLICA_UNAVAILABLE", "2");
}

BOOST_AUTO_TEST_SUITE_END()
