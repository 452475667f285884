#include "machine_steps.hpp"

#include <understudy/hubspot/detail/associations_machine.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::hubspot;
namespace inside = understudy::hubspot::detail;
using Texts = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(hubspot_associations_machine)

namespace {

Association to(std::string id, std::int64_t type = 12) {
    return {std::move(id), {{"USER_DEFINED", type, {}}}};
}

BatchError none(Texts ids) {
    return {{}, std::move(ids), "OBJECT_NOT_FOUND", "No associations"};
}

Texts numbers(int count) {
    Texts ids;
    for (int i = 1; i <= count; ++i)
        ids.push_back(std::to_string(i));
    return ids;
}

// The machine by itself: its calls are taken as those of the machines around it are.
struct Asker {
    explicit Asker(Texts ids, std::int64_t type = 12, std::size_t batch = inside::max_association_batch)
        : limit{batch}
        , steps{*this, type} {
        for (const auto& id : ids)
            steps.machine.lists.want(id);
        steps.look();
    }

    struct Machine final : inside::Machine {
        Machine(Asker& asker, std::int64_t type)
            : lists{"2-2", "2-1", type, asker.limit, problems_} {}
        std::optional<inside::AnyCall> next() override { return lists.next(true); }
        inside::AssociationsMachine lists;
    };

    Action on_batch(error_code error, AssociationsAnswer answer, std::size_t at = 0) {
        return steps.answer<inside::ReadAssociations>(error, std::move(answer), at);
    }
    Action on_page(error_code error, std::optional<Associations> answer, std::size_t at = 0) {
        return steps.answer<inside::ReadAssociationPage>(error, std::move(answer), at);
    }
    const Texts& inputs(std::size_t at = 0) const { return steps.first<inside::ReadAssociations>(at).inputs; }
    const inside::ReadAssociationPage& page(std::size_t at = 0) const {
        return steps.first<inside::ReadAssociationPage>(at);
    }
    /// A server that refuses batches that are too large, or hold what it does not like.
    void answer_all(std::size_t most, const Texts& bad) {
        while (!steps.open.empty()) {
            const auto asked = inputs();
            const auto is_bad = [&](const auto& id) { return std::ranges::find(bad, id) != bad.end(); };
            if (asked.size() > most || std::ranges::any_of(asked, is_bad))
                on_batch(Errc::refused, {});
            else
                on_batch({}, {{}, {none(asked)}});
        }
    }
    /// Whose lists failed, of `count` records; every one of them was refused.
    Texts refused(int count) const {
        Texts failed;
        for (const auto& id : numbers(count))
            if (error(id)) {
                BOOST_TEST(error(id) == error_code{Errc::refused});
                failed.push_back(id);
            }
        return failed;
    }
    const Texts& ids(const std::string& of) const { return steps.machine.lists.list(of).ids; }
    error_code error(const std::string& of) const { return steps.machine.lists.list(of).error; }
    bool idle() const { return steps.machine.lists.idle(); }

    std::size_t limit;
    Steps<Machine> steps;
};

} // namespace

BOOST_AUTO_TEST_CASE(lists_are_those_of_one_type_ascending_by_number) {
    Asker asker{{"1", "2", "3"}};
    BOOST_TEST(asker.inputs() == (Texts{"1", "2", "3"}));
    BOOST_TEST(!asker.idle());
    const Association both{"7", {{"USER_DEFINED", 12, "label"}, {"HUBSPOT_DEFINED", 13, {}}}};
    BOOST_CHECK(
        asker.on_batch({}, {{{"2", {to("10"), to("9"), to("8", 13), both, to("9")}, {}}, {"1", {to("4", 13)}, {}}},
                            {none({"3"})}}) == Action::done);
    BOOST_TEST(asker.idle());
    BOOST_TEST(asker.ids("1").empty());
    BOOST_TEST(asker.ids("2") == (Texts{"7", "9", "10"}));
    BOOST_TEST(asker.ids("3").empty());
    for (const auto& id : numbers(3))
        BOOST_TEST(!asker.error(id));

    Asker any{{"1"}, 0};
    any.on_batch({}, {{{"1", {to("4", 13), {"5", {}}}, {}}}, {}});
    BOOST_TEST(any.ids("1") == (Texts{"4", "5"}));
}

BOOST_AUTO_TEST_CASE(long_lists_are_read_page_by_page_to_the_end) {
    Asker asker{{"1", "2"}};
    BOOST_CHECK(asker.on_batch({}, {{{"1", {to("5")}, "a"}, {"2", {to("6")}, "b"}}, {}}) == Action::association_page);
    BOOST_TEST(asker.steps.open.size() == 2u);
    BOOST_TEST(asker.page(0).id == "1");
    BOOST_TEST(asker.page(0).after == "a");
    BOOST_TEST(asker.page(1).after == "b");
    asker.on_page({}, Associations{{}, {to("7")}, {}}, 1);
    asker.on_page({}, Associations{{}, {to("3")}, "c"});
    BOOST_TEST(!asker.idle());
    BOOST_TEST(asker.page().after == "c");
    asker.on_page({}, Associations{{}, {to("5")}, {}});
    BOOST_TEST(asker.ids("1") == (Texts{"3", "5"}));
    BOOST_TEST(asker.ids("2") == (Texts{"6", "7"}));
}

BOOST_AUTO_TEST_CASE(D10_a_list_that_ends_in_the_middle_has_failed) {
    const struct {
        error_code error;
        std::optional<Associations> answer;
        error_code expected;
    } table[] = {
        {Errc::refused, {}, Errc::refused},
        {Errc::timed_out, {}, Errc::timed_out},
        {{}, std::nullopt, Errc::unavailable},                          // gone meanwhile
        {{}, Associations{{}, {to("7")}, "a"}, Errc::malformed_answer}, // the same page for ever
    };
    for (const auto& row : table) {
        Asker asker{{"1", "2"}};
        asker.on_batch({}, {{{"1", {to("5")}, "a"}, {"2", {to("6")}, {}}}, {}});
        BOOST_CHECK(asker.on_page(row.error, row.answer) == Action::done);
        BOOST_TEST(asker.error("1") == row.expected);
        BOOST_TEST(!asker.error("2"));
        BOOST_TEST(!asker.steps.machine.lists.error());
    }
}

BOOST_AUTO_TEST_CASE(up_to_a_thousand_in_one_call) {
    Asker asker{numbers(2500)};
    BOOST_TEST(asker.steps.open.size() == 3u);
    BOOST_TEST(asker.inputs(0).size() == 1000u);
    BOOST_TEST(asker.inputs(2).size() == 500u);
}

BOOST_AUTO_TEST_CASE(a_server_that_refuses_so_many_gets_a_hundred_from_then_on) {
    Asker asker{numbers(600)};
    BOOST_CHECK(asker.on_batch(Errc::refused, {}) == Action::associations);
    BOOST_TEST(asker.steps.open.size() == 6u);
    // Not before all of it was taken in hundreds.
    BOOST_TEST(asker.limit == 1000u);
    asker.answer_all(100, {});
    BOOST_TEST(asker.limit == 100u);
    BOOST_TEST(asker.steps.made == 7u);
    BOOST_TEST(asker.refused(600).empty());
    for (const auto& id : numbers(750))
        asker.steps.machine.lists.want(id);
    asker.steps.look();
    BOOST_TEST(asker.inputs(0).size() == 100u);
    BOOST_TEST(asker.inputs(1).size() == 50u);
}

BOOST_AUTO_TEST_CASE(a_batch_refused_as_a_whole_refuses_nobody) {
    const struct {
        int count;
        Texts bad;
        std::size_t calls; // at most
    } table[] = {
        {1, {"1"}, 1},
        {2, {"2"}, 3},
        {100, {"37"}, 15},    // twice for each halving, and log2(100) is 6.7
        {600, {"1"}, 7 + 14}, // the hundreds first
        {600, {"600"}, 7 + 14},
        {600, {"250", "251"}, 7 + 26}, // in two halves of one
        {600, {"37", "599"}, 7 + 28},  // in two hundreds
        {250, {"100", "101", "250"}, 4 + 40},
    };
    for (const auto& row : table) {
        Asker asker{numbers(row.count)};
        asker.answer_all(1000, row.bad);
        BOOST_TEST(asker.idle());
        BOOST_TEST(asker.refused(row.count) == row.bad);
        BOOST_TEST(asker.steps.made <= row.calls,
                   row.count << " with " << row.bad.size() << " bad ones: " << asker.steps.made << " calls");
        // Nothing says that so many are too many.
        BOOST_TEST(asker.limit == 1000u);
        BOOST_TEST(!asker.steps.machine.lists.error());
    }
}

BOOST_AUTO_TEST_CASE(what_is_learnt_of_the_size_is_learnt_from_good_batches_only) {
    Asker asker{numbers(600)};
    asker.answer_all(100, {"345"});
    BOOST_TEST(asker.refused(600) == Texts{"345"});
    BOOST_TEST(asker.steps.made <= 7u + 14u);
    // It may have been the bad one alone.
    BOOST_TEST(asker.limit == 1000u);
    for (int id = 1001; id <= 1200; ++id)
        asker.steps.machine.lists.want(std::to_string(id));
    asker.steps.look();
    asker.answer_all(100, {"345"});
    BOOST_TEST(asker.limit == 100u);

    // A piece whose answer is lost was not accepted.
    Asker lost{numbers(200)};
    lost.on_batch(Errc::refused, {});
    lost.on_batch({}, {{}, {none(lost.inputs())}});
    lost.on_batch(Errc::timed_out, {});
    BOOST_TEST(lost.limit == 1000u);
    BOOST_TEST(!lost.error("100"));
    BOOST_TEST(lost.error("101") == error_code{Errc::timed_out});
}

BOOST_AUTO_TEST_CASE(a_server_that_refuses_everything_is_not_asked_for_each) {
    Asker asker{numbers(1000)};
    asker.answer_all(0, {});
    BOOST_TEST(asker.refused(1000) == numbers(1000));
    BOOST_TEST(asker.steps.made <= 11u + 2 * inside::AssociationsMachine::max_divisions);
}

BOOST_AUTO_TEST_CASE(what_is_refused_after_a_failure_is_not_divided) {
    Asker asker{numbers(150), 12, 100};
    asker.on_batch(Errc::timed_out, {});
    BOOST_CHECK(asker.on_batch(Errc::refused, {}) == Action::done);
    BOOST_TEST(asker.error("150") == error_code{Errc::timed_out});
}

BOOST_AUTO_TEST_CASE(a_failure_that_the_next_call_would_meet_too_ends_it) {
    Asker asker{numbers(150), 12, 100};
    // The second batch comes back first, with a list that goes on, after the first has failed.
    BOOST_CHECK(asker.on_batch(Errc::rate_limited, {}) == Action::associations);
    auto rest = asker.inputs();
    BOOST_CHECK(asker.on_batch({}, {{{"101", {to("5")}, "a"}, {"102", {to("6")}, {}}}, {}}) == Action::done);
    BOOST_TEST(asker.error("1") == error_code{Errc::rate_limited});
    BOOST_TEST(asker.error("101") == error_code{Errc::rate_limited});
    BOOST_TEST(!asker.error("102"));
    BOOST_TEST(asker.error("103") == error_code{Errc::rate_limited});
    asker.steps.machine.lists.want("999");
    BOOST_CHECK(asker.steps.look() == Action::done);
    BOOST_TEST(asker.error("999") == error_code{Errc::rate_limited});
    BOOST_TEST(asker.idle());
}

BOOST_AUTO_TEST_CASE(errors_in_the_answer_fail_those_that_they_name) {
    Asker asker{numbers(4)};
    asker.on_batch(
        {}, {{{"2", {to("5")}, {}}},
             {none({"1"}), {Errc::forbidden, {"3", "77"}, "MISSING_SCOPES", "no"}, {Errc::unavailable, {}, {}, {}}}});
    BOOST_TEST(!asker.error("1"));
    BOOST_TEST(asker.ids("2") == Texts{"5"});
    BOOST_TEST(asker.error("3") == error_code{Errc::forbidden});
    BOOST_TEST(asker.error("4") == error_code{Errc::unavailable});
    BOOST_TEST(asker.steps.machine.take_problems().size() == 2u);
}

BOOST_AUTO_TEST_CASE(results_that_nobody_asked_for_are_passed_over) {
    Asker asker{{"1"}};
    BOOST_CHECK(asker.on_batch({}, {{{"9", {to("5")}, "a"}, {"1", {to("6")}, {}}}, {none({"8"})}}) == Action::done);
    BOOST_TEST(asker.ids("1") == Texts{"6"});
}

BOOST_AUTO_TEST_CASE(an_input_that_nobody_accounts_for_is_asked_for_by_itself) {
    Asker asker{{"1", "2", "3", "4"}};
    BOOST_CHECK(asker.on_batch({}, {{{"1", {to("5")}, {}}}, {}}) == Action::association_page);
    BOOST_TEST(asker.steps.open.size() == 3u);
    BOOST_TEST(asker.page().id == "2");
    BOOST_TEST(asker.page().after.empty());
    asker.on_page({}, Associations{{}, {to("8")}, {}});
    asker.on_page({}, std::nullopt);
    BOOST_CHECK(asker.on_page(Errc::refused, {}) == Action::done);
    BOOST_TEST(asker.ids("2") == Texts{"8"});
    BOOST_TEST(asker.ids("3").empty());
    BOOST_TEST(!asker.error("3"));
    BOOST_TEST(asker.error("4") == error_code{Errc::refused});
}

BOOST_AUTO_TEST_CASE(a_server_that_leaves_out_what_is_empty_is_told_from_one_that_loses_lists) {
    for (const bool loses : {false, true}) {
        Asker asker{numbers(100)};
        BOOST_CHECK(asker.on_batch({}, {}) == Action::association_page);
        BOOST_TEST(asker.steps.open.size() == inside::AssociationsMachine::max_singles);
        for (std::size_t i = 0; i < inside::AssociationsMachine::max_singles; ++i)
            asker.on_page({}, loses && i == 4 ? Associations{{}, {to("8")}, {}} : Associations{});
        BOOST_TEST(asker.idle());
        BOOST_TEST(!asker.error("1"));
        BOOST_TEST(asker.ids("5") == (loses ? Texts{"8"} : Texts{}));
        for (int i = 11; i <= 100; ++i)
            BOOST_TEST(asker.error(std::to_string(i)) == (loses ? error_code{Errc::malformed_answer} : error_code{}));
    }
}

BOOST_AUTO_TEST_CASE(a_sample_that_fails_decides_nothing) {
    for (const auto error : {Errc::refused, Errc::timed_out}) {
        Asker asker{numbers(30)};
        asker.on_batch({}, {});
        asker.on_page(error, {});
        while (!asker.steps.open.empty())
            asker.on_page({}, Associations{});
        for (int i = 11; i <= 30; ++i)
            BOOST_TEST(asker.error(std::to_string(i)) == error_code{error});
    }
}

BOOST_AUTO_TEST_CASE(what_is_told_is_not_asked_for_until_it_is_doubted) {
    Asker asker{{}};
    auto& lists = asker.steps.machine.lists;
    lists.tell("1", "5");
    lists.want("1");
    BOOST_CHECK(asker.steps.look() == Action::done);
    BOOST_TEST(asker.ids("1") == Texts{"5"});
    lists.doubt("1");
    lists.doubt("1");
    lists.doubt("2");
    BOOST_CHECK(asker.steps.look() == Action::associations);
    BOOST_TEST(asker.inputs() == Texts{"1"});
    asker.on_batch({}, {{{"1", {to("4")}, {}}}, {}});
    BOOST_TEST(asker.ids("1") == Texts{"4"});
    // What was asked for is not told otherwise.
    lists.tell("1", "6");
    BOOST_TEST(asker.ids("1") == Texts{"4"});
}

BOOST_AUTO_TEST_SUITE_END()
