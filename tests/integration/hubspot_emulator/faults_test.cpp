#include "emulated_portal.hpp"

#include <boost/test/unit_test.hpp>

using namespace hubspot_emulator;
namespace json = boost::json;

namespace {

struct FaultPortal : EmulatedPortal {
    using EmulatedPortal::EmulatedPortal;

    Admission admit(const std::string& method, const std::string& target, const std::string& body = {}) {
        return emulator.admit({method, target, body, "Bearer pat-na1-emulator"}, now);
    }
    int read_status() {
        get(contacts_path + "/" + seeded_id(1));
        return status;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(hit_the_calls_they_match_so_often) {
    FaultPortal portal;
    portal.post(
        "/_control/faults",
        {{"kind", "read"}, {"path", "/0-1/"}, {"skip", 1}, {"times", 2}, {"action", "status"}, {"status", 503}});
    BOOST_TEST(portal.status == 201);
    portal.get(exams_path + "/" + seeded_exam_id(1));
    BOOST_TEST(portal.status == 200);
    BOOST_TEST(portal.read_status() == 200);
    BOOST_TEST(portal.read_status() == 503);
    BOOST_TEST(portal.read_status() == 503);
    BOOST_TEST(portal.read_status() == 200);
    BOOST_TEST(text(portal.get("/_control/faults"), "faults", 0, "hits") == "2");
    portal.post("/_control/faults", {{"action", "status"}, {"status", 500}});
    BOOST_TEST(portal.read_status() == 500);
    portal.call("DELETE", "/_control/faults/2");
    BOOST_TEST(portal.read_status() == 200);
    portal.post("/_control/faults", {{"action", "explode"}});
    BOOST_TEST(portal.status == 400);
    portal.call("DELETE", "/_control/faults/9");
    BOOST_TEST(portal.status == 404);
}

BOOST_AUTO_TEST_CASE(look_as_the_real_ones) {
    FaultPortal portal;
    const auto answer = [&](const json::value& fault) {
        auto body = fault;
        body.get_object()["times"] = 1;
        portal.post("/_control/faults", body);
        return portal.send("GET", contacts_path + "/" + seeded_id(1));
    };
    auto gateway = answer({{"action", "status"}, {"status", 502}});
    BOOST_TEST(gateway.status == 502);
    BOOST_TEST(gateway.content_type == "text/html; charset=UTF-8");
    BOOST_TEST(gateway.body.starts_with("<html>"));
    auto migrating = answer({{"action", "status"}, {"status", 477}, {"retry_after", 7}});
    BOOST_TEST(migrating.status == 477);
    BOOST_TEST((migrating.headers.front() == std::pair<std::string, std::string>("Retry-After", "7")));
    auto expired = json::parse(answer({{"action", "expired_token"}}).body);
    BOOST_TEST(text(expired, "message") == "The OAuth token used to make this call expired 75 second(s) ago.");
    auto scope = json::parse(answer({{"action", "missing_scope"}}).body);
    BOOST_TEST(text(scope, "category") == "MISSING_SCOPES");
    auto daily = json::parse(answer({{"action", "rate_limit"}, {"policy", "daily"}}).body);
    BOOST_TEST(text(daily, "policyName") == "DAILY");
    BOOST_TEST(text(portal.emulator.counters().to_json(), "status_429") == "1");
}

BOOST_AUTO_TEST_CASE(an_answer_may_be_lost_after_the_effect) {
    FaultPortal portal;
    portal.post("/_control/faults", {{"kind", "update"}, {"action", "status"}, {"status", 504}, {"when", "after"}});
    portal.patch(contacts_path + "/" + seeded_id(1), {{"properties", {{"lastname", "Written"}}}});
    BOOST_TEST(portal.status == 504);
    BOOST_TEST(text(portal.get(contacts_path + "/" + seeded_id(1)), "properties", "lastname") == "Written");
    portal.call("DELETE", "/_control/faults");
    portal.post("/_control/faults", {{"action", "timeout"}, {"when", "after"}, {"times", 1}});
    auto admission = portal.admit("GET", contacts_path);
    BOOST_TEST((admission.after == Interruption::never_answer));
    BOOST_TEST((admission.before == Interruption::none));
    portal.emulator.finished(admission, 0);
    BOOST_TEST(text(portal.emulator.counters().to_json(), "unanswered") == "1");
    portal.post("/_control/faults", {{"action", "reset"}, {"times", 1}, {"latency_ms", 5}});
    admission = portal.admit("GET", contacts_path);
    BOOST_TEST((admission.before == Interruption::reset));
    BOOST_TEST(admission.latency_ms == 5);
}

BOOST_AUTO_TEST_CASE(answers_may_be_incomplete_or_old) {
    FaultPortal portal;
    auto path = contacts_path + "/" + seeded_id(1) + "?properties=sj_credits,cs_credits";
    portal.now += 1000;
    portal.patch(contacts_path + "/" + seeded_id(1), {{"properties", {{"sj_credits", "70"}}}});
    portal.now += 1000;
    portal.patch(contacts_path + "/" + seeded_id(1), {{"properties", {{"sj_credits", "71"}}}});
    portal.post("/_control/faults", {{"action", "stale"}, {"times", 1}});
    auto stale = portal.get(path);
    BOOST_TEST(text(stale, "properties", "sj_credits") == "70");
    BOOST_TEST(text(stale, "updatedAt") == "2026-11-01T00:00:01Z");
    portal.post("/_control/faults", {{"action", "stale"}, {"versions", 2}, {"times", 1}});
    BOOST_TEST(text(portal.get(path), "properties", "sj_credits") == "8");
    portal.post("/_control/faults", {{"action", "drop_properties"}, {"properties", {"sj_credits"}}, {"times", 1}});
    auto partial = portal.get(path);
    BOOST_TEST(text(partial, "properties", "sj_credits") == "(absent)");
    BOOST_TEST(text(partial, "properties", "cs_credits") == "9");
    portal.post("/_control/faults", {{"action", "drop_results"}, {"times", 1}});
    json::value two{{"inputs", {{{"id", seeded_id(1)}}, {{"id", seeded_id(2)}}}}};
    auto fewer = portal.post(contacts_path + "/batch/read", two);
    BOOST_TEST(portal.status == 200);
    BOOST_TEST(fewer.at("results").as_array().size() == 1u);
    // A write that is left out of the answer is carried out.
    portal.post("/_control/faults", {{"action", "drop_results"}, {"times", 1}});
    json::object properties{{"cs_credits", "8"}};
    const json::array one{json::object{{"id", seeded_id(2)}, {"properties", properties}}};
    auto none = portal.post(contacts_path + "/batch/update", {{"inputs", one}});
    BOOST_TEST(portal.status == 200);
    BOOST_TEST(none.at("results").as_array().empty());
    BOOST_TEST(text(portal.get(contacts_path + "/" + seeded_id(2) + "?properties=cs_credits"), "properties",
                    "cs_credits") == "8");
    BOOST_TEST(text(portal.get(path), "properties", "sj_credits") == "71");
}

BOOST_AUTO_TEST_CASE(counters_count_what_is_under_way) {
    FaultPortal portal;
    auto first = portal.admit("GET", contacts_path), second = portal.admit("POST", contacts_path + "/search", "{}");
    auto counters = portal.get("/_control/counters");
    BOOST_TEST(text(counters, "in_flight") == "2");
    BOOST_TEST(text(counters, "by_kind", "list") == "1");
    BOOST_TEST(text(counters, "by_kind_and_type", "search:0-1") == "1");
    portal.emulator.finished(first, 200);
    portal.post("/_control/counters/reset", json::object{});
    counters = portal.get("/_control/counters");
    BOOST_TEST(text(counters, "calls") == "0");
    BOOST_TEST(text(counters, "max_in_flight") == "1");
    portal.emulator.finished(second, 200);
    portal.read_status();
    BOOST_TEST(text(portal.get("/_control/log"), "log", 0, "kind") == "read");
}

BOOST_AUTO_TEST_CASE(staff_edit_records_as_they_like) {
    FaultPortal portal;
    auto record = "/_control/records/contacts/" + seeded_id(1);
    auto edited = portal.patch(record, {{"properties", {{"sj_credits", "5"}, {"cs_credits", nullptr}}},
                                        {"updatedAt", "2026-10-31T00:00:00Z"}});
    BOOST_TEST(text(edited, "updatedAt") == "2026-10-31T00:00:00Z");
    auto read = portal.get(contacts_path + "/" + seeded_id(1) +
                           "?properties=sj_credits,cs_credits&propertiesWithHistory=sj_credits");
    BOOST_TEST(text(read, "properties", "sj_credits") == "5");
    BOOST_TEST(text(read, "properties", "cs_credits") == "null");
    BOOST_TEST(text(read, "propertiesWithHistory", "sj_credits", 0, "sourceType") == "CRM_UI");
    portal.call("DELETE", record);
    BOOST_TEST(portal.read_status() == 404);
    portal.post(record + "/restore", json::object{});
    BOOST_TEST(portal.read_status() == 200);
    auto created =
        portal.post("/_control/records/contacts", {{"id", "77"}, {"properties", {{"email", "x@y.example"}}}});
    BOOST_TEST(text(created, "id") == "77");
    portal.post("/_control/merge", {{"type", "0-1"}, {"primary", seeded_id(1)}, {"other", "77"}});
    BOOST_TEST(portal.status == 200);
    BOOST_TEST(text(portal.get(contacts_path + "/77"), "id") == seeded_id(41));
    portal.post("/_control/records/contacts/" + seeded_id(41) + "/erase", json::object{});
    BOOST_TEST(portal.read_status() == 404);
    portal.patch("/_control/properties/contacts/sj_credits", {{"name", "sj_tokens"}});
    auto renamed = portal.get(contacts_path + "/" + seeded_id(2) + "?properties=sj_credits,sj_tokens");
    BOOST_TEST(text(renamed, "properties", "sj_credits") == "(absent)");
    BOOST_TEST(text(renamed, "properties", "sj_tokens") != "(absent)");
    portal.call("DELETE", "/_control/properties/contacts/email");
    portal.post(contacts_path + "/batch/read", {{"idProperty", "email"}, {"inputs", json::array()}});
    BOOST_TEST(portal.status == 400);
    portal.post("/_control/associations", {{"from", {{"type", "bookings"}, {"id", seeded_id(2)}}},
                                           {"to", {{"type", "contacts"}, {"id", seeded_id(9)}}}});
    BOOST_TEST(portal.status == 200);
    portal.post("/_control/reset", json::object{});
    BOOST_TEST(portal.read_status() == 200);
    BOOST_TEST(text(portal.get(contacts_path + "/" + seeded_id(1)), "id") == seeded_id(1));
    portal.patch("/_control/settings", {{"no_such", 1}});
    BOOST_TEST(portal.status == 400);
    portal.get("/_control/nothing");
    BOOST_TEST(portal.status == 404);
}

BOOST_AUTO_TEST_SUITE_END()
