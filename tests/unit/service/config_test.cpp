#include "config.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace service;
using namespace std::chrono_literals;

namespace {

using Values = std::map<std::string, std::string, std::less<>>;

Environment finder(const Values& values) {
    return [values](std::string_view name) -> std::optional<std::string> {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional{found->second};
    };
}

Values complete_environment() {
    return {{"HUBSPOT_ACCESS_TOKEN", "pat-na1-secret"},
            {"SUPABASE_DB_URL", "postgresql://app:hunter2@db.example.org:5432/postgres?sslmode=verify-full"}};
}

Config read(Values environment, const Values& flags = {}) {
    environment.merge(complete_environment());
    return read_config(finder(environment), finder(flags));
}

std::vector<std::string> problems(Values environment, const Values& flags = {}) {
    try {
        read(std::move(environment), flags);
    } catch (const ConfigError& error) {
        return error.problems();
    }
    return {};
}

} // namespace

BOOST_AUTO_TEST_SUITE(config_suite)

BOOST_AUTO_TEST_CASE(what_is_not_said_is_as_documented) {
    // The texts that `--help` shows set what is set anyway.
    Config as_documented;
    for (const auto& setting : settings())
        if (!setting.default_text.empty())
            BOOST_TEST(!setting.assign(as_documented, setting.default_text).has_value(), setting.flag);
    const Config config = read({});
    BOOST_TEST(config.server.port == as_documented.server.port);
    BOOST_TEST(config.server.address == as_documented.server.address);
    BOOST_TEST(config.server.body_limit == as_documented.server.body_limit);
    BOOST_TEST(config.server.header_limit == as_documented.server.header_limit);
    BOOST_TEST(config.server.connection_limit == as_documented.server.connection_limit);
    BOOST_TEST((config.server.request_timeout == as_documented.server.request_timeout));
    BOOST_TEST((config.server.idle_timeout == as_documented.server.idle_timeout));
    BOOST_TEST((config.server.write_timeout == as_documented.server.write_timeout));
    BOOST_TEST(config.application.rate_limit.per_second == 50u);
    BOOST_TEST(config.application.rate_limit.burst == 500u);
    BOOST_TEST((config.application.access_log == as_documented.application.access_log));
    BOOST_TEST((config.reading.timeout == as_documented.reading.timeout));
    BOOST_TEST((config.reading.negative_ttl == as_documented.reading.negative_ttl));
    BOOST_TEST((config.writing.timeout == as_documented.writing.timeout));
    BOOST_TEST((config.writing.operations.landing_limit == as_documented.writing.operations.landing_limit));
    BOOST_TEST((config.writing.journal.lease == as_documented.writing.journal.lease));
    BOOST_TEST((config.shutdown_grace == as_documented.shutdown_grace));
    BOOST_TEST(config.source_limits.limit == as_documented.source_limits.limit);
    BOOST_TEST(config.source_types.exams == as_documented.source_types.exams);
    BOOST_TEST(!config.warm);
}

BOOST_AUTO_TEST_CASE(flags_win_over_the_environment) {
    const auto config = read({{"UNDERSTUDY_PORT", "9000"}, {"UNDERSTUDY_LOG_FORMAT", "json"}}, {{"--port", "0"}});
    BOOST_TEST(config.server.port == 0);
    BOOST_TEST((config.log_format == LogFormat::json));
    // A wrong variable does no harm where a flag stands in its place.
    BOOST_TEST(problems({{"UNDERSTUDY_PORT", "x"}}, {{"--port", "1"}}).empty());
}

BOOST_AUTO_TEST_CASE(values_are_read) {
    const auto config = read({{"UNDERSTUDY_TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::1"},
                              {"UNDERSTUDY_CORS_ORIGINS", "https://a.example,http://localhost:3000"},
                              {"UNDERSTUDY_IDLE_TIMEOUT", "2m"},
                              {"UNDERSTUDY_REQUEST_TIMEOUT", "250ms"},
                              {"UNDERSTUDY_MAX_AGE", "1h"},
                              {"UNDERSTUDY_LANDING_LIMIT", "100s"},
                              {"UNDERSTUDY_LEASE", "3s"},
                              {"UNDERSTUDY_ADDRESS", "::"},
                              {"HUBSPOT_MOCK_EXAM_TYPE", "2-7"},
                              {"HUBSPOT_BOOKING_TYPE", "2-8"},
                              {"HUBSPOT_BOOKING_TO_CONTACT", "41"},
                              {"HUBSPOT_BOOKING_TO_EXAM", "42"},
                              {"HUBSPOT_NOTE_TYPE", "2-9"},
                              {"HUBSPOT_NOTE_TO_CONTACT", "43"},
                              {"HUBSPOT_NOTE_TO_BOOKING", "44"},
                              {"HUBSPOT_EXAM_REQUIRES_EXAM", "43"},
                              {"UNDERSTUDY_WARM", "true"},
                              {"UNDERSTUDY_SYNC_INCREMENTAL", "*/5 * * * *"},
                              {"UNDERSTUDY_SYNC_FULL", "off"},
                              {"UNDERSTUDY_SYNC_TIME_ZONE", "Europe/Berlin"},
                              {"UNDERSTUDY_PORT", ""}});
    BOOST_TEST(config.source_types.exams == "2-7");
    BOOST_TEST(config.source_types.bookings == "2-8");
    BOOST_TEST(config.source_types.booking_to_contact == 41);
    BOOST_TEST(config.source_types.booking_to_exam == 42);
    BOOST_TEST(config.source_types.notes == "2-9");
    BOOST_TEST(config.source_types.note_to_contact == 43);
    BOOST_TEST(config.source_types.note_to_booking == 44);
    BOOST_TEST(config.source_types.exam_requires_exam == 43);
    BOOST_TEST(config.warm);
    BOOST_TEST(config.sync.incremental == "*/5 * * * *");
    BOOST_TEST(config.sync.full == "off");
    BOOST_TEST(config.sync.time_zone == "Europe/Berlin");
    BOOST_TEST(config.server.trusted_proxies.size() == 2u);
    BOOST_TEST(config.application.cors_origins.size() == 2u);
    BOOST_TEST((config.server.idle_timeout == 2min));
    BOOST_TEST((config.server.request_timeout == 250ms));
    BOOST_TEST((config.writing.operations.landing_limit == 100s));
    BOOST_TEST((config.writing.journal.lease == 3s));
    BOOST_TEST((config.reading.freshness == understudy::Freshness::bounded(1h)));
    BOOST_TEST(config.server.address == "::");
    BOOST_TEST(config.server.port == 8080);
}

BOOST_AUTO_TEST_CASE(every_wrong_value_is_named) {
    const std::pair<std::string, std::string> wrong[] = {
        {"UNDERSTUDY_PORT", "65536"},
        {"UNDERSTUDY_PORT", "http"},
        {"UNDERSTUDY_PORT", "80 "},
        {"UNDERSTUDY_ADDRESS", "localhost"},
        {"UNDERSTUDY_BODY_LIMIT", "0"},
        {"UNDERSTUDY_HEADER_LIMIT", "-1"},
        {"UNDERSTUDY_CONNECTION_LIMIT", "many"},
        {"UNDERSTUDY_REQUEST_TIMEOUT", "10"},
        {"UNDERSTUDY_IDLE_TIMEOUT", "0s"},
        {"UNDERSTUDY_WRITE_TIMEOUT", "-5s"},
        {"UNDERSTUDY_RATE_LIMIT", "1.5"},
        {"UNDERSTUDY_RATE_BURST", "0"},
        {"UNDERSTUDY_TRUSTED_PROXIES", "10.0.0.0/8,proxy"},
        {"UNDERSTUDY_CORS_ORIGINS", "*,https://a.example"},
        {"UNDERSTUDY_CORS_ORIGINS", "https://a.example/path"},
        {"UNDERSTUDY_READ_TIMEOUT", "soon"},
        {"UNDERSTUDY_MAX_AGE", "0s"},
        {"UNDERSTUDY_NEGATIVE_TTL", "1d"},
        {"UNDERSTUDY_BOOKING_TIMEOUT", "0s"},
        {"UNDERSTUDY_LANDING_LIMIT", "120"},
        {"UNDERSTUDY_LEASE", "0ms"},
        {"UNDERSTUDY_LOG_LEVEL", "verbose"},
        {"UNDERSTUDY_LOG_FORMAT", "xml"},
        {"UNDERSTUDY_ACCESS_LOG", "yes"},
        {"UNDERSTUDY_SHUTDOWN_GRACE", ""},
        {"HUBSPOT_CONTACT_TYPE", "contacts"},
        {"HUBSPOT_MOCK_EXAM_TYPE", "exams"},
        {"HUBSPOT_BOOKING_TYPE", "2_1"},
        {"HUBSPOT_BOOKING_TO_CONTACT", "0"},
        {"HUBSPOT_BOOKING_TO_EXAM", "x"},
        {"HUBSPOT_EXAM_REQUIRES_EXAM", "-1"},
        {"UNDERSTUDY_WARM", "yes"},
        {"UNDERSTUDY_SYNC_INCREMENTAL", "61 * * * *"},
        {"UNDERSTUDY_SYNC_FULL", "sometimes"},
        {"UNDERSTUDY_SYNC_TIME_ZONE", "Mars/Olympus"},
        {"HUBSPOT_LIMIT", "0"},
        {"HUBSPOT_SEARCHES", "five"},
    };
    for (const auto& [variable, value] : wrong) {
        const auto found = problems({{variable, value}});
        if (value.empty()) {
            BOOST_TEST(found.empty(), variable);
            continue;
        }
        BOOST_TEST_REQUIRE(found.size() == 1u, variable << '=' << value);
        BOOST_TEST(found.front().starts_with(variable + " must be "), found.front());
        BOOST_TEST(found.front().find('"' + value + '"') != std::string::npos, found.front());
    }
    BOOST_TEST(problems({}, {{"--port", "x"}}).front().starts_with("--port must be"));
}

BOOST_AUTO_TEST_CASE(all_problems_are_told_at_once_and_no_secret_with_them) {
    auto environment = complete_environment();
    environment["HUBSPOT_ACCESS_TOKEN"] = "pat with blanks";
    environment["HUBSPOT_API_VERSION"] = "v9";
    environment["UNDERSTUDY_PORT"] = "x";
    environment["UNDERSTUDY_LOG_LEVEL"] = "loud";
    try {
        read_config(finder(environment), finder({}));
        BOOST_FAIL("accepted");
    } catch (const ConfigError& error) {
        const std::string text = error.what();
        for (const auto* name :
             {"HUBSPOT_ACCESS_TOKEN", "HUBSPOT_API_VERSION", "UNDERSTUDY_PORT", "UNDERSTUDY_LOG_LEVEL"})
            BOOST_TEST((text.find(name) != std::string::npos), name << " in " << text);
        BOOST_TEST(text.find("with blanks") == std::string::npos);
        BOOST_TEST(text.find("hunter2") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(admins_are_configured_by_the_environment_alone) {
    BOOST_TEST(!read({}).admin.believes_tokens());
    const auto config = read({{"SUPABASE_URL", "https://project.supabase.co"}, {"CRON_SECRET", std::string(16, 'c')}});
    BOOST_TEST(config.admin.issuer == "https://project.supabase.co/auth/v1");
    BOOST_TEST(config.admin.cron_secret.size() == 16u);
    const auto found = problems({{"SUPABASE_JWT_SECRET", "hunter2"}, {"SUPABASE_URL", "https://project.supabase.co"}});
    BOOST_TEST_REQUIRE(found.size() == 1u);
    BOOST_TEST(found.front() == "SUPABASE_JWT_SECRET must have at least 32 bytes");
}

BOOST_AUTO_TEST_CASE(what_is_required_is_named) {
    for (const auto* name : {"HUBSPOT_ACCESS_TOKEN", "SUPABASE_DB_URL"}) {
        auto environment = complete_environment();
        environment.erase(name);
        try {
            read_config(finder(environment), finder({}));
            BOOST_FAIL("accepted");
        } catch (const ConfigError& error) {
            BOOST_TEST_REQUIRE(error.problems().size() == 1u);
            BOOST_TEST(error.problems().front().starts_with(name));
        }
    }
    BOOST_CHECK_THROW(read_database_config(finder({})), ConfigError);
    BOOST_CHECK_NO_THROW(read_database_config(finder({{"SUPABASE_DB_URL", "postgresql://localhost/app"}})));
}

BOOST_AUTO_TEST_CASE(flags_and_variables_are_unique) {
    for (const auto& one : settings())
        for (const auto& other : settings())
            BOOST_TEST((&one == &other || (one.flag != other.flag && one.variable != other.variable)));
}

BOOST_AUTO_TEST_SUITE_END()
