#include "exam.hpp"
#include "machine_steps.hpp"
#include "student.hpp"

#include <understudy/hubspot/detail/find_machine.hpp>
#include <understudy/hubspot/detail/parse.hpp>
#include <understudy/hubspot/detail/write_rows.hpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::hubspot;
namespace inside = understudy::hubspot::detail;
using Texts = std::vector<std::string>;

namespace understudy {

static std::ostream& operator<<(std::ostream& out, WriteState state) {
    constexpr const char* names[] = {"applied", "refused", "merged", "unsent", "unknown"};
    return out << names[static_cast<std::size_t>(state)];
}
static std::ostream& operator<<(std::ostream& out, Landed landed) {
    constexpr const char* names[] = {"yes", "no", "unknown"};
    return out << names[static_cast<std::size_t>(landed)];
}

} // namespace understudy

BOOST_AUTO_TEST_SUITE(hubspot_write_machine)

namespace {

std::string id_of(int number) {
    return std::to_string(100 + number);
}
std::string operation_of(int number) {
    return "op-" + std::to_string(number);
}

Object object(std::string id, std::string trace = {}) {
    Object object;
    object.id = std::move(id);
    object.trace = std::move(trace);
    object.version = Version{7};
    return object;
}

std::vector<Change<Student>> changes(int count) {
    std::vector<Change<Student>> all;
    for (int i = 1; i <= count; ++i) {
        auto& change = all.emplace_back();
        change.key = id_of(i);
        change.operation = operation_of(i);
        change.patch.set<&Student::credits>(i);
    }
    return all;
}

struct Updates : Steps<inside::WriteMachineOf<Student>> {
    explicit Updates(const std::vector<Change<Student>>& all)
        : Steps{inside::Writing::update, inside::rows_of(all), operation_property<Student>()} {}
    explicit Updates(int count)
        : Updates{changes(count)} {}

    const std::vector<WriteInput>& inputs(std::size_t at = 0) const { return first<inside::WriteBatch>(at).inputs; }

    // The answer to the first call: all but those of its inputs that are in `bad`.
    WriteAnswer all_but(const Texts& bad) const {
        WriteAnswer answer;
        for (const auto& input : inputs())
            if (std::ranges::find(bad, input.id) == bad.end())
                answer.objects.push_back(object(input.id));
        std::ranges::reverse(answer.objects);
        return answer;
    }
    Action on_write(WriteAnswer given) { return answer<inside::WriteBatch>({}, std::move(given)); }
    Action on_refusal(error_code error, std::string existing = {}) {
        WriteAnswer given;
        given.existing_id = std::move(existing);
        return answer<inside::WriteBatch>(error, std::move(given));
    }
};

struct Creations : Steps<inside::WriteMachineOf<Seat>> {
    explicit Creations(const std::vector<Creation<Seat>>& all)
        : Steps{inside::Writing::create, inside::rows_of(all, ObjectParams<Seat>{}), operation_property<Seat>()} {}
};

Creation<Seat> seat(std::string name) {
    Creation<Seat> creation;
    creation.record.name = std::move(name);
    creation.record.exam = "51";
    creation.record.pupil = "61";
    creation.operation = "op";
    return creation;
}

// Whether the outcome says that nobody needs to read what was made, given what the answer says of it.
template<HubspotRecord R>
bool is_complete(const R& record, const boost::json::object& answered) {
    Creation<R> creation;
    creation.record = record;
    creation.operation = "op";
    Steps<inside::WriteMachineOf<R>> run{
        inside::Writing::create, inside::rows_of(std::vector{creation}, ObjectParams<R>{}), operation_property<R>()};
    WriteAnswer answer;
    auto& made = answer.objects.emplace_back();
    made.id = "7";
    made.trace = run.template first<inside::WriteBatch>(0).inputs[0].trace;
    made.properties = answered;
    run.template answer<inside::WriteBatch>({}, std::move(answer));
    const auto outcome = run.machine.result().at(0);
    BOOST_TEST(outcome.applied());
    return outcome.complete;
}

std::vector<WriteState> states(const auto& outcomes) {
    std::vector<WriteState> all;
    for (const auto& outcome : outcomes)
        all.push_back(outcome.state);
    return all;
}

} // namespace

BOOST_AUTO_TEST_CASE(an_answer_that_repeats_what_was_sent_and_nothing_else_is_complete) {
    Student student;
    student.credits = 3;
    student.email = "a@example.com";
    // The same number in other words, and what is no property of the record.
    const boost::json::object good{
        {"credits", "3.0"}, {"email", "a@example.com"}, {"year", "0"}, {"is_active", nullptr}, {"more", "1"}};
    BOOST_TEST(is_complete(student, good));
    const auto but = [&](const char* name, const boost::json::value& value) {
        auto other = good;
        other[name] = value;
        return is_complete(student, other);
    };
    BOOST_TEST(!but("credits", "4"));
    BOOST_TEST(!but("credits", "many"));
    BOOST_TEST(!but("email", nullptr));
    BOOST_TEST(!but("is_active", "true"));
    auto less = good;
    less.erase("email");
    BOOST_TEST(!is_complete(student, less));
    BOOST_TEST(is_complete(seat("one").record, {{"seat_name", "one"}}));
    // Links that will be read otherwise than they were sent.
    Exam exam;
    exam.kind = "discussion";
    exam.required = {"51"};
    BOOST_TEST(is_complete(exam, {{"kind", "discussion"}}));
    exam.required = {"52", "51"};
    BOOST_TEST(!is_complete(exam, {{"kind", "discussion"}}));
    exam = {};
    exam.kind = "other";
    exam.required = {"51"};
    BOOST_TEST(!is_complete(exam, {{"kind", "other"}}));
}

BOOST_AUTO_TEST_CASE(an_update_names_itself_and_writes_what_the_patch_says) {
    std::vector<Change<Student>> all = changes(2);
    all[0].patch.set<&Student::active>(Activity::true_).set<&Student::email>(std::nullopt);
    Updates run{all};
    BOOST_REQUIRE(run.action() == Action::write);
    BOOST_REQUIRE(run.inputs().size() == 2u);
    const auto& first = run.inputs()[0];
    BOOST_TEST(first.id == "101");
    const boost::json::object expected{{"credits", "1"}, {"email", ""}, {"is_active", "true"}, {"last_write", "op-1"}};
    BOOST_TEST(first.properties == expected);
    BOOST_TEST(!first.trace.empty());
    BOOST_TEST(first.trace != run.inputs()[1].trace);

    BOOST_TEST(run.on_write(run.all_but({})) == Action::done);
    const auto outcomes = run.machine.result();
    BOOST_TEST(outcomes[0].applied());
    BOOST_TEST(outcomes[0].id == "101");
    BOOST_TEST((outcomes[1].version == Version{7}));
    BOOST_TEST(outcomes[1].id == "102");
}

BOOST_AUTO_TEST_CASE(a_creation_sends_what_has_a_value_and_its_links) {
    Seat one;
    one.name = "";
    one.pupil = "61";
    Creation<Seat> bare{one, "a"};
    Creations seats{{seat("s"), bare}};
    const auto& inputs = seats.first<inside::WriteBatch>().inputs;
    BOOST_TEST((inputs[0].properties == boost::json::object{{"seat_name", "s"}}));
    BOOST_REQUIRE(inputs[0].associations.size() == 2u);
    BOOST_TEST(inputs[0].associations[0].to_id == "51");
    BOOST_TEST(inputs[0].associations[0].type_id == 12);
    BOOST_TEST(inputs[0].associations[1].to_id == "61");
    BOOST_TEST(inputs[0].associations[0].category == "HUBSPOT_DEFINED");
    BOOST_TEST(inputs[1].properties.empty());
    BOOST_TEST(inputs[1].associations.size() == 1u);

    Exam exam{"", "discussion", {"1", "2"}};
    auto rows = inside::rows_of(std::vector{Creation<Exam>{exam, "a"}}, ObjectParams<Exam>{});
    BOOST_REQUIRE(rows[0].input.associations.size() == 2u);
    BOOST_TEST(rows[0].input.associations[1].category == "USER_DEFINED");
    exam.kind = "other";
    rows = inside::rows_of(std::vector{Creation<Exam>{exam, "a"}}, ObjectParams<Exam>{});
    BOOST_TEST(rows[0].input.associations.empty());

    Student student;
    student.id = "1";
    student.others = "read only";
    student.year = 3;
    const auto student_rows = inside::rows_of(std::vector{Creation<Student>{student, "a"}}, ObjectParams<Student>{});
    BOOST_TEST((student_rows[0].input.properties == boost::json::object{{"year", "3"}}));
}

BOOST_AUTO_TEST_CASE(creations_are_told_apart_by_their_traces) {
    Creations seats{{seat("a"), seat("b"), seat("c"), seat("d")}};
    const auto inputs = seats.first<inside::WriteBatch>().inputs;
    WriteAnswer answer;
    answer.objects = {object("901", inputs[2].trace), object("902", inputs[0].trace), object("903")};
    BatchError taken;
    taken.error = Errc::conflict;
    taken.traces = {inputs[3].trace};
    taken.existing_id = "77";
    answer.errors.push_back(taken);
    BOOST_TEST(seats.answer<inside::WriteBatch>({}, std::move(answer)) == Action::done);
    const auto outcomes = seats.machine.result();
    BOOST_TEST(outcomes[0].id == "902");
    BOOST_TEST(outcomes[1].state == WriteState::unknown);
    BOOST_TEST(bool(outcomes[1].error == Condition::applied_unknown));
    BOOST_TEST(outcomes[2].id == "901");
    BOOST_TEST(outcomes[3].state == WriteState::refused);
    BOOST_TEST(bool(outcomes[3].error == Errc::conflict));
    BOOST_TEST(outcomes[3].id == "77");
    BOOST_TEST(seats.machine.take_problems().size() == 1u);
}

BOOST_AUTO_TEST_CASE(one_creation_alone_needs_no_trace) {
    Creations seats{{seat("a")}};
    WriteAnswer answer;
    answer.objects = {object("901")};
    BOOST_TEST(seats.answer<inside::WriteBatch>({}, std::move(answer)) == Action::done);
    BOOST_TEST(seats.machine.result()[0].id == "901");

    // Nor does its error.
    Creations refused{{seat("a")}};
    BatchError error;
    error.error = Errc::refused;
    WriteAnswer refusal;
    refusal.errors = {error};
    refused.answer<inside::WriteBatch>({}, refusal);
    BOOST_TEST(refused.machine.result()[0].state == WriteState::refused);

    Creations several{{seat("a"), seat("b")}};
    several.answer<inside::WriteBatch>({}, refusal);
    BOOST_TEST(states(several.machine.result()) == (std::vector{2, WriteState::unknown}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_a_failed_call_says_of_its_rows) {
    const struct {
        error_code error;
        WriteState state;
    } table[] = {
        {Errc::refused, WriteState::refused},
        {Errc::conflict, WriteState::refused},
        {Errc::schema_mismatch, WriteState::refused},
        {Errc::unauthorized, WriteState::unsent},
        {Errc::forbidden, WriteState::unsent},
        {Errc::rate_limited, WriteState::unsent},
        {Errc::unavailable, WriteState::unsent},
        {Errc::circuit_open, WriteState::unsent},
        {Errc::overloaded, WriteState::unsent},
        {Errc::shutting_down, WriteState::unsent},
        {Errc::deadline_exceeded, WriteState::unsent},
        {Errc::timed_out, WriteState::unknown},
        {Errc::malformed_answer, WriteState::unknown},
        {boost::system::errc::make_error_code(boost::system::errc::connection_reset), WriteState::unknown},
    };
    for (const auto& row : table)
        BOOST_TEST_CONTEXT(row.error.message()) {
            Updates one{1};
            BOOST_TEST(one.fail(row.error) == Action::done);
            const auto outcome = one.machine.result()[0];
            BOOST_TEST(outcome.state == row.state);
            BOOST_TEST(outcome.error == row.error);
            BOOST_TEST(outcome.id.empty());

            // A batch that is refused is divided; any other failure is every row's, and nothing is sent again.
            Updates many{4};
            many.fail(row.error);
            BOOST_TEST(many.count<inside::WriteBatch>() == (row.state == WriteState::refused ? 2u : 0u));
            if (row.state != WriteState::refused)
                BOOST_TEST(states(many.machine.result()) == (std::vector{4, row.state}),
                           boost::test_tools::per_element());
        }
}

BOOST_AUTO_TEST_CASE(what_an_entry_of_the_answer_says_of_its_row) {
    const struct {
        std::string entry;
        WriteState state;
        error_code error;
        std::string id;
    } table[] = {
        {R"({"category":"VALIDATION_ERROR","message":"no","context":{"objectWriteTraceId":["2"]}})",
         WriteState::refused, Errc::refused, ""},
        {R"({"category":"OBJECT_NOT_FOUND","message":"gone","context":{"ids":["102"]}})", WriteState::refused,
         Errc::refused, ""},
        {R"({"category":"OBJECT_NOT_FOUND","context":{"ids":["102"],"objectWriteTraceId":["2"]}})", WriteState::refused,
         Errc::refused, ""},
        {R"({"category":"CONFLICT","message":"x","context":{"objectWriteTraceId":["2"]}})", WriteState::refused,
         Errc::conflict, ""},
        {R"({"category":"VALIDATION_ERROR","message":"Cannot set it on 102. 9001 already has that value.",)"
         R"("context":{"objectWriteTraceId":["2"]}})",
         WriteState::refused, Errc::conflict, "9001"},
        {R"({"category":"CONFLICT","message":"Contact already exists. Existing ID: 9002",)"
         R"("context":{"objectWriteTraceId":["2"]}})",
         WriteState::refused, Errc::conflict, "9002"},
        {R"({"category":"RATE_LIMITS","context":{"objectWriteTraceId":["2"]}})", WriteState::unsent, Errc::rate_limited,
         ""},
        {R"({"category":"MISSING_SCOPES","context":{"ids":["102"]}})", WriteState::unsent, Errc::forbidden, ""},
    };
    for (const auto& row : table)
        BOOST_TEST_CONTEXT(row.entry) {
            Updates run{3};
            auto parsed = inside::parse_written(
                boost::json::parse(R"({"results":[],"numErrors":1,"errors":[)" + row.entry + "]}"));
            BOOST_REQUIRE(parsed);
            parsed->objects = {object("103"), object("101")};
            BOOST_TEST(run.on_write(std::move(*parsed)) == Action::done);
            const auto outcomes = run.machine.result();
            BOOST_TEST(outcomes[0].applied());
            BOOST_TEST(outcomes[1].state == row.state);
            BOOST_TEST(outcomes[1].error == row.error);
            BOOST_TEST(outcomes[1].id == row.id);
            BOOST_TEST(outcomes[2].applied());
        }
}

BOOST_AUTO_TEST_CASE(an_entry_that_refuses_nobody_by_name_is_asked_about) {
    for (const auto* entry : {R"({"category":"INTERNAL","message":"?","context":{"ids":["102"]}})",
                              R"({"category":"VALIDATION_ERROR","message":"somebody"})",
                              R"({"category":"VALIDATION_ERROR","message":"on 102. 102 already has that value.",)"
                              R"("context":{"ids":["102"]}})",
                              // An id of something else beside the trace of another row.
                              R"({"category":"VALIDATION_ERROR","context":{"ids":["102"],)"
                              R"("objectWriteTraceId":["1"]}})"})
        BOOST_TEST_CONTEXT(entry) {
            Updates run{3};
            auto parsed =
                inside::parse_written(boost::json::parse(R"({"results":[],"errors":[)" + std::string{entry} + "]}"));
            BOOST_REQUIRE(parsed);
            parsed->objects = {object("103"), object("101")};
            BOOST_TEST(run.on_write(std::move(*parsed)) == Action::batch);
            BOOST_TEST(run.batch_inputs() == (Texts{"102"}), boost::test_tools::per_element());
            BOOST_TEST(run.first<inside::ReadBatch>().query.history_of == "last_write");
        }
}

BOOST_AUTO_TEST_CASE(rows_that_the_answer_leaves_out_are_asked_about_their_write) {
    Updates run{6};
    BOOST_TEST(run.on_write(run.all_but({"101", "102", "103", "104", "105"})) == Action::batch);
    BatchAnswer read;
    auto landed = object("101");
    landed.history["last_write"] = {"op-77", "op-1", "op-0"};
    landed.version = Version{9};
    auto not_landed = object("102");
    not_landed.history["last_write"] = {"op-77"};
    auto survivor = object("900");
    survivor.history["last_write"] = {};
    survivor.properties["hs_merged_object_ids"] = "1;103;2";
    auto knowing_survivor = object("901");
    knowing_survivor.history["last_write"] = {"op-4"};
    knowing_survivor.properties["hs_merged_object_ids"] = "104";
    BatchError gone;
    gone.ids = {"105"};
    read.objects = {knowing_survivor, survivor, not_landed, landed};
    read.errors = {gone};
    BOOST_TEST(run.on_batch({}, read) == Action::batch); // 105, in the archive
    BOOST_TEST(run.first<inside::ReadBatch>().query.archived);
    BOOST_TEST(run.on_batch({}, BatchAnswer{{}, {gone}}) == Action::done);
    const auto outcomes = run.machine.result();
    BOOST_TEST(states(outcomes) == (std::vector{WriteState::applied, WriteState::unknown, WriteState::merged,
                                                WriteState::applied, WriteState::unknown, WriteState::applied}),
               boost::test_tools::per_element());
    BOOST_TEST((outcomes[0].version == Version{9}));
    BOOST_TEST(!outcomes[0].error);
    BOOST_TEST(bool(outcomes[1].error == Errc::malformed_answer));
    BOOST_TEST(outcomes[2].id == "900");
    BOOST_TEST(outcomes[3].id == "901");
}

BOOST_AUTO_TEST_CASE(an_update_that_followed_a_merge_says_where_it_went) {
    Updates run{2};
    WriteAnswer answer;
    answer.objects = {object("900", run.inputs()[0].trace), object("102", run.inputs()[1].trace)};
    BOOST_TEST(run.on_write(answer) == Action::done);
    BOOST_TEST(run.machine.result()[0].applied());
    BOOST_TEST(run.machine.result()[0].id == "900");
}

BOOST_AUTO_TEST_CASE(questions_that_fail_leave_the_outcome_unknown) {
    Updates run{2};
    run.on_write(run.all_but({"101"}));
    BOOST_TEST(run.fail(Errc::rate_limited) == Action::done);
    BOOST_TEST(run.machine.result()[0].state == WriteState::unknown);
    BOOST_TEST(bool(run.machine.result()[0].error == Errc::rate_limited));
    BOOST_TEST(run.machine.result()[1].applied());
}

BOOST_AUTO_TEST_CASE(one_bad_row_of_a_hundred_is_found_by_halves) {
    for (const int bad : {1, 37, 100}) {
        Updates run{100};
        while (run.action() == Action::write) {
            const auto answer = run.all_but({});
            const bool spoilt =
                std::ranges::any_of(run.inputs(), [&](const auto& input) { return input.id == id_of(bad); });
            if (spoilt)
                run.on_refusal(Errc::conflict, run.inputs().size() == 1 ? "4711" : "");
            else
                run.on_write(answer);
        }
        BOOST_TEST_MESSAGE("bad row " << bad << ": " << run.made << " calls");
        // The whole, and twice for each halving: log2(100) is 6.7.
        BOOST_TEST(run.made >= 13u);
        BOOST_TEST(run.made <= 15u);
        const auto outcomes = run.machine.result();
        BOOST_TEST(std::ranges::count(states(outcomes), WriteState::applied) == 99);
        const auto& refused = outcomes[static_cast<std::size_t>(bad) - 1];
        BOOST_TEST(refused.state == WriteState::refused);
        BOOST_TEST(refused.id == "4711");
    }
}

BOOST_AUTO_TEST_CASE(halves_are_under_way_together_and_what_follows_a_failure_is_not_sent) {
    Updates run{8};
    run.on_refusal(Errc::refused);
    BOOST_REQUIRE(run.count<inside::WriteBatch>() == 2u);
    // The first half's answer is lost; the second is refused, and not divided any more.
    run.answer<inside::WriteBatch>(Errc::timed_out, WriteAnswer{});
    BOOST_TEST(run.on_refusal(Errc::refused) == Action::done);
    const auto outcomes = run.machine.result();
    for (std::size_t i = 0; i < 8; ++i) {
        BOOST_TEST(outcomes[i].state == (i < 4 ? WriteState::unknown : WriteState::unsent));
        BOOST_TEST(bool(outcomes[i].error == Errc::timed_out));
    }
}

BOOST_AUTO_TEST_CASE(more_rows_than_a_batch_are_split) {
    Updates run{250};
    BOOST_REQUIRE(run.count<inside::WriteBatch>() == 3u);
    BOOST_TEST(run.inputs(0).size() == 100u);
    BOOST_TEST(run.inputs(2).size() == 50u);
    BOOST_TEST(run.inputs(2).back().id == id_of(250));
    run.on_write(run.all_but({}));
    run.fail(Errc::unavailable);
    run.on_write(run.all_but({}));
    const auto outcomes = run.machine.result();
    BOOST_REQUIRE(outcomes.size() == 250u);
    for (std::size_t i = 0; i < 250; ++i)
        BOOST_TEST(outcomes[i].state == (i / 100 == 1 ? WriteState::unsent : WriteState::applied));
}

BOOST_AUTO_TEST_CASE(a_key_that_is_no_id_is_refused_and_spoils_no_batch) {
    auto all = changes(3);
    all[1].key = "x;y";
    Updates run{all};
    BOOST_TEST(run.inputs().size() == 2u);
    run.on_write(run.all_but({}));
    const auto outcomes = run.machine.result();
    BOOST_TEST(outcomes[0].applied());
    BOOST_TEST(outcomes[1].state == WriteState::refused);
    BOOST_TEST(bool(outcomes[1].error == Errc::invalid_argument));
    BOOST_TEST(outcomes[2].applied());
    BOOST_TEST(outcomes[2].id == id_of(3));

    Updates none{0};
    BOOST_TEST(none.action() == Action::done);
    BOOST_TEST(none.machine.result().empty());
}

BOOST_AUTO_TEST_CASE(archiving_is_believed_as_a_whole) {
    using Archiving = Steps<inside::WriteMachineOf<Student>>;
    const std::vector<std::string> keys{"101", "x", "103", "104"};
    Archiving run{inside::Writing::archive, inside::rows_of<Student>(keys), operation_property<Student>()};
    const auto& call = run.first<inside::WriteBatch>();
    BOOST_TEST(call.inputs.size() == 3u);
    BOOST_TEST(call.inputs[0].properties.empty());
    WriteAnswer answer;
    BatchError missing;
    missing.ids = {"104"};
    answer.errors = {missing};
    BOOST_TEST(run.answer<inside::WriteBatch>({}, answer) == Action::done);
    const auto outcomes = run.machine.result();
    BOOST_TEST(states(outcomes) ==
                   (std::vector{WriteState::applied, WriteState::refused, WriteState::applied, WriteState::refused}),
               boost::test_tools::per_element());
    BOOST_TEST(outcomes[2].id == "103");
}

BOOST_AUTO_TEST_CASE(an_answer_of_a_write_is_read_as_it_comes) {
    BOOST_TEST(inside::parse_written(nullptr).has_value());
    for (const auto* text : {"[]", "{}", R"({"results":1})", R"({"results":[{"id":"1"}]})"})
        BOOST_TEST(!inside::parse_written(boost::json::parse(text)).has_value(), text);
    const auto answer = inside::parse_written(boost::json::parse(
        R"({"results":[{"id":"1","properties":{},"objectWriteTraceId":"t"}],)"
        R"("errors":[{"category":"VALIDATION_ERROR","message":"m","context":{"objectWriteTraceId":["a","b"]}}]})"));
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->objects[0].trace == "t");
    BOOST_TEST(answer->errors[0].traces == (Texts{"a", "b"}), boost::test_tools::per_element());

    const auto read = inside::parse_batch(boost::json::parse(
        R"({"results":[{"id":"1","properties":{},"propertiesWithHistory":{"p":[{"value":"b"},{"value":"a"}],"q":[]}}]})"));
    BOOST_REQUIRE(read);
    const auto& history = read->objects[0].history;
    BOOST_TEST(history.at("p") == (Texts{"b", "a"}), boost::test_tools::per_element());
    BOOST_TEST(history.at("q").empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hubspot_find_machine)

namespace {

using Finding = Steps<inside::FindMachine>;

std::vector<inside::FindMachine::Sent> sent(int count) {
    std::vector<inside::FindMachine::Sent> all;
    for (int i = 1; i <= count; ++i)
        all.emplace_back(std::to_string(100 + i), "op-" + std::to_string(i));
    return all;
}

Object with_history(std::string id, Texts values) {
    Object object;
    object.id = std::move(id);
    object.history["last_write"] = std::move(values);
    return object;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_write_is_found_by_its_name) {
    Finding run{"last_write", sent(3)};
    BOOST_REQUIRE(run.action() == Action::batch);
    BOOST_TEST(run.first<inside::ReadBatch>().query.history_of == "last_write");
    BatchAnswer answer;
    answer.objects = {with_history("103", {}), with_history("102", {"op-1"}), with_history("101", {"op-8", "op-1"})};
    BOOST_TEST(run.on_batch({}, answer) == Action::done);
    BOOST_TEST(run.machine.result() == (std::vector{Landed::yes, Landed::no, Landed::no}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(fifty_records_are_asked_at_once) {
    Finding run{"last_write", sent(120)};
    BOOST_REQUIRE(run.count<inside::ReadBatch>() == 3u);
    BOOST_TEST(run.batch_inputs().size() == 50u);
}

BOOST_AUTO_TEST_CASE(one_bad_id_leaves_open_its_own_write_alone) {
    for (const auto* bad : {"101", "117", "150"}) {
        Finding run{"last_write", sent(50)};
        while (run.action() == Action::batch) {
            const auto asked = run.batch_inputs();
            BatchAnswer answer;
            for (const auto& id : asked)
                answer.objects.push_back(with_history(id, {"other"}));
            const bool spoilt = std::ranges::find(asked, bad) != asked.end();
            run.on_batch(spoilt ? error_code{Errc::refused} : error_code{}, spoilt ? BatchAnswer{} : answer);
        }
        BOOST_TEST(run.made <= 13u);
        const auto landed = run.machine.result();
        for (std::size_t i = 0; i < 50; ++i)
            BOOST_TEST(landed[i] == (std::to_string(101 + i) == bad ? Landed::unknown : Landed::no));
    }
}

BOOST_AUTO_TEST_CASE(an_archived_record_still_knows_its_writes) {
    Finding run{"last_write", sent(3)};
    BatchError missing;
    missing.ids = {"101", "102", "103"};
    run.on_batch({}, BatchAnswer{{}, {missing}});
    BOOST_REQUIRE(run.action() == Action::batch);
    BOOST_TEST(run.first<inside::ReadBatch>().query.archived);
    BatchAnswer archive;
    archive.objects = {with_history("101", {"op-1"}), with_history("102", {})};
    missing.ids = {"103"};
    archive.errors = {missing};
    BOOST_TEST(run.on_batch({}, archive) == Action::done);
    BOOST_TEST(run.machine.result() == (std::vector{Landed::yes, Landed::no, Landed::no}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_record_that_was_merged_away_is_told_by_a_survivor_who_knows_the_write) {
    Finding run{"last_write", sent(4)};
    auto survivor = with_history("900", {"op-1"});
    survivor.properties["hs_merged_object_ids"] = "101;102";
    BOOST_TEST(run.on_batch({}, BatchAnswer{{survivor}, {}}) == Action::single);
    BOOST_TEST(run.single_input() == "103");
    run.on_single({}, with_history("901", {"op-3"}));
    BOOST_TEST(run.on_single({}, std::nullopt) == Action::batch); // 104, in the archive
    // An answer that says nothing of it at all.
    BOOST_TEST(run.on_batch({}, {}) == Action::done);
    BOOST_TEST(run.machine.result() == (std::vector{Landed::yes, Landed::unknown, Landed::yes, Landed::unknown}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_a_history_only_the_definitions_tell) {
    for (const bool defined : {true, false}) {
        Finding run{"last_write", sent(1)};
        Object object;
        object.id = "101";
        BOOST_TEST(run.on_batch({}, BatchAnswer{{object}, {}}) == Action::definitions);
        run.on_definitions({}, defined ? inside::PropertyNames{"last_write"} : inside::PropertyNames{"other"});
        BOOST_TEST(run.machine.result()[0] == (defined ? Landed::no : Landed::unknown));
    }
}

BOOST_AUTO_TEST_CASE(who_cannot_be_asked_says_nothing) {
    Finding run{"last_write", sent(2)};
    BOOST_TEST(run.fail(Errc::timed_out) == Action::done);
    BOOST_TEST(run.machine.result()[0] == Landed::unknown);

    Finding nameless{"", sent(2)};
    BOOST_TEST(nameless.action() == Action::done);
    BOOST_TEST(nameless.machine.result()[1] == Landed::unknown);

    Finding no_id{"last_write", std::vector<inside::FindMachine::Sent>{{"x", "op"}}};
    BOOST_TEST(no_id.action() == Action::done);
    BOOST_TEST(no_id.machine.result()[0] == Landed::no);
}

BOOST_AUTO_TEST_SUITE_END()
