#include "exam.hpp"
#include "machine_steps.hpp"
#include "small_portal.hpp"
#include "student.hpp"

#include <understudy/hubspot/detail/extent_machine.hpp>
#include <understudy/hubspot/detail/list_machine.hpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace understudy;
using namespace understudy::hubspot;
namespace inside = understudy::hubspot::detail;

BOOST_AUTO_TEST_SUITE(hubspot_list_machine)

namespace {

using Queries = std::vector<ListingQuery<Seat>>;
using Lists = Steps<inside::ListMachine<Seat>>;

// Seats 101 to 109, in exam 51, with pupils.
SmallPortal hall() {
    SmallPortal portal;
    for (int i = 1; i <= 9; ++i) {
        const auto id = std::to_string(100 + i);
        portal.put(id, "seat_name", "n" + id);
        portal.link("2-2", id, "2-1", "51", 12, 21);
        portal.link("2-2", id, "0-1", std::to_string(900 + i), 12, 21);
    }
    return portal;
}

void finish(Lists& lists, SmallPortal& portal) {
    while (!lists.open.empty()) {
        const auto call = std::move(lists.open.back()); // the last first
        lists.open.pop_back();
        portal.answer(call);
        lists.look();
    }
}

Page page_of(std::vector<std::string> ids, std::optional<std::string> after) {
    Page page;
    for (auto& id : ids) {
        Object object;
        object.id = std::move(id);
        object.properties = {{"seat_name", "x"}};
        page.objects.push_back(std::move(object));
    }
    page.after = std::move(after);
    return page;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_page_is_a_call_and_one_for_every_link) {
    auto portal = hall();
    inside::Portal<Seat> shared;
    std::optional<std::string> from;
    std::vector<std::string> seen;
    for (const std::size_t length : {4u, 4u, 1u}) {
        Lists lists{shared, Queries{{from}}};
        BOOST_TEST(lists.first<inside::ReadPage>().query.limit == 100);
        BOOST_TEST(lists.first<inside::ReadPage>().query.after == from.value_or(""));
        finish(lists, portal);
        BOOST_TEST(lists.made == 3u);
        const auto pages = lists.machine.result();
        BOOST_REQUIRE(pages.size() == 1u);
        BOOST_TEST(pages[0].records.size() == length);
        for (const auto& [id, reading] : pages[0].records) {
            BOOST_CHECK((reading.record == Seat{id, "n" + id, "51", "90" + id.substr(2)}));
            BOOST_CHECK(reading.version == Version{7});
            seen.push_back(id);
        }
        from = pages[0].next;
    }
    BOOST_TEST(!from);
    BOOST_TEST(seen.size() == 9u);
}

BOOST_AUTO_TEST_CASE(a_page_begins_anywhere) {
    auto portal = hall();
    portal.objects.erase("104");
    inside::Portal<Seat> shared;
    Lists lists{shared, Queries{{"104"}, {}, {"110"}}};
    // The pages at the same time, and then the links of all.
    BOOST_TEST(lists.count<inside::ReadPage>() == 3u);
    finish(lists, portal);
    BOOST_TEST(lists.made == 5u);
    const auto pages = lists.machine.result();
    BOOST_REQUIRE(pages.size() == 3u);
    BOOST_TEST(pages[0].records.front().first == "105");
    BOOST_TEST(pages[0].next.value() == "109");
    BOOST_TEST(pages[1].records.back().first == "105");
    BOOST_TEST(pages[2].records.empty());
    BOOST_TEST(!pages[2].next);
}

BOOST_AUTO_TEST_CASE(a_record_that_cannot_be_read_fails_alone) {
    auto portal = hall();
    portal.objects["102"].properties["seat_name"] = 7;
    portal.objects["103"].archived = true;
    inside::Portal<Seat> shared;
    Lists lists{shared, Queries{{}}};
    finish(lists, portal);
    const auto pages = lists.machine.result();
    BOOST_REQUIRE(pages.at(0).records.size() == 3u); // what is archived is not listed
    BOOST_TEST(pages[0].records[0].second.found());
    BOOST_TEST(pages[0].records[1].first == "102");
    BOOST_TEST(pages[0].records[1].second.error == error_code{Errc::malformed_answer});
    BOOST_TEST(pages[0].records[2].second.found());
    BOOST_TEST(pages[0].next.value() == "105");
}

BOOST_AUTO_TEST_CASE(links_that_cannot_be_read_for_now_fail_the_page) {
    for (const auto error : {Errc::unavailable, Errc::forbidden}) {
        auto portal = hall();
        inside::Portal<Seat> shared;
        Lists lists{shared, Queries{{}, {"108"}}};
        lists.answer<inside::ReadPage>({}, page_of({"101", "102"}, "103"));
        lists.answer<inside::ReadPage>({}, page_of({}, {}));
        lists.fail(error);
        finish(lists, portal);
        const auto pages = lists.machine.result();
        if (error == Errc::unavailable) {
            BOOST_TEST(pages.at(0).error == error_code{error});
            BOOST_TEST(pages[0].records.empty());
        } else {
            BOOST_TEST(!pages.at(0).error);
            BOOST_TEST(pages[0].records.at(1).second.error == error_code{error});
        }
        BOOST_TEST(!pages[1].error);
    }
}

BOOST_AUTO_TEST_CASE(ids_that_do_not_ascend_are_no_page) {
    const struct {
        std::optional<std::string> from;
        Page page;
        bool good;
    } cases[] = {{{}, page_of({"9", "10"}, "11"), true},
                 {{}, page_of({"10", "9"}, {}), false},
                 {{}, page_of({"10", "10"}, {}), false},
                 {{}, page_of({"9", "10"}, "10"), false},
                 {{}, page_of({"9", "10"}, "9"), false},
                 {{}, page_of({"9", "10"}, "opaque"), false},
                 {"10", page_of({"10"}, {}), true},
                 {"10", page_of({"9"}, {}), false},
                 {"10", page_of({}, "10"), false},
                 {"10", page_of({}, "9"), false},
                 {"10", page_of({}, "11"), true},
                 {{}, page_of({"x"}, {}), false},
                 {{}, page_of({"9", "10"}, "1000000"), true}};
    for (const auto& one : cases) {
        auto portal = hall();
        inside::Portal<Seat> shared;
        Lists lists{shared, Queries{{one.from}}};
        lists.answer<inside::ReadPage>({}, one.page);
        for (const auto& object : one.page.objects)
            portal.link("2-2", object.id, "0-1", "900", 12, 21);
        finish(lists, portal);
        const auto error = lists.machine.error();
        const auto pages = lists.machine.result();
        BOOST_TEST_CONTEXT("from " << one.from.value_or("-") << " to " << one.page.after.value_or("-")) {
            BOOST_TEST((!error && !pages.at(0).error) == one.good);
            BOOST_TEST(lists.machine.take_problems().empty() == one.good);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_page_that_fails_fails_the_call_unless_another_was_read) {
    inside::Portal<Seat> shared;
    Lists lists{shared, Queries{{}, {"5"}}};
    lists.fail(Errc::unavailable);
    lists.answer<inside::ReadPage>({}, page_of({}, {}));
    BOOST_TEST(!lists.machine.error());
    BOOST_TEST(lists.machine.result().at(0).error == error_code{Errc::unavailable});

    Lists alone{shared, Queries{{}}};
    alone.fail(Errc::unavailable);
    BOOST_TEST(alone.machine.error() == error_code{Errc::unavailable});
    BOOST_TEST(alone.machine.result().empty());
    BOOST_TEST((Lists{shared, Queries{}}.machine.error() == error_code{}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hubspot_changes_machine)

namespace {

using Queries = std::vector<ChangesQuery<Student>>;

struct Changes : Steps<inside::ChangesMachine<Student>> {
    explicit Changes(Queries queries)
        : Steps{std::move(queries)} {}
    const std::string& body() const { return first<inside::Search>().body; }
    void page(std::vector<std::string> ids, std::optional<std::string> after = {}) {
        answer<inside::Search>({}, hits(std::move(ids), std::move(after)));
    }
    static Page hits(std::vector<std::string> ids, std::optional<std::string> after, std::int64_t stamp = 50) {
        Page page;
        for (auto& id : ids) {
            Object object;
            object.id = std::move(id);
            object.version = Version{stamp};
            page.objects.push_back(std::move(object));
        }
        page.after = std::move(after);
        return page;
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(the_body_of_a_search) {
    const Changes changes{{{Version{1'700'000'000'123}, "77"}}};
    BOOST_TEST(changes.body() == R"({"sorts":[{"propertyName":"hs_object_id","direction":"ASCENDING"}],)"
                                 R"("properties":["lastmodifieddate"],"limit":200,"filterGroups":[{"filters":[)"
                                 R"({"propertyName":"lastmodifieddate","operator":"GTE","value":"1700000000123"},)"
                                 R"({"propertyName":"hs_object_id","operator":"GT","value":"77"}]}]})");
    const Steps<inside::ChangesMachine<Seat>> seats{std::vector<ChangesQuery<Seat>>{{}}};
    BOOST_TEST(seats.first<inside::Search>().body ==
               R"({"sorts":[{"propertyName":"hs_object_id","direction":"ASCENDING"}],)"
               R"("properties":["hs_lastmodifieddate"],"limit":200,"filterGroups":[{"filters":[)"
               R"({"propertyName":"hs_lastmodifieddate","operator":"GTE","value":"1000"}]}]})");
}

BOOST_AUTO_TEST_CASE(a_page_ends_where_the_next_begins) {
    Changes more{{{Version{1}, "9"}}};
    more.page({"10", "200"}, "200");
    const auto pages = more.machine.result();
    BOOST_REQUIRE(pages.size() == 1u);
    BOOST_CHECK((pages[0].candidates[1] == Candidate<Student>{"200", Version{50}}));
    BOOST_TEST(pages[0].next.value() == "200");

    Changes last{{{}}};
    last.page({"9", "10"});
    BOOST_TEST(!last.machine.result().at(0).next);

    std::vector<std::string> full;
    for (int i = 0; i < 200; ++i)
        full.push_back(std::to_string(1'000 + i));
    Changes filled{{{}}};
    filled.page(full);
    BOOST_TEST(filled.machine.result().at(0).next.value() == "1199");
    Changes nothing{{{}}};
    nothing.page({});
    BOOST_TEST(!nothing.machine.result().at(0).next);
}

BOOST_AUTO_TEST_CASE(a_page_of_archived_records_is_passed_over) {
    Changes changes{{{Version{1}, "9"}, {Version{2}, {}}}};
    changes.page({}, "200");
    const auto again = boost::json::parse(changes.body());
    BOOST_TEST(again.at("after").as_string() == "200");
    BOOST_TEST(again.at("filterGroups").at(0).at("filters").at(1).at("value").as_string() == "9");
    changes.page({"70"}, "400");
    // The next query begins at its own beginning.
    BOOST_TEST(!boost::json::parse(changes.body()).as_object().contains("after"));
    changes.page({});
    BOOST_CHECK(changes.action() == Action::done);
    const auto pages = changes.machine.result();
    BOOST_REQUIRE(pages.size() == 2u);
    BOOST_TEST(pages[0].next.value() == "70");
    BOOST_TEST(pages[1].candidates.empty());

    Changes endless{{{}}};
    endless.page({}, "200");
    endless.page({}, "200");
    BOOST_TEST(endless.machine.error() == error_code{Errc::malformed_answer});
}

BOOST_AUTO_TEST_CASE(hits_that_make_no_page) {
    for (const auto& ids : std::vector<std::vector<std::string>>{{"11", "10"}, {"10", "10"}, {"9"}, {"8"}, {"x"}}) {
        Changes changes{{{Version{1}, "9"}}};
        changes.page(ids);
        BOOST_TEST(changes.machine.error() == error_code{Errc::malformed_answer}, ids.front());
        BOOST_TEST(changes.machine.take_problems().size() == 1u);
        BOOST_TEST(changes.machine.result().empty());
    }
    Changes unstamped{{{}}};
    unstamped.answer<inside::Search>({}, Changes::hits({"1"}, {}, 0));
    BOOST_TEST(unstamped.machine.error() == error_code{Errc::malformed_answer});
}

BOOST_AUTO_TEST_CASE(what_fails_fails_what_was_not_found_yet) {
    Changes changes{{{Version{1}, {}}, {Version{2}, {}}, {Version{3}, {}}}};
    BOOST_TEST(changes.open.size() == 1u);
    changes.page({"1"});
    changes.fail(Errc::rate_limited);
    BOOST_CHECK(changes.action() == Action::done);
    BOOST_TEST(!changes.machine.error());
    const auto pages = changes.machine.result();
    BOOST_REQUIRE(pages.size() == 3u);
    BOOST_TEST(!pages[0].error);
    BOOST_TEST(pages[1].error == error_code{Errc::rate_limited});
    BOOST_TEST(pages[2].error == error_code{Errc::rate_limited});
}

BOOST_AUTO_TEST_CASE(the_ends_of_an_index) {
    using Ends = Steps<inside::ExtentMachine<Student>>;
    Ends ends{std::vector{Extreme::latest, Extreme::last}};
    BOOST_TEST(ends.open.size() == 1u);
    BOOST_TEST(ends.first<inside::Search>().body ==
               R"({"sorts":[{"propertyName":"lastmodifieddate","direction":"DESCENDING"}],)"
               R"("properties":["lastmodifieddate"],"limit":10})");
    ends.answer<inside::Search>({}, Changes::hits({"5", "7"}, "10", 90));
    BOOST_TEST(ends.first<inside::Search>().body ==
               R"({"sorts":[{"propertyName":"hs_object_id","direction":"DESCENDING"}],)"
               R"("properties":["lastmodifieddate"],"limit":10})");
    // The greatest ten are archived by now.
    ends.answer<inside::Search>({}, Changes::hits({}, "10"));
    BOOST_TEST(boost::json::parse(ends.first<inside::Search>().body).at("after").as_string() == "10");
    ends.answer<inside::Search>({}, Changes::hits({"30", "29"}, {}, 40));
    BOOST_CHECK(ends.action() == Action::done);
    BOOST_TEST(!ends.machine.error());
    const auto found = ends.machine.result();
    BOOST_REQUIRE(found.size() == 2u);
    BOOST_CHECK((found[0] == Candidate<Student>{"5", Version{90}}));
    BOOST_CHECK((found[1] == Candidate<Student>{"30", Version{40}}));

    Ends empty{std::vector{Extreme::last}};
    empty.answer<inside::Search>({}, Page{});
    BOOST_REQUIRE(empty.machine.result().size() == 1u);
    Ends bad{std::vector{Extreme::last}};
    bad.answer<inside::Search>({}, Changes::hits({"x"}, {}));
    BOOST_TEST(bad.machine.error() == error_code{Errc::malformed_answer});
    Ends failed{std::vector{Extreme::latest, Extreme::last}};
    failed.fail(Errc::unavailable);
    BOOST_CHECK(failed.action() == Action::done);
    BOOST_TEST(failed.machine.error() == error_code{Errc::unavailable});
    BOOST_TEST(failed.machine.result().empty());
}

BOOST_AUTO_TEST_SUITE_END()
