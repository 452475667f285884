#include "journaled_exam_desk.hpp"

#include "exam_rules.hpp"
#include "scripted_reader.hpp"
#include "scripted_writer.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace service;
using namespace std::chrono_literals;
using understudy::Errc;
using understudy::OperationState;

namespace {

struct Fixture {
    ScriptedReader reader;
    ScriptedWriter writer;
    ScriptedExamWriter exams;
    understudy::Timestamp now = *understudy::parse_timestamp("2026-05-20T14:00:00Z");
    JournaledExamDesk desk{reader, writer, exams, 5s, LocalCalendar{}, [this] { return now; }};
    std::vector<ExamResult> results;
    std::vector<TokensResult> tokens;

    Fixture() {
        auto& exam = exams.exams["501"] = reader.exam("501");
        exam.capacity = 12;
        exam.is_active = "scheduled";
        exam.scheduled_activation_datetime = now;
        auto& contact = writer.contacts["101"];
        contact.hubspot_id = "101";
        contact.sj_credits = 2;
        contact.cs_credits = 7;
    }

    ExamDesk::ExamHandler on_exam() {
        return [this](ExamResult result) { results.push_back(std::move(result)); };
    }
    const ExamResult& result() const {
        BOOST_TEST_REQUIRE(results.size() == 1U);
        return results.front();
    }
    void check(ExamRefusal expected) {
        const auto* refusal = std::get_if<ExamRefusal>(&result());
        BOOST_TEST_REQUIRE(refusal);
        BOOST_TEST((*refusal == expected));
        results.clear();
    }
    const MockExam& written() {
        const auto* done = std::get_if<ExamWritten>(&result());
        BOOST_TEST_REQUIRE(done);
        return done->exam;
    }
    void change(const understudy::Patch<MockExam>& patch, std::string id = "501") {
        results.clear();
        desk.change(std::move(id), {patch, {}}, on_exam());
    }
    void require(std::vector<std::string> ids, const understudy::Patch<MockExam>& patch = {}) {
        results.clear();
        understudy::Links<MockExam> links;
        links.set<&MockExam::prerequisite_exam_ids>(std::move(ids));
        desk.change("501", {patch, links}, on_exam());
    }
    void set_capacity(int capacity) {
        understudy::Patch<MockExam> patch;
        patch.set<&MockExam::capacity>(capacity);
        change(patch);
    }
    void create(const std::string& key = {}) {
        results.clear();
        ExamOrder order;
        order.exam.mock_exam_name = "Clinic";
        order.exam.mock_type = "Mock Discussion";
        order.exam.prerequisite_exam_ids = {"501"};
        order.idempotency_key = key;
        desk.create(order, on_exam());
    }
    void set_tokens(std::vector<TokenCount> counts, std::string id = "101") {
        tokens.clear();
        desk.set_tokens(std::move(id), std::move(counts),
                        [this](TokensResult one) { tokens.push_back(std::move(one)); });
        BOOST_TEST_REQUIRE(tokens.size() == 1U);
    }
    void object(const std::string& cause) {
        understudy::OperationReport report;
        report.cause = cause;
        writer.outcomes.push_back({Errc::reservation_refused, report});
    }
};

understudy::OperationReport repeated(OperationState state, const std::string& key = {}) {
    understudy::OperationReport report;
    report.state = state;
    report.repeated = true;
    understudy::StepReport step;
    step.name = "exam";
    step.key = key;
    report.steps.push_back(step);
    return report;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(exam_desk_suite, Fixture)

BOOST_AUTO_TEST_CASE(a_change_is_absolute_and_may_be_sent_again) {
    understudy::Patch<MockExam> patch;
    patch.set<&MockExam::location>("Calgary");
    change(patch);
    BOOST_TEST(written().location.value() == "Calgary");
    BOOST_TEST(written().capacity.value() == 12);
    BOOST_TEST((writer.operations.at(0).locks == std::vector<std::string>{"exam/501"}));
    const auto& plan = writer.plans.at(0);
    BOOST_TEST_REQUIRE(plan.writes.size() == 1U);
    BOOST_TEST(plan.writes[0].repeatable);
    BOOST_TEST(plan.writes[0].values == R"({"location":"Calgary"})");
    BOOST_TEST(plan.reservation.empty());
    BOOST_TEST(reader.log.empty());
}

BOOST_AUTO_TEST_CASE(fewer_places_than_bookings_hold_are_refused) {
    set_capacity(4);
    BOOST_TEST(written().capacity.value() == 4);
    BOOST_TEST(boost::json::parse(writer.plans.at(0).reservation) ==
               boost::json::parse(R"({"exam":"501","places_at_most":4})"));
    BOOST_TEST((reader.log == std::vector<std::string>{"bookings of 501"}));
    object("HAS_BOOKINGS");
    set_capacity(4);
    check(ExamRefusal::capacity_below_bookings);
    set_capacity(13);
    BOOST_TEST(writer.plans.back().reservation.empty());
}

BOOST_AUTO_TEST_CASE(an_exam_with_bookings_is_not_deleted) {
    desk.remove("501", on_exam());
    BOOST_TEST(written().hubspot_id == "501");
    BOOST_TEST((writer.plans.at(0).writes.at(0).action == understudy::WriteAction::archive));
    BOOST_TEST(boost::json::parse(writer.plans.at(0).reservation) ==
               boost::json::parse(R"({"exam":"501","places_at_most":0})"));
    BOOST_TEST((reader.log == std::vector<std::string>{"bookings of 501"}));
    results.clear();
    object("HAS_BOOKINGS");
    desk.remove("501", on_exam());
    check(ExamRefusal::has_bookings);
}

BOOST_AUTO_TEST_CASE(what_is_not_covered_is_read_again_and_not_for_ever) {
    object("NOT_COVERED");
    desk.remove("501", on_exam());
    written();
    BOOST_TEST(reader.log.size() == 2U);
    results.clear();
    for (int i = 0; i < 10; ++i)
        object("NOT_COVERED");
    desk.remove("501", on_exam());
    BOOST_TEST((std::get<SourceUnavailable>(result()).error == Errc::contended));
    writer.outcomes.clear();
    results.clear();
    reader.answer = [](const std::string&) { return make_error_code(Errc::timed_out); };
    desk.remove("501", on_exam());
    BOOST_TEST((std::get<SourceUnavailable>(result()).error == Errc::timed_out));
}

BOOST_AUTO_TEST_CASE(rules_are_judged_over_the_whole_exam) {
    understudy::Patch<MockExam> patch;
    patch.set<&MockExam::exam_date>(understudy::parse_date("2026-06-01"));
    change(patch);
    BOOST_TEST(std::get<InvalidExam>(result()).errors.at(0) == "start_time must be on exam_date, in Toronto");
    patch.set<&MockExam::start_time>(understudy::parse_timestamp("2026-06-01T14:00:00Z"));
    patch.set<&MockExam::end_time>(understudy::parse_timestamp("2026-06-01T15:00:00Z"));
    change(patch);
    written();
    understudy::Patch<MockExam> later;
    later.set<&MockExam::is_active>("true").set<&MockExam::scheduled_activation_datetime>(now);
    change(later);
    BOOST_TEST(std::get<InvalidExam>(result()).errors.at(0) == activation_without_schedule);
    // What was so before keeps nobody from changing something else.
    exams.exams["501"].end_time = understudy::parse_timestamp("2026-05-20T01:00:00Z");
    set_capacity(13);
    written();
}

BOOST_AUTO_TEST_CASE(an_exam_that_is_not_there_is_not_found) {
    exams.exams.clear();
    set_capacity(3);
    check(ExamRefusal::not_found);
    desk.remove("501", on_exam());
    check(ExamRefusal::not_found);
    desk.activate("501", on_exam());
    check(ExamRefusal::not_found);
    BOOST_TEST(writer.plans.empty());
    exams.read_error = make_error_code(Errc::timed_out);
    set_capacity(3);
    BOOST_TEST((std::get<SourceUnavailable>(result()).error == Errc::timed_out));
}

BOOST_AUTO_TEST_CASE(an_exam_that_was_merged_is_written_as_its_survivor) {
    exams.survivors["400"] = "501";
    understudy::Patch<MockExam> patch;
    patch.set<&MockExam::location>("Calgary");
    change(patch, "400");
    BOOST_TEST(written().hubspot_id == "501");
    BOOST_TEST((writer.operations.back().locks == std::vector<std::string>{"exam/501"}));
    BOOST_TEST(writer.plans.size() == 1U);
    BOOST_TEST(writer.plans[0].writes[0].key == "501");
}

BOOST_AUTO_TEST_CASE(only_what_is_scheduled_and_due_is_activated) {
    desk.activate("501", on_exam());
    BOOST_TEST(written().is_active.value() == "true");
    BOOST_TEST(writer.plans.at(0).writes.at(0).repeatable);
    results.clear();
    now -= 1ms;
    desk.activate("501", on_exam());
    check(ExamRefusal::not_due);
    now += 1ms;
    // Somebody changed it at the source, and the replica does not know yet.
    for (const auto* state : {"true", "false"}) {
        exams.exams["501"].is_active = state;
        desk.activate("501", on_exam());
        check(ExamRefusal::not_due);
    }
    BOOST_TEST(writer.plans.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_creation_is_never_sent_twice) {
    create();
    BOOST_TEST(written().hubspot_id == "501");
    const auto& write = writer.plans.at(0).writes.at(0);
    BOOST_TEST((write.action == understudy::WriteAction::create));
    BOOST_TEST(!write.repeatable);
    BOOST_TEST(writer.operations.at(0).locks.empty());
    // The same names itself, whoever asks; another is another one.
    const auto id = writer.operations[0].id;
    BOOST_TEST(!id.empty());
    create();
    BOOST_TEST(writer.operations.back().id == id);
    create("key-1");
    BOOST_TEST(writer.operations.back().id != id);
    // Nobody knows what became of it: whoever asks again is told so, and nothing is sent.
    writer.known[id] = {Errc::outcome_unknown, repeated(OperationState::dead)};
    const auto sent = writer.plans.size();
    create();
    BOOST_TEST(std::holds_alternative<OutcomeUnknown>(result()));
    BOOST_TEST(writer.plans.size() == sent);
}

BOOST_AUTO_TEST_CASE(an_exam_that_was_made_is_not_made_again_unless_it_is_gone) {
    create();
    const auto id = writer.operations[0].id;
    writer.known[id] = {{}, repeated(OperationState::done, "501")};
    create();
    BOOST_TEST(std::get<ExamWritten>(result()).repeated);
    BOOST_TEST(writer.plans.size() == 1U);
    exams.exams.clear();
    reader.exam("501");
    writer.new_key = "502";
    create();
    BOOST_TEST(written().hubspot_id == "502");
    BOOST_TEST(writer.operations.back().id == id + "-2");
}

BOOST_AUTO_TEST_CASE(a_creation_that_came_to_nothing_may_be_tried_again) {
    create();
    const auto id = writer.operations[0].id;
    writer.known[id] = {Errc::refused, repeated(OperationState::undone)};
    create();
    BOOST_TEST(written().hubspot_id == "501");
    BOOST_TEST(writer.operations.back().id == id + "-2");
}

BOOST_AUTO_TEST_CASE(a_key_stands_for_one_exam) {
    writer.outcomes.push_back({Errc::different_request, {}});
    create("key-1");
    check(ExamRefusal::key_reused);
}

BOOST_AUTO_TEST_CASE(a_discussion_requires_exams_that_are_there) {
    ExamOrder order;
    order.exam.mock_type = "Mock Discussion";
    order.exam.prerequisite_exam_ids = {"501", "502"};
    desk.create(order, on_exam());
    BOOST_TEST(
        (std::get<InvalidExam>(result()).errors == ValidationErrors{"prerequisite_exam_ids: there is no exam 502"}));
    BOOST_TEST(writer.operations.empty());
    results.clear();
    reader.exam_error = make_error_code(Errc::timed_out);
    desk.create(order, on_exam());
    BOOST_TEST(std::holds_alternative<SourceUnavailable>(result()));
}

BOOST_AUTO_TEST_CASE(a_discussion_may_require_other_exams_which_are_there) {
    auto& exam = exams.exams["501"];
    exam.mock_type = "Mock Discussion";
    exam.prerequisite_exam_ids = {"502"};
    reader.exam("503");
    require({"503"});
    BOOST_TEST((written().prerequisite_exam_ids == std::vector<std::string>{"503"}));
    BOOST_TEST_REQUIRE(writer.plans.at(0).writes.size() == 1U);
    const auto& write = writer.plans[0].writes[0];
    BOOST_TEST((write.action == understudy::WriteAction::associate));
    BOOST_TEST(write.values == R"({"prerequisite_exam_ids":["503"]})");
    require({"503", "504"});
    BOOST_TEST(
        (std::get<InvalidExam>(result()).errors == ValidationErrors{"prerequisite_exam_ids: there is no exam 504"}));
    require({"501"});
    BOOST_TEST((std::get<InvalidExam>(result()).errors ==
                ValidationErrors{"prerequisite_exam_ids must not name the exam itself"}));
    reader.exam_error = make_error_code(Errc::timed_out);
    require({"503"});
    BOOST_TEST(std::holds_alternative<SourceUnavailable>(result()));
    BOOST_TEST(writer.plans.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_changed_together_is_taken_back_together) {
    auto& exam = exams.exams["501"];
    exam.mock_type = "Mock Discussion";
    exam.location = "Mississauga";
    exam.prerequisite_exam_ids = {"502"};
    // A discussion that becomes something else requires nothing any more, or is not changed.
    understudy::Patch<MockExam> patch;
    patch.set<&MockExam::mock_type>("Clinical Skills").set<&MockExam::location>("Calgary");
    change(patch);
    BOOST_TEST((std::get<InvalidExam>(result()).errors ==
                ValidationErrors{"prerequisite_exam_ids are for Mock Discussion alone"}));
    require({}, patch);
    BOOST_TEST(written().mock_type.value() == "Clinical Skills");
    BOOST_TEST(written().prerequisite_exam_ids.empty());
    const auto& writes = writer.plans.at(0).writes;
    BOOST_TEST_REQUIRE(writes.size() == 2U);
    BOOST_TEST((writes[0].repeatable && writes[0].key == "501" && writes[1].key == "501"));
    BOOST_TEST((writes[0].undo == R"({"mock_type":"Mock Discussion","location":"Mississauga"})"));
    BOOST_TEST((writes[1].undo == R"({"prerequisite_exam_ids":["502"]})"));
}

BOOST_AUTO_TEST_CASE(tokens_are_set_from_what_the_source_says_under_the_lock) {
    set_tokens({{CreditField::sj_credits, 5}, {CreditField::cs_credits, 7}, {CreditField::shared_mock_credits, 3}});
    const auto& changed = std::get<TokensChanged>(tokens.front());
    const std::vector<TokenChange> expected{{CreditField::sj_credits, 2, 5},
                                            {CreditField::cs_credits, 7, 7},
                                            {CreditField::shared_mock_credits, std::nullopt, 3}};
    BOOST_TEST((changed.changes == expected));
    BOOST_TEST(changed.changes[0].difference() == 3);
    BOOST_TEST(changed.changes[2].difference() == 3);
    BOOST_TEST((writer.operations.at(0).locks == std::vector<std::string>{"contact/101"}));
    // What is so already is not written.
    BOOST_TEST(boost::json::parse(writer.plans.at(0).writes.at(0).values) ==
               boost::json::parse(R"({"sj_credits":5,"shared_mock_credits":3})"));
}

BOOST_AUTO_TEST_CASE(tokens_that_are_so_already_are_not_written) {
    set_tokens({{CreditField::cs_credits, 7}});
    BOOST_TEST(std::get<TokensChanged>(tokens.front()).changes.at(0).difference() == 0);
    BOOST_TEST(writer.plans.empty());
}

BOOST_AUTO_TEST_CASE(tokens_of_nobody_of_somebody_merged_and_of_a_source_that_fails) {
    set_tokens({{CreditField::cs_credits, 1}}, "999");
    BOOST_TEST((std::get<TokensRefusal>(tokens.front()) == TokensRefusal::contact_not_found));
    writer.survivors["100"] = "101";
    set_tokens({{CreditField::cs_credits, 1}}, "100");
    BOOST_TEST(std::get<TokensChanged>(tokens.front()).contact_id == "101");
    BOOST_TEST((writer.operations.back().locks == std::vector<std::string>{"contact/101"}));
    writer.read_error = make_error_code(Errc::rate_limited);
    set_tokens({{CreditField::cs_credits, 1}});
    BOOST_TEST((std::get<SourceUnavailable>(tokens.front()).error == Errc::rate_limited));
    writer.read_error = {};
    writer.outcomes.push_back({Errc::outcome_unknown, {}});
    set_tokens({{CreditField::cs_credits, 1}});
    BOOST_TEST(std::holds_alternative<OutcomeUnknown>(tokens.front()));
}

BOOST_AUTO_TEST_SUITE_END()
