#include "booking_house.hpp"

#include <boost/json/parse.hpp>

#include <string>
#include <string_view>

using namespace tests;
namespace json = boost::json;

namespace {

constexpr std::string_view cron_secret = "whoever-runs-the-timed-jobs";

// A house whose passes are carried out when somebody asks.
struct SyncedHouse : BookingHouse {
    explicit SyncedHouse(Seed seed = {})
        : BookingHouse{{}, seed} {
        variables["CRON_SECRET"] = cron_secret;
        start();
    }

    HttpExchange ask_sync(const std::string& query = {}, std::string_view secret = cron_secret) const {
        HttpExchange exchange{port};
        exchange.send("POST", "/api/admin/cron/sync-supabase" + query, {},
                      "Authorization: Bearer " + std::string{secret} + "\r\n");
        return exchange;
    }
    json::value sync(const std::string& query = {}, unsigned status = 200) const {
        const auto answer = ask_sync(query).receive();
        BOOST_TEST(answer.status == status, answer.body);
        return answer.json();
    }

    std::string contact(const std::string& column, const std::string& id) {
        return sql("SELECT coalesce((SELECT coalesce(" + column +
                   "::text, '~') FROM hubspot_contact_credits WHERE hubspot_id = '" + id + "'), 'none')");
    }
    std::int64_t count(const char* table, const char* where = "state = 1") {
        return std::stoll(sql(std::string{"SELECT count(*) FROM "} + table + " WHERE " + where));
    }
};

std::int64_t summed(const json::value& body, const char* name) {
    return body.at("summary").at(name).to_number<std::int64_t>();
}

} // namespace

BOOST_AUTO_TEST_SUITE(synced)

BOOST_AUTO_TEST_CASE(a_full_pass_fills_the_replica_and_the_next_one_writes_nothing) {
    SyncedHouse house{{650, 30, 120}};
    const auto first = house.sync();
    BOOST_TEST(first.at("success").as_bool());
    BOOST_TEST(summed(first, "contact_credits_synced") == 650);
    BOOST_TEST(summed(first, "exams_synced") == 30);
    BOOST_TEST(summed(first, "bookings_synced") == 120);
    BOOST_TEST(house.count("hubspot_contact_credits") == 650);
    BOOST_TEST(house.count("hubspot_mock_exams") == 30);
    BOOST_TEST(house.count("hubspot_bookings", "state = 1 AND associated_mock_exam IS NOT NULL") == 120);
    BOOST_TEST(house.hubspot->counters().at("status_429").to_number<int>() == 0);

    const auto before = house.sql("SELECT max(ticket) FROM hubspot_contact_credits");
    BOOST_TEST(house.sync().at("success").as_bool());
    BOOST_TEST(house.sql("SELECT max(ticket) FROM hubspot_contact_credits") == before);
}

BOOST_AUTO_TEST_CASE(D9_what_happened_behind_our_back_arrives) {
    SyncedHouse house{{60}};
    house.sync();
    house.hubspot->control("DELETE", "records/0-1/" + id_of(1));
    house.hubspot->control("POST", "records/0-1/" + id_of(2) + "/erase");
    house.hubspot->control("POST", "merge", {{"type", "0-1"}, {"primary", id_of(3)}, {"other", id_of(4)}});
    house.credits(5, "77");
    house.hubspot->control("POST", "index", {{"catch_up", true}});

    const auto edits = house.sync("?mode=incremental");
    BOOST_TEST(edits.at("success").as_bool());
    BOOST_TEST(house.contact("sj_credits", id_of(5)) == "77");
    BOOST_TEST(house.contact("state", id_of(1)) == "1"); // no index tells

    const auto all = house.sync();
    BOOST_TEST(all.at("success").as_bool());
    BOOST_TEST(summed(all, "deleted") >= 2);
    for (const int gone : {1, 2, 4})
        BOOST_TEST(house.contact("state", id_of(gone)) != "1");
    BOOST_TEST(house.contact("merged_into", id_of(4)) != "~");
    const auto survivor = house.contact("merged_into", id_of(4));
    BOOST_TEST(house.contact("state", survivor) == "1");
    house.hubspot->control("POST", "records/0-1/" + id_of(1) + "/restore");
    house.sync();
    BOOST_TEST(house.contact("state", id_of(1)) == "1");
}

BOOST_AUTO_TEST_CASE(D11_a_pass_that_fails_says_so) {
    SyncedHouse house{{250}};
    house.hubspot->fault({{"action", "status"}, {"status", 403}, {"kind", "list"}});
    const auto failed = house.sync({}, 503);
    BOOST_TEST(!failed.at("success").as_bool());
    BOOST_TEST(summed(failed, "errors_count") == 3);
    BOOST_TEST(failed.at("outcomes").at("contacts").as_string() == "interrupted");
    house.hubspot->clear_faults();
    BOOST_TEST(house.sync().at("success").as_bool());
    BOOST_TEST(house.count("hubspot_contact_credits") == 250);
}

BOOST_AUTO_TEST_CASE(the_service_begins_with_a_full_pass_by_itself) {
    SyncedHouse house{{130}};
    house.stop();
    house.variables.erase("UNDERSTUDY_SYNC_FULL");
    house.start();
    while (house.count("hubspot_contact_credits") != 130) {
    }
}

BOOST_AUTO_TEST_CASE(only_who_knows_the_secret_may_ask) {
    SyncedHouse house{{10}};
    BOOST_TEST(house.ask_sync({}, "another-secret").receive().status == 401);
    BOOST_TEST(HttpExchange(house.port, "GET", "/api/admin/cron/sync-supabase").receive().status == 401);
    BOOST_TEST(house.count("hubspot_contact_credits") == 0);
    BOOST_TEST(house.ask_sync("?wait=false").receive().status == 202);
    while (house.count("hubspot_contact_credits") != 10) {
    }
}

BOOST_AUTO_TEST_SUITE_END()
