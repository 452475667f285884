#include "emulated_portal.hpp"

#include "support/webhook_signer.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <set>
#include <vector>

using namespace hubspot_emulator;
namespace json = boost::json;

namespace {

struct HookedPortal : EmulatedPortal {
    HookedPortal()
        : EmulatedPortal([] {
            auto settings = quick();
            settings.seed.contacts = 200;
            return settings;
        }()) {
        subscribe({});
    }

    void subscribe(json::object body) {
        body["url"] = "http://127.0.0.1:9/hook?a=b%2Fc%20d";
        body["secret"] = "the secret of the app";
        call("PUT", "/_control/webhooks", body);
        BOOST_TEST_REQUIRE(status == 200);
    }
    void edit(int contact, const char* property, const std::string& value) {
        call("PATCH", "/_control/records/0-1/" + seeded_id(contact), {{"properties", {{property, value}}}});
        BOOST_TEST_REQUIRE(status == 200);
    }

    struct Sent {
        std::uint64_t id = 0;
        std::string head;
        std::string body;
        json::array events;

        std::string header(const std::string& name) const {
            const auto at = head.find("\r\n" + name + ": ") + name.size() + 4;
            return head.substr(at, head.find("\r\n", at) - at);
        }
    };
    std::optional<Sent> next() {
        const auto delivery = emulator.webhooks().next(now);
        if (!delivery)
            return {};
        const auto end = delivery->request.find("\r\n\r\n");
        Sent sent{delivery->id, delivery->request.substr(0, end + 2), delivery->request.substr(end + 4), {}};
        sent.events = json::parse(sent.body).as_array();
        return sent;
    }
    // Everything that is to be told, each time accepted.
    std::vector<json::value> all() {
        std::vector<json::value> events;
        while (const auto sent = next()) {
            events.insert(events.end(), sent->events.begin(), sent->events.end());
            emulator.webhooks().ended(sent->id, 200, now);
        }
        return events;
    }
};

std::string kinds(const std::vector<json::value>& events) {
    std::string text;
    for (const auto& event : events)
        text += (text.empty() ? "" : " ") + std::string(event.at("subscriptionType").as_string());
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(webhooks)

BOOST_AUTO_TEST_CASE(a_change_is_told_as_hubspot_tells_it) {
    HookedPortal portal;
    portal.edit(1, "ndecc_exam_date", "2027-03-01");
    const auto sent = portal.next();
    BOOST_TEST_REQUIRE(sent.has_value());
    BOOST_TEST_REQUIRE(sent->events.size() == 1u);
    const auto& event = sent->events[0];
    BOOST_TEST(event.at("subscriptionType") == "object.propertyChange");
    BOOST_TEST(event.at("objectTypeId") == "0-1");
    // A number here, a text everywhere else.
    BOOST_TEST(event.at("objectId").to_number<std::int64_t>() == std::stoll(seeded_id(1)));
    BOOST_TEST(event.at("propertyName") == "ndecc_exam_date");
    BOOST_TEST(event.at("propertyValue") == "1803859200000");
    BOOST_TEST(event.at("attemptNumber") == 0);
    BOOST_TEST(event.at("occurredAt").to_number<Millis>() == portal.now);
    BOOST_TEST(sent->head.starts_with("POST /hook?a=b%2Fc%20d HTTP/1.1\r\nHost: 127.0.0.1:9\r\n"));
    const auto timestamp = sent->header("X-HubSpot-Request-Timestamp");
    BOOST_TEST(timestamp == std::to_string(portal.now));
    BOOST_TEST(sent->header("X-HubSpot-Signature-v3") == tests::signature_v3("the secret of the app", "POST",
                                                                             "http://127.0.0.1:9/hook?a=b/c%20d",
                                                                             sent->body, timestamp));
    BOOST_TEST(!portal.next().has_value());
    // What is as it was is not told.
    portal.edit(1, "ndecc_exam_date", "2027-03-01");
    BOOST_TEST(!portal.next().has_value());
}

BOOST_AUTO_TEST_CASE(a_creation_comes_after_the_values_that_it_brought) {
    HookedPortal portal;
    portal.subscribe({{"shuffle", false}});
    portal.post("/crm/v3/objects/contacts", {{"properties", {{"email", "a@example.com"}, {"student_id", "A1"}}}});
    BOOST_TEST(portal.status == 201);
    const auto events = portal.all();
    BOOST_TEST(kinds(events) == "object.propertyChange object.propertyChange object.creation");
    BOOST_TEST(events.back().at("changeFlag") == "CREATED");
    BOOST_TEST(events.front().at("occurredAt") == events.back().at("occurredAt"));
}

BOOST_AUTO_TEST_CASE(every_kind_is_told_in_both_forms) {
    HookedPortal portal;
    const auto happen = [&](int first) {
        const auto contact = [&](int i) { return "/_control/records/0-1/" + seeded_id(first + i); };
        portal.call("DELETE", contact(0));
        portal.post(contact(0) + "/restore", json::object{});
        portal.post(contact(0) + "/erase", json::object{});
        portal.post("/_control/merge",
                    {{"type", "0-1"}, {"primary", seeded_id(first + 1)}, {"other", seeded_id(first + 2)}});
        return portal.all();
    };
    portal.subscribe({{"shuffle", false}});
    const auto generic = happen(1);
    BOOST_TEST(kinds(generic) == "object.deletion object.restore contact.privacyDeletion object.merge");
    const auto& merge = generic.back();
    BOOST_TEST(merge.at("primaryObjectId").to_number<std::int64_t>() == std::stoll(seeded_id(2)));
    BOOST_TEST(merge.at("mergedObjectIds").at(0).to_number<std::int64_t>() == std::stoll(seeded_id(3)));
    BOOST_TEST(merge.at("newObjectId") == merge.at("objectId"));
    portal.subscribe({{"shuffle", false}, {"classic", true}});
    const auto classic = happen(11);
    BOOST_TEST(kinds(classic) == "contact.deletion contact.restore contact.privacyDeletion contact.merge");
    BOOST_TEST(!classic.front().as_object().contains("objectTypeId"));
}

BOOST_AUTO_TEST_CASE(an_association_is_told_from_both_ends) {
    HookedPortal portal;
    portal.subscribe({{"shuffle", false}, {"kinds", {"associationChange"}}});
    const auto made = portal.post("/_control/records/2-50158943", {{"properties", {{"booking_id", "x"}}}});
    const auto booking = text(made, "id");
    json::object body{{"from", {{"type", "2-50158943"}, {"id", booking}}},
                      {"to", {{"type", "0-1"}, {"id", seeded_id(1)}}}};
    portal.post("/_control/associations", body);
    body["remove"] = true;
    portal.post("/_control/associations", body);
    const auto events = portal.all();
    BOOST_TEST_REQUIRE(events.size() == 4u);
    BOOST_TEST(events[0].at("fromObjectTypeId") == "2-50158943");
    BOOST_TEST(events[1].at("fromObjectTypeId") == "0-1");
    BOOST_TEST(events[1].at("toObjectId") == events[0].at("fromObjectId"));
    BOOST_TEST(events[1].at("associationRemoved") == false);
    BOOST_TEST(events[2].at("associationRemoved") == true);
}

BOOST_AUTO_TEST_CASE(at_most_a_hundred_at_a_time_in_an_order_of_their_own) {
    HookedPortal portal;
    for (int i = 1; i <= 250; ++i)
        portal.edit(i % 50 + 1, "firstname", "name" + std::to_string(i));
    std::vector<std::size_t> sizes;
    std::vector<std::string> order;
    while (const auto sent = portal.next()) {
        sizes.push_back(sent->events.size());
        for (const auto& event : sent->events)
            order.emplace_back(event.at("propertyValue").as_string());
    }
    BOOST_TEST((sizes == std::vector<std::size_t>{100, 100, 50}));
    BOOST_TEST((std::set<std::string>(order.begin(), order.end()).size() == 250u));
    auto in_time = order;
    std::sort(in_time.begin(), in_time.end(),
              [](const auto& a, const auto& b) { return std::make_pair(a.size(), a) < std::make_pair(b.size(), b); });
    BOOST_TEST((order != in_time));
}

BOOST_AUTO_TEST_CASE(some_events_come_twice_and_the_same_seed_says_which) {
    const auto run = [] {
        HookedPortal portal;
        portal.subscribe({{"duplicate_percent", 30}});
        for (int i = 1; i <= 100; ++i)
            portal.edit(i, "firstname", "x");
        const auto events = portal.all();
        return json::serialize(json::array(events.begin(), events.end()));
    };
    BOOST_TEST(run() == run());
    HookedPortal portal;
    portal.subscribe({{"duplicate_percent", 30}});
    for (int i = 1; i <= 100; ++i)
        portal.edit(i, "firstname", "x");
    std::map<std::int64_t, int> times;
    for (const auto& event : portal.all())
        ++times[event.at("objectId").to_number<std::int64_t>()];
    BOOST_TEST(times.size() == 100u);
    const auto twice = std::count_if(times.begin(), times.end(), [](const auto& one) { return one.second == 2; });
    BOOST_TEST((twice > 10 && twice < 60));
}

BOOST_AUTO_TEST_CASE(what_is_not_accepted_comes_again_ten_times_signed_anew) {
    HookedPortal portal;
    portal.edit(1, "firstname", "x");
    std::set<std::string> signatures;
    int attempts = 0;
    for (;;) {
        if (const auto due = portal.emulator.webhooks().next_due())
            portal.now = std::max(portal.now, *due);
        const auto sent = portal.next();
        if (!sent)
            break;
        BOOST_TEST(sent->events[0].at("attemptNumber") == attempts);
        signatures.insert(sent->header("X-HubSpot-Signature-v3"));
        ++attempts;
        portal.emulator.webhooks().ended(sent->id, attempts % 2 ? 503 : 0, portal.now);
        BOOST_TEST(!portal.next().has_value());
    }
    BOOST_TEST(attempts == 11);
    BOOST_TEST(signatures.size() == 11u);
    BOOST_TEST(text(portal.get("/_control/webhooks"), "given_up") == "1");
}

BOOST_AUTO_TEST_CASE(ten_deliveries_are_under_way_at_most) {
    HookedPortal portal;
    portal.subscribe({{"batch", 1}});
    for (int i = 1; i <= 12; ++i)
        portal.edit(i, "firstname", "x");
    std::vector<std::uint64_t> ids;
    while (const auto sent = portal.next())
        ids.push_back(sent->id);
    BOOST_TEST(ids.size() == 10u);
    portal.emulator.webhooks().ended(ids.front(), 204, portal.now);
    BOOST_TEST(portal.next().has_value());
    BOOST_TEST(!portal.next().has_value());
}

BOOST_AUTO_TEST_CASE(nobody_is_told_what_they_did_not_ask_for) {
    HookedPortal portal;
    portal.subscribe({{"types", {"2-50158913"}}});
    portal.edit(1, "firstname", "x");
    BOOST_TEST(!portal.next().has_value());
    portal.subscribe({{"properties", {"lastname"}}});
    portal.edit(1, "firstname", "y");
    BOOST_TEST(!portal.next().has_value());
    portal.edit(1, "lastname", "y");
    BOOST_TEST(portal.next().has_value());
    portal.subscribe({{"delay_ms", 500}});
    portal.edit(1, "firstname", "z");
    BOOST_TEST(!portal.next().has_value());
    BOOST_TEST(*portal.emulator.webhooks().next_due() == portal.now + 500);
    portal.call("DELETE", "/_control/webhooks");
    portal.now += 1000;
    BOOST_TEST(!portal.next().has_value());
    portal.edit(1, "firstname", "w");
    BOOST_TEST(!portal.next().has_value());
}

BOOST_AUTO_TEST_CASE(a_subscription_that_makes_no_sense_is_refused) {
    HookedPortal portal;
    const json::object right{{"url", "http://127.0.0.1:9/hook"}, {"secret", "s"}};
    const std::pair<const char*, json::value> wrong[] = {{"url", "https://example.com/hook"},
                                                         {"url", "http://127.0.0.1/hook"},
                                                         {"url", "http://example.com:80/"},
                                                         {"url", 7},
                                                         {"secret", nullptr},
                                                         {"kinds", {"levitation"}},
                                                         {"types", "0-1"},
                                                         {"batch", 101},
                                                         {"shuffle", 1},
                                                         {"duplicate_percent", 101},
                                                         {"retry_ms", -1}};
    for (const auto& [name, value] : wrong) {
        auto body = right;
        body[name] = value;
        portal.call("PUT", "/_control/webhooks", body);
        BOOST_TEST(portal.status == 400, name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
