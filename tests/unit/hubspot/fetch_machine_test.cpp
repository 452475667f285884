#include "machine_steps.hpp"
#include "student.hpp"

#include <understudy/hubspot/detail/fetch_machine.hpp>

#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <iterator>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace understudy::hubspot;
using Names = understudy::hubspot::detail::PropertyNames;
using Texts = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(hubspot_fetch_machine)

namespace {

using ById = understudy::ById<Student>;
template<class By>
class Machine : public Steps<understudy::hubspot::detail::FetchMachine<Student, By>> {
public:
    static constexpr std::size_t max_singles = understudy::hubspot::detail::FetchMachine<Student, By>::max_singles;

    explicit Machine(std::vector<std::string> values)
        : Steps<understudy::hubspot::detail::FetchMachine<Student, By>>{portal(), std::move(values)} {}

    error_code error() const { return this->machine.error(); }
    auto readings() { return this->machine.result(); }
    auto take_problems() { return this->machine.take_problems(); }

private:
    static understudy::hubspot::detail::Portal<Student>& portal() {
        static understudy::hubspot::detail::Portal<Student> shared;
        return shared;
    }
};
using IdMachine = Machine<ById>;
using EmailMachine = Machine<ByEmail>;

Object student(std::string id, std::string email, std::string merged = {}, std::string others = {}) {
    Object object;
    object.id = std::move(id);
    object.version = Version{1000};
    object.properties = {{"email", email},     {"hs_additional_emails", others}, {"name", "n" + object.id},
                         {"credits", nullptr}, {"exam_date", nullptr},           {"is_active", nullptr},
                         {"year", "1"},        {"hs_merged_object_ids", merged}, {"hs_object_id", object.id}};
    return object;
}

Object without(Object object, std::string_view property) {
    object.properties.erase({property.data(), property.size()});
    return object;
}

BatchError missing(Texts ids) {
    return {{}, std::move(ids), "OBJECT_NOT_FOUND", "Could not get some"};
}

Texts numbers(int count) {
    Texts ids;
    for (int i = 1; i <= count; ++i)
        ids.push_back(std::to_string(i));
    return ids;
}

} // namespace

BOOST_AUTO_TEST_CASE(nothing_asked_is_nothing_to_do) {
    IdMachine machine{{}};
    BOOST_CHECK(machine.action() == Action::done);
    BOOST_TEST(machine.readings().empty());
    BOOST_TEST(!machine.error());
}

BOOST_AUTO_TEST_CASE(shuffled_results_find_their_inputs) {
    IdMachine machine{{"3", "1", "2", "1"}};
    BOOST_CHECK(machine.action() == Action::batch);
    BOOST_TEST(machine.batch_inputs() == (Texts{"3", "1", "2"}));
    BOOST_CHECK(machine.on_batch({}, {{student("1", "a"), student("2", "b"), student("3", "c")}, {}}) == Action::done);
    const auto readings = machine.readings();
    BOOST_REQUIRE(readings.size() == 4);
    BOOST_TEST(readings[0].record.name == "n3");
    BOOST_TEST(readings[1].record.name == "n1");
    BOOST_TEST(readings[2].record.name == "n2");
    BOOST_TEST(readings[3].record.name == "n1");
    BOOST_CHECK(readings[0].version == Version{1000});
}

BOOST_AUTO_TEST_CASE(one_error_may_name_many_that_are_not_there) {
    IdMachine machine{{"1", "2", "3"}};
    BOOST_CHECK(machine.on_batch({}, {{student("2", "b")}, {missing({"3", "1"})}}) == Action::done);
    const auto readings = machine.readings();
    BOOST_CHECK(readings[0].state == State::absent);
    BOOST_TEST(readings[0].id == "1");
    BOOST_TEST(readings[1].found());
    BOOST_CHECK(readings[2].state == State::absent);
}

BOOST_AUTO_TEST_CASE(an_error_of_another_kind_fails_the_rows_that_it_names) {
    IdMachine machine{{"1", "2"}};
    BOOST_CHECK(machine.on_batch({}, {{student("2", "b")}, {{Errc::forbidden, {"1"}, "MISSING_SCOPES", "no"}}}) ==
                Action::done);
    const auto readings = machine.readings();
    BOOST_TEST(readings[0].failed());
    BOOST_TEST(readings[0].error == error_code{Errc::forbidden});
    BOOST_TEST(readings[1].found());
    BOOST_TEST(!machine.error());
    const auto problems = machine.take_problems();
    BOOST_REQUIRE(problems.size() == 1);
    BOOST_TEST(problems[0].category == "MISSING_SCOPES");
}

BOOST_AUTO_TEST_CASE(an_error_that_names_nobody_fails_those_left_over) {
    IdMachine machine{{"1", "2"}};
    BOOST_CHECK(machine.on_batch({}, {{student("2", "b")}, {{Errc::unavailable, {}, {}, {}}}}) == Action::done);
    BOOST_TEST(machine.readings()[0].error == error_code{Errc::unavailable});
}

BOOST_AUTO_TEST_CASE(a_merged_id_is_answered_by_its_survivor) {
    IdMachine machine{{"1", "2", "3"}};
    BOOST_CHECK(machine.on_batch({}, {{student("9", "s", "1;3"), student("2", "b")}, {}}) == Action::done);
    const auto readings = machine.readings();
    BOOST_TEST(readings[0].found());
    BOOST_TEST(readings[0].id == "9");
    BOOST_TEST(readings[0].record.id == "9");
    BOOST_TEST(readings[1].id == "2");
    BOOST_TEST(readings[2].id == "9");
}

BOOST_AUTO_TEST_CASE(a_survivor_that_was_asked_for_too_answers_for_both) {
    IdMachine machine{{"1", "2"}};
    BOOST_CHECK(machine.on_batch({}, {{student("2", "b", "1")}, {}}) == Action::done);
    BOOST_TEST(machine.readings()[0].id == "2");
    BOOST_TEST(machine.readings()[1].id == "2");
}

BOOST_AUTO_TEST_CASE(an_input_that_nobody_accounts_for_is_asked_for_by_itself) {
    IdMachine machine{{"1", "2", "3", "4"}};
    // 9 does not say whom it swallowed.
    BOOST_CHECK(machine.on_batch({}, {{student("9", "s"), student("2", "b")}, {}}) == Action::single);
    BOOST_TEST(machine.single_input() == "1");
    BOOST_CHECK(machine.on_single({}, student("9", "s")) == Action::single);
    BOOST_TEST(machine.single_input() == "3");
    BOOST_CHECK(machine.on_single({}, std::nullopt) == Action::single);
    BOOST_CHECK(machine.on_single(Errc::refused, std::nullopt) == Action::done);
    const auto readings = machine.readings();
    BOOST_TEST(readings[0].id == "9");
    BOOST_TEST(readings[0].found());
    BOOST_TEST(readings[1].id == "2");
    BOOST_CHECK(readings[2].state == State::absent);
    BOOST_TEST(readings[3].error == error_code{Errc::refused});
}

BOOST_AUTO_TEST_CASE(an_answer_that_accounts_for_almost_nobody_is_not_taken_for_absence) {
    IdMachine machine{numbers(100)};
    auto action = machine.on_batch({}, {});
    std::size_t singles = 0;
    while (action == Action::single) {
        ++singles;
        action = machine.on_single({}, std::nullopt);
    }
    BOOST_TEST(singles == IdMachine::max_singles);
    const auto readings = machine.readings();
    BOOST_TEST(readings[0].absent());
    BOOST_TEST(readings[99].failed());
    BOOST_TEST(readings[99].error == error_code{Errc::malformed_answer});
    BOOST_TEST(machine.take_problems().size() == 90);
}

BOOST_AUTO_TEST_CASE(two_hundred_and_fifty_are_three_calls) {
    IdMachine machine{numbers(250)};
    std::vector<std::size_t> sizes;
    for (auto action = machine.action(); action == Action::batch;) {
        BatchAnswer answer;
        for (const auto& id : machine.batch_inputs())
            answer.objects.insert(answer.objects.begin(), student(id, id));
        sizes.push_back(answer.objects.size());
        action = machine.on_batch({}, std::move(answer));
    }
    BOOST_TEST(sizes == (std::vector<std::size_t>{100, 100, 50}));
    const auto readings = machine.readings();
    for (std::size_t i = 0; i < 250; ++i)
        BOOST_TEST(readings[i].id == std::to_string(i + 1));
}

BOOST_AUTO_TEST_CASE(a_failure_that_the_next_call_would_meet_too_ends_it) {
    IdMachine machine{numbers(250)};
    BatchAnswer answer;
    for (const auto& id : machine.batch_inputs())
        answer.objects.push_back(student(id, id));
    // All three are under way at once.
    BOOST_TEST(machine.open.size() == 3u);
    BOOST_CHECK(machine.on_batch({}, std::move(answer)) == Action::batch);
    BOOST_CHECK(machine.on_batch(Errc::rate_limited, {}) == Action::batch);
    // The last one swallows its inputs, but nobody is asked any more.
    BOOST_CHECK(machine.on_batch({}, {}) == Action::done);
    BOOST_TEST(!machine.error());
    const auto readings = machine.readings();
    BOOST_TEST(readings[0].found());
    BOOST_TEST(readings[100].error == error_code{Errc::rate_limited});
    BOOST_TEST(readings[249].error == error_code{Errc::rate_limited});
}

BOOST_AUTO_TEST_CASE(D10_a_failure_of_the_only_call_is_a_failure_of_the_whole) {
    IdMachine machine{numbers(3)};
    BOOST_CHECK(machine.on_batch(Errc::unavailable, {}) == Action::done);
    BOOST_TEST(machine.error() == error_code{Errc::unavailable});
    for (const auto& reading : machine.readings())
        BOOST_TEST(reading.failed());
}

BOOST_AUTO_TEST_CASE(a_batch_refused_as_a_whole_refuses_nobody) {
    IdMachine machine{numbers(100)};
    int calls = 0;
    for (auto action = machine.action(); action == Action::batch; ++calls) {
        const auto inputs = machine.batch_inputs();
        if (std::ranges::find(inputs, "37") != inputs.end()) {
            action = machine.on_batch(Errc::refused, {});
            continue;
        }
        BatchAnswer answer;
        for (const auto& id : inputs)
            answer.objects.push_back(student(id, id));
        action = machine.on_batch({}, std::move(answer));
    }
    BOOST_TEST(calls <= 15);
    const auto readings = machine.readings();
    for (std::size_t i = 0; i < 100; ++i)
        BOOST_TEST(readings[i].found() == (i != 36));
    BOOST_TEST(readings[36].error == error_code{Errc::refused});
    BOOST_TEST(!machine.error());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_an_id_is_absent_without_asking) {
    IdMachine machine{{"", "abc", "12x", "-1", std::string(65, '1'), "1\n", "7"}};
    BOOST_CHECK(machine.action() == Action::batch);
    BOOST_TEST(machine.batch_inputs() == Texts{"7"});
    machine.on_batch({}, {{student("7", "a")}, {}});
    const auto readings = machine.readings();
    for (std::size_t i = 0; i < 6; ++i)
        BOOST_TEST(readings[i].absent());
    BOOST_TEST(readings[6].found());
}

BOOST_AUTO_TEST_CASE(look_ups_by_email_match_in_any_case_and_by_further_addresses) {
    EmailMachine machine{{"A@x.com", "old@x.com", "gone@x.com", "a@x.com", "", "b\xff@x.com"}};
    BOOST_CHECK(machine.action() == Action::batch);
    BOOST_TEST(machine.batch_inputs() == (Texts{"a@x.com", "old@x.com", "gone@x.com"}));
    BOOST_CHECK(machine.on_batch({}, {{student("2", "new@x.com", "", "old@x.com"), student("1", "a@x.com")},
                                      {missing({"GONE@x.com"})}}) == Action::done);
    const auto readings = machine.readings();
    BOOST_TEST(readings[0].id == "1");
    BOOST_TEST(readings[1].id == "2");
    BOOST_TEST(readings[2].absent());
    BOOST_TEST(readings[3].id == "1");
    BOOST_TEST(readings[4].absent());
    BOOST_TEST(readings[5].absent());
}

BOOST_AUTO_TEST_CASE(an_address_that_no_result_carries_is_asked_for_by_itself) {
    EmailMachine machine{{"a@x.com", "b@x.com"}};
    // The contact of b@x.com was renamed between the look-up and the loading.
    BOOST_CHECK(machine.on_batch({}, {{student("1", "a@x.com"), student("2", "c@x.com")}, {}}) == Action::single);
    BOOST_TEST(machine.single_input() == "b@x.com");
    BOOST_CHECK(machine.on_single({}, std::nullopt) == Action::done);
    BOOST_TEST(machine.readings()[1].absent());
}

BOOST_AUTO_TEST_CASE(an_absent_property_waits_for_the_definitions) {
    IdMachine machine{{"1", "2"}};
    // An account that leaves out what has no value.
    auto sparse = without(student("1", "a"), "credits");
    for (auto at = sparse.properties.begin(); at != sparse.properties.end();)
        at = at->value().is_null() ? sparse.properties.erase(at) : std::next(at);
    BOOST_CHECK(machine.on_batch({}, {{std::move(sparse), student("2", "b")}, {}}) == Action::definitions);
    const Names all{"email", "hs_additional_emails", "name", "credits", "exam_date", "is_active", "year"};
    BOOST_CHECK(machine.on_definitions({}, all) == Action::done);
    const auto readings = machine.readings();
    BOOST_TEST(readings[0].found());
    BOOST_TEST(!readings[0].record.credits);
    BOOST_TEST(readings[1].found());
}

BOOST_AUTO_TEST_CASE(definitions_are_younger_than_every_answer_that_they_explain) {
    IdMachine machine{numbers(150)};
    BatchAnswer first;
    for (const auto& id : machine.batch_inputs())
        first.objects.push_back(without(student(id, id), "credits"));
    BOOST_CHECK(machine.on_batch({}, std::move(first)) == Action::batch);
    BOOST_TEST(machine.open.size() == 1u);
    BatchAnswer second;
    for (const auto& id : machine.batch_inputs())
        second.objects.push_back(without(student(id, id), "credits"));
    BOOST_CHECK(machine.on_batch({}, std::move(second)) == Action::definitions);
    BOOST_TEST(machine.open.size() == 1u);
    BOOST_CHECK(machine.on_definitions({}, {}) == Action::done);
    for (const auto& reading : machine.readings())
        BOOST_TEST(reading.error == error_code{Errc::schema_mismatch});
}

BOOST_AUTO_TEST_CASE(D2_a_property_that_is_gone_is_never_a_value) {
    IdMachine machine{{"1", "2"}};
    machine.on_batch({}, {{without(student("1", "a"), "credits"), student("2", "b")}, {}});
    const Names renamed{"email", "hs_additional_emails", "name", "sj_credits", "exam_date", "is_active", "year"};
    BOOST_CHECK(machine.on_definitions({}, renamed) == Action::done);
    BOOST_TEST(machine.readings()[0].failed());
    BOOST_TEST(machine.readings()[0].error == error_code{Errc::schema_mismatch});
    BOOST_TEST(machine.readings()[1].found());
    const auto problems = machine.take_problems();
    BOOST_REQUIRE(problems.size() == 1);
    BOOST_TEST(problems[0].properties == Texts{"credits"});
}

BOOST_AUTO_TEST_CASE(D2_a_part_of_a_record_is_not_taken_for_the_whole) {
    IdMachine machine{{"1", "2"}};
    auto half = without(student("1", "a"), "credits");
    half.properties["name"] = nullptr;
    machine.on_batch({}, {{std::move(half), student("2", "b")}, {}});
    const Names all{"email", "hs_additional_emails", "name", "credits", "exam_date", "is_active", "year"};
    BOOST_CHECK(machine.on_definitions({}, all) == Action::done);
    BOOST_TEST(machine.readings()[0].error == error_code{Errc::incomplete_record});
    BOOST_TEST(machine.readings()[1].found());
    BOOST_TEST(machine.take_problems().at(0).properties == Texts{"credits"});
}

BOOST_AUTO_TEST_CASE(definitions_that_cannot_be_had_fail_those_that_need_them) {
    IdMachine machine{{"1", "2"}};
    machine.on_batch({}, {{without(student("1", "a"), "credits"), student("2", "b")}, {}});
    BOOST_CHECK(machine.fail(Errc::unavailable) == Action::done);
    BOOST_TEST(machine.readings()[0].error == error_code{Errc::unavailable});
    BOOST_TEST(machine.readings()[1].found());
}

BOOST_AUTO_TEST_CASE(a_member_that_must_have_a_value_makes_the_record_incomplete) {
    for (const bool absent : {true, false}) {
        IdMachine machine{{"1"}};
        auto object = student("1", "a");
        if (absent)
            object.properties.erase("year");
        else
            object.properties["year"] = nullptr;
        const Names all{"email", "hs_additional_emails", "name", "credits", "exam_date", "is_active", "year"};
        auto action = machine.on_batch({}, {{std::move(object)}, {}});
        if (absent) {
            BOOST_CHECK(action == Action::definitions);
            action = machine.on_definitions({}, all);
        }
        BOOST_CHECK(action == Action::done);
        BOOST_TEST(machine.readings()[0].error == error_code{Errc::incomplete_record});
        BOOST_TEST(machine.take_problems().at(0).properties == Texts{"year"});
    }
}

BOOST_AUTO_TEST_CASE(a_value_of_another_type_fails_its_record_only) {
    IdMachine machine{{"1", "2"}};
    auto object = student("1", "a");
    object.properties["credits"] = "3.5";
    machine.on_batch({}, {{std::move(object), student("2", "b")}, {}});
    BOOST_TEST(machine.readings()[0].error == error_code{Errc::malformed_answer});
    BOOST_TEST(machine.readings()[1].found());
    BOOST_TEST(machine.take_problems().at(0).properties == Texts{"credits"});
}

BOOST_AUTO_TEST_CASE(an_archived_object_is_not_live) {
    IdMachine machine{{"1"}};
    auto object = student("1", "a");
    object.archived = true;
    machine.on_batch({}, {{std::move(object)}, {}});
    BOOST_CHECK(machine.readings()[0].state == State::archived);
}

BOOST_AUTO_TEST_SUITE_END()
