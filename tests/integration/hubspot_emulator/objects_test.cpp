#include "emulated_portal.hpp"

#include <boost/test/unit_test.hpp>

using namespace hubspot_emulator;
namespace json = boost::json;

namespace {

std::vector<std::string> keys(const json::value& value) {
    std::vector<std::string> names;
    for (const auto& member : value.as_object())
        names.emplace_back(member.key());
    return names;
}

using Names = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(objects)

BOOST_AUTO_TEST_CASE(never_set_cleared_and_unknown_differ) {
    EmulatedPortal portal;
    auto created = portal.post(contacts_path, {{"properties", {{"email", "a@b.example"}, {"sj_credits", "0"}}}});
    BOOST_TEST(portal.status == 201);
    auto path = contacts_path + "/" + text(created, "id");
    auto asked = path + "?properties=sj_credits,cs_credits&properties=nonsense,email";
    auto read = portal.get(asked);
    BOOST_TEST(keys(read.at("properties")) ==
               (Names{"createdate", "cs_credits", "email", "hs_object_id", "lastmodifieddate", "sj_credits"}));
    BOOST_TEST(text(read, "properties", "cs_credits") == "null");
    BOOST_TEST(text(read, "properties", "sj_credits") == "0");
    portal.patch(path, {{"properties", {{"sj_credits", ""}}}});
    read = portal.get(asked);
    BOOST_TEST(text(read, "properties", "sj_credits") == "");
    BOOST_TEST(read.at("properties").at("sj_credits").is_string());
}

BOOST_AUTO_TEST_CASE(every_type_has_its_own_system_properties) {
    EmulatedPortal portal;
    auto contact = portal.get("/crm/v3/objects/contact/" + seeded_id(1));
    BOOST_TEST(keys(contact.at("properties")) ==
               (Names{"createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"}));
    BOOST_TEST(text(contact, "properties", "lastmodifieddate") == text(contact, "updatedAt"));
    for (const auto* type : {"2-50158913", "mock_exams", "p_mock_exams", "P20858235_mock_exams"}) {
        auto exam = portal.get(std::string("/crm/v3/objects/") + type + "/" + seeded_exam_id(1));
        BOOST_TEST(keys(exam.at("properties")) == (Names{"hs_createdate", "hs_lastmodifieddate", "hs_object_id"}));
    }
    portal.get("/crm/v3/objects/no_such_type/1");
    BOOST_TEST(portal.status == 400);
}

BOOST_AUTO_TEST_CASE(an_update_answers_with_what_it_changed) {
    EmulatedPortal portal;
    portal.now += 1234;
    auto contact = portal.patch(contacts_path + "/" + seeded_id(1), {{"properties", {{"sj_credits", 5}}}});
    BOOST_TEST(keys(contact.at("properties")) == (Names{"lastmodifieddate", "sj_credits"}));
    BOOST_TEST(text(contact, "properties", "sj_credits") == "5");
    BOOST_TEST(text(contact, "updatedAt") == "2026-11-01T00:00:01.234Z");
    auto exam = portal.patch(exams_path + "/" + seeded_exam_id(1), {{"properties", {{"capacity", "9"}}}});
    BOOST_TEST(keys(exam.at("properties")) ==
               (Names{"capacity", "hs_createdate", "hs_lastmodifieddate", "hs_object_id"}));
    auto by_email = portal.patch(contacts_path + "/STUDENT100002@example.com?idProperty=email",
                                 {{"properties", {{"lastname", "X"}}}});
    BOOST_TEST(text(by_email, "id") == seeded_id(2));
    portal.patch(contacts_path + "/S100002?idProperty=student_id", {{"properties", json::object{}}});
    BOOST_TEST(portal.status == 400);
}

BOOST_AUTO_TEST_CASE(bad_values_are_named_one_by_one) {
    EmulatedPortal portal;
    auto refused = portal.patch(bookings_path + "/" + seeded_id(1), {{"properties",
                                                                      {{"student_id", "S1"},
                                                                       {"nonsense", "1"},
                                                                       {"is_active", "active"},
                                                                       {"token_refunded", "yes"},
                                                                       {"token_refunded_at", "soon"},
                                                                       {"name", nullptr}}}});
    BOOST_TEST(portal.status == 400);
    BOOST_TEST(text(refused, "category") == "VALIDATION_ERROR");
    BOOST_TEST(text(refused, "message").starts_with("Property values were not valid: [{\"isValid\":false"));
    Names codes;
    for (const auto& error : refused.at("errors").as_array())
        codes.push_back(text(error, "code"));
    BOOST_TEST(codes == (Names{"READ_ONLY_VALUE", "PROPERTY_DOESNT_EXIST", "INVALID_OPTION", "INVALID_OPTION",
                               "INVALID_DATE", "INVALID_VALUE"}));
    portal.patch(contacts_path + "/" + seeded_id(1), {{"properties", {{"sj_credits", "many"}}}});
    BOOST_TEST(portal.status == 400);
    portal.patch(contacts_path + "/" + seeded_id(1), {{"properties", {{"email", "nobody"}}}});
    BOOST_TEST(portal.status == 400);
}

BOOST_AUTO_TEST_CASE(values_are_read_back_in_one_form) {
    EmulatedPortal portal;
    portal.patch(contacts_path + "/" + seeded_id(1),
                 {{"properties", {{"ndecc_exam_date", "1793491200000"}, {"email", "MiXed@Example.COM"}}}});
    auto read = portal.get(contacts_path + "/" + seeded_id(1) + "?properties=ndecc_exam_date,email");
    BOOST_TEST(text(read, "properties", "ndecc_exam_date") == "2026-11-01");
    BOOST_TEST(text(read, "properties", "email") == "mixed@example.com");
    // HubSpot reads some of its own dates back in milliseconds.
    for (int exam : {1, 2}) {
        portal.patch(exams_path + "/" + seeded_exam_id(exam),
                     {{"properties", {{"scheduled_activation_datetime", "1793491200000"}}}});
        read = portal.get(exams_path + "/" + seeded_exam_id(exam) + "?properties=scheduled_activation_datetime");
        BOOST_TEST(text(read, "properties", "scheduled_activation_datetime") ==
                   (exam == 1 ? "1793491200000" : "2026-11-01T00:00:00Z"));
    }
}

BOOST_AUTO_TEST_CASE(an_e_mail_belongs_to_one_contact) {
    EmulatedPortal portal;
    auto primary = portal.post(contacts_path, {{"properties", {{"email", "STUDENT100001@example.com"}}}});
    BOOST_TEST(portal.status == 409);
    BOOST_TEST(text(primary, "message") == "Contact already exists. Existing ID: " + seeded_id(1));
    auto secondary = portal.post(contacts_path, {{"properties", {{"email", "old100003@example.com"}}}});
    BOOST_TEST(portal.status == 400);
    BOOST_TEST(text(secondary, "message").ends_with(seeded_id(3) + " already has that value."));
    auto taken =
        portal.patch(contacts_path + "/" + seeded_id(2), {{"properties", {{"email", "student100001@example.com"}}}});
    BOOST_TEST(portal.status == 400);
    BOOST_TEST(text(taken, "message") ==
               "Cannot set PropertyValueCoordinates{portalId=20858235, objectTypeId=0-1, propertyName=email, "
               "value=student100001@example.com} on " +
                   seeded_id(2) + ". " + seeded_id(1) + " already has that value.");
    portal.call("DELETE", contacts_path + "/" + seeded_id(1));
    portal.post(contacts_path, {{"properties", {{"email", "student100001@example.com"}}}});
    BOOST_TEST(portal.status == 201);
    auto booking = portal.post(bookings_path, {{"properties", {{"booking_id", "b"}, {"idempotency_key", "seed-1"}}}});
    BOOST_TEST(portal.status == 400);
    BOOST_TEST(text(booking, "message").ends_with(seeded_id(1) + " already has that value."));
}

BOOST_AUTO_TEST_CASE(archived_records_are_listed_apart) {
    EmulatedPortal portal;
    portal.now += 5000;
    portal.call("DELETE", contacts_path + "/" + seeded_id(2));
    BOOST_TEST(portal.status == 204);
    portal.call("DELETE", contacts_path + "/" + seeded_id(2));
    BOOST_TEST(portal.status == 204);
    portal.call("DELETE", contacts_path + "/12");
    BOOST_TEST(portal.status == 404);
    auto archived = portal.get(contacts_path + "?archived=true");
    BOOST_TEST(archived.at("results").as_array().size() == 1u);
    BOOST_TEST(text(archived, "results", 0, "archivedAt") == "2026-11-01T00:00:05Z");
    BOOST_TEST(text(archived, "results", 0, "updatedAt") != "2026-11-01T00:00:05Z"); // archiving moves no stamp
    auto page = portal.get(contacts_path + "?limit=2");
    BOOST_TEST(text(page, "results", 1, "id") == seeded_id(3));
    BOOST_TEST(text(page, "paging", "next", "after") == seeded_id(4));
    auto rest = portal.get(contacts_path + "?limit=100&after=" + seeded_id(4));
    BOOST_TEST(rest.at("results").as_array().size() == 37u);
    BOOST_TEST(text(rest, "paging") == "(absent)");
    portal.get(contacts_path + "?limit=101");
    BOOST_TEST(portal.status == 400);
    portal.get(contacts_path + "?limit=51&propertiesWithHistory=email");
    BOOST_TEST(portal.status == 400);
}

BOOST_AUTO_TEST_CASE(calculated_values_lag_and_move_no_stamp) {
    auto settings = EmulatedPortal::quick();
    settings.behaviour.calculated_lag_ms = 1000;
    EmulatedPortal portal(settings);
    auto created = portal.post(
        bookings_path, {{"properties", {{"booking_id", "b"}}},
                        {"associations",
                         {{{"to", {{"id", seeded_id(5)}}},
                           {"types", {{{"associationCategory", "HUBSPOT_DEFINED"}, {"associationTypeId", 1277}}}}},
                          {{"to", {{"id", seeded_exam_id(3)}}},
                           {"types", {{{"associationCategory", "HUBSPOT_DEFINED"}, {"associationTypeId", 1277}}}}}}}});
    BOOST_TEST(portal.status == 201);
    auto path = bookings_path + "/" + text(created, "id") + "?properties=student_id,mock_type";
    auto early = portal.get(path);
    BOOST_TEST(text(early, "properties", "mock_type") == "null");
    portal.now += 1000;
    auto late = portal.get(path);
    BOOST_TEST(text(late, "properties", "student_id") == "S100005");
    BOOST_TEST(text(late, "properties", "mock_type") == "Mock Discussion");
    BOOST_TEST(text(late, "updatedAt") == text(early, "updatedAt"));
    portal.patch(exams_path + "/" + seeded_exam_id(3), {{"properties", {{"mock_type", "Mini-mock"}}}});
    BOOST_TEST(text(portal.get(path), "properties", "mock_type") == "Mock Discussion");
    portal.now += 1000;
    BOOST_TEST(text(portal.get(path), "properties", "mock_type") == "Mini-mock");
}

BOOST_AUTO_TEST_CASE(a_created_record_may_be_touched_once_more) {
    auto settings = EmulatedPortal::quick();
    settings.behaviour.background_bump_ms = 2500;
    EmulatedPortal portal(settings);
    auto created = portal.post(contacts_path, {{"properties", {{"firstname", "A"}}}});
    portal.now += 10'000;
    auto read = portal.get(contacts_path + "/" + text(created, "id"));
    BOOST_TEST(text(read, "updatedAt") == "2026-11-01T00:00:02.500Z");
}

BOOST_AUTO_TEST_CASE(a_merge_leads_both_ids_to_the_survivor) {
    for (auto preserve : {false, true}) {
        auto settings = EmulatedPortal::quick();
        settings.behaviour.preserve_primary_id = preserve;
        EmulatedPortal portal(settings);
        auto merged = portal.post(contacts_path + "/merge",
                                  {{"primaryObjectId", seeded_id(1)}, {"objectIdToMerge", seeded_id(3)}});
        BOOST_TEST(portal.status == 200);
        auto id = text(merged, "id");
        BOOST_TEST((id == seeded_id(1)) == preserve);
        BOOST_TEST(text(merged, "properties", "hs_merged_object_ids") ==
                   (preserve ? seeded_id(3) : seeded_id(1) + ";" + seeded_id(3)));
        for (auto old : {1, 3})
            BOOST_TEST(text(portal.get(contacts_path + "/" + seeded_id(old)), "id") == id);
        for (const auto* email : {"student100001@example.com", "student100003@example.com", "old100003@example.com"}) {
            auto found = portal.get(contacts_path + "/" + email + "?idProperty=email&associations=bookings");
            BOOST_TEST(text(found, "id") == id, email);
            BOOST_TEST(text(found, "properties", "email") == "student100001@example.com");
            BOOST_TEST(found.at("associations").at("p20858235_bookings").at("results").as_array().size() == 4u);
        }
        auto booking = portal.get("/crm/objects/2026-09/bookings/" + seeded_id(3) + "/associations/contacts");
        BOOST_TEST(text(booking, "results", 0, "toObjectId") == id);
        auto listed = portal.get(contacts_path + "?limit=100");
        BOOST_TEST(listed.at("results").as_array().size() == 39u);
        BOOST_TEST(portal.get(contacts_path + "?archived=true").at("results").as_array().empty());
    }
}

BOOST_AUTO_TEST_CASE(an_erased_contact_leaves_nothing) {
    EmulatedPortal portal;
    portal.post(contacts_path + "/gdpr-delete", {{"objectId", "student100001@example.com"}, {"idProperty", "email"}});
    BOOST_TEST(portal.status == 204);
    portal.get(contacts_path + "/" + seeded_id(1));
    BOOST_TEST(portal.status == 404);
    BOOST_TEST(portal.get(contacts_path + "?archived=true").at("results").as_array().empty());
    BOOST_TEST(portal.get("/crm/objects/2026-09/bookings/" + seeded_id(1) + "/associations/contacts")
                   .at("results")
                   .as_array()
                   .empty());
}

BOOST_AUTO_TEST_CASE(both_path_families_lead_to_the_same_records) {
    EmulatedPortal portal;
    auto path = "/" + seeded_id(7) + "?properties=student_id";
    auto old = portal.get("/crm/v3/objects/contacts" + path);
    BOOST_TEST(portal.get("/crm/objects/2026-03/0-1" + path) == old);
    BOOST_TEST(portal.get("/crm/objects/2026-09/CONTACT" + path) == old);
    for (const auto* wrong : {"/crm/objects/2026-04/0-1", "/crm/v5/objects/0-1", "/crm/v4/objects/0-1", "/crm", "/"}) {
        portal.get(wrong);
        BOOST_TEST(portal.status == 404, wrong);
    }
    portal.call("PUT", "/crm/v3/objects/contacts");
    BOOST_TEST(portal.status == 405);
}

BOOST_AUTO_TEST_CASE(a_long_url_is_refused) {
    EmulatedPortal portal;
    auto response = portal.send("GET", contacts_path + "/1?properties=" + std::string(16'300, 'x'));
    BOOST_TEST(response.status == 414);
}

BOOST_AUTO_TEST_CASE(malformed_json_is_placed) {
    EmulatedPortal portal;
    auto response = portal.send("POST", contacts_path, "{\"properties\":\n  {\"a\" 1}}");
    BOOST_TEST(response.status == 400);
    BOOST_TEST(text(json::parse(response.body), "message").starts_with("Invalid input JSON on line 2, column "));
    for (const auto* body : {"[]", "{", "{}x", "\"a\"", "{\"inputs\":1}"}) {
        response = portal.send("POST", contacts_path + "/batch/read", body);
        BOOST_TEST(response.status == 400, body);
    }
}

BOOST_AUTO_TEST_CASE(definitions_can_be_read_and_changed) {
    EmulatedPortal portal;
    auto path = std::string("/crm/properties/2026-09/2-50158943");
    auto all = portal.get(path);
    BOOST_TEST(all.at("results").as_array().size() == 24u);
    BOOST_TEST(text(portal.get(path + "/exam_date"), "modificationMetadata", "readOnlyValue") == "true");
    BOOST_TEST(text(portal.get(path + "/idempotency_key"), "hasUniqueValue") == "true");
    json::value fresh{{"name", "shade"},       {"label", "L"},     {"type", "enumeration"},
                      {"fieldType", "select"}, {"groupName", "g"}, {"options", {{{"label", "Red"}, {"value", "red"}}}}};
    portal.post(path, fresh);
    BOOST_TEST(portal.status == 201);
    auto again = portal.post(path, fresh);
    BOOST_TEST(portal.status == 409);
    BOOST_TEST(text(again, "subCategory") == "Properties.PROPERTY_WITH_NAME_EXISTS");
    portal.patch(bookings_path + "/" + seeded_id(1), {{"properties", {{"shade", "green"}}}});
    BOOST_TEST(portal.status == 400);
    portal.call("DELETE", path + "/shade");
    BOOST_TEST(portal.status == 204);
    portal.get(path + "/shade");
    BOOST_TEST(portal.status == 404);
    BOOST_TEST(text(portal.get("/account-info/v3/details"), "portalId") == "20858235");
    BOOST_TEST(text(portal.get("/crm-object-schemas/2026-09/schemas"), "results", 1, "objectTypeId") == "2-50158943");
}

BOOST_AUTO_TEST_SUITE_END()
