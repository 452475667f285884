#include <understudy/hubspot/detail/parse.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace understudy;
using namespace understudy::hubspot;
using Texts = std::vector<std::string>;
namespace parsing = understudy::hubspot::detail;

BOOST_AUTO_TEST_SUITE(hubspot_parse)

namespace {

boost::json::value json(std::string_view text) {
    auto value = parsing::parse_json(text);
    BOOST_REQUIRE(value);
    return std::move(*value);
}

} // namespace

BOOST_AUTO_TEST_CASE(an_object) {
    const auto object = parsing::parse_object(json(R"({"id":"860247707","properties":{"a":"1","b":null},
        "createdAt":"2022-02-17T20:19:27.424Z","updatedAt":"2022-02-17T20:19:58.727Z","archived":false})"));
    BOOST_REQUIRE(object);
    BOOST_TEST(object->id == "860247707");
    BOOST_TEST(object->properties.size() == 2);
    BOOST_CHECK(object->version == Version{1645129198727});
    BOOST_TEST(!object->archived);
}

BOOST_AUTO_TEST_CASE(an_object_may_lack_a_stamp_and_have_a_number_for_an_id) {
    const auto object = parsing::parse_object(json(R"({"id":5790939450123,"properties":{},"updatedAt":5})"));
    BOOST_REQUIRE(object);
    BOOST_TEST(object->id == "5790939450123");
    BOOST_CHECK(object->version == no_version);
}

BOOST_AUTO_TEST_CASE(what_is_no_object) {
    for (const auto* text :
         {"null", "[]", "{}", R"({"id":"1"})", R"({"properties":{}})", R"({"id":"","properties":{}})",
          R"({"id":-1,"properties":{}})", R"({"id":1.5,"properties":{}})", R"({"id":"1","properties":[]})",
          R"({"id":"1","properties":null})"})
        BOOST_TEST(!parsing::parse_object(json(text)), text);
}

BOOST_AUTO_TEST_CASE(a_batch_with_errors_one_of_which_names_many) {
    const auto answer = parsing::parse_batch(json(R"({"status":"COMPLETE","results":[{"id":"1","properties":{}}],
        "numErrors":1,"errors":[{"status":"error","category":"OBJECT_NOT_FOUND","message":"Could not get some",
        "context":{"ids":["2","3"]}},{"category":"VALIDATION_ERROR","context":{"id":["4"]}},{"message":"?"}]})"));
    BOOST_REQUIRE(answer);
    BOOST_TEST(answer->objects.size() == 1);
    BOOST_REQUIRE(answer->errors.size() == 3);
    BOOST_TEST(!answer->errors[0].error);
    BOOST_TEST(answer->errors[0].ids == (Texts{"2", "3"}));
    BOOST_TEST(answer->errors[1].error == error_code{Errc::refused});
    BOOST_TEST(answer->errors[1].ids == Texts{"4"});
    BOOST_TEST(answer->errors[2].error == error_code{Errc::unavailable});
    BOOST_TEST(answer->errors[2].ids.empty());
}

BOOST_AUTO_TEST_CASE(a_batch_with_one_result_that_is_none_is_no_answer) {
    for (const auto* text : {R"({"results":[{"id":"1","properties":{}},{"id":"2"}]})", R"({"results":{}})", "{}", "[]",
                             R"({"results":null})"})
        BOOST_TEST(!parsing::parse_batch(json(text)), text);
}

BOOST_AUTO_TEST_CASE(pages) {
    const auto page = parsing::parse_page(
        json(R"({"total":2,"results":[{"id":"1","properties":{}}],"paging":{"next":{"after":"20","link":"x"}}})"));
    BOOST_REQUIRE(page);
    BOOST_TEST(page->total == 2);
    BOOST_TEST(page->after.value() == "20");
    const auto number = parsing::parse_page(json(R"({"results":[],"paging":{"next":{"after":20}}})"));
    BOOST_TEST(number->after.value() == "20");
    BOOST_TEST(!parsing::parse_page(json(R"({"results":[]})"))->after);
    BOOST_TEST(!parsing::parse_page(json(R"({"results":[],"paging":null})"))->after);
    // A next page that cannot be read must not pass for the last one.
    BOOST_TEST(!parsing::parse_page(json(R"({"results":[],"paging":{"next":{}}})")));
}

BOOST_AUTO_TEST_CASE(associations_with_ids_of_both_kinds) {
    const auto one = parsing::parse_associations(json(R"({"results":[
        {"toObjectId":5790939450,"associationTypes":[{"category":"HUBSPOT_DEFINED","typeId":1,"label":"Primary"},
        {"category":"HUBSPOT_DEFINED","typeId":279,"label":null}]},{"toObjectId":"7","associationTypes":[]}]})"));
    BOOST_REQUIRE(one);
    BOOST_REQUIRE(one->to.size() == 2);
    BOOST_TEST(one->to[0].to_id == "5790939450");
    BOOST_TEST(one->to[0].types[0].label.value() == "Primary");
    BOOST_TEST(!one->to[0].types[1].label);
    BOOST_TEST(one->to[0].types[1].type_id == 279);
    BOOST_TEST(one->to[1].to_id == "7");

    const auto many = parsing::parse_associations_batch(json(R"({"status":"COMPLETE","results":[{"from":{"id":"1"},
        "to":[{"toObjectId":2,"associationTypes":[]}],"paging":{"next":{"after":"x"}}}],"errors":[{"category":
        "OBJECT_NOT_FOUND","context":{"fromObjectId":["9"]}}]})"));
    BOOST_REQUIRE(many);
    BOOST_TEST(many->results[0].from_id == "1");
    BOOST_TEST(many->results[0].after.value() == "x");
    BOOST_TEST(many->errors[0].ids == Texts{"9"});
    BOOST_TEST(!parsing::parse_associations(json(R"({"results":[{"toObjectId":null,"associationTypes":[]}]})")));
    // Without its types it may be of any.
    BOOST_TEST(!parsing::parse_associations(json(R"({"results":[{"toObjectId":7}]})")));
    BOOST_TEST(!parsing::parse_associations_batch(json(R"({"results":[{"to":[]}]})")));
}

BOOST_AUTO_TEST_CASE(properties) {
    const auto list = parsing::parse_properties(json(R"({"results":[
        {"name":"email","type":"string","hasUniqueValue":true,"calculated":false,"modificationMetadata":
        {"readOnlyValue":false}},{"name":"total","type":"number","calculated":true,"modificationMetadata":
        {"readOnlyValue":true}},{"name":"gone","archived":true}]})"));
    BOOST_REQUIRE(list);
    BOOST_REQUIRE(list->size() == 2);
    BOOST_TEST((*list)[0].name == "email");
    BOOST_TEST((*list)[0].has_unique_value);
    BOOST_TEST((*list)[1].calculated);
    BOOST_TEST((*list)[1].read_only);
    BOOST_TEST(!parsing::parse_properties(json(R"({"results":[{"type":"string"}]})")));
}

BOOST_AUTO_TEST_CASE(account) {
    BOOST_TEST(parsing::parse_account(json(R"({"portalId":20858235,"timeZone":"America/Toronto"})"))->portal_id ==
               20858235);
    BOOST_TEST(!parsing::parse_account(json(R"({"portalId":"x"})")));
}

BOOST_AUTO_TEST_CASE(hostile_json) {
    BOOST_TEST(!parsing::parse_json(""));
    BOOST_TEST(!parsing::parse_json("{} x"));
    BOOST_TEST(!parsing::parse_json("\"\xff\""));
    BOOST_TEST(!parsing::parse_json(std::string(1'000'000, '[')));
    // The last of two keys counts; which one does not matter, but there is one.
    BOOST_TEST(parsing::parse_object(json(R"({"id":"1","id":"2","properties":{"a":"1","a":"2"}})"))->id == "2");
}

BOOST_AUTO_TEST_SUITE_END()
