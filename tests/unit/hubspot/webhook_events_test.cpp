#include <understudy/hubspot/webhook_events.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace understudy::hubspot;
namespace json = boost::json;

namespace {

WebhookEvents read(std::string_view body) {
    auto events = read_webhook_events(body);
    BOOST_TEST_REQUIRE(events.has_value(), body);
    return std::move(*events);
}

// `changed 0-1/7`, `merged 0-1/9+7+8`, `associated 2-5/1-0-1/7`.
std::string spelled(const WebhookEvents& read) {
    std::string text;
    for (const auto& event : read.events) {
        text.append(text.empty() ? "" : ", ").append(name_of(event.kind)).append(" ");
        text.append(event.object_type).append("/").append(event.id);
        for (const auto& id : event.merged_ids)
            text.append("+").append(id);
        if (!event.other_type.empty())
            text.append(" - ").append(event.other_type).append("/").append(event.other_id);
    }
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(webhook_events)

// A delivery of a portal with a custom type: the creation comes last.
BOOST_AUTO_TEST_CASE(a_real_delivery_is_read) {
    const auto found = read(
        R"([{"eventId":25193029,"subscriptionId":3849708,"portalId":145883449,"appId":14947547,"occurredAt":1751276050977,)"
        R"("subscriptionType":"object.propertyChange","attemptNumber":0,"objectId":180584432881,"objectTypeId":"2-143967026",)"
        R"("propertyName":"aantal_dagdelen","propertyValue":"3","changeSource":"CRM_UI","sourceId":"userId:75514748",)"
        R"("isSensitive":false},)"
        R"({"eventId":2145459286,"subscriptionId":3849706,"portalId":145883449,"appId":14947547,"occurredAt":1751276050977,)"
        R"("subscriptionType":"object.creation","attemptNumber":0,"objectId":180584432881,"objectTypeId":"2-143967026",)"
        R"("changeFlag":"CREATED","changeSource":"CRM_UI","sourceId":"userId:75514748"}])");
    BOOST_TEST(spelled(found) == "changed 2-143967026/180584432881, created 2-143967026/180584432881");
    BOOST_TEST(found.unknown + found.unreadable == 0u);
}

BOOST_AUTO_TEST_CASE(every_kind_is_known_in_both_forms) {
    const std::pair<std::string, std::string> kinds[] = {{"creation", "created"},       {"propertyChange", "changed"},
                                                         {"deletion", "deleted"},       {"restore", "restored"},
                                                         {"privacyDeletion", "erased"}, {"merge", "merged"}};
    for (const auto& [name, kind] : kinds) {
        BOOST_TEST(spelled(read(R"([{"subscriptionType":"object.)" + name +
                                R"(","objectTypeId":"2-5","objectId":7}])")) == kind + " 2-5/7");
        BOOST_TEST(spelled(read(R"([{"subscriptionType":"contact.)" + name + R"(","objectId":7}])")) ==
                   kind + " 0-1/7");
    }
    const std::pair<std::string, std::string> types[] = {{"contact", "0-1"}, {"company", "0-2"}, {"deal", "0-3"},
                                                         {"ticket", "0-5"},  {"product", "0-7"}, {"line_item", "0-8"}};
    for (const auto& [name, type] : types)
        BOOST_TEST(spelled(read(R"([{"subscriptionType":")" + name + R"(.creation","objectId":"8"}])")) ==
                   "created " + type + "/8");
}

BOOST_AUTO_TEST_CASE(ids_are_numbers_or_texts_of_any_length) {
    const auto id_of = [](const std::string& id) {
        const auto found = read(R"([{"subscriptionType":"contact.creation","objectId":)" + id + "}]");
        return found.events.size() == 1 ? found.events.front().id : std::to_string(found.unreadable) + " unreadable";
    };
    BOOST_TEST(id_of("7") == "7");
    BOOST_TEST(id_of("\"7\"") == "7");
    BOOST_TEST(id_of("9223372036854775807") == "9223372036854775807");
    BOOST_TEST(id_of("18446744073709551615") == "18446744073709551615");
    BOOST_TEST(id_of("\"123456789012345678901234567890\"") == "123456789012345678901234567890");
    for (const std::string none : {"-7", "1.5", "1e3", "null", "\"\"", "\"7a\"", "\"7,8\"", "[7]", "{}", "true",
                                   "123456789012345678901234567890"})
        BOOST_TEST(id_of(none) == "1 unreadable", none);
}

BOOST_AUTO_TEST_CASE(a_merge_names_everybody_who_took_part) {
    BOOST_TEST(
        spelled(read(R"([{"subscriptionType":"object.merge","objectTypeId":"0-1","objectId":1,"primaryObjectId":1,)"
                     R"("mergedObjectIds":[2,"3",2],"newObjectId":4,"numberOfPropertiesMoved":0}])")) ==
        "merged 0-1/4+1+2+3");
    BOOST_TEST(spelled(read(R"([{"subscriptionType":"contact.merge","primaryObjectId":1,"mergedObjectIds":[2]}])")) ==
               "merged 0-1/1+2");
    BOOST_TEST(read(R"([{"subscriptionType":"contact.merge"}])").unreadable == 1u);
}

BOOST_AUTO_TEST_CASE(an_association_is_an_event_of_both_ends) {
    BOOST_TEST(
        spelled(read(R"([{"subscriptionType":"object.associationChange","associationTypeId":1277,)"
                     R"("associationCategory":"HUBSPOT_DEFINED","fromObjectTypeId":"2-5","toObjectTypeId":"0-1",)"
                     R"("fromObjectId":10,"toObjectId":7,"associationRemoved":false}])")) ==
        "associated 2-5/10 - 0-1/7, associated 0-1/7 - 2-5/10");
    // The event of the other end says the same again.
    BOOST_TEST(read(R"([{"subscriptionType":"contact.associationChange","associationType":"CONTACT_TO_COMPANY",)"
                    R"("fromObjectId":7,"toObjectId":9},)"
                    R"({"subscriptionType":"company.associationChange","associationType":"COMPANY_TO_CONTACT",)"
                    R"("fromObjectId":9,"toObjectId":7}])")
                   .events.size() == 2u);
    BOOST_TEST(
        spelled(read(R"([{"subscriptionType":"contact.associationChange","associationType":"CONTACT_TO_LINE_ITEM",)"
                     R"("fromObjectId":7,"toObjectId":9,"associationRemoved":true}])")) ==
        "associated 0-1/7 - 0-8/9, associated 0-8/9 - 0-1/7");
    for (const std::string half :
         {R"("fromObjectTypeId":"2-5","fromObjectId":1,"toObjectId":2)", R"("fromObjectId":1,"toObjectId":2)",
          R"("associationType":"CONTACT_TO_COMPANY","fromObjectId":1)",
          R"("associationType":"CONTACT_TO_GHOST","fromObjectId":1,"toObjectId":2)"})
        BOOST_TEST(read(R"([{"subscriptionType":"object.associationChange",)" + half + "}]").unreadable == 1u, half);
}

BOOST_AUTO_TEST_CASE(what_is_said_twice_counts_once) {
    json::array events;
    for (int i = 0; i < 1000; ++i)
        events.push_back({{"subscriptionType", "contact.propertyChange"},
                          {"objectId", 7 + i % 2},
                          {"propertyName", "p" + std::to_string(i)},
                          {"occurredAt", i},
                          {"attemptNumber", i % 10}});
    BOOST_TEST(spelled(read(json::serialize(events))) == "changed 0-1/7, changed 0-1/8");
}

BOOST_AUTO_TEST_CASE(there_may_be_any_number_of_events) {
    json::array events;
    for (int i = 0; i < 5000; ++i)
        events.push_back({{"subscriptionType", "contact.creation"}, {"objectId", i}});
    BOOST_TEST(read(json::serialize(events)).events.size() == 5000u);
    BOOST_TEST(read("[]").events.empty());
    BOOST_TEST(read(" [ ] \n").events.empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_counted_and_hides_nothing) {
    const auto found = read(R"([{"subscriptionType":"conversation.newMessage","objectId":1},)"
                            R"({"subscriptionType":"contact.levitation","objectId":1},)"
                            R"({"subscriptionType":"conversation.creation","objectId":1},)"
                            R"({"subscriptionType":"object","objectId":1},{"subscriptionType":5},{},)"
                            R"({"subscriptionType":"object.creation","objectId":1},)"
                            R"({"subscriptionType":"contact.creation","objectId":1}])");
    BOOST_TEST(spelled(found) == "created 0-1/1");
    BOOST_TEST(found.unknown == 6u);
    BOOST_TEST(found.unreadable == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_no_array_of_objects_is_an_error) {
    for (const std::string body : {"", "{}", "null", "7", "[", "[7]", "[null]", "[{}", "[[]]", "\"x\"", "[{}] x",
                                   R"([{"subscriptionType":"contact.creation","objectId":1},7])", "\xff"})
        BOOST_TEST(!read_webhook_events(body).has_value(), body);
    BOOST_TEST(!read_webhook_events(std::string(100'000, '[')).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
