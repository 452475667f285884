#include "write_validation.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono;

namespace {

boost::json::object object(std::string_view text) {
    return boost::json::parse(text).as_object();
}

// A body with Ann's number and address, and these members.
boost::json::object anns(std::string_view members) {
    return object(std::string{R"({"student_id":"ANN1","email":" Ann@Example.org")"}.append(members) + "}");
}

constexpr std::optional<std::string_view> no_key{};

template<class T>
void check_errors(const Validated<T>& result, const ValidationErrors& expected) {
    const auto* errors = std::get_if<ValidationErrors>(&result);
    BOOST_TEST((errors ? *errors : ValidationErrors{}) == expected, boost::test_tools::per_element());
}

template<class T>
T accepted(const Validated<T>& result) {
    const auto* value = std::get_if<T>(&result);
    BOOST_TEST_REQUIRE(value);
    return *value;
}

} // namespace

BOOST_AUTO_TEST_SUITE(write_validation_suite)

BOOST_AUTO_TEST_CASE(a_booking_is_read) {
    const auto read = accepted(
        validate_booking(anns(R"(,"mock_exam_id":"501","name":"Ann Lee","mock_type":"Mini-mock","dominant_hand":false,
                "attending_location":"richmond_hill","extra":[1])"),
                         "key-1"));
    BOOST_TEST((read.student == Credentials{"ANN1", "ann@example.org"}));
    BOOST_TEST(read.order.exam_id == "501");
    BOOST_TEST((read.order.name == std::optional<std::string>{"Ann Lee"}));
    BOOST_TEST((read.order.mock_type == MockType::mini_mock));
    BOOST_TEST((read.order.dominant_hand == std::optional{false}));
    BOOST_TEST((read.order.attending_location == std::optional<std::string>{"richmond_hill"}));
    BOOST_TEST(read.order.idempotency_key == "key-1");
}

BOOST_AUTO_TEST_CASE(what_a_booking_does_not_say_is_nothing) {
    for (const auto* members :
         {R"(,"mock_exam_id":"501")",
          R"(,"mock_exam_id":"501","name":null,"mock_type":null,"dominant_hand":null,"attending_location":null)",
          R"(,"mock_exam_id":"501","name":"","mock_type":"","dominant_hand":"","attending_location":"")"}) {
        const auto order = accepted(validate_booking(anns(members), no_key)).order;
        BOOST_TEST(!order.name);
        BOOST_TEST(!order.mock_type);
        BOOST_TEST(!order.dominant_hand);
        BOOST_TEST(!order.attending_location);
        BOOST_TEST(order.idempotency_key.empty());
    }
}

BOOST_AUTO_TEST_CASE(all_messages_of_a_booking_come_at_once) {
    struct Row {
        std::string_view body;
        std::optional<std::string_view> key;
        ValidationErrors errors;
    };
    const std::string types = "mock_type must be one of Situational Judgment, Clinical Skills, Mini-mock, "
                              "Mock Discussion";
    const std::string places =
        "attending_location must be one of mississauga, calgary, vancouver, montreal, richmond_hill";
    const std::string key = "Idempotency-Key must consist of 1 to 255 visible ASCII characters";
    const Row rows[] = {
        {"{}", no_key, {"student_id is required", "email is required", "mock_exam_id is required"}},
        {R"({"student_id":"a b","email":"nobody","mock_exam_id":501,"name":["Ann"],"mock_type":"Chess",
             "dominant_hand":"left","attending_location":"Paris"})",
         "a key",
         {"student_id must consist of 1 to 64 upper-case letters and digits", "email must be an e-mail address",
          "mock_exam_id must be a string", "name must be a string", key, types, "dominant_hand must be true or false",
          places}},
        {R"({"student_id":"A1","email":"a@b.ca","mock_exam_id":"","mock_type":4,"attending_location":true})",
         "",
         {"mock_exam_id must not be empty", key, "mock_type must be a string", "attending_location must be a string"}},
        {R"({"student_id":"A1","email":"a@b.ca","mock_exam_id":"1","mock_type":"Clinical Skills"})",
         no_key,
         {"dominant_hand is required for Clinical Skills"}},
        {R"({"student_id":"A1","email":"a@b.ca","mock_exam_id":"1","mock_type":"Clinical Skills","dominant_hand":1})",
         no_key,
         {"dominant_hand must be true or false"}},
        {R"({"student_id":"A1","email":"a@b.ca","mock_exam_id":"1","mock_type":"Situational Judgment"})",
         no_key,
         {"attending_location is required for Situational Judgment and Mini-mock"}},
        {R"({"student_id":"A1","email":"a@b.ca","mock_exam_id":"1","mock_type":"Mini-mock","attending_location":""})",
         no_key,
         {"attending_location is required for Situational Judgment and Mini-mock"}},
        {R"({"student_id":"A1","email":"a@b.ca","mock_exam_id":"1","mock_type":"Mini-mock",
             "attending_location":"Calgary"})",
         no_key,
         {places}},
        {R"({"student_id":"A1","email":"a@b.ca","mock_exam_id":"1","name":"a\u0000b"})",
         no_key,
         {"name must not contain control characters"}},
    };
    for (const auto& row : rows)
        BOOST_TEST_CONTEXT(row.body) {
            check_errors(validate_booking(object(row.body), row.key), row.errors);
        }
}

BOOST_AUTO_TEST_CASE(each_kind_of_exam_needs_its_own_detail) {
    struct Row {
        std::string_view type;
        std::string_view detail;
    };
    const Row rows[] = {
        {"Clinical Skills", R"("dominant_hand":true)"},
        {"Situational Judgment", R"("attending_location":"mississauga")"},
        {"Situational Judgment", R"("attending_location":"calgary")"},
        {"Mini-mock", R"("attending_location":"vancouver")"},
        {"Mini-mock", R"("attending_location":"montreal")"},
        {"Mock Discussion", R"("extra":0)"},
    };
    for (const auto& [type, detail] : rows) {
        const auto members = std::string{R"(,"mock_exam_id":"1","mock_type":")"}.append(type).append("\",");
        check_errors(validate_booking(anns(members + std::string{detail}), no_key), {});
        const bool needs_none = type == "Mock Discussion";
        BOOST_TEST(std::holds_alternative<BookingQuestion>(validate_booking(anns(members + "\"x\":0"), no_key)) ==
                   needs_none);
    }
}

BOOST_AUTO_TEST_CASE(a_discussion_needs_no_detail) {
    const auto order =
        accepted(validate_discussion_booking(
                     anns(R"(,"mock_exam_id":"502","mock_type":"Clinical Skills","discussion_format":"In-Person")"),
                     "key-2"))
            .order;
    BOOST_TEST(order.exam_id == "502");
    BOOST_TEST((order.mock_type == MockType::mock_discussion));
    BOOST_TEST(order.idempotency_key == "key-2");
    check_errors(validate_discussion_booking(object(R"({"discussion_format":"Telepathy"})"), "\x7f"),
                 {"student_id is required", "email is required", "mock_exam_id is required",
                  "Idempotency-Key must consist of 1 to 255 visible ASCII characters",
                  "discussion_format must be one of Virtual, In-Person, Hybrid"});
}

BOOST_AUTO_TEST_CASE(idempotency_keys) {
    for (const auto* text : {"a", "!", "~", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "a,b;c"})
        BOOST_TEST(is_idempotency_key(text), text);
    for (const auto* text : {"", " ", "a b", "a\tb", "\x7f", "\xc3\xa4", "a\n"})
        BOOST_TEST(!is_idempotency_key(text), text);
    BOOST_TEST(is_idempotency_key(std::string(255, 'k')));
    BOOST_TEST(!is_idempotency_key(std::string(256, 'k')));
    BOOST_TEST(!is_idempotency_key(std::string_view{"a\0b", 3}));
}

BOOST_AUTO_TEST_CASE(a_cancellation_is_read) {
    const auto read = accepted(validate_cancellation(anns(R"(,"reason":"I am ill\nand tired","id":"9")")));
    BOOST_TEST((read.student == Credentials{"ANN1", "ann@example.org"}));
    BOOST_TEST((read.cancellation.reason == std::optional<std::string>{"I am ill\nand tired"}));
    BOOST_TEST(!accepted(validate_cancellation(anns(""))).cancellation.reason);
    check_errors(validate_cancellation(object(R"({"reason":5})")),
                 {"student_id is required", "email is required", "reason must be a string"});
}

BOOST_AUTO_TEST_CASE(a_reason_is_as_long_as_it_reads) {
    const auto reason = [](std::string_view letter, int times) {
        std::string text;
        for (int i = 0; i < times; ++i)
            text += letter;
        return anns(",\"reason\":\"" + text + "\"");
    };
    for (const std::string_view letter : {"a", "\xc3\xa9", "\xf0\x9f\x98\x80"}) {
        check_errors(validate_cancellation(reason(letter, 500)), {});
        check_errors(validate_cancellation(reason(letter, 501)), {"reason must not be longer than 500 characters"});
    }
}

BOOST_AUTO_TEST_CASE(a_batch_is_read_in_its_order) {
    const auto read = accepted(validate_batch_cancellation(object(R"({"bookings":[
        {"id":"702","student_id":"ANN1","email":"ANN@example.org","reason":"ill"},
        {"id":"nonsense","student_id":"BOB1","email":"bob@example.org"}]})")));
    BOOST_TEST_REQUIRE(read.size() == 2u);
    BOOST_TEST(read[0].cancellation.record_id == "702");
    BOOST_TEST((read[0].cancellation.reason == std::optional<std::string>{"ill"}));
    BOOST_TEST((read[0].student == Credentials{"ANN1", "ann@example.org"}));
    BOOST_TEST(read[1].cancellation.record_id == "nonsense");
    BOOST_TEST((read[1].student == Credentials{"BOB1", "bob@example.org"}));
}

BOOST_AUTO_TEST_CASE(all_messages_of_a_batch_come_at_once) {
    check_errors(validate_batch_cancellation(object(R"({"bookings":[
        {"id":"1","student_id":"ANN1","email":"a@b.ca"}, 7, {"id":"","student_id":"x","email":"a@b.ca","reason":1},
        {"email":"a@b.ca","student_id":"A1"}]})")),
                 {"bookings[1] must be an object", "bookings[2].id must not be empty",
                  "bookings[2].student_id must consist of 1 to 64 upper-case letters and digits",
                  "bookings[2].reason must be a string", "bookings[3].id is required"});
    check_errors(validate_batch_cancellation(object("{}")), {"bookings is required"});
    for (const auto* body : {R"({"bookings":[]})", R"({"bookings":{}})", R"({"bookings":"701"})"})
        check_errors(validate_batch_cancellation(object(body)), {"bookings must be an array of 1 to 50 bookings"});
}

BOOST_AUTO_TEST_CASE(a_batch_has_at_most_fifty_items) {
    const auto batch = [](int size) {
        boost::json::array items;
        for (int i = 0; i < size; ++i)
            items.push_back(object(R"({"id":"1","student_id":"A1","email":"a@b.ca"})"));
        boost::json::object body;
        body["bookings"] = std::move(items);
        return body;
    };
    BOOST_TEST(accepted(validate_batch_cancellation(batch(50))).size() == 50u);
    check_errors(validate_batch_cancellation(batch(51)), {"bookings must be an array of 1 to 50 bookings"});
}

BOOST_AUTO_TEST_CASE(exam_dates_are_today_or_later) {
    const understudy::Date today = 2026y / March / 8;
    const auto ask = [&](std::string_view date) {
        return validate_exam_date(anns(std::string{",\"ndecc_exam_date\":"}.append(date)), today);
    };
    BOOST_TEST(accepted(ask("\"2026-03-08\"")).ndecc_exam_date == "2026-03-08");
    BOOST_TEST(accepted(ask("\"2028-02-29\"")).ndecc_exam_date == "2028-02-29");
    check_errors(ask("\"2026-03-07\""), {"ndecc_exam_date must not be before today, 2026-03-08"});
    for (const auto* date :
         {"\"\"", "\"2027-02-29\"", "\"2027-2-1\"", "\"08/03/2027\"", "\"2027-03-08T00:00:00Z\"", "\" 2027-03-08\""})
        check_errors(ask(date), {"ndecc_exam_date must be a date, YYYY-MM-DD"});
    check_errors(ask("20270308"), {"ndecc_exam_date must be a string"});
    check_errors(validate_exam_date(object("{}"), today),
                 {"student_id is required", "email is required", "ndecc_exam_date is required"});
}

BOOST_AUTO_TEST_SUITE_END()
