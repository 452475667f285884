#include <understudy/detail/operation_machine.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::detail;
using namespace std::chrono_literals;
using Act = OperationMachine::Next::Act;
using State = OperationStep::State;

namespace {

PlannedWrite update(std::string name, bool undoable = true) {
    PlannedWrite write;
    write.name = std::move(name);
    write.record = "customer";
    write.key = "k1";
    write.values = R"({"credits":1})";
    if (undoable)
        write.undo = R"({"credits":2})";
    return write;
}

PlannedWrite associate(std::string name) {
    PlannedWrite write = update(std::move(name));
    write.action = WriteAction::associate;
    write.values = R"({"customer_id":"k2"})";
    write.undo = R"({"customer_id":"k1"})";
    write.repeatable = true;
    return write;
}

PlannedWrite create(std::string name, bool repeatable = true) {
    PlannedWrite write;
    write.name = std::move(name);
    write.record = "order";
    write.action = WriteAction::create;
    write.values = R"({"id":""})";
    write.undo = "archive";
    write.repeatable = repeatable;
    return write;
}

Plan plan(std::vector<PlannedWrite> writes) {
    Plan made;
    made.writes = std::move(writes);
    made.context = "for the caller";
    return made;
}

StepOutcome outcome(WriteState state, error_code error = {}, std::string key = {}) {
    StepOutcome made;
    made.state = state;
    made.error = error;
    made.key = std::move(key);
    return made;
}

const StepOutcome applied = outcome(WriteState::applied, {}, "k1");
const StepOutcome unknown = outcome(WriteState::unknown, Errc::timed_out);
const StepOutcome unsent = outcome(WriteState::unsent, Errc::rate_limited);
const StepOutcome refused = outcome(WriteState::refused, Errc::refused);

struct Bench {
    OperationParams params{};
    std::chrono::nanoseconds now = 1h;

    OperationMachine machine(std::vector<PlannedWrite> writes) const {
        return {"op", {plan(std::move(writes)), {}, {}}, params, now, 1};
    }
    OperationMachine recovered(const OperationMachine& dead, std::chrono::milliseconds silent_for) const {
        return OperationMachine::recovered("op", PlanReader::read(dead.text()).value(), params, now, silent_for, 1);
    }
    // Waits out the machine's pauses.
    OperationMachine::Next next(OperationMachine& machine) {
        for (;;) {
            auto next = machine.next(now);
            if (next.act != Act::wait || next.at == OperationMachine::Instant::max())
                return next;
            now = next.at;
        }
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(operation_machine)

BOOST_AUTO_TEST_CASE(writes_are_sent_side_by_side_and_end_the_operation_when_all_took_effect) {
    Bench bench;
    auto machine = bench.machine({create("book"), update("spend")});
    const auto first = bench.next(machine);
    BOOST_TEST((first.act == Act::send));
    BOOST_TEST(first.steps.size() == 2U);
    BOOST_TEST(machine.steps()[0].operation == "op/book");
    BOOST_TEST((machine.next(bench.now).act == Act::wait));
    machine.on_outcome(0, outcome(WriteState::applied, {}, "7"), bench.now);
    BOOST_TEST((machine.next(bench.now).act == Act::wait));
    machine.on_outcome(1, applied, bench.now);
    const auto last = bench.next(machine);
    BOOST_TEST((last.act == Act::end));
    BOOST_TEST((last.state == OperationState::done));
    BOOST_TEST(machine.steps()[0].key == "7");
}

BOOST_AUTO_TEST_CASE(a_refused_write_takes_back_what_took_effect_after_that_was_written_down) {
    Bench bench;
    auto machine = bench.machine({create("book"), update("spend")});
    bench.next(machine);
    machine.on_outcome(0, outcome(WriteState::applied, {}, "7"), bench.now);
    machine.on_outcome(1, refused, bench.now);
    BOOST_TEST((bench.next(machine).act == Act::record));
    const auto back = bench.next(machine);
    BOOST_TEST_REQUIRE((back.act == Act::send));
    BOOST_TEST_REQUIRE(back.steps.size() == 1U);
    const auto& step = machine.steps()[back.steps[0]];
    BOOST_TEST((step.write.action == WriteAction::archive));
    BOOST_TEST(step.write.key == "7");
    BOOST_TEST(step.operation == "op/book/undo");
    machine.on_outcome(back.steps[0], outcome(WriteState::applied), bench.now);
    const auto end = bench.next(machine);
    BOOST_TEST((end.act == Act::end));
    BOOST_TEST((end.state == OperationState::undone));
    BOOST_TEST(end.cause.find("spend") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_refused_write_alone_is_the_end_and_nothing_was_touched) {
    Bench bench;
    auto machine = bench.machine({update("patch", false)});
    bench.next(machine);
    machine.on_outcome(0, refused, bench.now);
    const auto end = bench.next(machine);
    BOOST_TEST((end.act == Act::end));
    BOOST_TEST((end.state == OperationState::undone));
    BOOST_TEST(machine.untouched());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_taken_back_is_left_for_somebody_to_look_at) {
    Bench bench;
    auto machine = bench.machine({update("one", false), update("two")});
    bench.next(machine);
    machine.on_outcome(0, applied, bench.now);
    machine.on_outcome(1, refused, bench.now);
    const auto end = bench.next(machine);
    BOOST_TEST((end.act == Act::end));
    BOOST_TEST((end.state == OperationState::dead));
}

BOOST_AUTO_TEST_CASE(what_was_not_sent_is_sent_again_with_growing_pauses) {
    Bench bench;
    auto machine = bench.machine({update("patch")});
    bench.next(machine);
    std::chrono::nanoseconds longest{0};
    for (int i = 0; i < 10; ++i) {
        machine.on_outcome(0, unsent, bench.now);
        const auto before = bench.now;
        BOOST_TEST((bench.next(machine).act == Act::send));
        longest = std::max(longest, bench.now - before);
    }
    BOOST_TEST((longest > bench.params.first_pause));
    BOOST_TEST((longest <= bench.params.longest_pause));
}

BOOST_AUTO_TEST_CASE(nobody_waits_and_nothing_was_sent_so_nothing_is) {
    Bench bench;
    auto machine = bench.machine({update("patch"), create("book")});
    bench.next(machine);
    machine.on_outcome(0, unsent, bench.now);
    machine.on_outcome(1, unsent, bench.now);
    machine.abandon();
    const auto end = machine.next(bench.now);
    BOOST_TEST((end.act == Act::end));
    BOOST_TEST((end.state == OperationState::undone));
    BOOST_TEST((machine.trouble() == Errc::rate_limited));
}

BOOST_AUTO_TEST_CASE(I3_what_took_effect_in_part_is_carried_on_though_nobody_waits) {
    Bench bench;
    auto machine = bench.machine({update("patch"), create("book")});
    bench.next(machine);
    machine.on_outcome(0, applied, bench.now);
    machine.on_outcome(1, unsent, bench.now);
    machine.abandon();
    const auto next = bench.next(machine);
    BOOST_TEST((next.act == Act::send));
    BOOST_TEST((next.steps == std::vector<std::size_t>{1}));
}

BOOST_AUTO_TEST_CASE(I3_a_lost_answer_is_looked_for_and_found) {
    Bench bench;
    auto machine = bench.machine({update("patch")});
    bench.next(machine);
    machine.on_outcome(0, unknown, bench.now);
    BOOST_TEST(!machine.untouched());
    const auto lost_at = bench.now;
    const auto look = bench.next(machine);
    BOOST_TEST((look.act == Act::find));
    BOOST_TEST((bench.now < lost_at + bench.params.landing_limit));
    machine.on_found(0, Landed::yes, bench.now);
    const auto end = bench.next(machine);
    BOOST_TEST((end.act == Act::end));
    BOOST_TEST((end.state == OperationState::done));
    BOOST_TEST((machine.steps()[0].ticket == no_ticket));
    BOOST_TEST(machine.steps()[0].key == "k1");
}

BOOST_AUTO_TEST_CASE(I17_a_write_is_not_sent_again_while_it_may_still_land) {
    Bench bench;
    auto machine = bench.machine({update("patch")});
    bench.next(machine);
    machine.on_outcome(0, unknown, bench.now);
    const auto lost_at = bench.now;
    for (;;) {
        const auto next = bench.next(machine);
        if (next.act == Act::send)
            break;
        BOOST_TEST_REQUIRE((next.act == Act::find));
        machine.on_found(0, Landed::no, bench.now);
    }
    BOOST_TEST((bench.now >= lost_at + bench.params.landing_limit));
    BOOST_TEST((bench.now < lost_at + bench.params.landing_limit + 2 * bench.params.longest_pause));
}

BOOST_AUTO_TEST_CASE(an_answer_that_was_read_before_the_limit_proves_nothing_after_it) {
    Bench bench;
    auto machine = bench.machine({update("patch")});
    bench.next(machine);
    machine.on_outcome(0, unknown, bench.now);
    BOOST_TEST_REQUIRE((bench.next(machine).act == Act::find));
    const auto asked = bench.now;
    bench.now += bench.params.landing_limit;
    machine.on_found(0, Landed::no, asked);
    BOOST_TEST((bench.next(machine).act == Act::find));
}

BOOST_AUTO_TEST_CASE(a_creation_that_the_source_recognises_is_sent_again_at_once) {
    Bench bench;
    auto machine = bench.machine({create("book")});
    bench.next(machine);
    machine.on_outcome(0, unknown, bench.now);
    const auto lost_at = bench.now;
    BOOST_TEST((bench.next(machine).act == Act::send));
    BOOST_TEST((bench.now < lost_at + bench.params.landing_limit));
    // It may be there: nobody can take it for not sent.
    machine.on_outcome(0, unsent, bench.now);
    machine.abandon();
    BOOST_TEST((bench.next(machine).act == Act::send));
}

BOOST_AUTO_TEST_CASE(D8_what_a_second_request_made_is_not_archived_while_the_first_may_make_it_again) {
    Bench bench;
    auto machine = bench.machine({create("book"), update("spend")});
    bench.next(machine);
    machine.on_outcome(1, refused, bench.now);
    machine.on_outcome(0, unknown, bench.now);
    const auto lost_at = bench.now;
    BOOST_TEST_REQUIRE((bench.next(machine).act == Act::send));
    machine.on_outcome(0, outcome(WriteState::applied, {}, "7"), bench.now);
    BOOST_TEST(machine.loose(machine.steps()[0], bench.now));
    BOOST_TEST((bench.next(machine).act == Act::record));
    BOOST_TEST((bench.next(machine).act == Act::send));
    BOOST_TEST((bench.now >= lost_at + bench.params.landing_limit));
}

BOOST_AUTO_TEST_CASE(I17_nobody_writes_a_record_while_a_request_that_was_repeated_may_land) {
    for (const bool repeatable : {true, false}) {
        Bench bench;
        auto total = update("total");
        total.repeatable = repeatable;
        auto machine = bench.machine({total});
        bench.next(machine);
        machine.on_outcome(0, unknown, bench.now);
        const auto lost_at = bench.now;
        BOOST_TEST_REQUIRE((bench.next(machine).act == (repeatable ? Act::send : Act::find)));
        if (repeatable)
            machine.on_outcome(0, applied, bench.now);
        else
            machine.on_found(0, Landed::yes, bench.now);
        BOOST_TEST((bench.next(machine).state == OperationState::done));
        BOOST_TEST(machine.loose(machine.steps()[0], bench.now) == repeatable);
        BOOST_TEST(!machine.loose(machine.steps()[0], lost_at + bench.params.landing_limit));
    }
}

BOOST_AUTO_TEST_CASE(I17_a_repeatable_write_that_was_taken_over_keeps_its_record_until_nothing_can_land) {
    Bench bench;
    auto total = update("total");
    total.repeatable = true;
    JournaledPlan journaled;
    journaled.plan = plan({total});
    auto machine = OperationMachine::recovered("op", journaled, bench.params, bench.now, 1s, 1);
    BOOST_TEST_REQUIRE((bench.next(machine).act == Act::send));
    machine.on_outcome(0, applied, bench.now);
    BOOST_TEST(machine.loose(machine.steps()[0], bench.now));
}

BOOST_AUTO_TEST_CASE(what_the_first_request_made_is_archived_at_once) {
    Bench bench;
    auto machine = bench.machine({create("book"), update("spend")});
    bench.next(machine);
    machine.on_outcome(1, refused, bench.now);
    machine.on_outcome(0, unknown, bench.now);
    const auto lost_at = bench.now;
    BOOST_TEST_REQUIRE((bench.next(machine).act == Act::send));
    auto recognised = outcome(WriteState::applied, {}, "7");
    recognised.recognised = true;
    machine.on_outcome(0, recognised, bench.now);
    BOOST_TEST((bench.next(machine).act == Act::record));
    BOOST_TEST((bench.next(machine).act == Act::send));
    BOOST_TEST((bench.now < lost_at + bench.params.landing_limit));
}

BOOST_AUTO_TEST_CASE(D8_a_refusal_says_nothing_of_an_earlier_request_that_may_land_yet) {
    Bench bench;
    auto machine = bench.machine({create("book")});
    bench.next(machine);
    machine.on_outcome(0, unknown, bench.now);
    const auto lost_at = bench.now;
    BOOST_TEST_REQUIRE((bench.next(machine).act == Act::send));
    machine.on_outcome(0, refused, bench.now);
    BOOST_TEST_REQUIRE((bench.next(machine).act == Act::send));
    BOOST_TEST((bench.now >= lost_at + bench.params.landing_limit));
    machine.on_outcome(0, refused, bench.now);
    BOOST_TEST((bench.next(machine).state == OperationState::undone));
}

BOOST_AUTO_TEST_CASE(a_creation_that_might_be_made_twice_is_left_for_somebody_to_look_at) {
    Bench bench;
    auto machine = bench.machine({create("note", false)});
    bench.next(machine);
    machine.on_outcome(0, unknown, bench.now);
    const auto end = bench.next(machine);
    BOOST_TEST((end.act == Act::end));
    BOOST_TEST((end.state == OperationState::dead));
}

BOOST_AUTO_TEST_CASE(a_creation_that_can_be_found_is_sent_again_only_when_it_can_land_no_more) {
    Bench bench;
    auto note = create("note", false);
    note.findable = true;
    auto machine = bench.machine({note});
    bench.next(machine);
    machine.on_outcome(0, unknown, bench.now);
    const auto lost_at = bench.now;
    OperationMachine::Next next;
    for (next = bench.next(machine); next.act == Act::find; next = bench.next(machine))
        machine.on_found(0, Landed::no, bench.now);
    BOOST_TEST((next.act == Act::send));
    BOOST_TEST((bench.now >= lost_at + bench.params.landing_limit));
    machine.on_outcome(0, unknown, bench.now);
    BOOST_TEST_REQUIRE((bench.next(machine).act == Act::find));
    machine.on_found(0, Landed::yes, bench.now, "7");
    const auto end = bench.next(machine);
    BOOST_TEST((end.state == OperationState::done));
    BOOST_TEST(machine.steps()[0].key == "7");
    BOOST_TEST(!machine.loose(machine.steps()[0], bench.now));
}

BOOST_AUTO_TEST_CASE(followers_get_the_keys_of_what_was_written) {
    Bench bench;
    auto all = plan({create("book"), update("spend")});
    auto note = create("note", false);
    note.values = R"({"id":"","about":null,"text":"\"book\""})";
    note.keys = {{"about", "book"}, {"of", "spend"}, {"other", "nobody"}};
    all.followers = {note, create("plain")};
    OperationMachine machine{"op", {all, {}, {}}, bench.params, bench.now, 1};
    bench.next(machine);
    machine.on_outcome(0, outcome(WriteState::applied, {}, "7"), bench.now);
    machine.on_outcome(1, applied, bench.now);
    bench.next(machine);
    const auto check = [](const OperationMachine& which) {
        const auto followers = which.followers();
        BOOST_TEST_REQUIRE(followers.size() == 2U);
        BOOST_TEST(followers[0].values == R"({"id":"","about":"7","text":"\"book\"","of":"k1"})");
        BOOST_TEST(followers[0].keys.empty());
        BOOST_TEST(followers[1].values == R"({"id":""})");
    };
    check(machine);
    // Also by who carries on after a crash.
    check(bench.recovered(machine, 1h));
}

BOOST_AUTO_TEST_CASE(a_refusal_waits_for_what_is_in_doubt_before_anything_is_taken_back) {
    Bench bench;
    auto machine = bench.machine({create("book"), update("spend")});
    bench.next(machine);
    machine.on_outcome(0, refused, bench.now);
    machine.on_outcome(1, unknown, bench.now);
    auto next = bench.next(machine);
    BOOST_TEST_REQUIRE((next.act == Act::find));
    machine.on_found(1, Landed::yes, bench.now);
    BOOST_TEST((bench.next(machine).act == Act::record));
    next = bench.next(machine);
    BOOST_TEST_REQUIRE((next.act == Act::send));
    BOOST_TEST(machine.steps()[next.steps[0]].write.values == R"({"credits":2})");
}

BOOST_AUTO_TEST_CASE(D8_a_recovered_plan_looks_before_it_sends) {
    Bench bench;
    const auto before = bench.machine({create("book"), update("spend")});
    auto machine = bench.recovered(before, 10ms);
    BOOST_TEST(!machine.untouched());
    auto next = bench.next(machine);
    BOOST_TEST_REQUIRE((next.act == Act::send));
    BOOST_TEST((next.steps == std::vector<std::size_t>{0}));
    machine.on_outcome(0, outcome(WriteState::applied, {}, "7"), bench.now);
    next = bench.next(machine);
    BOOST_TEST_REQUIRE((next.act == Act::find));
    BOOST_TEST((next.steps == std::vector<std::size_t>{1}));
    machine.on_found(1, Landed::yes, bench.now);
    BOOST_TEST((bench.next(machine).state == OperationState::done));
}

BOOST_AUTO_TEST_CASE(what_its_former_holder_sent_long_ago_lands_no_more) {
    Bench bench;
    const auto before = bench.machine({update("spend")});
    auto machine = bench.recovered(before, bench.params.landing_limit);
    BOOST_TEST_REQUIRE((bench.next(machine).act == Act::find));
    machine.on_found(0, Landed::no, bench.now);
    BOOST_TEST((bench.next(machine).act == Act::send));
}

BOOST_AUTO_TEST_CASE(a_plan_that_was_being_taken_back_goes_on_so_after_a_crash) {
    Bench bench;
    auto before = bench.machine({create("book"), update("spend")});
    bench.next(before);
    before.on_outcome(0, refused, bench.now);
    before.on_outcome(1, applied, bench.now);
    BOOST_TEST((bench.next(before).act == Act::record));
    auto machine = bench.recovered(before, 10ms);
    auto next = bench.next(machine);
    BOOST_TEST_REQUIRE((next.act == Act::find));
    BOOST_TEST_REQUIRE(next.steps.size() == 1U);
    BOOST_TEST(machine.steps()[next.steps[0]].operation == "op/spend/undo");
    machine.on_found(next.steps[0], Landed::yes, bench.now);
    const auto end = bench.next(machine);
    BOOST_TEST((end.act == Act::end));
    BOOST_TEST((end.state == OperationState::undone));
}

BOOST_AUTO_TEST_CASE(a_source_that_cannot_say_ends_in_a_dead_letter) {
    Bench bench;
    auto machine = bench.machine({update("patch")});
    bench.next(machine);
    machine.on_outcome(0, unknown, bench.now);
    int asked = 0;
    auto next = bench.next(machine);
    for (; next.act == Act::find && asked < 1000; next = bench.next(machine), ++asked)
        machine.on_found(0, Landed::unknown, bench.now);
    BOOST_TEST((next.act == Act::end));
    BOOST_TEST((next.state == OperationState::dead));
    BOOST_TEST((bench.now >= 1h + bench.params.landing_limit));
}

BOOST_AUTO_TEST_CASE(what_is_not_finished_in_time_is_given_up_with_its_cause) {
    Bench bench;
    bench.params.give_up_after = 10min;
    auto machine = bench.machine({update("one"), update("two")});
    bench.next(machine);
    machine.on_outcome(0, applied, bench.now);
    auto next = OperationMachine::Next{};
    do {
        machine.on_outcome(1, unsent, bench.now);
        next = bench.next(machine);
    } while (next.act == Act::send);
    BOOST_TEST((next.act == Act::end));
    BOOST_TEST((next.state == OperationState::dead));
    BOOST_TEST(next.cause.find("rate limit") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(I17_links_whose_change_is_in_doubt_are_set_again_and_kept_until_nothing_can_land) {
    Bench bench;
    auto machine = bench.machine({associate("move")});
    bench.next(machine);
    machine.on_outcome(0, unknown, bench.now);
    const auto lost_at = bench.now;
    BOOST_TEST_REQUIRE((bench.next(machine).act == Act::send));
    BOOST_TEST((bench.now < lost_at + bench.params.landing_limit));
    machine.on_outcome(0, applied, bench.now);
    const auto end = bench.next(machine);
    BOOST_TEST((end.act == Act::end && end.state == OperationState::done));
    BOOST_TEST(machine.loose(machine.steps()[0], bench.now));
    auto heir = bench.recovered(bench.machine({associate("move")}), 1s);
    BOOST_TEST((bench.next(heir).act == Act::send));
    BOOST_TEST(heir.loose(heir.steps()[0], bench.now));
}

BOOST_AUTO_TEST_CASE(links_are_taken_back_by_those_that_were_which_may_be_set_again_too) {
    Bench bench;
    auto machine = bench.machine({associate("move"), update("spend")});
    bench.next(machine);
    machine.on_outcome(0, applied, bench.now);
    machine.on_outcome(1, refused, bench.now);
    BOOST_TEST((bench.next(machine).act == Act::record));
    const auto back = bench.next(machine);
    BOOST_TEST_REQUIRE((back.act == Act::send && back.steps.size() == 1U));
    const auto& step = machine.steps()[back.steps[0]];
    BOOST_TEST((step.write.action == WriteAction::associate));
    BOOST_TEST(step.write.values == R"({"customer_id":"k1"})");
    machine.on_outcome(back.steps[0], unknown, bench.now);
    BOOST_TEST_REQUIRE((bench.next(machine).act == Act::send));
    machine.on_outcome(back.steps[0], applied, bench.now);
    BOOST_TEST((bench.next(machine).state == OperationState::undone));
}

BOOST_AUTO_TEST_CASE(what_may_be_sent_again_is_taken_back_by_what_may_be_sent_again) {
    for (const bool repeatable : {true, false}) {
        Bench bench;
        auto total = update("total");
        total.repeatable = repeatable;
        auto machine = bench.machine({total, associate("move")});
        bench.next(machine);
        machine.on_outcome(0, applied, bench.now);
        machine.on_outcome(1, refused, bench.now);
        BOOST_TEST((bench.next(machine).act == Act::record));
        const auto back = bench.next(machine);
        BOOST_TEST_REQUIRE((back.act == Act::send && back.steps.size() == 1U));
        machine.on_outcome(back.steps[0], unknown, bench.now);
        BOOST_TEST((bench.next(machine).act == (repeatable ? Act::send : Act::find)));
    }
}

BOOST_AUTO_TEST_CASE(a_plan_reads_back_as_it_was_written) {
    auto written = plan({create("book"), update("spend"), update("keep", false), associate("move")});
    written.followers.push_back(create("note", false));
    written.followers.back().findable = true;
    written.followers.back().keys = {{"about", "book"}, {"of", "spend"}};
    JournaledPlan journaled{written, {{"book", "7"}}, "because"};
    const auto read = PlanReader::read(text_of(journaled));
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST(text_of(*read) == text_of(journaled));
    BOOST_TEST(read->plan.context == "for the caller");
    BOOST_TEST((read->undoing == "because"));
    BOOST_TEST_REQUIRE(read->plan.followers.size() == 1U);
    BOOST_TEST(read->plan.followers[0].findable);
    BOOST_TEST((read->plan.followers[0].keys == written.followers[0].keys));
    BOOST_TEST(!PlanReader::read("").has_value());
    BOOST_TEST(!PlanReader::read("{}").has_value());
    BOOST_TEST((read->plan.writes[3].action == WriteAction::associate));
    BOOST_TEST(!PlanReader::read(R"({"writes":[{}],"followers":[],"context":""})").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
