#pragma once

#include "http_exchange.hpp"
#include "integration/emulator_process.hpp"
#include "integration/private_postgres.hpp"
#include "service_process.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

inline constexpr std::string_view token = "pat-na1-emulator";

inline PrivatePostgres& postgres() {
    static PrivatePostgres server;
    return server;
}

// As the emulator's seed makes them.
inline std::string student_of(int number) {
    return "S" + std::to_string(100'000 + number);
}
inline std::string email_of(int number) {
    return "student" + std::to_string(100'000 + number) + "@example.com";
}
inline std::string id_of(int number) {
    return std::to_string(300'000'000'000 + number);
}

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// How many records HubSpot is seeded with.
struct Seed {
    int contacts = 2000;
    int exams = 8;
    int bookings = 20;
};

// HubSpot, PostgreSQL and the service, each a process of its own; a schema of the test's own.
struct House {
    explicit House(std::vector<std::string> options = {}, Seed seed = {}) {
        options.insert(options.end(), {"--contacts", std::to_string(seed.contacts), "--exams",
                                       std::to_string(seed.exams), "--bookings", std::to_string(seed.bookings),
                                       "--index-lag-ms", "0", "--index-lag-jitter-ms", "0"});
        hubspot.emplace(std::move(options));
        static int number = 0;
        schema = "house" + std::to_string(++number);
        variables = {{"HUBSPOT_ACCESS_TOKEN", std::string{token}},
                     {"HUBSPOT_BASE_URL", hubspot->url()},
                     {"SUPABASE_DB_URL", postgres().conninfo()},
                     {"SUPABASE_SCHEMA_NAME", schema},
                     {"UNDERSTUDY_PORT", "0"},
                     {"UNDERSTUDY_SYNC_FULL", "off"}, // counted calls are a test's own
                     {"UNDERSTUDY_SYNC_INCREMENTAL", "off"},
                     {"UNDERSTUDY_RATE_BURST", "100000"}};
    }

    void migrate() {
        ServiceProcess run{{"migrate"}, variables};
        BOOST_TEST_REQUIRE(run.wait() == 0, run.output());
    }

    void open() {
        migrate();
        start();
    }

    void stop() {
        service->signal(SIGTERM);
        BOOST_TEST(service->wait() == 0);
    }

    void start() {
        service.emplace(std::vector<std::string>{"serve"}, variables);
        port = service->port();
        hubspot->control("POST", "counters/reset");
    }

    // Tries to start the service; it must end with this status, and all of what it said is returned.
    std::string refused(int status) {
        ServiceProcess run{{"serve"}, variables};
        BOOST_TEST(run.wait() == status);
        const auto said = run.output();
        BOOST_TEST(!contains(said, token), said);
        BOOST_TEST(!contains(said, "event=listening"), said);
        return said;
    }

    HttpExchange ask(std::string_view path, const std::string& student_id, const std::string& email) const {
        const auto body = boost::json::serialize(
            boost::json::object{{"student_id", student_id}, {"email", email}, {"mock_type", "Situational Judgment"}});
        return HttpExchange{port, "POST", path, body};
    }
    HttpAnswer login(const std::string& student_id, const std::string& email) const {
        return ask("/api/user/login", student_id, email).receive();
    }
    HttpAnswer login(int number) const { return login(student_of(number), email_of(number)); }

    std::int64_t count(std::string_view counter) {
        return hubspot->counters().at({counter.data(), counter.size()}).to_number<std::int64_t>();
    }
    std::int64_t calls() { return count("calls"); }

    void break_hubspot(int status = 503) { hubspot->fault({{"action", "status"}, {"status", status}}); }

    std::string sql(const std::string& statement) {
        Session session{postgres().conninfo()};
        return session.value("SET search_path = " + schema + "; " + statement);
    }

    std::optional<emulator::Process> hubspot;
    std::optional<ServiceProcess> service;
    std::string schema;
    Variables variables;
    unsigned short port = 0;
};

inline std::string code_of(const HttpAnswer& answer) {
    return std::string{answer.json().at("code").as_string()};
}

inline void check_unavailable(const HttpAnswer& answer) {
    BOOST_TEST(answer.status == 503);
    BOOST_TEST(code_of(answer) == "SOURCE_UNAVAILABLE");
    BOOST_TEST(std::stoi(answer.header("Retry-After")) > 0);
    BOOST_TEST(!contains(answer.body, "credits"));
}

} // namespace tests
