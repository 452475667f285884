#include "machine_steps.hpp"
#include "student.hpp"

#include <understudy/hubspot/detail/search_machine.hpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace understudy;
using namespace understudy::hubspot;
namespace searching = understudy::hubspot::detail;
template<class By>
struct Searcher : Steps<searching::SearchMachine<Student, By>> {
    explicit Searcher(std::vector<typename By::value_type> values)
        : Steps<searching::SearchMachine<Student, By>>{std::move(values)} {}

    const std::string& body() const { return this->template first<searching::Search>().body; }
    bool done() const { return this->open.empty(); }
    /// Answers, and returns what is wrong with the answer.
    error_code on_page(Page page) {
        this->template answer<searching::Search>({}, std::move(page));
        return this->machine.error();
    }
    auto candidates() const { return this->machine.result(); }
};
using Machine = Searcher<ByName>;
using Texts = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(hubspot_search_machine)

namespace {

Object hit(std::string id, std::string name, std::int64_t version = 5) {
    Object object;
    object.id = std::move(id);
    object.properties = {{"name", name}};
    object.version = Version{version};
    return object;
}

Texts values_of(const std::string& text) {
    const auto body = boost::json::parse(text);
    Texts values;
    for (const auto& value : body.at("filterGroups").at(0).at("filters").at(0).at("values").as_array())
        values.emplace_back(value.as_string());
    return values;
}

Texts long_values(std::size_t count, std::size_t size) {
    Texts values;
    for (std::size_t i = 0; i < count; ++i) {
        auto text = std::to_string(i);
        text.insert(0, size - text.size(), 'v');
        values.push_back(std::move(text));
    }
    return values;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_body_of_a_search) {
    const Machine machine{{"S1", "s2", "S1"}};
    BOOST_TEST(machine.body() == R"({"filterGroups":[{"filters":[{"propertyName":"name","operator":"IN",)"
                                 R"("values":["s1","s2"]}]}],"properties":["name"],"limit":200})");
}

BOOST_AUTO_TEST_CASE(searches_keep_within_the_limits) {
    for (const auto& [count, size, groups] :
         {std::tuple{100u, 7u, 1u}, {101u, 7u, 2u}, {250u, 7u, 3u}, {100u, 50u, 2u}, {10u, 900u, 4u}}) {
        const auto values = long_values(count, size);
        const auto split = searching::split_for_search("name", values);
        BOOST_TEST(split.size() == groups, count << " values of " << size);
        Texts joined;
        for (const auto& group : split) {
            BOOST_TEST(group.size() <= 100u);
            BOOST_TEST(searching::search_body("name", group, "10000").size() <= 3000u);
            joined.insert(joined.end(), group.begin(), group.end());
        }
        BOOST_TEST(joined == values);
    }
}

BOOST_AUTO_TEST_CASE(the_limit_counts_what_is_sent) {
    // Each of these takes two characters in JSON.
    const Texts values(60, std::string(30, '"'));
    for (const auto& group : searching::split_for_search("name", values))
        BOOST_TEST(searching::search_body("name", group, "10000").size() <= 3000u);
}

BOOST_AUTO_TEST_CASE(a_value_that_no_search_can_carry_has_no_candidates) {
    const auto split = searching::split_for_search("name", {std::string(4000, 'x'), "a", std::string(2990, 'x')});
    BOOST_REQUIRE(split.size() == 1);
    BOOST_TEST(split[0] == Texts{"a"});
    Machine machine{{std::string(4000, 'x'), "", "\xff", "a"}};
    BOOST_TEST(values_of(machine.body()) == Texts{"a"});
    BOOST_TEST(!machine.on_page({{hit("1", "A")}, {}, 1}));
    BOOST_TEST(machine.done());
    const auto candidates = machine.candidates();
    BOOST_REQUIRE(candidates.size() == 4);
    BOOST_TEST(candidates[0].empty());
    BOOST_TEST(candidates[1].empty());
    BOOST_TEST(candidates[2].empty());
    BOOST_TEST(candidates[3].size() == 1);
}

BOOST_AUTO_TEST_CASE(hits_are_compared_again_in_any_case) {
    Machine machine{{"s1", "S2", "s3"}};
    auto odd = hit("9", "s1");
    odd.properties["name"] = 7;
    auto none = hit("8", "s1");
    none.properties.clear();
    // The index still says s1 of 2, and names one without a value.
    BOOST_TEST(!machine.on_page({{hit("1", "S1", 11), hit("2", "renamed"), hit("3", "s2", 13), hit("4", "S1", 14),
                                  hit("1", "S1", 11), odd, none},
                                 {},
                                 7}));
    const auto candidates = machine.candidates();
    BOOST_REQUIRE(candidates[0].size() == 2);
    BOOST_CHECK((candidates[0][0] == Candidate<Student>{"1", Version{11}}));
    BOOST_CHECK((candidates[0][1] == Candidate<Student>{"4", Version{14}}));
    BOOST_TEST(candidates[1].size() == 1);
    BOOST_TEST(candidates[2].empty());
}

BOOST_AUTO_TEST_CASE(pages_are_followed_to_the_end) {
    Machine machine{{"a"}};
    BOOST_TEST(!machine.on_page({{hit("1", "a")}, "200", 2}));
    BOOST_TEST(!machine.done());
    BOOST_TEST(boost::json::parse(machine.body()).at("after").as_string() == "200");
    BOOST_TEST(!machine.on_page({{hit("2", "a")}, {}, 2}));
    BOOST_TEST(machine.done());
    BOOST_TEST(machine.candidates()[0].size() == 2);
}

BOOST_AUTO_TEST_CASE(pages_that_never_end_are_no_answer) {
    Machine machine{{"a"}};
    error_code error;
    int pages = 0;
    while (!error && pages < 1000) {
        error = machine.on_page({{}, "200", 0});
        ++pages;
    }
    BOOST_TEST(error == error_code{Errc::malformed_answer});
    BOOST_TEST(pages == 50);
}

BOOST_AUTO_TEST_CASE(values_that_are_no_texts_are_sent_as_they_are) {
    const Searcher<ByCredits> machine{{3, 4}};
    BOOST_TEST(values_of(machine.body()) == (Texts{"3", "4"}));
}

BOOST_AUTO_TEST_CASE(a_failure_ends_it) {
    Machine machine{long_values(250, 7)};
    BOOST_TEST(!machine.on_page({{hit("1", "vvvvvv0")}, {}, 1}));
    // One search at a time.
    BOOST_TEST(machine.open.size() == 1u);
    machine.fail(Errc::rate_limited);
    BOOST_TEST(machine.done());
    BOOST_TEST(machine.machine.error() == error_code{Errc::rate_limited});
    BOOST_TEST(machine.candidates().empty());
}

BOOST_AUTO_TEST_CASE(nothing_asked_is_no_search) {
    BOOST_TEST(Machine{{}}.done());
    BOOST_TEST(Machine{{""}}.done());
}

BOOST_AUTO_TEST_SUITE_END()
