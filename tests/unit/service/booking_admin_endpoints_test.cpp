#include "booking_admin_endpoints.hpp"

#include "answered.hpp"
#include "application.hpp"
#include "scripted_admin_desk.hpp"
#include "scripted_bookings.hpp"
#include "scripted_directory.hpp"
#include "scripted_exam_desk.hpp"
#include "scripted_exams.hpp"
#include "scripted_hints.hpp"
#include "scripted_keys.hpp"
#include "scripted_reader.hpp"
#include "scripted_sync.hpp"
#include "token_maker.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono_literals;

namespace {

struct Fixture : Answered {
    ScriptedDirectory students;
    ScriptedAdminDesk desk;
    BookingAdminEndpoints endpoints{students, desk};

    Fixture() { students.add(ann()); }

    static Request request(std::string_view body) {
        Request request;
        request.body = body;
        request.admin = "admin-1";
        request.idempotency_key = "key-1";
        return request;
    }
    void book(std::string_view members = R"(,"mock_exam_id":"501","dominant_hand":true)") {
        const auto body = std::string{R"({"student_id":"ANN1","email":"ann@example.org")"}.append(members) + "}";
        endpoints.book(request(body), respond());
    }
    void cancel_batch(std::string_view body = R"({"bookings":[{"id":"701"},{"id":"702"}]})") {
        endpoints.cancel_batch(request(body), respond());
    }
    void cancel(std::string_view body = R"({"bookings":[{"id":"701"},{"id":"702"}]})", std::string_view exam = "501") {
        endpoints.cancel_bookings_of_exam(exam, request(body), respond());
    }
    void mark(std::string_view body = R"({"bookings":[{"bookingId":"701","attended":true}]})",
              std::string_view exam = "501") {
        endpoints.mark_attendance(exam, body, respond());
    }
    static std::string many(int number, std::string_view id, std::string_view rest = "") {
        std::string text = R"({"bookings":[)";
        for (int i = 1; i <= number; ++i)
            text.append(i > 1 ? "," : "")
                .append(R"({")")
                .append(id)
                .append(R"(":")")
                .append(std::to_string(i))
                .append("\"")
                .append(rest)
                .append("}");
        return text + "]}";
    }

    void check_refused(unsigned status, std::string_view expected) const {
        BOOST_TEST(response.status == status, response.body);
        const auto body = json();
        BOOST_TEST(body.at("success") == false);
        BOOST_TEST(body.at("error").at("code").as_string() == expected);
        BOOST_TEST(!body.at("error").at("message").as_string().empty());
        BOOST_TEST(!body.as_object().contains("data"));
    }
    void check_invalid(std::size_t errors) const {
        check_refused(400, "VALIDATION_ERROR");
        BOOST_TEST(json().at("error").at("details").as_array().size() == errors, response.body);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(booking_admin_endpoints, Fixture)

BOOST_AUTO_TEST_CASE(an_admin_books_for_a_student) {
    book();
    BOOST_TEST(response.status == 201u);
    BOOST_TEST(data() == boost::json::parse(R"({"booking_id":"Clinical Skills-ANN1-December 5, 2026",
        "booking_record_id":"701","confirmation_message":"Your Clinical Skills booking for 2026-12-05 is confirmed",
        "idempotency_key":"key-1","exam_details":{"mock_exam_id":"501","exam_date":"2026-12-05",
        "mock_type":"Clinical Skills","location":"Mississauga"},"token_used":"Admin Override"})"),
               response.body);
    BOOST_TEST_REQUIRE(desk.orders.size() == 1u);
    BOOST_TEST(desk.orders[0].contact.hubspot_id == "101");
    BOOST_TEST(desk.orders[0].exam_id == "501");
    BOOST_TEST(desk.orders[0].idempotency_key == "key-1");
    BOOST_TEST(!desk.rights[0].capacity);
    book(R"(,"mock_exam_id":"501","override_capacity":true,"token_used":"Shared Token")");
    BOOST_TEST(desk.rights[1].capacity);
    auto repeated = ScriptedDesk::clinic();
    repeated.payment.reset();
    repeated.repeated = true;
    repeated.replica_pending = true;
    desk.book_result = repeated;
    book();
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(data().at("idempotent_request") == true);
    BOOST_TEST(header("X-Replica-Sync") == "pending");
}

BOOST_AUTO_TEST_CASE(bookings_that_are_refused) {
    const std::tuple<BookingRefusal, unsigned, std::string_view> rows[] = {
        {BookingRefusal::contact_not_found, 404, "CONTACT_NOT_FOUND"},
        {BookingRefusal::exam_not_found, 404, "EXAM_NOT_FOUND"},
        {BookingRefusal::exam_not_active, 400, "EXAM_NOT_ACTIVE"},
        {BookingRefusal::invalid_exam_type, 400, "INVALID_EXAM_TYPE"},
        {BookingRefusal::exam_full, 409, "EXAM_FULL"},
        {BookingRefusal::duplicate_booking, 409, "DUPLICATE_BOOKING"},
        {BookingRefusal::dominant_hand_required, 400, "VALIDATION_ERROR"},
        {BookingRefusal::attending_location_required, 400, "VALIDATION_ERROR"},
        {BookingRefusal::key_reused, 422, "IDEMPOTENCY_KEY_REUSED"},
        {BookingRefusal::refused, 422, "SOURCE_REFUSED"},
    };
    for (const auto& [reason, status, expected] : rows) {
        desk.book_result = BookingRefused{reason};
        book();
        check_refused(status, expected);
    }
    desk.book_result = BookingRefused{BookingRefusal::prerequisite_not_met, {"503"}};
    book();
    check_refused(400, "PREREQUISITE_NOT_MET");
    BOOST_TEST(json().at("error").at("details").at("missing_exams") == boost::json::parse(R"(["503"])"));
    book(R"(,"mock_exam_id":"abc")");
    check_refused(404, "EXAM_NOT_FOUND");
}

BOOST_AUTO_TEST_CASE(students_who_are_not_known_are_not_booked_for) {
    const auto ask = [&](std::string_view body) { endpoints.book(request(body), respond()); };
    ask(R"({"student_id":"BOB1","email":"bob@example.org","mock_exam_id":"501"})");
    check_refused(404, "STUDENT_NOT_FOUND");
    ask(R"({"student_id":"BOB1","email":"ann@example.org","mock_exam_id":"501"})");
    check_refused(400, "EMAIL_MISMATCH");
    students.fail_with(understudy::Errc::rate_limited);
    book();
    check_refused(503, "SOURCE_UNAVAILABLE");
    BOOST_TEST(header("Retry-After") == "10");
    BOOST_TEST(desk.asked() == 0);
}

BOOST_AUTO_TEST_CASE(requests_that_are_invalid_reach_nobody) {
    for (const auto& ask : std::vector<std::function<void(std::string_view)>>{
             [&](auto body) { endpoints.book(request(body), respond()); }, [&](auto body) { cancel_batch(body); },
             [&](auto body) { cancel(body); }, [&](auto body) { mark(body); }}) {
        ask("{");
        check_refused(400, "INVALID_JSON");
        ask("[]");
        check_invalid(1);
    }
    endpoints.book(request("{}"), respond());
    check_invalid(3);
    book(R"(,"mock_exam_id":"501","override_capacity":"yes","dominant_hand":1)");
    check_invalid(2);
    for (const auto* body : {"{}", R"({"bookings":null})", R"({"bookings":[]})", R"({"bookings":{}})"}) {
        cancel_batch(body);
        check_invalid(1);
        cancel(body);
        check_invalid(1);
        mark(body);
        check_invalid(1);
    }
    cancel_batch(many(51, "id"));
    check_invalid(1);
    cancel(many(101, "id"));
    check_invalid(1);
    mark(many(101, "bookingId", R"(,"attended":true)"));
    check_invalid(1);
    cancel(R"({"bookings":["701",{},{"id":7},{"id":""}],"refundTokens":"no"})");
    check_invalid(5);
    cancel_batch(R"({"bookings":[{"id":"1","reason":7}]})");
    check_invalid(1);
    for (const auto* attended : {R"("")", R"("true")", "1", "[]"}) {
        mark(std::string{R"({"bookings":[{"bookingId":"1","attended":)"} + attended + "}]}");
        check_invalid(1);
    }
    mark(R"({"bookings":[{"bookingId":"1"},{"attended":true}]})");
    check_invalid(2);
    mark(R"({"bookings":[{"bookingId":"1","attended":true},{"bookingId":"1","attended":false}]})");
    check_invalid(1);
    BOOST_TEST(students.asked == 0);
    BOOST_TEST(desk.asked() == 0);
}

BOOST_AUTO_TEST_CASE(any_student_s_bookings_are_cancelled) {
    cancel_batch(R"({"bookings":[{"id":"701","reason":"ill"},{"id":"702","student_id":"BOB1"}]})");
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(data().at("summary") == boost::json::parse(R"({"total":2,"successful":2,"failed":0})"));
    BOOST_TEST(data().at("results").at(0).at("booking_id") == "701");
    BOOST_TEST_REQUIRE(desk.cancellations.size() == 1u);
    BOOST_TEST(desk.cancellations[0].admin == "admin-1");
    BOOST_TEST(desk.cancellations[0].exam_id.empty());
    BOOST_TEST(desk.cancellations[0].refund);
    BOOST_TEST((desk.cancellations[0].bookings[0].reason == std::optional<std::string>{"ill"}));
    desk.cancel_results.emplace("702", CancelRefusal::already_cancelled);
    cancel_batch();
    BOOST_TEST(response.status == 207u);
    BOOST_TEST(data().at("results").at(1).at("error_code") == "ALREADY_CANCELED");
    desk.cancel_results.emplace("701", unavailable(make_error_code(understudy::Errc::rate_limited)));
    cancel_batch();
    BOOST_TEST(response.status == 422u);
    BOOST_TEST(json().at("error").at("code") == "BATCH_FAILED");
    BOOST_TEST(data().at("summary").at("failed") == 2);
    BOOST_TEST(header("Retry-After") == "10");
    cancel_batch(many(50, "id"));
    BOOST_TEST(desk.cancellations.back().bookings.size() == 50u);
}

BOOST_AUTO_TEST_CASE(d11_of_each_booking_of_an_exam_it_is_told_what_became_of_it) {
    auto lost = ScriptedDesk::cancelled("702");
    lost.restored.reset();
    lost.refund_lost = true;
    auto unpaid = ScriptedDesk::cancelled("703");
    unpaid.restored.reset();
    unpaid.replica_pending = true;
    desk.cancel_results.insert({{"702", lost},
                                {"703", unpaid},
                                {"704", CancelRefusal::already_cancelled},
                                {"705", CancelRefusal::other_exam},
                                {"706", OutcomeUnknown{}}});
    cancel(R"({"bookings":[{"id":"701"},{"id":"702"},{"id":"703"},{"id":"704"},{"id":"705"},{"id":"706"}]})");
    BOOST_TEST(response.status == 207u);
    BOOST_TEST(header("X-Replica-Sync") == "pending");
    BOOST_TEST(header("Retry-After") == "5");
    BOOST_TEST(data().at("summary") == boost::json::parse(R"({"total":6,"cancelled":3,"failed":2,"skipped":1})"));
    BOOST_TEST(data().at("refundSummary") ==
                   boost::json::parse(R"({"enabled":true,"successful":1,"failed":1,"skipped":1,"details":[
        {"bookingId":"701","status":"successful","creditType":"cs_credits","amount":1,"newBalance":3},
        {"bookingId":"702","status":"failed","error":{"code":"CONTACT_NOT_FOUND",
            "message":"The student's record is not there any more"}},
        {"bookingId":"703","status":"skipped","reason":"NOTHING_TO_REFUND"}]})"),
               response.body);
    BOOST_TEST(data().at("results").at(0) == boost::json::parse(R"({"bookingId":"701","status":"cancelled",
        "cancelledAt":"2026-11-01T15:00:00.000Z"})"));
    std::string told;
    const auto all = data();
    for (const auto& item : all.at("results").as_array())
        told += std::string{item.at("status").as_string()} + " ";
    BOOST_TEST(told == "cancelled cancelled cancelled skipped failed failed ");
    BOOST_TEST(data().at("results").at(4).at("error").at("code") == "OTHER_EXAM");
    BOOST_TEST(data().at("results").at(5).at("error").at("code") == "OUTCOME_UNKNOWN");
    BOOST_TEST(desk.cancellations[0].exam_id == "501");
    BOOST_TEST(desk.cancellations[0].admin == "admin-1");
    BOOST_TEST(desk.cancellations[0].refund);
}

BOOST_AUTO_TEST_CASE(how_a_batch_went_is_in_its_status) {
    cancel();
    BOOST_TEST(response.status == 200u);
    desk.cancel_results.emplace("701", CancelRefusal::already_cancelled);
    desk.cancel_results.emplace("702", CancelRefusal::already_cancelled);
    cancel();
    BOOST_TEST(response.status == 200u);
    desk.cancel_results.insert_or_assign("702", CancelRefusal::completed);
    cancel();
    BOOST_TEST(response.status == 207u);
    desk.cancel_results.insert_or_assign("701", CancelRefusal::not_found);
    cancel();
    BOOST_TEST(response.status == 422u);
    BOOST_TEST(json().at("success") == false);
    BOOST_TEST(json().at("error").at("code") == "BATCH_FAILED");
    BOOST_TEST(data().at("results").at(1).at("error").at("code") == "BOOKING_COMPLETED");
}

BOOST_AUTO_TEST_CASE(refunds_are_left_out_when_asked) {
    auto cancelled = ScriptedDesk::cancelled("701");
    cancelled.restored.reset();
    desk.cancel_results.emplace("701", cancelled);
    cancel(R"({"bookings":[{"id":"701"}],"refundTokens":false})");
    BOOST_TEST(!desk.cancellations[0].refund);
    BOOST_TEST(data().at("refundSummary") ==
               boost::json::parse(R"({"enabled":false,"successful":0,"failed":0,"skipped":1,
        "details":[{"bookingId":"701","status":"skipped","reason":"REFUNDS_DISABLED"}]})"));
}

BOOST_AUTO_TEST_CASE(who_came_is_marked) {
    desk.attendance_results.insert({{"702", AttendanceMarked{false, true, false}},
                                    {"704", AttendanceRefusal::cancelled},
                                    {"705", AttendanceRefusal::other_exam},
                                    {"706", AttendanceRefusal::not_found},
                                    {"707", AttendanceRefusal::refused},
                                    {"708", unavailable(make_error_code(understudy::Errc::circuit_open))}});
    mark(R"({"bookings":[{"bookingId":"701","attended":true},{"bookingId":"702","attended":false},
        {"bookingId":"703","attended":null},{"bookingId":"704","attended":true},{"bookingId":"705","attended":true},
        {"bookingId":"706","attended":true},{"bookingId":"707","attended":true},{"bookingId":"708","attended":true}]})");
    BOOST_TEST(response.status == 207u);
    BOOST_TEST(header("Retry-After") == "2");
    BOOST_TEST(data().at("summary") == boost::json::parse(R"({"total":8,"updated":2,"failed":5,"skipped":1})"));
    const auto results = data().at("results");
    BOOST_TEST(results.at(0) ==
               boost::json::parse(R"({"bookingId":"701","status":"updated","attended":true,"isActive":"Completed"})"));
    BOOST_TEST(results.at(1) ==
               boost::json::parse(R"({"bookingId":"702","status":"skipped","attended":false,"isActive":"Completed"})"));
    BOOST_TEST(results.at(2) ==
               boost::json::parse(R"({"bookingId":"703","status":"updated","attended":null,"isActive":"Active"})"));
    std::string codes;
    for (std::size_t i = 3; i < 8; ++i)
        codes += std::string{results.at(i).at("error").at("code").as_string()} + " ";
    BOOST_TEST(codes == "BOOKING_CANCELLED OTHER_EXAM BOOKING_NOT_FOUND SOURCE_REFUSED SOURCE_UNAVAILABLE ");
    BOOST_TEST(desk.exams[0] == "501");
    BOOST_TEST((desk.marks[0][2].attended == std::nullopt));
    BOOST_TEST((desk.marks[0][1].attended == std::optional{false}));
    mark(R"({"bookings":[{"bookingId":"704","attended":true}]})");
    BOOST_TEST(response.status == 422u);
    BOOST_TEST(json().at("error").at("code") == "BATCH_FAILED");
}

BOOST_AUTO_TEST_CASE(exams_that_nobody_has_are_404_and_trouble_is_503) {
    cancel(R"({"bookings":[{"id":"701"}]})", "abc");
    check_refused(404, "EXAM_NOT_FOUND");
    mark(R"({"bookings":[{"bookingId":"701","attended":true}]})", "0");
    check_refused(404, "EXAM_NOT_FOUND");
    BOOST_TEST(desk.asked() == 0);
    desk.nothing_cancelled = ExamNotFound{};
    desk.nothing_marked = ExamNotFound{};
    cancel();
    check_refused(404, "EXAM_NOT_FOUND");
    mark();
    check_refused(404, "EXAM_NOT_FOUND");
    const auto trouble = unavailable(make_error_code(understudy::Errc::rate_limited));
    desk.nothing_cancelled = trouble;
    desk.nothing_marked = trouble;
    for (const auto& ask :
         std::vector<std::function<void()>>{[&] { cancel(); }, [&] { mark(); }, [&] { cancel_batch(); }}) {
        ask();
        check_refused(503, "SOURCE_UNAVAILABLE");
        BOOST_TEST(header("Retry-After") == "10");
    }
    desk.book_result = ReplicaUnavailable{make_error_code(understudy::Errc::timed_out), 3s};
    book();
    check_refused(503, "REPLICA_UNAVAILABLE");
    desk.book_result = OutcomeUnknown{};
    book();
    check_refused(503, "OUTCOME_UNKNOWN");
}

BOOST_AUTO_TEST_CASE(nothing_is_answered_before_it_is_done) {
    desk.hold();
    book();
    cancel();
    cancel_batch();
    mark();
    BOOST_TEST(desk.asked() == 4);
    BOOST_TEST(times == 0);
    desk.release();
    BOOST_TEST(times == 4);
}

BOOST_AUTO_TEST_CASE(d12_each_endpoint_asks_for_its_permission) {
    const auto maker = TokenMaker::hs256(sample::secret);
    AdminParams params;
    params.jwt_secret = sample::secret;
    params.issuer = sample::issuer;
    ScriptedKeys published;
    AdminGate gate{params, published.keys, [] { return understudy::Timestamp{std::chrono::seconds{sample::now}}; }};
    ScriptedExams exams;
    ScriptedBookings bookings;
    ScriptedDesk booking_desk;
    ScriptedExamDesk exam_desk;
    ScriptedReader reader;
    ExamActivation activation{reader, [](auto, const auto& found) { found({}, {}); }, exam_desk, 1s};
    ClosedWebhooks webhooks;
    ScriptedSync sync;
    Metrics metrics;
    const auto quiet = Log::silent();
    ApplicationParams application_params;
    application_params.rate_limit.per_second = 0;
    Application application{application_params,
                            ApplicationParts{students, exams, bookings, booking_desk, desk, gate, exam_desk, activation,
                                             webhooks.endpoint, sync.endpoints},
                            metrics, quiet};
    struct Row {
        Method method;
        std::string_view path;
        std::string_view body;
        std::string_view permission;
    };
    const Row rows[] = {
        {Method::post, "/api/admin/bookings/create",
         R"({"student_id":"ANN1","email":"ann@example.org","mock_exam_id":"501"})", "bookings.create"},
        {Method::post, "/api/admin/bookings/batch-cancel", R"({"bookings":[{"id":"701"}]})", "bookings.batch_cancel"},
        {Method::patch, "/api/admin/mock-exams/501/cancel-bookings", R"({"bookings":[{"id":"701"}]})",
         "bookings.batch_cancel"},
        {Method::post, "/api/admin/mock-exams/501/attendance", R"({"bookings":[{"bookingId":"701","attended":true}]})",
         "bookings.cancel"},
    };
    int done = 0;
    for (const auto& row : rows) {
        const auto ask = [&](const std::string& authorization) {
            Request request;
            request.method = row.method;
            request.path = row.path;
            request.body = row.body;
            request.authorization = authorization;
            application.handle(request, respond());
        };
        const auto with = [&](std::initializer_list<std::string_view> permissions) {
            boost::json::array all;
            for (const auto permission : permissions)
                all.emplace_back(permission);
            return "Bearer " + maker(sample::claims_with("permissions", all));
        };
        ask("");
        check_refused(401, "UNAUTHORIZED");
        ask("Bearer nonsense");
        check_refused(401, "UNAUTHORIZED");
        ask(with({}));
        check_refused(403, "FORBIDDEN");
        ask(with({"exams.edit", "exams.create", "contacts.tokens"}));
        check_refused(403, "FORBIDDEN");
        for (const auto other : {"bookings.create", "bookings.batch_cancel", "bookings.cancel"})
            if (other != row.permission) {
                ask(with({other}));
                check_refused(403, "FORBIDDEN");
            }
        BOOST_TEST(desk.asked() == done);
        ask(with({row.permission}));
        BOOST_TEST(response.status < 300u, response.body);
        BOOST_TEST(desk.asked() == ++done);
    }
    for (const auto& cancellation : desk.cancellations)
        BOOST_TEST(cancellation.admin == "8ccaa7af-909f-44e7-84cb-67cdccb56be6");
}

BOOST_AUTO_TEST_SUITE_END()
