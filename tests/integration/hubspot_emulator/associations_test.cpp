#include "emulated_portal.hpp"

#include <boost/test/unit_test.hpp>

using namespace hubspot_emulator;
namespace json = boost::json;

namespace {

std::string link(int booking, const char* to_type, const std::string& to) {
    return bookings_path + "/" + seeded_id(booking) + "/associations/default/" + to_type + "/" + to;
}

} // namespace

BOOST_AUTO_TEST_SUITE(associations)

BOOST_AUTO_TEST_CASE(are_read_with_numbers_and_pages) {
    EmulatedPortal portal;
    portal.call("PUT", link(1, "contacts", seeded_id(2)));
    portal.call("PUT", link(1, "contacts", seeded_id(3)));
    auto path = "/crm/v4/objects/bookings/" + seeded_id(1) + "/associations/0-1";
    auto all = portal.get(path);
    BOOST_TEST(all.at("results").as_array().size() == 3u);
    BOOST_TEST(all.at("results").at(0).at("toObjectId").is_int64());
    BOOST_TEST(text(all, "results", 0, "associationTypes") ==
               R"([{"category":"HUBSPOT_DEFINED","typeId":1277,"label":null}])");
    auto page = portal.get(path + "?limit=2");
    BOOST_TEST(page.at("results").as_array().size() == 2u);
    auto rest = portal.get(path + "?limit=2&after=" + text(page, "paging", "next", "after"));
    BOOST_TEST(text(rest, "results", 0, "toObjectId") == seeded_id(3));
    BOOST_TEST(text(rest, "paging") == "(absent)");
    auto back = portal.get("/crm/objects/2026-09/0-1/" + seeded_id(3) + "/associations/2-50158943");
    BOOST_TEST(back.at("results").as_array().size() == 3u);
}

BOOST_AUTO_TEST_CASE(move_the_stamps_of_both_ends) {
    EmulatedPortal portal;
    portal.now += 1000;
    portal.call("PUT", link(1, "contacts", seeded_id(9)));
    BOOST_TEST(portal.status == 200);
    BOOST_TEST(text(portal.get(contacts_path + "/" + seeded_id(9)), "updatedAt") == "2026-11-01T00:00:01Z");
    BOOST_TEST(text(portal.get(bookings_path + "/" + seeded_id(1)), "updatedAt") == "2026-11-01T00:00:01Z");
    portal.now += 1000;
    portal.call("PUT", link(1, "contacts", seeded_id(9)));
    BOOST_TEST(text(portal.get(contacts_path + "/" + seeded_id(9)), "updatedAt") == "2026-11-01T00:00:01Z");
}

BOOST_AUTO_TEST_CASE(prerequisites_have_a_label_and_a_direction) {
    EmulatedPortal portal;
    const auto types = [&](int exam) {
        std::string all;
        auto read = portal.get(exams_path + "/" + seeded_exam_id(exam) + "/associations/mock_exams");
        for (const auto& result : read.at("results").as_array())
            for (const auto& type : result.at("associationTypes").as_array())
                all += text(type, "typeId") + " ";
        return all;
    };
    BOOST_TEST(types(11) == "1338 1340 1338 1340 ");
    BOOST_TEST(types(8) == "1338 1339 ");
    auto path = exams_path + "/" + seeded_exam_id(4) + "/associations/mock_exams/" + seeded_exam_id(5);
    auto labelled = portal.call("PUT", path, {{{"associationCategory", "USER_DEFINED"}, {"associationTypeId", 1340}}});
    BOOST_TEST(portal.status == 201);
    BOOST_TEST(text(labelled, "labels") == R"(["requires"])");
    BOOST_TEST(types(5) == "1338 1339 ");
    // Other labels replace those that were there.
    portal.call("PUT", path, {{{"associationCategory", "USER_DEFINED"}, {"associationTypeId", 1339}}});
    BOOST_TEST(types(5) == "1338 1340 ");
    portal.call("PUT", path, {{{"associationCategory", "USER_DEFINED"}, {"associationTypeId", 99}}});
    BOOST_TEST(portal.status == 400);
    portal.call("DELETE", path);
    BOOST_TEST(portal.status == 204);
    BOOST_TEST(types(4) + types(5) == "");
}

BOOST_AUTO_TEST_CASE(batches_differ_between_the_path_families) {
    EmulatedPortal portal;
    for (auto [root, created] : {std::pair{"/crm/v4/associations", 201}, std::pair{"/crm/associations/2026-09", 200}}) {
        auto path = std::string(root) + "/2-50158943/contacts/batch/";
        json::value pair{{"from", {{"id", seeded_id(1)}}},
                         {"to", {{"id", seeded_id(20)}}},
                         {"types", {{{"associationCategory", "HUBSPOT_DEFINED"}, {"associationTypeId", 1277}}}}};
        portal.post(path + "create", {{"inputs", {pair}}});
        BOOST_TEST(portal.status == created);
        auto read = portal.post(path + "read", {{"inputs", {{{"id", seeded_id(1)}}, {{"id", "1"}}}}});
        BOOST_TEST(portal.status == 207);
        BOOST_TEST(text(read, "results", 0, "from", "id") == seeded_id(1));
        BOOST_TEST(text(read, "results", 0, "to", 1, "toObjectId") == seeded_id(20));
        BOOST_TEST(text(read, "errors", 0, "context", "fromObjectId", 0) == "1");
        portal.post(path + "archive",
                    {{"inputs", {{{"from", {{"id", seeded_id(1)}}}, {"to", {{{"id", seeded_id(20)}}}}}}}});
        BOOST_TEST(portal.status == 204);
        portal.post(path + "associate/default",
                    {{"inputs", {{{"from", {{"id", seeded_id(1)}}}, {"to", {{"id", "5"}}}}}}});
        BOOST_TEST(portal.status == 207);
    }
    auto labels = portal.get("/crm/v4/associations/2-50158913/2-50158913/labels");
    BOOST_TEST(text(labels, "results", 1, "label") == "requires");
}

BOOST_AUTO_TEST_CASE(many_records_are_made_at_once_and_their_lists_have_pages) {
    EmulatedPortal portal;
    const auto made = portal.post("/_control/records/2-50158943/bulk",
                                  {{"count", 600},
                                   {"properties", {{"name", "b {id}"}, {"idempotency_key", "k{id}"}}},
                                   {"associations",
                                    {{{"type", "2-50158913"}, {"ids", {seeded_exam_id(1)}}},
                                     {{"type", "0-1"}, {"ids", {seeded_id(1), seeded_id(2), seeded_id(3)}}}}}});
    BOOST_TEST(portal.status == 201);
    BOOST_TEST(made.at("ids").as_array().size() == 600u);
    const auto id = text(made, "ids", 4);
    const auto record = portal.get("/_control/records/2-50158943/" + id);
    BOOST_TEST(text(record, "properties", "name") == "b " + id);
    BOOST_TEST(text(record, "associations", 0, "id") == seeded_exam_id(1));
    BOOST_TEST(text(record, "associations", 1, "id") == seeded_id(2));

    for (const auto& [root, single] : {std::pair{"/crm/v4/associations", "/crm/v4/objects"},
                                       {"/crm/associations/2026-09", "/crm/objects/2026-09"}}) {
        const auto read = portal.post(std::string{root} + "/2-50158913/2-50158943/batch/read",
                                      {{"inputs", {{{"id", seeded_exam_id(1)}}}}});
        const auto first = read.at("results").at(0).at("to").as_array().size();
        BOOST_TEST(first == 500u);
        const auto rest = portal.get(
            std::string{single} + "/2-50158913/" + seeded_exam_id(1) +
            "/associations/2-50158943?limit=500&after=" + text(read, "results", 0, "paging", "next", "after"));
        // Besides the seeded ones.
        BOOST_TEST(rest.at("results").as_array().size() >= 100u);
        BOOST_TEST(text(rest, "paging") == "(absent)");
    }

    for (const auto& wrong :
         {json::value{{"count", 1}, {"properties", {{"no_such", "1"}}}},
          json::value{{"count", 1}, {"associations", {{{"type", "0-1"}, {"ids", {"1"}}}}}},
          json::value{{"count", 1}, {"associations", {{{"type", "0-1"}, {"ids", json::array{}}}}}}}) {
        portal.post("/_control/records/2-50158943/bulk", wrong);
        BOOST_TEST(portal.status == 400);
    }
}

BOOST_AUTO_TEST_CASE(a_batch_takes_a_thousand_or_what_it_is_set_to) {
    EmulatedPortal portal;
    const auto read = [&](int count) {
        json::array inputs;
        for (int i = 1; i <= count; ++i)
            inputs.push_back(json::object{{"id", seeded_id(i)}});
        for (const auto* root : {"/crm/v4/associations", "/crm/associations/2026-09"})
            portal.post(std::string{root} + "/0-1/2-50158943/batch/read", {{"inputs", inputs}});
        return portal.status;
    };
    BOOST_TEST(read(1000) == 207);
    BOOST_TEST(read(1001) == 400);
    portal.patch("/_control/settings", {{"association_batch", 100}});
    BOOST_TEST(portal.status == 200);
    BOOST_TEST(read(101) == 400);
    BOOST_TEST(read(100) == 207);
}

BOOST_AUTO_TEST_SUITE_END()
