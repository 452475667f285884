#include "booking_endpoints.hpp"

#include "answered.hpp"
#include "scripted_bookings.hpp"
#include "scripted_directory.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view anns_pair = "student_id=ANN1&email=Ann%40example.org";

struct Fixture : Answered {
    ScriptedDirectory students;
    ScriptedBookings bookings;
    BookingEndpoints endpoints{students, bookings};

    Fixture() { students.add(ann()); }

    void list(std::string_view query = anns_pair) { endpoints.list(query, respond()); }
    void get(std::string_view id, std::string_view query = anns_pair) { endpoints.get(id, query, respond()); }

    void check_refused(unsigned status, std::string_view expected) const {
        BOOST_TEST(response.status == status);
        BOOST_TEST(code() == expected);
        BOOST_TEST(!json().as_object().contains("data"));
        BOOST_TEST(response.body.find("ANN1") == std::string::npos);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(booking_endpoints_suite, Fixture)

BOOST_AUTO_TEST_CASE(a_student_lists_bookings_and_credits) {
    list("student_id=ANN1&email=ann@example.org&filter=upcoming&page=3&limit=7");
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(bookings.question.contact_id == "101");
    BOOST_TEST((bookings.question.filter == BookingFilter::upcoming));
    BOOST_TEST(bookings.question.page == 3);
    BOOST_TEST(bookings.question.limit == 7);
    BOOST_TEST(json() == boost::json::parse(R"({"success":true,"message":"Bookings retrieved","data":{"bookings":[{
        "id":"701","booking_id":"Clinical Skills-ANN1-December 5, 2026","name":"Ann Lee","email":"ann@example.org",
        "exam_date":"2026-12-05","start_time":"2026-12-05T14:00:00.000Z","end_time":"2026-12-05T17:30:00.000Z",
        "mock_type":"Clinical Skills","location":"Mississauga","is_active":"Active","attendance":"Yes",
        "dominant_hand":true,"mock_exam_id":"501"}],
        "pagination":{"current_page":1,"total_pages":1,"total_bookings":1,"has_next":false,"has_previous":false},
        "credits":{"sj_credits":2,"cs_credits":0,"sjmini_credits":0,"mock_discussion_token":0,
        "shared_mock_credits":1}}})"),
               response.body);
    BOOST_TEST(times == 1);
}

BOOST_AUTO_TEST_CASE(what_a_booking_lacks_is_null) {
    BookingView bare;
    bare.id = "702";
    BookingPage page;
    page.bookings = {bare};
    page.total_bookings = 45;
    page.current_page = 2;
    bookings.list_result = page;
    list();
    BOOST_TEST(data().at("bookings").at(0) ==
                   boost::json::parse(R"({"id":"702","booking_id":null,"name":null,"email":null,
        "exam_date":null,"start_time":null,"end_time":null,"mock_type":null,"location":null,"is_active":null,
        "attendance":null,"dominant_hand":null,"mock_exam_id":null})"),
               response.body);
    BOOST_TEST(data().at("pagination") == boost::json::parse(R"({"current_page":2,"total_pages":3,"total_bookings":45,
        "has_next":true,"has_previous":true})"));
}

BOOST_AUTO_TEST_CASE(no_bookings_are_an_answer) {
    bookings.list_result = BookingPage{};
    list();
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(data().at("bookings") == boost::json::array{});
    BOOST_TEST(data().at("pagination") == boost::json::parse(R"({"current_page":1,"total_pages":0,"total_bookings":0,
        "has_next":false,"has_previous":false})"));
    BOOST_TEST(data().at("credits").at("sj_credits") == 2);
}

BOOST_AUTO_TEST_CASE(an_answer_is_as_old_as_its_oldest_part) {
    struct Row {
        Provenance student;
        Provenance rest;
        std::string_view age;
        std::string_view freshness;
    };
    const Row rows[] = {
        {{true, 5'000ms, false}, {true, 61'900ms, false}, "61", "fresh"},
        {{true, 300'000ms, false}, {true, 0ms, false}, "300", "fresh"},
        {{true, 300'000ms, true}, {true, 0ms, false}, "300", "stale"},
        {{true, 0ms, false}, {true, 7'000ms, true}, "7", "stale"},
        {{true, 4'000ms, false}, {false, 0ms, false}, "4", "fresh"},
        {{false, 0ms, false}, {true, 4'000ms, false}, "4", "fresh"},
        {{false, 0ms, false}, {false, 4'000ms, true}, "4", "stale"},
        {{false, 0ms, false}, {false, 0ms, false}, "", ""},
    };
    for (const auto& row : rows) {
        auto student = ann();
        student.from_replica = row.student.from_replica;
        student.age = row.student.age;
        student.stale = row.student.stale;
        students.add(student);
        BookingPage page;
        page.provenance = row.rest;
        bookings.list_result = page;
        bookings.get_result = FoundBooking{ScriptedBookings::anns(), row.rest};
        for (const bool one : {false, true}) {
            one ? get("701") : list();
            BOOST_TEST(response.status == 200u);
            BOOST_TEST(header("Age") == row.age);
            BOOST_TEST(header("X-Data-Freshness") == row.freshness);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_student_sees_a_booking) {
    get("701");
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(bookings.booking_id == "701");
    BOOST_TEST(data().at("id") == "701");
    BOOST_TEST(data().at("mock_type") == "Clinical Skills");
    BOOST_TEST(!data().as_object().contains("contact_id"));
}

BOOST_AUTO_TEST_CASE(d12_a_booking_is_shown_to_its_owner_alone) {
    for (const std::optional<std::string>& owner :
         {std::optional<std::string>{"102"}, std::optional<std::string>{"1011"}, std::optional<std::string>{""},
          std::optional<std::string>{}}) {
        auto booking = ScriptedBookings::anns();
        booking.contact_id = owner;
        bookings.get_result = FoundBooking{booking, {}};
        get("701");
        check_refused(403, "ACCESS_DENIED");
        BOOST_TEST(response.body.find("December") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(d12_a_student_who_is_not_identified_asks_for_no_booking) {
    struct Row {
        std::string_view query;
        unsigned status;
        std::string_view code;
    };
    const Row rows[] = {
        {"student_id=ANN1&email=bob@example.org", 400, "EMAIL_MISMATCH"},
        {"student_id=BOB1&email=ann@example.org", 400, "EMAIL_MISMATCH"},
        {"student_id=BOB1&email=bob@example.org", 404, "STUDENT_NOT_FOUND"},
        {"student_id=ANN1", 400, "VALIDATION_ERROR"},
        {"contact_id=101", 400, "VALIDATION_ERROR"},
        {"student_id=ANN1&student_id=BOB1&email=ann@example.org", 400, "VALIDATION_ERROR"},
        {"", 400, "VALIDATION_ERROR"},
    };
    for (const auto& row : rows) {
        list(row.query);
        check_refused(row.status, row.code);
        get("701", row.query);
        check_refused(row.status, row.code);
    }
    BOOST_TEST(bookings.asks == 0);
}

BOOST_AUTO_TEST_CASE(d12_whose_bookings_are_listed_is_not_taken_from_the_request) {
    list("student_id=ANN1&email=ann@example.org&contact_id=102");
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(bookings.question.contact_id == "101");
}

BOOST_AUTO_TEST_CASE(a_booking_that_nobody_has_is_404) {
    for (const auto* id : {"abc", "0", "lists", "1e3"}) {
        get(id);
        check_refused(404, "BOOKING_NOT_FOUND");
    }
    BOOST_TEST(bookings.asks == 0);
    bookings.get_result = BookingNotFound{};
    get("702");
    check_refused(404, "BOOKING_NOT_FOUND");
    get("abc", "student_id=BOB1&email=bob@example.org");
    check_refused(404, "STUDENT_NOT_FOUND");
}

BOOST_AUTO_TEST_CASE(d10_a_failure_is_503_never_no_bookings_never_404_never_403) {
    const auto down = unavailable(make_error_code(understudy::Errc::circuit_open));
    bookings.list_result = down;
    bookings.get_result = down;
    list();
    check_refused(503, "SOURCE_UNAVAILABLE");
    BOOST_TEST(header("Retry-After") == "2");
    BOOST_TEST(response.body.find("credits") == std::string::npos);
    get("701");
    check_refused(503, "SOURCE_UNAVAILABLE");
    BOOST_TEST(header("Retry-After") == "2");
    // An owner that is known from an old row refuses nobody.
    auto others = ScriptedBookings::anns();
    others.contact_id = "102";
    bookings.get_result = FoundBooking{others, {true, 1s, true}};
    get("701");
    check_refused(503, "SOURCE_UNAVAILABLE");

    students.fail_with(understudy::Errc::unavailable);
    const int asks = bookings.asks;
    list();
    check_refused(503, "SOURCE_UNAVAILABLE");
    get("701");
    check_refused(503, "SOURCE_UNAVAILABLE");
    BOOST_TEST(bookings.asks == asks);
}

BOOST_AUTO_TEST_CASE(bookings_are_answered_when_the_student_is_found_and_not_before) {
    students.hold();
    list();
    get("701");
    BOOST_TEST(times == 0);
    students.release();
    BOOST_TEST(times == 2);
}

BOOST_AUTO_TEST_SUITE_END()
