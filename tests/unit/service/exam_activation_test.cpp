#include "exam_activation.hpp"

#include "scripted_exam_desk.hpp"
#include "scripted_reader.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>

using namespace service;
using namespace std::chrono_literals;
using understudy::Errc;

namespace {

struct Fixture {
    ScriptedReader reader;
    ScriptedExamDesk desk;
    std::vector<std::string> due;
    understudy::error_code due_error;
    std::vector<understudy::Timestamp> asked_for;
    understudy::Timestamp now = *understudy::parse_timestamp("2026-05-20T14:00:00Z");
    ExamActivation activation{reader,
                              [this](understudy::Timestamp by, const ExamActivation::IdsHandler& handler) {
                                  asked_for.push_back(by);
                                  handler(due_error, due);
                              },
                              desk, 5s, [this] { return now; }};
    // Each of them is told once.
    std::deque<std::vector<ActivationReport>> told;

    std::vector<ActivationReport>& run() {
        auto& reports = told.emplace_back();
        activation.run([&reports](const ActivationReport& report) { reports.push_back(report); });
        return reports;
    }
    const ActivationReport& ran() {
        const auto& reports = run();
        BOOST_TEST_REQUIRE(reports.size() == 1U);
        return reports.front();
    }
    void make_due(int count) {
        for (int i = 1; i <= count; ++i)
            due.push_back(std::to_string(i));
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(exam_activation_suite, Fixture)

BOOST_AUTO_TEST_CASE(the_replica_says_which_exams_are_due_once_it_holds_all) {
    due = {"7", "8"};
    const auto& report = ran();
    BOOST_TEST(report.success());
    BOOST_TEST(report.activated == due, boost::test_tools::per_element());
    BOOST_TEST(report.failed.empty());
    BOOST_TEST(reader.log == std::vector<std::string>{"exams"}, boost::test_tools::per_element());
    BOOST_TEST(!reader.options.stale_if_error);
    BOOST_TEST((reader.options.priority == understudy::Priority::background));
    BOOST_TEST_REQUIRE(asked_for.size() == 1U);
    BOOST_TEST((asked_for[0] == now));
    BOOST_TEST((desk.log == std::vector<std::string>{"activate 7", "activate 8"}));
}

BOOST_AUTO_TEST_CASE(nothing_due_is_success) {
    BOOST_TEST(ran().success());
    BOOST_TEST(desk.log.empty());
}

BOOST_AUTO_TEST_CASE(six_hundred_are_activated_a_hundred_at_a_time) {
    make_due(600);
    desk.hold();
    auto& reports = run();
    for (int batch = 0; batch < 6; ++batch) {
        BOOST_TEST(desk.log.size() == static_cast<std::size_t>(100 * (batch + 1)));
        BOOST_TEST(reports.empty());
        desk.answer_waiting();
    }
    BOOST_TEST_REQUIRE(reports.size() == 1U);
    BOOST_TEST(reports[0].activated.size() == 600U);
    BOOST_TEST(reports[0].success());
    BOOST_TEST(desk.most_waiting == 100U);
}

BOOST_AUTO_TEST_CASE(one_that_fails_keeps_no_other_from_being_activated_and_is_told) {
    make_due(3);
    desk.activation_results["2"] = unavailable(Errc::timed_out);
    const auto& report = ran();
    BOOST_TEST(!report.success());
    BOOST_TEST((report.activated == std::vector<std::string>{"1", "3"}));
    BOOST_TEST((report.failed == std::vector<std::string>{"2"}));
    BOOST_TEST((report.error == Errc::timed_out));
    // The next run tries it again.
    desk.activation_results.clear();
    due = {"2"};
    BOOST_TEST(ran().success());
}

BOOST_AUTO_TEST_CASE(every_kind_of_failure_is_one) {
    make_due(5);
    desk.activation_results = {{"1", ExamRefusal::refused},
                               {"2", OutcomeUnknown{}},
                               {"3", ReplicaUnavailable{Errc::replica_unavailable}},
                               {"4", InvalidExam{}},
                               {"5", unavailable(Errc::rate_limited)}};
    const auto& report = ran();
    BOOST_TEST(report.failed == due, boost::test_tools::per_element());
    BOOST_TEST(report.activated.empty());
    BOOST_TEST(report.error);
}

BOOST_AUTO_TEST_CASE(what_somebody_else_did_meanwhile_is_no_failure) {
    make_due(3);
    desk.activation_results = {{"1", ExamRefusal::not_due}, {"2", ExamRefusal::not_found}};
    const auto& report = ran();
    BOOST_TEST(report.success());
    BOOST_TEST((report.activated == std::vector<std::string>{"3"}));
}

BOOST_AUTO_TEST_CASE(two_triggers_at_once_run_once) {
    make_due(2);
    desk.hold();
    auto& first = run();
    auto& second = run();
    BOOST_TEST(activation.running());
    BOOST_TEST(first.empty());
    desk.release();
    BOOST_TEST(desk.log.size() == 2U);
    BOOST_TEST(reader.log.size() == 1U);
    BOOST_TEST_REQUIRE(first.size() == 1U);
    BOOST_TEST_REQUIRE(second.size() == 1U);
    BOOST_TEST((second[0].activated == due));
    BOOST_TEST(!activation.running());
    // One that comes later runs by itself.
    BOOST_TEST((ran().activated == due));
    BOOST_TEST(reader.log.size() == 2U);
}

BOOST_AUTO_TEST_CASE(nobody_knows_what_is_due_is_not_nothing_is_due) {
    due = {"1"};
    reader.answer = [](const std::string&) { return make_error_code(Errc::timed_out); };
    const auto source_down = ran();
    BOOST_TEST(!source_down.success());
    BOOST_TEST(!source_down.complete);
    BOOST_TEST((source_down.error == Errc::timed_out));
    BOOST_TEST(asked_for.empty());
    reader.answer = {};
    due_error = make_error_code(Errc::replica_unavailable);
    BOOST_TEST(!ran().complete);
    BOOST_TEST(desk.log.empty());
}

BOOST_AUTO_TEST_CASE(a_stop_lets_end_what_is_under_way_and_begins_nothing_more) {
    make_due(250);
    desk.hold();
    auto& reports = run();
    activation.stop();
    desk.release();
    BOOST_TEST_REQUIRE(reports.size() == 1U);
    BOOST_TEST(reports[0].activated.size() == 100U);
    BOOST_TEST(!reports[0].success());
    BOOST_TEST(reports[0].stopped);
    const auto after = ran();
    BOOST_TEST(!after.success());
    BOOST_TEST((after.error == Errc::shutting_down));
    BOOST_TEST(desk.log.size() == 100U);
}

BOOST_AUTO_TEST_SUITE_END()
