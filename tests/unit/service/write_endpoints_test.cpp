#include "write_endpoints.hpp"

#include "answered.hpp"
#include "scripted_desk.hpp"
#include "scripted_directory.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono_literals;

namespace {

struct Fixture : Answered {
    ScriptedDirectory students;
    ScriptedDesk desk;
    understudy::Timestamp now = *understudy::parse_timestamp("2026-05-20T14:00:00Z");
    WriteEndpoints endpoints{students, desk, LocalCalendar{}, [this] { return now; }};

    Fixture() { students.add(ann()); }

    static std::string anns(std::string_view members) {
        return std::string{R"({"student_id":"ANN1","email":"Ann@example.org")"}.append(members) + "}";
    }
    static Request request(std::string_view body, std::optional<std::string_view> key = std::nullopt) {
        Request request;
        request.body = body;
        request.idempotency_key = key;
        return request;
    }

    void book(std::string_view members = R"(,"mock_exam_id":"501","dominant_hand":true)") {
        const auto body = anns(members);
        endpoints.book_exam(request(body, "key-1"), respond());
    }
    void discuss(std::string_view members = R"(,"mock_exam_id":"502")") {
        const auto body = anns(members);
        endpoints.book_discussion(request(body), respond());
    }
    void cancel(std::string_view id = "701", std::string_view members = "") {
        endpoints.cancel(id, anns(members), respond());
    }
    void change(std::string_view date = "2027-05-01") {
        endpoints.change_exam_date(anns(std::string{R"(,"ndecc_exam_date":")"}.append(date) + "\""), respond());
    }
    // What every endpoint answers somebody who says this of himself.
    std::vector<Response> ask_all(std::string_view student) {
        const auto with = [&](std::string_view members) {
            return std::string{"{"}.append(student).append(members) + "}";
        };
        const auto booking = with(R"(,"mock_exam_id":"501")");
        std::vector<Response> answers;
        const auto keep = [&](Response answer) { answers.push_back(std::move(answer)); };
        endpoints.book_exam(request(booking), keep);
        endpoints.book_discussion(request(booking), keep);
        endpoints.cancel("701", with(""), keep);
        endpoints.change_exam_date(with(R"(,"ndecc_exam_date":"2027-05-01")"), keep);
        return answers;
    }

    void check_refused(unsigned status, std::string_view expected) const {
        BOOST_TEST(response.status == status);
        BOOST_TEST(code() == expected);
        BOOST_TEST(json().at("success") == false);
        BOOST_TEST(json().at("error").is_string());
        BOOST_TEST(!json().as_object().contains("data"));
        BOOST_TEST(response.body.find("ANN1") == std::string::npos);
    }
    int asked_of_desk() const { return desk.books + static_cast<int>(desk.cancels.size()) + desk.changes; }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(write_endpoints_suite, Fixture)

BOOST_AUTO_TEST_CASE(a_student_books_an_exam) {
    book(R"(,"mock_exam_id":"501","name":"Ann L.","mock_type":"Clinical Skills","dominant_hand":false)");
    BOOST_TEST(response.status == 201u);
    BOOST_TEST(json() == boost::json::parse(R"({"success":true,"message":"Booking created","data":{
        "booking_id":"Clinical Skills-ANN1-December 5, 2026","booking_record_id":"701",
        "confirmation_message":"Your Clinical Skills booking for 2026-12-05 is confirmed","idempotency_key":"key-1",
        "exam_details":{"mock_exam_id":"501","exam_date":"2026-12-05","mock_type":"Clinical Skills",
            "location":"Mississauga"},
        "credit_details":{"credit_field_deducted":"cs_credits","remaining_credits":2,
            "credit_breakdown":{"specific_credits":1,"shared_credits":1},
            "deduction_details":{"specific_credits_before":2,"shared_credits_before":1,"field_used":"cs_credits",
                "amount_deducted":1}}}})"),
               response.body);
    BOOST_TEST(header("X-Replica-Sync").empty());
    BOOST_TEST(times == 1);
    BOOST_TEST(desk.order.contact.hubspot_id == "101");
    BOOST_TEST(desk.order.exam_id == "501");
    BOOST_TEST((desk.order.mock_type == MockType::clinical_skills));
    BOOST_TEST((desk.order.name == std::optional<std::string>{"Ann L."}));
    BOOST_TEST((desk.order.dominant_hand == std::optional{false}));
    BOOST_TEST(desk.order.idempotency_key == "key-1");
}

BOOST_AUTO_TEST_CASE(shared_credits_and_an_unknown_place) {
    auto booked = ScriptedDesk::clinic();
    booked.location.reset();
    booked.payment = {CreditField::shared_mock_credits, {0, 3}, {0, 2}};
    desk.book_result = booked;
    book();
    BOOST_TEST(data().at("exam_details").at("location").is_null());
    BOOST_TEST(data().at("credit_details") ==
               boost::json::parse(R"({"credit_field_deducted":"shared_mock_credits","remaining_credits":2,
        "credit_breakdown":{"specific_credits":0,"shared_credits":2},"deduction_details":{"specific_credits_before":0,
        "shared_credits_before":3,"field_used":"shared_mock_credits","amount_deducted":1}})"));
}

BOOST_AUTO_TEST_CASE(what_was_booked_before_is_200_and_says_so) {
    auto booked = ScriptedDesk::clinic();
    booked.repeated = true;
    desk.book_result = booked;
    for (const bool discussion : {false, true}) {
        discussion ? discuss() : book();
        BOOST_TEST(response.status == 200u);
        BOOST_TEST(data().at("idempotent_request") == true);
        BOOST_TEST(data().at("booking_record_id") == "701");
    }
}

BOOST_AUTO_TEST_CASE(a_student_books_a_discussion) {
    auto booked = ScriptedDesk::clinic();
    booked.booking_id = "Mock Discussion-ANN1-December 5, 2026";
    booked.mock_type = MockType::mock_discussion;
    booked.exam_id = "502";
    booked.location = "Virtual";
    booked.payment = {CreditField::mock_discussion_token, {4, 0}, {3, 0}};
    desk.book_result = booked;
    discuss();
    BOOST_TEST(response.status == 201u);
    BOOST_TEST(json() == boost::json::parse(R"({"success":true,"message":"Booking created","data":{
        "booking_id":"Mock Discussion-ANN1-December 5, 2026","booking_record_id":"701",
        "confirmation_message":"Your Mock Discussion booking for 2026-12-05 is confirmed","idempotency_key":"key-1",
        "exam_details":{"mock_exam_id":"502","exam_date":"2026-12-05","mock_type":"Mock Discussion",
            "location":"Virtual"},
        "token_details":{"tokens_before":4,"tokens_deducted":1,"tokens_remaining":3}}})"),
               response.body);
    BOOST_TEST((desk.order.mock_type == MockType::mock_discussion));
    BOOST_TEST(desk.order.idempotency_key.empty());
    BOOST_TEST(desk.order.contact.hubspot_id == "101");
}

BOOST_AUTO_TEST_CASE(bookings_that_are_refused) {
    struct Row {
        BookingRefusal reason;
        unsigned status;
        std::string_view code;
    };
    const Row rows[] = {
        {BookingRefusal::contact_not_found, 404, "CONTACT_NOT_FOUND"},
        {BookingRefusal::exam_not_found, 404, "EXAM_NOT_FOUND"},
        {BookingRefusal::exam_not_active, 400, "EXAM_NOT_ACTIVE"},
        {BookingRefusal::invalid_exam_type, 400, "INVALID_EXAM_TYPE"},
        {BookingRefusal::insufficient_credits, 402, "INSUFFICIENT_CREDITS"},
        {BookingRefusal::exam_full, 409, "EXAM_FULL"},
        {BookingRefusal::duplicate_booking, 409, "DUPLICATE_BOOKING"},
        {BookingRefusal::prerequisite_not_met, 400, "PREREQUISITE_NOT_MET"},
        {BookingRefusal::dominant_hand_required, 400, "VALIDATION_ERROR"},
        {BookingRefusal::attending_location_required, 400, "VALIDATION_ERROR"},
        {BookingRefusal::key_reused, 422, "IDEMPOTENCY_KEY_REUSED"},
        {BookingRefusal::refused, 422, "SOURCE_REFUSED"},
    };
    for (const auto& row : rows) {
        desk.book_result = BookingRefused{row.reason};
        for (const bool discussion : {false, true}) {
            discussion ? discuss() : book();
            check_refused(row.status, row.code);
            BOOST_TEST(header("Retry-After").empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(missing_exams_are_named) {
    BookingRefused refused{BookingRefusal::prerequisite_not_met};
    refused.missing_exams = {"503", "504"};
    desk.book_result = refused;
    discuss();
    check_refused(400, "PREREQUISITE_NOT_MET");
    BOOST_TEST(json().at("missing_exams") == boost::json::parse(R"(["503","504"])"));
}

BOOST_AUTO_TEST_CASE(what_an_exam_needs_is_said_alike_before_and_after_the_exam_is_known) {
    const std::pair<BookingRefusal, std::string_view> rows[] = {
        {BookingRefusal::dominant_hand_required, "Clinical Skills"},
        {BookingRefusal::attending_location_required, "Mini-mock"},
    };
    for (const auto& [reason, type] : rows) {
        book(std::string{R"(,"mock_exam_id":"501","mock_type":")"}.append(type) + "\"");
        const auto before = response.body;
        BOOST_TEST(json().at("validationErrors").as_array().size() == 1u);
        desk.book_result = BookingRefused{reason};
        book(R"(,"mock_exam_id":"501")");
        check_refused(400, "VALIDATION_ERROR");
        BOOST_TEST(response.body == before);
    }
    BOOST_TEST(desk.books == 2);
}

BOOST_AUTO_TEST_CASE(requests_that_are_invalid_reach_nobody) {
    endpoints.book_exam(request("{", "key-1"), respond());
    check_refused(400, "INVALID_JSON");
    endpoints.book_exam(request("[]"), respond());
    check_refused(400, "VALIDATION_ERROR");
    endpoints.book_exam(request("{}", "a key"), respond());
    check_refused(400, "VALIDATION_ERROR");
    BOOST_TEST(json().at("validationErrors").as_array().size() == 4u);
    endpoints.book_discussion(request("{}", ""), respond());
    check_refused(400, "VALIDATION_ERROR");
    BOOST_TEST(json().at("validationErrors").as_array().size() == 4u);
    endpoints.cancel("701", "", respond());
    check_refused(400, "INVALID_JSON");
    endpoints.cancel("701", "{}", respond());
    check_refused(400, "VALIDATION_ERROR");
    endpoints.change_exam_date("{}", respond());
    check_refused(400, "VALIDATION_ERROR");
    BOOST_TEST(json().at("validationErrors").as_array().size() == 3u);
    BOOST_TEST(students.asked == 0);
    BOOST_TEST(asked_of_desk() == 0);
}

BOOST_AUTO_TEST_CASE(ids_that_nobody_has_are_404) {
    for (const auto* id : {"abc", "0", "1e3", "-5"}) {
        book(std::string{R"(,"mock_exam_id":")"}.append(id) + "\"");
        check_refused(404, "EXAM_NOT_FOUND");
        cancel(id);
        check_refused(404, "BOOKING_NOT_FOUND");
    }
    BOOST_TEST(asked_of_desk() == 0);
}

BOOST_AUTO_TEST_CASE(a_student_cancels_a_booking) {
    cancel("701", R"(,"reason":"ill")");
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(json() == boost::json::parse(R"({"success":true,"message":"Booking cancelled","data":{
        "booking_id":"701","status":"cancelled","cancelled_at":"2026-11-01T15:00:00.000Z",
        "credit_restoration":{"credit_type":"cs_credits","amount":1,"new_balance":3},"reason":"ill"}})"),
               response.body);
    BOOST_TEST_REQUIRE(desk.cancels.size() == 1u);
    BOOST_TEST(desk.cancels[0].ids == std::vector<std::string>{"701"});
    BOOST_TEST((desk.cancels[0].reasons[0] == std::optional<std::string>{"ill"}));
}

BOOST_AUTO_TEST_CASE(where_nothing_was_paid_nothing_is_given_back) {
    auto cancelled = ScriptedDesk::cancelled("701");
    cancelled.restored.reset();
    desk.cancel_results.emplace("701", cancelled);
    cancel();
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(data().at("credit_restoration").is_null());
    BOOST_TEST(!data().as_object().contains("reason"));
}

BOOST_AUTO_TEST_CASE(cancellations_that_are_refused) {
    struct Row {
        CancelRefusal reason;
        unsigned status;
        std::string_view code;
    };
    const Row rows[] = {
        {CancelRefusal::not_found, 404, "BOOKING_NOT_FOUND"},
        {CancelRefusal::access_denied, 403, "ACCESS_DENIED"},
        {CancelRefusal::already_cancelled, 409, "ALREADY_CANCELED"},
        {CancelRefusal::completed, 409, "BOOKING_COMPLETED"},
        {CancelRefusal::refused, 422, "SOURCE_REFUSED"},
    };
    for (const auto& row : rows) {
        desk.cancel_results.insert_or_assign("701", row.reason);
        cancel();
        check_refused(row.status, row.code);
    }
}

BOOST_AUTO_TEST_CASE(a_student_changes_the_exam_date) {
    change();
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(json() == boost::json::parse(R"({"success":true,"message":"NDECC exam date updated","data":{
        "contact_id":"101","ndecc_exam_date":"2027-05-01"}})"),
               response.body);
    BOOST_TEST(desk.changed_contact == "101");
    BOOST_TEST(desk.exam_date == "2027-05-01");
    desk.profile_result = ProfileRefusal::contact_not_found;
    change();
    check_refused(404, "CONTACT_NOT_FOUND");
    desk.profile_result = ProfileRefusal::refused;
    change();
    check_refused(422, "SOURCE_REFUSED");
}

BOOST_AUTO_TEST_CASE(d16_today_is_torontos) {
    struct Row {
        std::string_view now;
        std::string_view today;
        std::string_view yesterday;
    };
    const Row rows[] = {
        {"2026-01-15T04:59:59Z", "2026-01-14", "2026-01-13"}, {"2026-01-15T05:00:00Z", "2026-01-15", "2026-01-14"},
        {"2026-07-15T03:59:59Z", "2026-07-14", "2026-07-13"}, {"2026-07-15T04:00:00Z", "2026-07-15", "2026-07-14"},
        {"2027-01-01T04:00:00Z", "2026-12-31", "2026-12-30"},
    };
    for (const auto& row : rows) {
        now = *understudy::parse_timestamp(row.now);
        change(row.today);
        BOOST_TEST(response.status == 200u, row.now);
        change(row.yesterday);
        check_refused(400, "VALIDATION_ERROR");
    }
}

BOOST_AUTO_TEST_CASE(d11_what_did_not_happen_is_not_reported_as_done) {
    const auto rate = unavailable(make_error_code(understudy::Errc::rate_limited));
    const ReplicaUnavailable replica{make_error_code(understudy::Errc::timed_out), 3s};
    const auto ask = [&](auto outcome, std::string_view expected, std::string_view wait) {
        desk.book_result = outcome;
        desk.cancel_results.insert_or_assign("701", outcome);
        desk.profile_result = outcome;
        for (const auto& endpoint : std::vector<std::function<void()>>{[&] { book(); }, [&] { discuss(); },
                                                                       [&] { cancel(); }, [&] { change(); }}) {
            endpoint();
            check_refused(503, expected);
            BOOST_TEST(header("Retry-After") == wait);
            BOOST_TEST(!response.reason.empty());
            BOOST_TEST(response.body.find(response.reason) == std::string::npos);
        }
    };
    ask(rate, "SOURCE_UNAVAILABLE", "10");
    ask(replica, "REPLICA_UNAVAILABLE", "3");
    ask(OutcomeUnknown{}, "OUTCOME_UNKNOWN", "5");
}

BOOST_AUTO_TEST_CASE(what_the_replica_shows_later_is_told) {
    auto booked = ScriptedDesk::clinic();
    booked.replica_pending = true;
    desk.book_result = booked;
    auto cancelled = ScriptedDesk::cancelled("701");
    cancelled.replica_pending = true;
    desk.cancel_results.emplace("701", cancelled);
    desk.profile_result = ProfileChanged{"2027-05-01", true};
    book();
    BOOST_TEST(response.status == 201u);
    BOOST_TEST(header("X-Replica-Sync") == "pending");
    discuss();
    BOOST_TEST(header("X-Replica-Sync") == "pending");
    cancel();
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(header("X-Replica-Sync") == "pending");
    change();
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(header("X-Replica-Sync") == "pending");
}

BOOST_AUTO_TEST_CASE(d12_whose_booking_it_is_is_not_taken_from_the_request) {
    book(R"(,"mock_exam_id":"501","contact_id":"102","hubspot_id":"102")");
    BOOST_TEST(desk.order.contact.hubspot_id == "101");
    discuss(R"(,"mock_exam_id":"502","contact_id":"102")");
    BOOST_TEST(desk.order.contact.hubspot_id == "101");
    cancel("701", R"(,"contact_id":"102","id":"799","bookings":[{"id":"798"}])");
    BOOST_TEST(desk.cancels.back().contact_id == "101");
    BOOST_TEST(desk.cancels.back().ids == std::vector<std::string>{"701"});
    endpoints.change_exam_date(anns(R"(,"ndecc_exam_date":"2027-05-01","contact_id":"102")"), respond());
    BOOST_TEST(desk.changed_contact == "101");
}

// The kind is compared with the exam's; it decides nothing.
BOOST_AUTO_TEST_CASE(d12_date_kind_and_place_of_the_request_reach_no_booking) {
    book(R"(,"mock_exam_id":"501","mock_type":"Mini-mock","attending_location":"calgary","exam_date":"2031-01-01",
            "location":"Calgary","capacity":99,"token_used":"Admin Override","start_time":"2031-01-01T10:00:00Z")");
    BOOST_TEST(response.status == 201u);
    BOOST_TEST((desk.order.mock_type == MockType::mini_mock));
    BOOST_TEST(response.body.find("2031") == std::string::npos);
    BOOST_TEST(response.body.find("Mini-mock") == std::string::npos);
    BOOST_TEST(data().at("exam_details") == boost::json::parse(R"({"mock_exam_id":"501","exam_date":"2026-12-05",
        "mock_type":"Clinical Skills","location":"Mississauga"})"));
    discuss(R"(,"mock_exam_id":"502","mock_type":"Clinical Skills","exam_date":"2031-01-01")");
    BOOST_TEST((desk.order.mock_type == MockType::mock_discussion));
}

BOOST_AUTO_TEST_CASE(d12_a_student_who_is_not_identified_writes_nothing) {
    struct Row {
        std::string_view student;
        unsigned status;
        std::string_view code;
    };
    const Row rows[] = {
        {R"("student_id":"ANN1","email":"bob@example.org")", 400, "EMAIL_MISMATCH"},
        {R"("student_id":"BOB1","email":"ann@example.org")", 400, "EMAIL_MISMATCH"},
        {R"("student_id":"BOB1","email":"bob@example.org")", 404, "STUDENT_NOT_FOUND"},
        {R"("student_id":"ANN1")", 400, "VALIDATION_ERROR"},
        {R"("contact_id":"101")", 400, "VALIDATION_ERROR"},
    };
    for (const auto& row : rows) {
        for (const auto& answer : ask_all(row.student)) {
            response = answer;
            check_refused(row.status, row.code);
        }
    }
    students.fail_with(understudy::Errc::circuit_open);
    for (const auto& answer : ask_all(R"("student_id":"ANN1","email":"ann@example.org")")) {
        response = answer;
        check_refused(503, "SOURCE_UNAVAILABLE");
        BOOST_TEST(header("Retry-After") == "2");
    }
    BOOST_TEST(asked_of_desk() == 0);
}

BOOST_AUTO_TEST_CASE(nothing_is_answered_before_it_is_done) {
    students.hold();
    desk.hold();
    book();
    discuss();
    cancel();
    change();
    BOOST_TEST(asked_of_desk() == 0);
    students.release();
    BOOST_TEST(asked_of_desk() == 4);
    BOOST_TEST(times == 0);
    desk.release();
    BOOST_TEST(times == 4);
}

BOOST_AUTO_TEST_SUITE_END()
