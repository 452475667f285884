#include "booking_house.hpp"

#include "support/webhook_signer.hpp"

#include <boost/json/parse.hpp>

#include <chrono>

using namespace tests;
namespace json = boost::json;

namespace {

constexpr std::string_view secret = "01234567-the-secret-of-the-app";
constexpr std::string_view path = "/api/webhooks/hubspot";

std::string now_ms(std::chrono::milliseconds shift = {}) {
    using namespace std::chrono;
    return std::to_string((floor<milliseconds>(system_clock::now().time_since_epoch()) + shift).count());
}

std::string change_of(const std::string& contact) {
    return json::serialize(json::array{{{"subscriptionType", "contact.propertyChange"},
                                        {"objectId", contact},
                                        {"propertyName", "sj_credits"},
                                        {"propertyValue", "12345"}}});
}

// A house whose service HubSpot tells what happens. Nobody reads anything but the replica's tables.
struct HookedHouse : BookingHouse {
    explicit HookedHouse(json::object subscription = {}, std::vector<std::string> options = {})
        : BookingHouse{std::move(options)}
        , wanted{std::move(subscription)} {
        variables["HUBSPOT_WEBHOOK_SECRET"] = "the-secret-that-was-before," + std::string{secret};
        variables["PUBLIC_URL"] = public_url;
        start();
    }
    ~HookedHouse() { hubspot->control("DELETE", "webhooks"); }

    // From now on HubSpot tells what happens.
    void subscribe() {
        auto body = wanted;
        body["url"] = "http://127.0.0.1:" + std::to_string(port) + std::string{path};
        body["signed_url"] = public_url + std::string{path};
        body["secret"] = secret;
        body.emplace("retry_ms", 20);
        hubspot->control("PUT", "webhooks", body);
    }
    json::value webhooks() { return hubspot->control("GET", "webhooks"); }
    std::int64_t delivered(const char* what) { return webhooks().at(what).to_number<std::int64_t>(); }
    // Until HubSpot has told everything.
    void told() {
        while (delivered("waiting") + delivered("retrying") + delivered("under_way") > 0) {
        }
        BOOST_TEST(delivered("given_up") == 0);
    }

    std::string row(const char* table, const std::string& column, const std::string& id) {
        return sql("SELECT coalesce((SELECT coalesce(" + column + "::text, '~') FROM " + table +
                   " WHERE hubspot_id = '" + id + "'), 'none')");
    }
    std::string contact(const std::string& column, const std::string& id) {
        return row("hubspot_contact_credits", column, id);
    }
    void until(const char* table, const std::string& column, const std::string& id, const std::string& value) {
        while (row(table, column, id) != value) {
        }
    }
    void until_contact(const std::string& column, const std::string& id, const std::string& value) {
        until("hubspot_contact_credits", column, id, value);
    }

    // One delivery, as whoever knows the secret makes it.
    HttpAnswer deliver(const std::string& body, std::string_view with = secret, const std::string& at = now_ms(),
                       const std::string& target = std::string{path}) const {
        return send(body, signature_v3(with, "POST", public_url + target, body, at), at, target);
    }
    HttpAnswer send(const std::string& body, const std::string& signature, const std::string& at,
                    const std::string& target = std::string{path}) const {
        HttpExchange exchange{port};
        exchange.send("POST", target, body,
                      "X-HubSpot-Signature-v3: " + signature + "\r\nX-HubSpot-Request-Timestamp: " + at + "\r\n");
        return exchange.receive();
    }
    std::string metric(const std::string& line) const {
        const auto text = HttpExchange{port, "GET", "/metrics"}.receive().body;
        const auto at = text.find("understudy_" + line + " ");
        return at == std::string::npos
                   ? "none"
                   : text.substr(at + 12 + line.size(), text.find('\n', at) - at - 12 - line.size());
    }

    json::object wanted;
    std::string public_url = "https://book.example.org/understudy";
};

// What the source calls states, as the tables hold them: see `understudy::State`.
constexpr const char* live = "1";

} // namespace

BOOST_AUTO_TEST_SUITE(webhooks)

BOOST_AUTO_TEST_CASE(an_edit_at_the_source_is_in_the_replica_though_nobody_read_it) {
    HookedHouse house;
    house.subscribe();
    house.credits(1, "7");
    house.until_contact("sj_credits", id_of(1), "7");
    // A row that is known already, and an event of the classic form.
    house.wanted["classic"] = true;
    house.subscribe();
    house.credits(1, "8");
    house.until_contact("sj_credits", id_of(1), "8");
    house.rest();
    BOOST_TEST(house.contact("state", id_of(1)) == live);
    BOOST_TEST(house.metric("webhook_events_total{kind=\"changed\"}") != "0");
    BOOST_TEST(house.metric("webhook_deliveries_total{result=\"failed\"}") == "0");
}

BOOST_AUTO_TEST_CASE(what_is_made_deleted_restored_and_erased_arrives) {
    HookedHouse house;
    house.subscribe();
    const auto made = house.hubspot->control(
        "POST", "records/0-1",
        {{"properties", {{"student_id", "NEW1"}, {"email", "new1@example.com"}, {"sj_credits", "3"}}}});
    const std::string id{made.at("id").as_string()};
    house.until_contact("sj_credits", id, "3");
    BOOST_TEST(house.login("NEW1", "new1@example.com").status == 200);
    house.hubspot->control("DELETE", "records/0-1/" + id);
    house.told();
    house.rest();
    BOOST_TEST(house.contact("state", id) != live);
    BOOST_TEST(house.login("NEW1", "new1@example.com").status == 404);
    house.hubspot->control("POST", "records/0-1/" + id + "/restore");
    house.until_contact("state", id, live);
    house.hubspot->control("POST", "records/0-1/" + id + "/erase");
    house.told();
    house.rest();
    BOOST_TEST(house.contact("state", id) != live);
    BOOST_TEST(house.metric("webhook_events_total{kind=\"erased\"}") == "1");
}

BOOST_AUTO_TEST_CASE(every_record_of_a_merge_is_read_again) {
    HookedHouse house;
    house.credits(1, "2");
    house.credits(2, "5");
    BOOST_TEST_REQUIRE(house.login(1).status == 200);
    BOOST_TEST_REQUIRE(house.login(2).status == 200);
    house.subscribe();
    const auto merged =
        house.hubspot->control("POST", "merge", {{"type", "0-1"}, {"primary", id_of(1)}, {"other", id_of(2)}});
    const std::string survivor{merged.at("id").as_string()};
    house.until_contact("sj_credits", survivor, "2");
    house.told();
    house.rest();
    for (const int student : {1, 2})
        BOOST_TEST(house.contact("merged_into", id_of(student)) == survivor);
}

// The members of a set that the replica holds as a whole change behind its back.
BOOST_AUTO_TEST_CASE(d6_a_booking_that_staff_made_is_in_the_sets_of_its_student_and_its_exam) {
    HookedHouse house;
    const auto exam = house.exam(5);
    house.warm(1, exam);
    house.rest();
    house.subscribe();
    const auto before = house.active(1);
    const auto made = house.hubspot->control("POST", "records/" + std::string{booking_type},
                                             {{"properties", {{"booking_id", "by staff"}, {"is_active", "Active"}}}});
    const std::string booking{made.at("id").as_string()};
    for (const auto& [type, id] :
         {std::pair<std::string, std::string>{"0-1", id_of(1)}, {std::string{exam_type}, exam}})
        house.hubspot->control(
            "POST", "associations",
            {{"from", {{"type", booking_type}, {"id", booking}}}, {"to", {{"type", type}, {"id", id}}}});
    house.told();
    BOOST_TEST(house.active(1) == before + 1);
    const auto capacity = HttpExchange(house.port, "GET", "/api/mock-exams/" + exam + "/capacity").receive();
    BOOST_TEST(capacity.json().at("data").at("total_bookings") == 1);
    // And out of them again, when it is taken away.
    house.hubspot->control("DELETE", "records/" + std::string{booking_type} + "/" + booking);
    house.told();
    BOOST_TEST(house.active(1) == before);
}

// Sets that know of a booking already are not read again as a whole because the source tells of it.
BOOST_AUTO_TEST_CASE(what_the_source_tells_of_our_own_bookings_leaves_their_sets_covered) {
    HookedHouse house;
    const auto exam = house.exam(5);
    house.credits(1, "2");
    house.warm(1, exam);
    house.rest();
    const auto booked = house.book(1, exam);
    BOOST_TEST_REQUIRE(booked.status == 201, booked.body);
    house.rest();
    const auto covered = [&] {
        return house.sql("SELECT count(*) FROM understudy_sets WHERE mark <> 2 AND as_of > 0 AND parent IN ('" +
                         id_of(1) + "', '" + exam + "')");
    };
    BOOST_TEST_REQUIRE(covered() == "2");
    json::array events;
    for (const auto& [type, id] :
         {std::pair<std::string, std::string>{"0-1", id_of(1)}, {std::string{exam_type}, exam}})
        events.push_back({{"subscriptionType", "object.associationChange"},
                          {"fromObjectTypeId", booking_type},
                          {"toObjectTypeId", type},
                          {"fromObjectId", record_of(booked)},
                          {"toObjectId", id}});
    BOOST_TEST(house.deliver(json::serialize(events)).status == 204);
    BOOST_TEST(covered() == "2");
    // A booking that no row knows makes both dirty.
    for (auto& event : events)
        event.as_object()["fromObjectId"] = "399999999999";
    BOOST_TEST(house.deliver(json::serialize(events)).status == 204);
    BOOST_TEST(covered() == "0");
}

BOOST_AUTO_TEST_CASE(a_replay_changes_nothing) {
    HookedHouse house;
    house.subscribe();
    house.credits(1, "7");
    house.until_contact("sj_credits", id_of(1), "7");
    house.told();
    house.rest();
    const auto last = house.webhooks().at("last");
    const auto text = [&](const char* name) { return std::string{last.at(name).as_string()}; };
    for (int i = 0; i < 20; ++i)
        BOOST_TEST(house.send(text("body"), text("signature"), text("timestamp")).status == 204);
    house.rest();
    BOOST_TEST(house.contact("sj_credits", id_of(1)) == "7");
}

BOOST_AUTO_TEST_CASE(whoever_is_not_believed_marks_nothing) {
    HookedHouse house;
    BOOST_TEST_REQUIRE(house.login(1).status == 200);
    const auto ticket = [&] { return house.contact("ticket", id_of(1)); };
    const auto before = ticket();
    const auto body = change_of(id_of(1));
    const auto now = now_ms();
    const auto right = signature_v3(secret, "POST", house.public_url + std::string{path}, body, now);
    const auto refused = [&](const HttpAnswer& answer) {
        BOOST_TEST(answer.status == 401);
        BOOST_TEST(code_of(answer) == "UNAUTHORIZED");
    };
    refused(house.deliver(body, "not-the-secret-of-the-app"));
    refused(house.deliver(body, secret, now_ms(std::chrono::minutes{-6})));
    refused(house.deliver(body, secret, now_ms(std::chrono::minutes{6})));
    refused(house.send(body + " ", right, now));
    refused(house.send(body, right + "\r\nX-HubSpot-Signature-v3: " + right, now));
    refused(house.send(body, right, now + "\r\nX-HubSpot-Request-Timestamp: " + now));
    refused(house.send(body, right, now, std::string{path} + "?a=b"));
    refused(HttpExchange(house.port, "POST", path, body).receive());
    BOOST_TEST(ticket() == before);
    BOOST_TEST(house.metric("webhook_refused_total{reason=\"garbled_signature\"}") == "1");
    // One line a minute, whatever was wrong.
    const auto said = house.service->output();
    BOOST_TEST(contains(said, "event=webhook_refused"));
    BOOST_TEST(said.find("event=webhook_refused") == said.rfind("event=webhook_refused"));
    BOOST_TEST(!contains(said, secret));
    // With everything right it is believed, and its value is not.
    BOOST_TEST(house.send(body, right, now).status == 204);
    house.rest();
    BOOST_TEST(ticket() != before);
    BOOST_TEST(house.contact("sj_credits", id_of(1)) != "12345");
}

BOOST_AUTO_TEST_CASE(i14_a_thousand_duplicates_and_reorderings_lead_to_the_same_rows) {
    HookedHouse house{{{"duplicate_percent", 100}, {"delay_ms", 300}, {"batch", 7}}};
    house.subscribe();
    for (int round = 1; round <= 10; ++round)
        for (int student = 1; student <= 25; ++student)
            house.credits(student, std::to_string(round), std::to_string(100 - round));
    BOOST_TEST(house.delivered("events") >= 490);
    house.told();
    house.rest();
    for (int student = 1; student <= 25; ++student)
        BOOST_TEST(house.contact("sj_credits", id_of(student)) == "10");
    BOOST_TEST(house.delivered("deliveries") >= 70);
}

BOOST_AUTO_TEST_CASE(a_hundred_events_with_long_values_are_one_delivery) {
    HookedHouse house;
    json::array events;
    for (int i = 1; i <= 100; ++i)
        events.push_back({{"subscriptionType", "object.propertyChange"},
                          {"objectTypeId", "0-1"},
                          {"objectId", 300'000'000'000 + i},
                          {"propertyName", "firstname"},
                          {"propertyValue", std::string(8'000, 'x')}});
    BOOST_TEST(house.deliver(json::serialize(events)).status == 204);
    house.rest();
    BOOST_TEST(house.sql("SELECT count(*) FROM hubspot_contact_credits WHERE state = 1") == "100");
}

BOOST_AUTO_TEST_CASE(while_the_database_is_away_deliveries_are_put_off) {
    // Ten times in a while that lets the service find its database again.
    HookedHouse house{{{"retry_ms", 1000}}};
    house.credits(1, "3");
    BOOST_TEST_REQUIRE(house.login(1).status == 200);
    house.subscribe();
    postgres().halt();
    house.credits(1, "4");
    while (house.delivered("refused") == 0) {
    }
    const auto refused = house.deliver(change_of(id_of(1)));
    BOOST_TEST(refused.status == 503);
    BOOST_TEST(code_of(refused) == "REPLICA_UNAVAILABLE");
    postgres().restart();
    house.until_contact("sj_credits", id_of(1), "4");
    house.told();
    BOOST_TEST(house.delivered("accepted") == 1);
}

BOOST_AUTO_TEST_CASE(without_a_secret_the_endpoint_is_closed) {
    HookedHouse house;
    house.stop();
    house.variables.erase("HUBSPOT_WEBHOOK_SECRET");
    house.start();
    const auto closed = house.deliver(change_of(id_of(1)));
    BOOST_TEST(closed.status == 503);
    BOOST_TEST(code_of(closed) == "WEBHOOKS_DISABLED");
    BOOST_TEST(contains(house.service->output(), "event=webhooks_disabled"));
    house.stop();
    house.variables["HUBSPOT_WEBHOOK_SECRET"] = secret;
    house.variables.erase("PUBLIC_URL");
    BOOST_TEST(contains(house.refused(2), "PUBLIC_URL"));
}

BOOST_AUTO_TEST_SUITE_END()
