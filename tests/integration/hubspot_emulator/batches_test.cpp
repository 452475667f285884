#include "emulated_portal.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace hubspot_emulator;
namespace json = boost::json;

namespace {

json::array inputs(int count) {
    json::array list;
    for (int i = 1; i <= count; ++i)
        list.push_back(json::object{{"id", seeded_id(i)}});
    return list;
}

std::vector<std::string> ids(const json::value& answer) {
    std::vector<std::string> result;
    for (const auto& record : answer.at("results").as_array())
        result.push_back(text(record, "id"));
    return result;
}

json::value contact(const char* email, const char* trace_id = nullptr) {
    json::value input{{"properties", {{"email", email}}}};
    if (trace_id)
        input.get_object()["objectWriteTraceId"] = trace_id;
    return input;
}

} // namespace

BOOST_AUTO_TEST_SUITE(batches)

BOOST_AUTO_TEST_CASE(a_read_is_shuffled_the_same_way_for_a_seed) {
    EmulatedPortal portal, twin;
    auto first = ids(portal.post(contacts_path + "/batch/read", {{"inputs", inputs(40)}}));
    BOOST_TEST(portal.status == 200);
    BOOST_TEST(!std::is_sorted(first.begin(), first.end()));
    BOOST_TEST(first == ids(twin.post(contacts_path + "/batch/read", {{"inputs", inputs(40)}})));
    std::sort(first.begin(), first.end());
    BOOST_TEST(first.front() == seeded_id(1));
    BOOST_TEST(first.size() == 40u);
    auto answer = portal.post(contacts_path + "/batch/read", {{"inputs", inputs(1)}});
    BOOST_TEST(text(answer, "status") == "COMPLETE");
    BOOST_TEST(text(answer, "numErrors") == "(absent)");
}

BOOST_AUTO_TEST_CASE(histories_are_read_fifty_at_a_time) {
    auto settings = EmulatedPortal::quick();
    settings.seed.contacts = 60;
    EmulatedPortal portal{settings};
    for (int count : {50, 51}) {
        portal.post(contacts_path + "/batch/read",
                    {{"inputs", inputs(count)}, {"propertiesWithHistory", {"sj_credits"}}});
        BOOST_TEST(portal.status == (count == 50 ? 200 : 400));
    }
}

BOOST_AUTO_TEST_CASE(one_error_stands_for_all_that_are_missing) {
    EmulatedPortal portal;
    auto answer = portal.post(contacts_path + "/batch/read", {{"idProperty", "email"},
                                                              {"inputs",
                                                               {{{"id", "OLD100003@example.com"}},
                                                                {{"id", "nobody@example.com"}},
                                                                {{"id", "student100003@example.com"}},
                                                                {{"id", "nothing"}}}}});
    BOOST_TEST(portal.status == 207);
    BOOST_TEST(ids(answer) == std::vector<std::string>{seeded_id(3)});
    BOOST_TEST(text(answer, "results", 0, "properties", "email") == "student100003@example.com");
    BOOST_TEST(text(answer, "numErrors") == "1");
    BOOST_TEST(text(answer, "errors", 0, "category") == "OBJECT_NOT_FOUND");
    BOOST_TEST(text(answer, "errors", 0, "context", "ids") == R"(["nobody@example.com","nothing"])");
    portal.post(contacts_path + "/batch/read", {{"idProperty", "student_id"}, {"inputs", json::array()}});
    BOOST_TEST(portal.status == 400);
    portal.post(contacts_path + "/batch/read", {{"inputs", json::array(101, json::value{{"id", "1"}})}});
    BOOST_TEST(portal.status == 400);
}

BOOST_AUTO_TEST_CASE(a_create_without_trace_ids_is_all_or_nothing) {
    EmulatedPortal portal;
    auto refused = portal.post(contacts_path + "/batch/create",
                               {{"inputs", {contact("new@example.com"), contact("student100001@example.com")}}});
    BOOST_TEST(portal.status == 409);
    BOOST_TEST(text(refused, "message") == "Contact already exists. Existing ID: " + seeded_id(1));
    portal.get(contacts_path + "/new@example.com?idProperty=email");
    BOOST_TEST(portal.status == 404);
    auto partial = portal.post(contacts_path + "/batch/create",
                               {{"inputs",
                                 {contact("new@example.com", "t1"), contact("student100001@example.com", "t2"),
                                  contact("new@example.com", "t3")}}});
    BOOST_TEST(portal.status == 207);
    BOOST_TEST(text(partial, "results", 0, "objectWriteTraceId") == "t1");
    BOOST_TEST(text(partial, "errors", 0, "context", "objectWriteTraceId", 0) == "t2");
    BOOST_TEST(text(partial, "errors", 1, "context", "objectWriteTraceId", 0) == "t3");
    auto same_trace = portal.post(contacts_path + "/batch/create",
                                  {{"inputs", {contact("x@example.com", "t"), contact("bad", "t")}}});
    BOOST_TEST(portal.status == 400);
}

BOOST_AUTO_TEST_CASE(an_update_drops_merged_ids_without_a_word) {
    EmulatedPortal portal;
    portal.post(contacts_path + "/merge", {{"primaryObjectId", seeded_id(1)}, {"objectIdToMerge", seeded_id(2)}});
    const auto row = [](const std::string& id) {
        return json::value{{"id", id}, {"properties", {{"lastname", "Changed"}}}};
    };
    auto answer = portal.post(contacts_path + "/batch/update", {{"inputs", {row(seeded_id(1)), row(seeded_id(4))}}});
    BOOST_TEST(portal.status == 200);
    BOOST_TEST(ids(answer) == std::vector<std::string>{seeded_id(4)});
    BOOST_TEST(text(answer, "errors") == "(absent)");
    answer = portal.post(contacts_path + "/batch/update", {{"inputs", {row("1"), row(seeded_id(4)), row("2")}}});
    BOOST_TEST(portal.status == 207);
    BOOST_TEST(text(answer, "errors", 0, "context", "ids") == R"(["1","2"])");
    portal.post(contacts_path + "/batch/update", {{"inputs", {row("1"), row("1")}}});
    BOOST_TEST(portal.status == 400);
    // Nothing of a batch with a bad value is written.
    portal.post(contacts_path + "/batch/update", {{"inputs",
                                                   {{{"id", seeded_id(5)}, {"properties", {{"lastname", "No"}}}},
                                                    {{"id", seeded_id(6)}, {"properties", {{"sj_credits", "x"}}}}}}});
    BOOST_TEST(portal.status == 400);
    BOOST_TEST(text(portal.get(contacts_path + "/" + seeded_id(5)), "properties", "lastname") != "No");
}

BOOST_AUTO_TEST_CASE(an_upsert_says_what_is_new) {
    EmulatedPortal portal;
    const auto row = [](const char* key) {
        return json::value{{"id", key}, {"idProperty", "idempotency_key"}, {"properties", {{"booking_id", key}}}};
    };
    for (auto fresh : {"true", "false"}) {
        auto answer = portal.post(bookings_path + "/batch/upsert", {{"inputs", {row("k1")}}});
        BOOST_TEST(portal.status == 200);
        BOOST_TEST(text(answer, "results", 0, "new") == fresh);
    }
    auto read = portal.get(bookings_path + "/k1?idProperty=idempotency_key&properties=idempotency_key,booking_id");
    BOOST_TEST(text(read, "properties", "idempotency_key") == "k1");
    portal.post(bookings_path + "/batch/upsert",
                {{"inputs", {{{"id", "x"}, {"idProperty", "name"}, {"properties", json::object{}}}}}});
    BOOST_TEST(portal.status == 400);
}

BOOST_AUTO_TEST_CASE(an_archive_takes_what_it_finds) {
    EmulatedPortal portal;
    portal.post(contacts_path + "/batch/archive", {{"inputs", {{{"id", seeded_id(1)}}, {{"id", "1"}}}}});
    BOOST_TEST(portal.status == 204);
    portal.get(contacts_path + "/" + seeded_id(1));
    BOOST_TEST(portal.status == 404);
}

BOOST_AUTO_TEST_SUITE_END()
