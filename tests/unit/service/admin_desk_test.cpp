#include "journaled_admin_desk.hpp"

#include "scripted_reader.hpp"
#include "scripted_records.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace service;
using namespace std::chrono_literals;
using understudy::Errc;

namespace {

// Students 101 and 102; exam 501 with bookings 701 and 702 of the first and 703 of the second.
struct Fixture {
    ScriptedReader reader;
    ScriptedRecords records;
    understudy::Timestamp now = *understudy::parse_timestamp("2026-05-01T12:00:00Z");
    JournaledBookingDesk students{reader, records, 1min, LocalCalendar{}, [this] { return now; }};
    JournaledAdminDesk desk{students};

    Fixture() {
        contact("101", "ANN1");
        contact("102", "BOB1");
        reader.exam("501").is_active = "true";
        booking("701", "101", "Clinical Skills Token");
        booking("702", "101", "Shared Token");
        booking("703", "102", "Clinical Skills Token");
    }

    ContactCredits& contact(const std::string& id, const std::string& number) {
        auto& contact = records.contacts[id];
        contact.hubspot_id = id;
        contact.student_id = number;
        contact.email = number + "@example.org";
        contact.cs_credits = 1;
        contact.shared_mock_credits = 4;
        return contact;
    }
    Booking& booking(const std::string& id, const std::string& contact, const std::string& token,
                     const std::string& exam = "501") {
        auto& booking = records.bookings[id];
        booking.hubspot_id = id;
        booking.token_used = token;
        booking.is_active = "Active";
        booking.associated_mock_exam = exam;
        if (!contact.empty())
            booking.associated_contact_id = contact;
        return booking;
    }

    AdminCancelResult outcome;
    std::vector<CancelResult> cancel(const std::vector<std::string>& ids, bool refund = true,
                                     const std::string& exam = "501") {
        AdminCancellation asked;
        for (const auto& id : ids)
            asked.bookings.push_back({id, std::nullopt});
        asked.exam_id = exam;
        asked.refund = refund;
        asked.admin = "admin-1";
        int answers = 0;
        desk.cancel(asked, [&](AdminCancelResult result) {
            ++answers;
            outcome = std::move(result);
        });
        BOOST_TEST(answers == 1);
        const auto* results = std::get_if<std::vector<CancelResult>>(&outcome);
        return results ? *results : std::vector<CancelResult>{};
    }
    // `done`, or why not.
    static std::string word(const CancelResult& result) {
        if (std::holds_alternative<Cancelled>(result))
            return "done";
        if (const auto* refusal = std::get_if<CancelRefusal>(&result)) {
            constexpr const char* words[] = {"not found", "denied", "other exam", "again", "completed", "refused"};
            return words[static_cast<int>(*refusal)];
        }
        return std::holds_alternative<OutcomeUnknown>(result) ? "unknown" : "unavailable";
    }
    static std::vector<std::string> words(const std::vector<CancelResult>& results) {
        std::vector<std::string> all;
        for (const auto& result : results)
            all.push_back(word(result));
        return all;
    }
    void check(const std::vector<CancelResult>& results, const std::vector<std::string>& expected) const {
        BOOST_TEST(words(results) == expected, boost::test_tools::per_element());
    }

    BookResult booked;
    const Booked* book(std::optional<AdminOverride> rights, const std::string& key = {},
                       const std::string& exam = "501") {
        BookingOrder order;
        order.contact = records.contacts.at("101");
        order.exam_id = exam;
        order.dominant_hand = true;
        order.idempotency_key = key;
        const auto keep = [this](BookResult result) { booked = std::move(result); };
        rights ? desk.book(order, *rights, keep) : students.book(order, keep);
        return std::get_if<Booked>(&booked);
    }
    BookingRefusal refusal() const {
        const auto* refused = std::get_if<BookingRefused>(&booked);
        BOOST_TEST_REQUIRE(refused != nullptr);
        return refused->reason;
    }
    Booking& made() { return records.bookings.at("901"); }

    AttendanceResults marked;
    std::vector<AttendanceResult> mark(std::vector<AttendanceMark> marks, const std::string& exam = "501") {
        desk.mark_attendance(exam, std::move(marks), [this](AttendanceResults results) { marked = results; });
        const auto* results = std::get_if<std::vector<AttendanceResult>>(&marked);
        return results ? *results : std::vector<AttendanceResult>{};
    }
};

bool is(const AttendanceResult& result, AttendanceRefusal refusal) {
    const auto* refused = std::get_if<AttendanceRefusal>(&result);
    return refused && *refused == refusal;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(admin_desk, Fixture)

BOOST_AUTO_TEST_CASE(d5_bookings_of_one_student_are_one_operation_and_each_credit_goes_back_once) {
    booking("704", "101", "Shared Token");
    const auto results = cancel({"701", "703", "702", "704"});
    check(results, {"done", "done", "done", "done"});
    BOOST_TEST(records.operations.size() == 2u);
    BOOST_TEST(records.operations[0].locks ==
                   (std::vector<std::string>{"contact/101", "booking/701", "booking/702", "booking/704"}),
               boost::test_tools::per_element());
    BOOST_TEST(*records.contacts["101"].cs_credits == 2);
    BOOST_TEST(*records.contacts["101"].shared_mock_credits == 6);
    BOOST_TEST(*records.contacts["102"].cs_credits == 2);
    BOOST_TEST(std::get<Cancelled>(results[2]).restored->new_balance == 5);
    BOOST_TEST(std::get<Cancelled>(results[3]).restored->new_balance == 6);
    for (const auto* id : {"701", "702", "703", "704"}) {
        BOOST_TEST(*records.bookings[id].is_active == "Cancelled");
        BOOST_TEST(*records.bookings[id].token_refunded);
        BOOST_TEST(*records.bookings[id].token_refund_admin == "admin-1");
    }
    check(cancel({"701", "702", "703", "704"}), {"again", "again", "again", "again"});
    BOOST_TEST(*records.contacts["101"].shared_mock_credits == 6);
}

BOOST_AUTO_TEST_CASE(what_was_not_paid_or_is_not_to_go_back_does_not) {
    booking("704", "101", "Admin Override");
    booking("705", "101", "Shared Token").token_refunded = true;
    const auto results = cancel({"704", "705"});
    check(results, {"done", "done"});
    BOOST_TEST(!std::get<Cancelled>(results[0]).restored);
    BOOST_TEST(!std::get<Cancelled>(results[1]).restored);
    BOOST_TEST(!records.bookings["704"].token_refunded);
    BOOST_TEST(!records.bookings["704"].token_refund_admin);
    check(cancel({"701"}, false), {"done"});
    BOOST_TEST(!records.bookings["701"].token_refunded);
    BOOST_TEST(*records.contacts["101"].cs_credits == 1);
    BOOST_TEST(*records.contacts["101"].shared_mock_credits == 4);
}

BOOST_AUTO_TEST_CASE(d12_only_active_bookings_of_the_exam_are_cancelled) {
    booking("704", "101", "Shared Token", "502");
    booking("705", "101", "Shared Token").is_active = "Completed";
    booking("706", "101", "Shared Token").is_active = "Cancelled";
    booking("707", "101", "Shared Token").associated_mock_exam.reset();
    check(cancel({"704", "999", "705", "706", "abc", "701", "707"}),
          {"other exam", "not found", "completed", "again", "not found", "done", "other exam"});
    BOOST_TEST(*records.bookings["704"].is_active == "Active");
    BOOST_TEST(*records.contacts["101"].shared_mock_credits == 4);
    check(cancel({"704"}, true, ""), {"done"});
}

BOOST_AUTO_TEST_CASE(one_that_the_source_refuses_keeps_no_other_from_being_cancelled) {
    records.refusals["cancel 702"] = Errc::refused;
    check(cancel({"701", "702", "703"}), {"done", "refused", "done"});
    BOOST_TEST(*records.bookings["702"].is_active == "Active");
    BOOST_TEST(*records.contacts["101"].cs_credits == 2);
    BOOST_TEST(*records.contacts["101"].shared_mock_credits == 4);
}

BOOST_AUTO_TEST_CASE(d11_a_booking_that_is_named_again_is_told_no_better_than_it_is) {
    check(cancel({"701", "701"}), {"done", "again"});
    BOOST_TEST(*records.contacts["101"].cs_credits == 2);
    records.refusals["cancel 702"] = Errc::refused;
    check(cancel({"702", "702"}), {"refused", "refused"});
    records.ends["contact/102"] = Errc::outcome_unknown;
    check(cancel({"703", "703"}), {"unknown", "unknown"});
}

BOOST_AUTO_TEST_CASE(d5_two_ids_of_one_booking_give_back_one_credit) {
    records.survivors["704"] = "701";
    check(cancel({"701", "704"}), {"done", "again"});
    BOOST_TEST(*records.contacts["101"].cs_credits == 2);
}

BOOST_AUTO_TEST_CASE(d11_what_one_student_s_bookings_came_to_says_nothing_of_another_s) {
    records.ends["contact/102"] = Errc::outcome_unknown;
    check(cancel({"701", "703"}), {"done", "unknown"});
    records.ends["contact/101"] = Errc::unavailable;
    check(cancel({"702", "703"}), {"unavailable", "unknown"});
    BOOST_TEST(*records.bookings["702"].is_active == "Active");
}

BOOST_AUTO_TEST_CASE(a_merged_contact_s_credit_goes_to_the_survivor) {
    booking("704", "100", "Shared Token");
    records.survivors["100"] = "101";
    check(cancel({"704"}), {"done"});
    BOOST_TEST(*records.contacts["101"].shared_mock_credits == 5);
    BOOST_TEST(records.operations.back().locks.front() == "contact/101");
    BOOST_TEST(!records.contacts.contains("100"));
}

BOOST_AUTO_TEST_CASE(where_nobody_is_left_to_pay_back_the_booking_is_cancelled_and_it_is_told) {
    booking("704", "109", "Shared Token");
    booking("705", "", "Shared Token");
    booking("706", "109", "Admin Override");
    const auto results = cancel({"704", "705", "706"});
    check(results, {"done", "done", "done"});
    BOOST_TEST(std::get<Cancelled>(results[0]).refund_lost);
    BOOST_TEST(std::get<Cancelled>(results[1]).refund_lost);
    BOOST_TEST(!std::get<Cancelled>(results[2]).refund_lost);
    BOOST_TEST(!records.bookings["704"].token_refunded);
    BOOST_TEST(!records.contacts.contains("109"));
}

BOOST_AUTO_TEST_CASE(a_student_cancels_nobody_else_s_and_names_no_admin) {
    std::vector<CancelResult> results;
    const auto keep = [&](std::vector<CancelResult> all) { results = std::move(all); };
    students.cancel("101", {{"701", std::nullopt}, {"703", std::nullopt}}, keep);
    check(results, {"done", "denied"});
    BOOST_TEST(!records.bookings["701"].token_refund_admin);
    booking("704", "109", "Shared Token");
    students.cancel("109", {{"704", std::nullopt}}, keep);
    check(results, {"denied"});
}

BOOST_AUTO_TEST_CASE(d10_without_the_exam_or_the_bookings_nothing_is_begun) {
    cancel({"701"}, true, "509");
    BOOST_TEST(std::holds_alternative<ExamNotFound>(outcome));
    mark({{"701", true}}, "509");
    BOOST_TEST(std::holds_alternative<ExamNotFound>(marked));
    reader.exam_error = Errc::rate_limited;
    cancel({"701"});
    BOOST_TEST(std::get<SourceUnavailable>(outcome).retry_after.count() == 10);
    mark({{"701", true}});
    BOOST_TEST(std::get<SourceUnavailable>(marked).retry_after.count() == 10);
    reader.exam_error = {};
    records.read_error = Errc::unavailable;
    cancel({"701"});
    BOOST_TEST(std::holds_alternative<SourceUnavailable>(outcome));
    BOOST_TEST(records.operations.empty());
}

BOOST_AUTO_TEST_CASE(an_exam_is_known_by_the_id_that_it_was_merged_into) {
    reader.survivors["500"] = "501";
    booking("704", "101", "Shared Token", "500");
    check(cancel({"701", "704"}, true, "500"), {"done", "done"});
}

BOOST_AUTO_TEST_CASE(an_admin_books_and_nobody_pays) {
    records.contacts["101"].cs_credits = 0;
    records.contacts["101"].shared_mock_credits = 0;
    BOOST_TEST(!book(std::nullopt));
    BOOST_TEST((refusal() == BookingRefusal::insufficient_credits));
    const auto* done = book(AdminOverride{});
    BOOST_TEST_REQUIRE(done != nullptr);
    BOOST_TEST(!done->payment);
    BOOST_TEST(done->record_id == "901");
    BOOST_TEST(*made().token_used == "Admin Override");
    BOOST_TEST(*made().associated_contact_id == "101");
    BOOST_TEST(records.plans.back().writes.size() == 1u);
    BOOST_TEST(*records.contacts["101"].shared_mock_credits == 0);
}

BOOST_AUTO_TEST_CASE(a_student_pays) {
    const auto* done = book(std::nullopt);
    BOOST_TEST_REQUIRE(done != nullptr);
    BOOST_TEST(done->payment->after.specific == 0);
    BOOST_TEST(*made().token_used == "Clinical Skills Token");
    BOOST_TEST(*records.contacts["101"].cs_credits == 0);
}

BOOST_AUTO_TEST_CASE(places_are_exceeded_only_by_those_who_say_so) {
    const auto over = [&] {
        return boost::json::parse(records.plans.back().reservation).as_object().contains("override_capacity");
    };
    book(AdminOverride{true}, "a");
    BOOST_TEST(over());
    book(AdminOverride{false}, "b");
    BOOST_TEST(!over());
    book(std::nullopt, "c");
    BOOST_TEST(!over());
    records.ends["contact/101"] = Errc::reservation_refused;
    for (const auto& [cause, expected] : {std::pair{"EXAM_FULL", BookingRefusal::exam_full},
                                          std::pair{"DUPLICATE_BOOKING", BookingRefusal::duplicate_booking}}) {
        records.cause = cause;
        BOOST_TEST(!book(AdminOverride{true}, "d"));
        BOOST_TEST((refusal() == expected));
    }
}

BOOST_AUTO_TEST_CASE(an_admin_keeps_the_rules_of_the_exam) {
    auto& exam = reader.exam("501");
    exam.is_active = "scheduled";
    book(AdminOverride{true});
    BOOST_TEST((refusal() == BookingRefusal::exam_not_active));
    exam.is_active = "true";
    exam.exam_date = understudy::parse_date("2026-04-30");
    book(AdminOverride{true});
    BOOST_TEST((refusal() == BookingRefusal::exam_not_active));
    book(AdminOverride{true}, {}, "509");
    BOOST_TEST((refusal() == BookingRefusal::exam_not_found));
    BOOST_TEST(records.plans.empty());
}

BOOST_AUTO_TEST_CASE(a_discussion_requires_bookings_of_its_exams) {
    auto& exam = reader.exam("502");
    exam.is_active = "true";
    exam.mock_type = "Mock Discussion";
    exam.prerequisite_exam_ids = {"503", "504", "505"};
    reader.booking("801", "503").is_active = "Active";
    reader.booking("802", "504").is_active = "Cancelled";
    book(AdminOverride{}, {}, "502");
    BOOST_TEST((refusal() == BookingRefusal::prerequisite_not_met));
    BOOST_TEST(std::get<BookingRefused>(booked).missing_exams == (std::vector<std::string>{"504", "505"}),
               boost::test_tools::per_element());
    reader.booking("802", "504").is_active = "Completed";
    reader.booking("803", "505").is_active = "Active";
    BOOST_TEST(book(AdminOverride{}, {}, "502"));
}

BOOST_AUTO_TEST_CASE(the_same_within_five_minutes_is_the_same_booking_until_it_is_cancelled) {
    const auto first = book(AdminOverride{})->record_id;
    now += 1min;
    BOOST_TEST(book(AdminOverride{})->record_id == first);
    BOOST_TEST(std::get<Booked>(booked).repeated);
    BOOST_TEST(!std::get<Booked>(booked).payment);
    // A student's own is another, and so is one over the places, after there was none.
    BOOST_TEST(book(std::nullopt)->record_id != first);
    BOOST_TEST(book(AdminOverride{true})->record_id != first);
    reader.booking(first, "501").is_active = "Cancelled";
    const auto second = book(AdminOverride{})->record_id;
    BOOST_TEST(second != first);
    now += 5min;
    BOOST_TEST(book(AdminOverride{})->record_id != second);
}

BOOST_AUTO_TEST_CASE(a_key_stands_for_one_request) {
    const auto first = book(AdminOverride{}, "key-1")->record_id;
    BOOST_TEST(book(AdminOverride{}, "key-1")->record_id == first);
    BOOST_TEST(std::get<Booked>(booked).repeated);
    for (const auto& rights : {std::optional<AdminOverride>{}, std::optional{AdminOverride{true}}}) {
        BOOST_TEST(!book(rights, "key-1"));
        BOOST_TEST((refusal() == BookingRefusal::key_reused));
    }
    BOOST_TEST(records.plans.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_merged_contact_is_booked_for_as_the_survivor) {
    records.survivors["100"] = "101";
    for (const bool admin : {true, false}) {
        BookingOrder order;
        order.contact.hubspot_id = "100";
        order.exam_id = "501";
        order.dominant_hand = true;
        order.idempotency_key = admin ? "a" : "b";
        const auto keep = [this](BookResult result) { booked = std::move(result); };
        admin ? desk.book(order, {}, keep) : students.book(order, keep);
        BOOST_TEST_REQUIRE(std::holds_alternative<Booked>(booked));
        const auto& record = records.bookings.at(std::get<Booked>(booked).record_id);
        BOOST_TEST(*record.associated_contact_id == "101");
        BOOST_TEST(records.operations.back().locks.front() == "contact/101");
    }
    BOOST_TEST(*records.contacts["101"].cs_credits == 0);
}

BOOST_AUTO_TEST_CASE(who_came_is_marked) {
    auto results = mark({{"701", true}, {"703", false}});
    BOOST_TEST_REQUIRE(results.size() == 2u);
    BOOST_TEST(!std::get<AttendanceMarked>(results[0]).unchanged);
    BOOST_TEST(*records.bookings["701"].attendance == "Yes");
    BOOST_TEST(*records.bookings["701"].is_active == "Completed");
    BOOST_TEST(*records.bookings["703"].attendance == "No");
    BOOST_TEST(*records.bookings["703"].is_active == "Completed");
    BOOST_TEST(records.operations[0].locks == std::vector<std::string>{"booking/701"},
               boost::test_tools::per_element());
    results = mark({{"701", std::nullopt}});
    BOOST_TEST((std::get<AttendanceMarked>(results[0]).attended == std::nullopt));
    BOOST_TEST(!records.bookings["701"].attendance);
    BOOST_TEST(*records.bookings["701"].is_active == "Active");
    const auto written = records.plans.size();
    results = mark({{"701", std::nullopt}, {"703", false}});
    BOOST_TEST(std::get<AttendanceMarked>(results[0]).unchanged);
    BOOST_TEST(std::get<AttendanceMarked>(results[1]).unchanged);
    BOOST_TEST(records.plans.size() == written);
}

BOOST_AUTO_TEST_CASE(d11_each_mark_is_answered_by_itself) {
    booking("704", "101", "Shared Token", "502");
    booking("705", "101", "Shared Token").is_active = "Cancelled";
    records.ends["booking/702"] = Errc::outcome_unknown;
    records.ends["booking/703"] = Errc::refused;
    const auto results =
        mark({{"704", true}, {"705", true}, {"999", true}, {"x", true}, {"702", true}, {"703", true}, {"701", true}});
    BOOST_TEST(is(results[0], AttendanceRefusal::other_exam));
    BOOST_TEST(is(results[1], AttendanceRefusal::cancelled));
    BOOST_TEST(is(results[2], AttendanceRefusal::not_found));
    BOOST_TEST(is(results[3], AttendanceRefusal::not_found));
    BOOST_TEST(std::holds_alternative<OutcomeUnknown>(results[4]));
    BOOST_TEST(is(results[5], AttendanceRefusal::refused));
    BOOST_TEST(std::holds_alternative<AttendanceMarked>(results[6]));
    BOOST_TEST(*records.bookings["705"].is_active == "Cancelled");
    BOOST_TEST(*records.bookings["704"].is_active == "Active");
    records.read_error = Errc::unavailable;
    BOOST_TEST(std::holds_alternative<SourceUnavailable>(mark({{"701", false}})[0]));
}

BOOST_AUTO_TEST_SUITE_END()
