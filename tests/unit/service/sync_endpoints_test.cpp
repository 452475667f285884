#include "scripted_sync.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <string_view>
#include <utility>

using namespace service;
using understudy::Errc;
using understudy::PassKind;
using understudy::PassOutcome;
using understudy::PassReport;

namespace {

PassReport pass(std::size_t records, PassOutcome outcome = PassOutcome::completed) {
    PassReport report;
    report.outcome = outcome;
    report.records = records;
    return report;
}

struct Fixture : ScriptedSync {
    void run(std::string_view query = {}) {
        endpoints.run(query, [this](Response response) { answer = std::move(response); });
    }
    void force(std::string_view query) {
        endpoints.force(query, [this](Response response) { answer = std::move(response); });
    }
    void end_all() {
        contacts.end(pass(600));
        exams.end(pass(150));
        bookings.end(pass(900));
    }
    boost::json::value json() const { return boost::json::parse(answer->body); }

    std::optional<Response> answer;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(sync_endpoints, Fixture)

BOOST_AUTO_TEST_CASE(all_types_are_synced_and_summed_up) {
    run();
    BOOST_TEST(!answer);
    BOOST_TEST((contacts.asked.at(0).kind == PassKind::full));
    auto gone = pass(600);
    gone.deletes_wanted = gone.deletes_done = 2;
    contacts.end(gone);
    exams.end(pass(150));
    BOOST_TEST(!answer);
    bookings.end(pass(900));
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->status == 200U);
    const auto body = json();
    BOOST_TEST(body.at("success").as_bool());
    BOOST_TEST(body.at("triggered_by").as_string() == "cron");
    const auto& summary = body.at("summary");
    BOOST_TEST(summary.at("contact_credits_synced").to_number<int>() == 600);
    BOOST_TEST(summary.at("exams_synced").to_number<int>() == 150);
    BOOST_TEST(summary.at("bookings_synced").to_number<int>() == 900);
    BOOST_TEST(summary.at("deleted").to_number<int>() == 2);
    BOOST_TEST(summary.at("errors_count").to_number<int>() == 0);
    BOOST_TEST(summary.at("completed_at").as_string().ends_with("Z"));
    BOOST_TEST(body.at("errors").as_array().empty());
}

BOOST_AUTO_TEST_CASE(D11_what_failed_is_named_and_is_no_success) {
    run("mode=incremental");
    BOOST_TEST((exams.asked.at(0).kind == PassKind::incremental));
    auto partly = pass(600, PassOutcome::incomplete);
    partly.failed = 1;
    partly.errors.push_back({"17", Errc::malformed_answer});
    contacts.end(partly);
    auto stopped = pass(20, PassOutcome::interrupted);
    stopped.error = Errc::unavailable;
    exams.end(stopped);
    auto braked = pass(900, PassOutcome::incomplete);
    braked.braked = true;
    braked.deletes_wanted = 300;
    bookings.end(braked);
    BOOST_TEST(answer->status == 207U);
    const auto body = json();
    BOOST_TEST(!body.at("success").as_bool());
    BOOST_TEST(body.at("summary").at("errors_count").to_number<int>() == 3);
    const auto& errors = body.at("errors").as_array();
    BOOST_REQUIRE(errors.size() == 3U);
    BOOST_TEST(errors[0].at("type").as_string() == "contacts");
    BOOST_TEST(errors[0].at("id").as_string() == "17");
    BOOST_TEST(errors[1].at("type").as_string() == "exams");
    BOOST_TEST(!errors[1].as_object().contains("id"));
    BOOST_TEST(errors[2].at("error").as_string().starts_with("300 records are gone"));
    BOOST_TEST(body.at("outcomes").at("exams").as_string() == "interrupted");
}

BOOST_AUTO_TEST_CASE(a_sync_that_reached_nothing_is_unavailable) {
    run();
    auto stopped = pass(0, PassOutcome::interrupted);
    stopped.error = Errc::unavailable;
    contacts.end(stopped);
    exams.end(stopped);
    bookings.end(stopped);
    BOOST_TEST(answer->status == 503U);
    BOOST_TEST(!json().at("success").as_bool());
}

BOOST_AUTO_TEST_CASE(only_one_request_is_under_way) {
    run();
    std::optional<Response> second;
    endpoints.run({}, [&](Response response) { second = std::move(response); });
    BOOST_REQUIRE(second);
    BOOST_TEST(second->status == 409U);
    BOOST_TEST(contacts.asked.size() == 1U);
    end_all();
    BOOST_TEST(answer->status == 200U);
    run();
    BOOST_TEST(contacts.asked.size() == 2U);
}

BOOST_AUTO_TEST_CASE(who_does_not_wait_is_given_a_number) {
    run("wait=false");
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->status == 202U);
    BOOST_TEST(json().at("run_id").to_number<int>() == 1);
    answer.reset();
    contacts.current = pass(40, PassOutcome::running);
    BOOST_TEST(reconciliation.progress().types[0]->records == 40U);
    end_all();
    BOOST_TEST(!answer);
    BOOST_TEST(!reconciliation.running());
    BOOST_TEST(reconciliation.progress().types[0]->records == 600U);
}

BOOST_AUTO_TEST_CASE(one_type_can_be_forced) {
    force("type=exams");
    BOOST_TEST(contacts.asked.empty());
    BOOST_TEST(bookings.asked.empty());
    exams.end(pass(150));
    BOOST_TEST(answer->status == 200U);
    BOOST_TEST(json().at("summary").at("exams_synced").to_number<int>() == 150);
    BOOST_TEST(json().at("triggered_by").as_string() == "admin");
}

BOOST_AUTO_TEST_CASE(one_record_can_be_forced) {
    force("type=bookings&id=77");
    BOOST_TEST(answer->status == 202U);
    BOOST_REQUIRE(hints.told.size() == 1U);
    BOOST_TEST(hints.told[0].bookings.at(0) == "77");
    BOOST_TEST(bookings.asked.empty());
    hints.error = Errc::unavailable;
    force("type=contacts&id=78");
    BOOST_TEST(answer->status == 503U);
    BOOST_TEST(json().at("error").at("code").as_string() == "REPLICA_UNAVAILABLE");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_understood_is_refused) {
    for (const auto* query : {"mode=some", "wait=maybe", "mode=%zz"}) {
        run(query);
        BOOST_TEST(answer->status == 400U);
    }
    for (const auto* query : {"", "type=notes", "type=exams&id=x", "type=exams&wait=1"}) {
        force(query);
        BOOST_TEST(answer->status == 400U);
    }
    BOOST_TEST(contacts.asked.empty());
    BOOST_TEST(hints.told.empty());
}

BOOST_AUTO_TEST_SUITE_END()
