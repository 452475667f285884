#include "emulated_portal.hpp"

#include <boost/test/unit_test.hpp>

using namespace hubspot_emulator;

namespace {

Settings limited(int calls, int searches, std::int64_t daily = 1000) {
    auto settings = EmulatedPortal::quick();
    settings.limits.per_ten_seconds = calls;
    settings.limits.searches_per_second = searches;
    settings.limits.per_day = daily;
    return settings;
}

std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
        if (key == name)
            return value;
    return "(absent)";
}

} // namespace

BOOST_AUTO_TEST_SUITE(limits)

BOOST_AUTO_TEST_CASE(ten_seconds_roll) {
    EmulatedPortal portal(limited(3, 5));
    const auto read = [&] {
        portal.get(contacts_path + "/" + seeded_id(1));
        return portal.status;
    };
    BOOST_TEST(read() == 200);
    portal.now += 4000;
    BOOST_TEST(read() == 200);
    BOOST_TEST(read() == 200);
    portal.now += 5999;
    BOOST_TEST(read() == 429);
    portal.now += 1; // the first one is ten seconds old now
    BOOST_TEST(read() == 200);
    BOOST_TEST(read() == 429);
    portal.now += 4000; // the refused ones took nothing
    BOOST_TEST(read() == 200);
    BOOST_TEST(read() == 200);
    auto counters = portal.emulator.counters().to_json();
    BOOST_TEST(text(counters, "status_429") == "2");
    BOOST_TEST(text(counters, "calls") == "8");
    BOOST_TEST(text(counters, "rate_limited", "ten_secondly_rolling") == "2");
}

BOOST_AUTO_TEST_CASE(searches_have_their_own_second_and_no_window_headers) {
    EmulatedPortal portal(limited(1, 2));
    const auto search = [&] { return portal.send("POST", contacts_path + "/search", "{}"); };
    auto first = search();
    BOOST_TEST(first.status == 200);
    BOOST_TEST(header(first, "X-HubSpot-RateLimit-Remaining") == "(absent)");
    BOOST_TEST(header(first, "X-HubSpot-RateLimit-Daily-Remaining") == "999");
    BOOST_TEST(search().status == 200);
    auto refused = search();
    BOOST_TEST(refused.status == 429);
    auto body = boost::json::parse(refused.body);
    BOOST_TEST(text(body, "message") == "You have reached your secondly limit.");
    BOOST_TEST(text(body, "category") == "RATE_LIMITS");
    BOOST_TEST(text(body, "policyName") == "(absent)");
    BOOST_TEST(header(refused, "Retry-After") == "(absent)");
    auto read = portal.send("GET", contacts_path + "/" + seeded_id(1));
    BOOST_TEST(read.status == 200);
    BOOST_TEST(header(read, "X-HubSpot-RateLimit-Max") == "1");
    BOOST_TEST(header(read, "X-HubSpot-RateLimit-Remaining") == "0");
    BOOST_TEST(header(read, "X-HubSpot-RateLimit-Interval-Milliseconds") == "10000");
    portal.now += 1000;
    BOOST_TEST(search().status == 200);
}

BOOST_AUTO_TEST_CASE(the_other_refusals_say_which_limit) {
    EmulatedPortal portal(limited(1, 5, 2));
    portal.get(contacts_path);
    auto rolling = portal.get(contacts_path);
    BOOST_TEST(text(rolling, "message") == "You have reached your ten_secondly_rolling limit.");
    BOOST_TEST(text(rolling, "policyName") == "TEN_SECONDLY_ROLLING");
    BOOST_TEST(text(rolling, "errorType") == "RATE_LIMIT");
    portal.now += 10'000;
    portal.get(contacts_path);
    portal.call("PATCH", "/_control/settings", {{"retry_after", true}});
    auto daily = portal.send("GET", contacts_path);
    BOOST_TEST(text(boost::json::parse(daily.body), "policyName") == "DAILY");
    BOOST_TEST(header(daily, "Retry-After") != "(absent)");
    portal.now += day_ms;
    portal.get(contacts_path);
    BOOST_TEST(portal.status == 200);
}

BOOST_AUTO_TEST_CASE(the_token_is_looked_at_first) {
    EmulatedPortal portal(limited(1, 1));
    const auto answer = [&](std::string authorization) {
        return portal.emulator.handle({"GET", contacts_path, "", std::move(authorization)}, portal.now);
    };
    BOOST_TEST(text(boost::json::parse(answer("").body), "category") == "INVALID_AUTHENTICATION");
    auto bad = boost::json::parse(answer("Bearer pat-na1-other").body);
    BOOST_TEST(text(bad, "category") == "EXPIRED_AUTHENTICATION");
    BOOST_TEST(text(bad, "message") == "The OAuth token used to make this call expired 20758 day(s) ago.");
    BOOST_TEST(text(bad, "context", "expire time", 0) == "1970-01-01T00:00:00Z");
    BOOST_TEST(answer("Bearer pat-na1-emulator").status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
