#include "emulated_portal.hpp"

#include <boost/test/unit_test.hpp>

using namespace hubspot_emulator;
namespace json = boost::json;

namespace {

struct SearchPortal : EmulatedPortal {
    using EmulatedPortal::EmulatedPortal;

    json::value search(const json::value& body, const std::string& type = contacts_path) {
        return post(type + "/search", body);
    }
    std::string total(const std::string& property, const std::string& op, const json::value& value,
                      const std::string& type = contacts_path) {
        auto found = search(filtered(property, op, value), type);
        return status == 200 ? text(found, "total") : std::to_string(status);
    }
};

Settings lagging(Millis lag) {
    auto settings = EmulatedPortal::quick();
    settings.behaviour.index_lag_ms = lag;
    return settings;
}

json::value credits(const char* value) {
    return {{"properties", {{"sj_credits", value}}}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(search_calls)

BOOST_AUTO_TEST_CASE(every_operator) {
    SearchPortal portal;
    const auto set = [&](int contact, const char* name, const char* value) {
        portal.patch(contacts_path + "/" + seeded_id(contact), {{"properties", {{name, value}}}});
    };
    for (int i = 1; i <= 40; ++i)
        set(i, "company", "");
    set(1, "company", "Alpha Beta");
    set(2, "company", "beta-gamma");
    set(3, "company", "Delta");
    BOOST_TEST(portal.total("company", "EQ", "alpha BETA") == "1");
    BOOST_TEST(portal.total("company", "NEQ", "delta") == "2");
    BOOST_TEST(portal.total("company", "IN", {"delta", "alpha beta"}) == "2");
    BOOST_TEST(portal.total("company", "IN", {"Delta", "Alpha Beta"}) == "0");
    BOOST_TEST(portal.total("company", "NOT_IN", {"delta"}) == "2");
    BOOST_TEST(portal.total("company", "HAS_PROPERTY", {}) == "3");
    BOOST_TEST(portal.total("company", "NOT_HAS_PROPERTY", {}) == "37");
    BOOST_TEST(portal.total("company", "CONTAINS_TOKEN", "BETA") == "2");
    BOOST_TEST(portal.total("company", "CONTAINS_TOKEN", "del*") == "1");
    BOOST_TEST(portal.total("company", "NOT_CONTAINS_TOKEN", "beta") == "1");
    BOOST_TEST(portal.total("email", "CONTAINS_TOKEN", "*@example.com") == "40");
    auto low = seeded_id(10), high = seeded_id(12);
    BOOST_TEST(portal.total("hs_object_id", "LT", json::value(low)) == "9");
    BOOST_TEST(portal.total("hs_object_id", "LTE", json::value(low)) == "10");
    BOOST_TEST(portal.total("hs_object_id", "GT", json::value(high)) == "28");
    BOOST_TEST(portal.total("hs_object_id", "GTE", json::value(high)) == "29");
    BOOST_TEST(portal.total("hs_object_id", "IN", {low, high}) == "2");
    auto between = portal.search(
        {{"filters",
          {{{"propertyName", "hs_object_id"}, {"operator", "BETWEEN"}, {"value", low}, {"highValue", high}}}}});
    BOOST_TEST(text(between, "total") == "3");
    BOOST_TEST(portal.total("lastmodifieddate", "GTE", "2026-11-01T00:00:00Z") == "40");
    BOOST_TEST(portal.total("lastmodifieddate", "GT", json::value(std::to_string(EmulatedPortal::start))) == "0");
    BOOST_TEST(portal.total("ndecc_exam_date", "GTE", "2026-12-02") != "0");
    BOOST_TEST(portal.total("mock_type", "EQ", "mini-mock", exams_path) == "0"); // enumerations keep their case
    BOOST_TEST(portal.total("mock_type", "EQ", "Mini-mock", exams_path) == "6");
    auto words = portal.search({{"query", "alpha"}});
    BOOST_TEST(text(words, "results", 0, "id") == seeded_id(1));
}

BOOST_AUTO_TEST_CASE(what_is_not_allowed) {
    SearchPortal portal;
    BOOST_TEST(portal.total("exam_date", "GTE", "2026-11-01", exams_path) == "400");
    BOOST_TEST(portal.total("nonsense", "EQ", "1") == "400");
    BOOST_TEST(portal.total("email", "LIKE", "1") == "400");
    BOOST_TEST(portal.total("sj_credits", "GT", "many") == "400");
    BOOST_TEST(portal.total("email", "IN", "x") == "400");
    BOOST_TEST(portal.total("email", "EQ", {}) == "400");
    BOOST_TEST(portal.total("email", "HAS_PROPERTY", "x") == "400");
    BOOST_TEST(portal.total("associations.companies", "EQ", "1") == "0");
    BOOST_TEST(portal.total("associations.bookings", "EQ", "1") == "400");
    BOOST_TEST(portal.total("lastmodifieddate", "GTE", "0") == "500");
    BOOST_TEST(portal.total("lastmodifieddate", "GTE", "1") == "40");
    json::value filter{{"propertyName", "email"}, {"operator", "HAS_PROPERTY"}};
    const auto groups = [&](std::size_t count, std::size_t filters) {
        json::value group{{"filters", json::array(filters, filter)}};
        portal.search({{"filterGroups", json::array(count, group)}});
        return portal.status;
    };
    BOOST_TEST(groups(5, 3) == 200);
    BOOST_TEST(groups(3, 6) == 200);
    BOOST_TEST(groups(6, 1) == 400);
    BOOST_TEST(groups(1, 7) == 400);
    BOOST_TEST(groups(5, 4) == 400);
    const auto status = [&](const json::value& body) {
        portal.search(body);
        return portal.status;
    };
    BOOST_TEST(status({{"limit", 201}}) == 400);
    BOOST_TEST(status({{"limit", 200}, {"after", "9800"}}) == 200);
    BOOST_TEST(status({{"limit", 200}, {"after", 9801}}) == 400);
    BOOST_TEST(status({{"after", "x"}}) == 400);
    BOOST_TEST(status({{"sorts", {"email", "lastname"}}}) == 400);
    BOOST_TEST(status({{"sorts", {"nonsense"}}}) == 400);
    BOOST_TEST(status({{"query", std::string(3000, 'x')}}) == 400);
}

BOOST_AUTO_TEST_CASE(pages_and_order) {
    SearchPortal portal;
    auto first =
        portal.search({{"limit", 25}, {"sorts", {{{"propertyName", "hs_object_id"}, {"direction", "DESCENDING"}}}}});
    BOOST_TEST(text(first, "results", 0, "id") == seeded_id(40));
    BOOST_TEST(text(first, "paging", "next", "after") == "25");
    auto second = portal.search({{"limit", 25}, {"after", 25}, {"sorts", {"-hs_object_id"}}});
    BOOST_TEST(text(second, "results", 14, "id") == seeded_id(1));
    BOOST_TEST(text(second, "paging") == "(absent)");
    auto by_creation = portal.search(json::object{});
    BOOST_TEST(by_creation.at("results").as_array().size() == 10u);
    BOOST_TEST(text(by_creation, "results", 6, "id") == seeded_id(8)); // 7 was created after 8
    BOOST_TEST(text(by_creation, "results", 7, "id") == seeded_id(7));
}

BOOST_AUTO_TEST_CASE(the_index_is_stale_and_the_payload_is_not) {
    SearchPortal portal(lagging(2000));
    portal.patch(contacts_path + "/" + seeded_id(1), credits("77"));
    portal.now += 1999;
    auto stale = portal.search(filtered("sj_credits", "EQ", "8"));
    auto old_hits = text(stale, "total");
    auto sorted = portal.search({{"filters",
                                  {{{"propertyName", "hs_object_id"}, {"operator", "EQ"}, {"value", seeded_id(1)}},
                                   {{"propertyName", "sj_credits"}, {"operator", "EQ"}, {"value", "8"}}}},
                                 {"properties", {"sj_credits"}}});
    BOOST_TEST(text(sorted, "total") == "1");
    BOOST_TEST(text(sorted, "results", 0, "properties", "sj_credits") == "77");
    BOOST_TEST(portal.total("sj_credits", "EQ", "77") == "0");
    portal.now += 1;
    BOOST_TEST(portal.total("sj_credits", "EQ", "77") == "1");
    BOOST_TEST(portal.total("sj_credits", "EQ", "8") == std::to_string(std::stoi(old_hits) - 1));
}

BOOST_AUTO_TEST_CASE(total_counts_what_is_archived_already) {
    SearchPortal portal(lagging(2000));
    portal.call("DELETE", contacts_path + "/" + seeded_id(1));
    auto found = portal.search(filtered("student_id", "EQ", "s100001"));
    BOOST_TEST(text(found, "total") == "1");
    BOOST_TEST(text(found, "results") == "[]");
    portal.now += 2000;
    BOOST_TEST(portal.total("student_id", "EQ", "s100001") == "0");
}

BOOST_AUTO_TEST_CASE(a_new_record_is_not_found_at_once) {
    SearchPortal portal(lagging(2000));
    portal.post(contacts_path, {{"properties", {{"student_id", "NEW1"}}}});
    BOOST_TEST(portal.total("student_id", "EQ", "new1") == "0");
    portal.now += 2000;
    BOOST_TEST(portal.total("student_id", "EQ", "new1") == "1");
}

BOOST_AUTO_TEST_CASE(many_records_may_share_one_stamp) {
    SearchPortal portal;
    portal.post("/_control/records/contacts/touch", {{"count", 30}, {"updatedAt", "2026-10-31T12:00:00.001Z"}});
    BOOST_TEST(portal.total("lastmodifieddate", "EQ", "2026-10-31T12:00:00.001Z") == "30");
    BOOST_TEST(portal.total("lastmodifieddate", "EQ", "2026-10-31T12:00:00.002Z") == "0");
}

BOOST_AUTO_TEST_CASE(a_frozen_index_moves_by_steps) {
    SearchPortal portal(lagging(0));
    portal.post("/_control/index", {{"frozen", true}});
    auto path = contacts_path + "/" + seeded_id(1);
    portal.patch(path, credits("71"));
    portal.patch(path, credits("72"));
    portal.now += 3'600'000;
    BOOST_TEST(portal.total("sj_credits", "EQ", "71") == "0");
    BOOST_TEST(text(portal.post("/_control/index", {{"step", 1}}), "backlog") == "1");
    BOOST_TEST(portal.total("sj_credits", "EQ", "71") == "1");
    portal.post("/_control/index", {{"step", 1}});
    BOOST_TEST(portal.total("sj_credits", "EQ", "72") == "1");
    portal.patch(path, credits("73"));
    portal.post("/_control/index", {{"frozen", false}});
    BOOST_TEST(portal.total("sj_credits", "EQ", "73") == "1");
}

BOOST_AUTO_TEST_SUITE_END()
