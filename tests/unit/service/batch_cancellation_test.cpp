#include "batch_cancellation.hpp"

#include "answered.hpp"
#include "scripted_desk.hpp"
#include "scripted_directory.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono_literals;

namespace {

Student student(std::string id, std::string number, std::string email) {
    Student found;
    found.contact.hubspot_id = std::move(id);
    found.contact.student_id = std::move(number);
    found.contact.email = std::move(email);
    return found;
}

struct Fixture : Answered {
    ScriptedDirectory students;
    ScriptedDesk desk;
    std::vector<CancellationQuestion> questions;

    Fixture() {
        students.add(ann());
        students.add(student("102", "BOB1", "bob@example.org"));
    }

    void add(std::string id, std::string number = "ANN1", std::string email = "ann@example.org",
             std::optional<std::string> reason = std::nullopt) {
        questions.push_back({{std::move(number), std::move(email)}, {std::move(id), std::move(reason)}});
    }
    void add_bobs(std::string id) { add(std::move(id), "BOB1", "bob@example.org"); }
    void refuse(const std::string& id, CancelResult why) { desk.cancel_results.insert_or_assign(id, std::move(why)); }

    void cancel() { cancel_batch(students, desk, std::exchange(questions, {}), respond()); }

    void check_summary(unsigned status, int total, int successful) const {
        BOOST_TEST(response.status == status);
        BOOST_TEST(times == 1);
        const auto body = json();
        const auto& summary = body.at("data").at("summary");
        BOOST_TEST(summary.at("total") == total);
        BOOST_TEST(summary.at("successful") == successful);
        BOOST_TEST(summary.at("failed") == total - successful);
        BOOST_TEST(body.at("data").at("results").as_array().size() == static_cast<std::size_t>(total));
        BOOST_TEST(body.at("success") == (successful > 0));
    }
    // Ids and how they ended, `done` for those that were cancelled.
    std::string results() const {
        std::string text;
        const auto body = json();
        for (const auto& result : body.at("data").at("results").as_array()) {
            text += text.empty() ? "" : " ";
            text += std::string{result.at("booking_id").as_string()} + ':';
            text += result.at("success").as_bool() ? "done" : std::string{result.at("error_code").as_string()};
        }
        return text;
    }
    const ScriptedDesk::Cancel& asked_for(std::string_view contact) const {
        const auto at = std::find_if(desk.cancels.begin(), desk.cancels.end(),
                                     [&](const auto& one) { return one.contact_id == contact; });
        BOOST_TEST_REQUIRE((at != desk.cancels.end()));
        return *at;
    }
};

using Ids = std::vector<std::string>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(batch_cancellation_suite, Fixture)

BOOST_AUTO_TEST_CASE(all_of_one_student_are_one_operation) {
    add("703", "ANN1", "ann@example.org", "ill");
    add("701");
    cancel();
    check_summary(200, 2, 2);
    BOOST_TEST(data().at("results") == boost::json::parse(R"([
        {"booking_id":"703","success":true,"status":"cancelled","cancelled_at":"2026-11-01T15:00:00.000Z",
            "credit_restoration":{"credit_type":"cs_credits","amount":1,"new_balance":3}},
        {"booking_id":"701","success":true,"status":"cancelled","cancelled_at":"2026-11-01T15:00:00.000Z",
            "credit_restoration":{"credit_type":"cs_credits","amount":1,"new_balance":3}}])"),
               response.body);
    BOOST_TEST(json().at("message") == "2 of 2 bookings cancelled");
    BOOST_TEST(desk.cancels.size() == 1u);
    BOOST_TEST(desk.cancels[0].contact_id == "101");
    BOOST_TEST(desk.cancels[0].ids == (Ids{"703", "701"}));
    BOOST_TEST((desk.cancels[0].reasons[0] == std::optional<std::string>{"ill"}));
    BOOST_TEST((!desk.cancels[0].reasons[1]));
    BOOST_TEST(students.asked == 1);
}

BOOST_AUTO_TEST_CASE(each_student_is_an_operation_and_results_come_in_the_order_of_the_request) {
    for (const auto* id : {"701", "703", "705"}) {
        add(id);
        add_bobs(std::to_string(std::stoi(id) + 1));
    }
    students.hold();
    desk.hold();
    cancel();
    BOOST_TEST(students.waiting() == 2u);
    students.release();
    BOOST_TEST(desk.cancels.size() == 2u);
    BOOST_TEST(asked_for("101").ids == (Ids{"701", "703", "705"}));
    BOOST_TEST(asked_for("102").ids == (Ids{"702", "704", "706"}));
    BOOST_TEST(times == 0);
    desk.release();
    check_summary(200, 6, 6);
    BOOST_TEST(results() == "701:done 702:done 703:done 704:done 705:done 706:done");
}

BOOST_AUTO_TEST_CASE(two_addresses_of_one_contact_are_one_operation) {
    students.add(student("101", "ANN1", "zoe@example.org"));
    students.add(student("101", "ANN1", "aaa@example.org"));
    add("701", "ANN1", "zoe@example.org");
    add("702");
    add("703", "ANN1", "aaa@example.org");
    add("701", "ANN1", "aaa@example.org");
    cancel();
    BOOST_TEST(desk.cancels.size() == 1u);
    BOOST_TEST(desk.cancels[0].ids == (Ids{"701", "702", "703"}));
    check_summary(207, 4, 3);
    BOOST_TEST(results() == "701:done 702:done 703:done 701:ALREADY_CANCELED");
}

BOOST_AUTO_TEST_CASE(a_booking_that_is_named_twice_is_cancelled_once) {
    add("701");
    add("701");
    add("702");
    add("701");
    cancel();
    BOOST_TEST(desk.cancels.size() == 1u);
    BOOST_TEST(desk.cancels[0].ids == (Ids{"701", "702"}));
    check_summary(207, 4, 2);
    BOOST_TEST(results() == "701:done 701:ALREADY_CANCELED 702:done 701:ALREADY_CANCELED");
}

BOOST_AUTO_TEST_CASE(what_was_not_cancelled_at_first_is_not_said_to_be_cancelled_later) {
    refuse("701", CancelRefusal::not_found);
    refuse("702", OutcomeUnknown{});
    for (const auto* id : {"701", "702", "701", "702"})
        add(id);
    cancel();
    check_summary(422, 4, 0);
    BOOST_TEST(results() == "701:BOOKING_NOT_FOUND 702:OUTCOME_UNKNOWN 701:BOOKING_NOT_FOUND 702:OUTCOME_UNKNOWN");
}

BOOST_AUTO_TEST_CASE(d11_failed_items_are_reported_as_failed) {
    struct Row {
        std::string id;
        CancelResult result;
        std::string_view code;
    };
    const Row rows[] = {
        {"711", CancelRefusal::not_found, "BOOKING_NOT_FOUND"},
        {"712", CancelRefusal::access_denied, "ACCESS_DENIED"},
        {"713", CancelRefusal::already_cancelled, "ALREADY_CANCELED"},
        {"714", CancelRefusal::refused, "SOURCE_REFUSED"},
        {"715", SourceUnavailable{make_error_code(understudy::Errc::unavailable), 5s}, "SOURCE_UNAVAILABLE"},
        {"716", ReplicaUnavailable{make_error_code(understudy::Errc::unavailable), 2s}, "REPLICA_UNAVAILABLE"},
        {"717", OutcomeUnknown{}, "OUTCOME_UNKNOWN"},
    };
    std::string expected = "701:done";
    add("701");
    for (const auto& row : rows) {
        refuse(row.id, row.result);
        add(row.id);
        expected += ' ' + row.id + ':' + std::string{row.code};
    }
    cancel();
    check_summary(207, 8, 1);
    BOOST_TEST(results() == expected);
    BOOST_TEST(header("Retry-After") == "5");
    const auto body = json();
    for (const auto& result : body.at("data").at("results").as_array()) {
        const auto& members = result.as_object();
        const bool done = members.at("success").as_bool();
        BOOST_TEST(members.contains("error") == !done);
        BOOST_TEST(members.contains("error_code") == !done);
        BOOST_TEST(members.contains("status") == done);
        BOOST_TEST(members.contains("cancelled_at") == done);
        BOOST_TEST(members.contains("credit_restoration") == done);
    }
}

BOOST_AUTO_TEST_CASE(d11_a_batch_of_which_nothing_was_done_is_no_success) {
    refuse("701", CancelRefusal::already_cancelled);
    add("701");
    add_bobs("abc");
    cancel();
    check_summary(422, 2, 0);
    BOOST_TEST(code() == "BATCH_FAILED");
    BOOST_TEST(json().at("error").is_string());
    BOOST_TEST(results() == "701:ALREADY_CANCELED abc:BOOKING_NOT_FOUND");
    BOOST_TEST(header("Retry-After").empty());
    BOOST_TEST(desk.cancels.size() == 1u);
}

BOOST_AUTO_TEST_CASE(d12_every_item_is_for_the_student_whom_it_names) {
    add("701");
    add_bobs("702");
    add("703", "ANN1", "bob@example.org");
    add("704", "EVE1", "eve@example.org");
    add_bobs("701");
    refuse("702", CancelRefusal::access_denied);
    cancel();
    BOOST_TEST(desk.cancels.size() == 2u);
    BOOST_TEST(asked_for("101").ids == Ids{"701"});
    // Whether the booking is Bob's is for the desk to decide, which is told who Bob is.
    BOOST_TEST(asked_for("102").ids == (Ids{"702", "701"}));
    check_summary(207, 5, 2);
    BOOST_TEST(results() == "701:done 702:ACCESS_DENIED 703:EMAIL_MISMATCH 704:STUDENT_NOT_FOUND 701:done");
}

BOOST_AUTO_TEST_CASE(d10_a_student_whom_nobody_could_find_is_not_said_to_be_unknown) {
    students.fail_with(understudy::Errc::rate_limited);
    add("701");
    add_bobs("702");
    cancel();
    check_summary(422, 2, 0);
    BOOST_TEST(results() == "701:SOURCE_UNAVAILABLE 702:SOURCE_UNAVAILABLE");
    BOOST_TEST(header("Retry-After") == "10");
    BOOST_TEST(!response.reason.empty());
    BOOST_TEST(desk.cancels.empty());
}

BOOST_AUTO_TEST_CASE(what_the_replica_shows_later_is_told_of_the_whole_batch) {
    add("701");
    add("702");
    cancel();
    BOOST_TEST(header("X-Replica-Sync").empty());
    auto cancelled = ScriptedDesk::cancelled("702");
    cancelled.replica_pending = true;
    refuse("702", cancelled);
    add("701");
    add("702");
    cancel();
    BOOST_TEST(response.status == 200u);
    BOOST_TEST(header("X-Replica-Sync") == "pending");
}

BOOST_AUTO_TEST_CASE(fifty_of_one_student_are_one_operation) {
    for (int i = 0; i < 50; ++i)
        add(std::to_string(700 + i));
    cancel();
    check_summary(200, 50, 50);
    BOOST_TEST(desk.cancels.size() == 1u);
    BOOST_TEST(desk.cancels[0].ids.size() == 50u);
    BOOST_TEST(students.asked == 1);
}

BOOST_AUTO_TEST_SUITE_END()
