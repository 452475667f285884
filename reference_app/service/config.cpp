#include "config.hpp"

#include "zone_of.hpp"

#include "router.hpp"

#include <understudy/supabase/config.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace service {
namespace {

using std::chrono::milliseconds;
using Problem = std::optional<std::string>;

Problem fine() {
    return std::nullopt;
}

template<class T>
Problem assign_number(T& into, std::string_view text, T least, T most) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
        return "must be a number from " + std::to_string(least) + " to " + std::to_string(most);
    into = value;
    return fine();
}

// A number and its unit: `250ms`, `10s`, `5m`, `1h`.
std::optional<milliseconds> parse_duration(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0 || number > 1'000'000'000)
        return std::nullopt;
    const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> units{
        {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
    for (const auto& [name, factor] : units)
        if (name == unit)
            return milliseconds{number * factor};
    return std::nullopt;
}

Problem assign_duration(milliseconds& into, std::string_view text, milliseconds least = milliseconds{1}) {
    const auto duration = parse_duration(text);
    if (!duration || *duration < least)
        return "must be a time such as 250ms, 10s, 5m or 1h" + std::string{least.count() > 0 ? ", above 0" : ""};
    into = *duration;
    return fine();
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto comma = text.find(',');
        auto part = text.substr(0, comma);
        while (part.starts_with(' '))
            part.remove_prefix(1);
        while (part.ends_with(' '))
            part.remove_suffix(1);
        if (!part.empty())
            parts.push_back(part);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    }
    return parts;
}

template<class T, std::size_t N>
Problem assign_choice(T& into, std::string_view text, const std::array<std::pair<std::string_view, T>, N>& choices) {
    std::string names;
    for (const auto& [name, value] : choices) {
        if (name == text) {
            into = value;
            return fine();
        }
        names.append(names.empty() ? "" : ", ").append(name);
    }
    return "must be one of " + names;
}

Problem assign_proxies(Config& config, std::string_view text) {
    std::vector<Network> networks;
    for (const auto part : split(text)) {
        const auto network = Network::parse(part);
        if (!network)
            return "must be addresses or networks such as 10.0.0.0/8, separated by commas";
        networks.push_back(*network);
    }
    config.server.trusted_proxies = std::move(networks);
    return fine();
}

bool is_origin(std::string_view text) {
    const auto scheme = text.find("://");
    return (text.starts_with("http://") || text.starts_with("https://")) && text.size() > scheme + 3 &&
           text.find_first_of("/ ?#\"", scheme + 3) == std::string_view::npos;
}

Problem assign_origins(Config& config, std::string_view text) {
    const auto parts = split(text);
    const bool any = parts.size() == 1 && parts.front() == "*";
    if (!any && !std::all_of(parts.begin(), parts.end(), is_origin))
        return "must be origins such as https://www.example.org, separated by commas, or * alone";
    config.application.cors_origins.assign(parts.begin(), parts.end());
    return fine();
}

Problem assign_address(Config& config, std::string_view text) {
    if (!Address::parse(text))
        return "must be an IP address, such as 127.0.0.1, 0.0.0.0 or ::";
    config.server.address = text;
    return fine();
}

Problem assign_max_age(Config& config, std::string_view text) {
    if (text == "none") {
        config.reading.freshness = understudy::Freshness::fresh();
        return fine();
    }
    const auto age = parse_duration(text);
    if (!age || age->count() == 0)
        return "must be none or a time such as 5m";
    config.reading.freshness = understudy::Freshness::bounded(*age);
    return fine();
}

Problem assign_schedule(std::string& into, std::string_view text) {
    into = text;
    return problem_of_schedule(text);
}

Problem assign_sync_zone(Config& config, std::string_view text) {
    try {
        zone_of(text);
    } catch (const std::runtime_error& error) {
        return std::string{"must be a time zone: "} + error.what();
    }
    config.sync.time_zone = text;
    return fine();
}

Problem assign_type(std::string& into, std::string_view text) {
    into = text;
    return text.find_first_not_of("0123456789-") == text.npos ? fine() : Problem{"must be a type id such as 0-1"};
}

Problem assign_association(std::int64_t& into, std::string_view text) {
    return assign_number<std::int64_t>(into, text, 1, std::numeric_limits<std::int32_t>::max());
}

constexpr std::size_t megabyte = 1024 * 1024;

} // namespace

const std::vector<Setting>& settings() {
    static const std::vector<Setting> all{
        {"--address", "UNDERSTUDY_ADDRESS", "127.0.0.1", "Address to listen on; 0.0.0.0 or :: for every one",
         &assign_address},
        {"--port", "UNDERSTUDY_PORT", "8080", "Port to listen on; 0 for a free one",
         [](Config& c, std::string_view t) { return assign_number<std::uint16_t>(c.server.port, t, 0, 65535); }},
        {"--port-file", "UNDERSTUDY_PORT_FILE", "", "File to write the port to, once the service listens",
         [](Config& c, std::string_view t) {
             c.port_file = t;
             return fine();
         }},
        {"--body-limit", "UNDERSTUDY_BODY_LIMIT", "65536", "Bytes of a request's body",
         [](Config& c, std::string_view t) {
             return assign_number<std::size_t>(c.server.body_limit, t, 1, 64 * megabyte);
         }},
        {"--header-limit", "UNDERSTUDY_HEADER_LIMIT", "16384", "Bytes of a request's headers",
         [](Config& c, std::string_view t) {
             return assign_number<std::size_t>(c.server.header_limit, t, 256, megabyte);
         }},
        {"--connection-limit", "UNDERSTUDY_CONNECTION_LIMIT", "10000", "Connections at a time",
         [](Config& c, std::string_view t) {
             return assign_number<std::size_t>(c.server.connection_limit, t, 1, 1'000'000);
         }},
        {"--request-timeout", "UNDERSTUDY_REQUEST_TIMEOUT", "10s", "Time for a request to arrive",
         [](Config& c, std::string_view t) { return assign_duration(c.server.request_timeout, t); }},
        {"--idle-timeout", "UNDERSTUDY_IDLE_TIMEOUT", "75s", "Time that a kept connection may be silent",
         [](Config& c, std::string_view t) { return assign_duration(c.server.idle_timeout, t); }},
        {"--write-timeout", "UNDERSTUDY_WRITE_TIMEOUT", "10s", "Time that a client may take to read an answer",
         [](Config& c, std::string_view t) { return assign_duration(c.server.write_timeout, t); }},
        {"--rate-limit", "UNDERSTUDY_RATE_LIMIT", "50", "Requests a second of one client address; 0 for no limit",
         [](Config& c, std::string_view t) {
             return assign_number<std::uint32_t>(c.application.rate_limit.per_second, t, 0, 1'000'000);
         }},
        {"--rate-burst", "UNDERSTUDY_RATE_BURST", "500", "Requests that one client address may send at once",
         [](Config& c, std::string_view t) {
             return assign_number<std::uint32_t>(c.application.rate_limit.burst, t, 1, 1'000'000);
         }},
        {"--trusted-proxies", "UNDERSTUDY_TRUSTED_PROXIES", "",
         "Networks of proxies whose X-Forwarded-For is believed, separated by commas", &assign_proxies},
        {"--cors-origins", "UNDERSTUDY_CORS_ORIGINS", "",
         "Origins whose pages may call the service, separated by commas, or *", &assign_origins},
        {"--read-timeout", "UNDERSTUDY_READ_TIMEOUT", "10s", "Time for reading one student, HubSpot included",
         [](Config& c, std::string_view t) { return assign_duration(c.reading.timeout, t); }},
        {"--max-age", "UNDERSTUDY_MAX_AGE", "none",
         "Age above which an answer from the replica is read again from HubSpot", &assign_max_age},
        {"--negative-ttl", "UNDERSTUDY_NEGATIVE_TTL", "60s", "Time that an unknown student is remembered as unknown",
         [](Config& c, std::string_view t) { return assign_duration(c.reading.negative_ttl, t); }},
        {"--booking-timeout", "UNDERSTUDY_BOOKING_TIMEOUT", "30s",
         "Time that whoever asks for a booking or another change waits; what was sent by then goes on",
         [](Config& c, std::string_view t) { return assign_duration(c.writing.timeout, t); }},
        {"--landing-limit", "UNDERSTUDY_LANDING_LIMIT", "2m",
         "Time after which a change that HubSpot did not answer can take effect no more: until then it is not sent "
         "again",
         [](Config& c, std::string_view t) { return assign_duration(c.writing.operations.landing_limit, t); }},
        {"--lease", "UNDERSTUDY_LEASE", "15s",
         "Time without a sign of life after which another process carries on what this one had begun",
         [](Config& c, std::string_view t) { return assign_duration(c.writing.journal.lease, t); }},
        {"--activation-interval", "UNDERSTUDY_ACTIVATION_INTERVAL", "1m",
         "How often scheduled exams whose time has come are put on offer",
         [](Config& c, std::string_view t) { return assign_duration(c.activation_interval, t); }},
        {"--sync-incremental", "UNDERSTUDY_SYNC_INCREMENTAL", "* * * * *",
         "When HubSpot is asked what changed: a cron expression, or off",
         [](Config& c, std::string_view t) { return assign_schedule(c.sync.incremental, t); }},
        {"--sync-full", "UNDERSTUDY_SYNC_FULL", "0 */2 * * *",
         "When everything is listed at HubSpot, so that deletes are noticed; if it never was, also when the service "
         "starts",
         [](Config& c, std::string_view t) { return assign_schedule(c.sync.full, t); }},
        {"--sync-time-zone", "UNDERSTUDY_SYNC_TIME_ZONE", "America/Toronto", "Where both are told the time",
         &assign_sync_zone},
        {"--warm", "UNDERSTUDY_WARM", "false",
         "Whether to read the exams on offer and their bookings from HubSpot in the background, once the service "
         "listens",
         [](Config& c, std::string_view t) {
             constexpr std::array<std::pair<std::string_view, bool>, 2> choices{{{"true", true}, {"false", false}}};
             return assign_choice(c.warm, t, choices);
         },
         true},
        {"--log-level", "UNDERSTUDY_LOG_LEVEL", "info", "debug, info, warning or error",
         [](Config& c, std::string_view t) {
             constexpr std::array<std::pair<std::string_view, LogLevel>, 4> levels{{{"debug", LogLevel::debug},
                                                                                    {"info", LogLevel::info},
                                                                                    {"warning", LogLevel::warning},
                                                                                    {"error", LogLevel::error}}};
             return assign_choice(c.log_level, t, levels);
         }},
        {"--log-format", "UNDERSTUDY_LOG_FORMAT", "text", "text or json",
         [](Config& c, std::string_view t) {
             constexpr std::array<std::pair<std::string_view, LogFormat>, 2> formats{
                 {{"text", LogFormat::text}, {"json", LogFormat::json}}};
             return assign_choice(c.log_format, t, formats);
         }},
        {"--access-log", "UNDERSTUDY_ACCESS_LOG", "problems", "Requests that are logged: off, problems or all",
         [](Config& c, std::string_view t) {
             constexpr std::array<std::pair<std::string_view, AccessLog>, 3> choices{
                 {{"off", AccessLog::off}, {"problems", AccessLog::problems}, {"all", AccessLog::all}}};
             return assign_choice(c.application.access_log, t, choices);
         }},
        {"--shutdown-delay", "UNDERSTUDY_SHUTDOWN_DELAY", "0s",
         "Time to go on accepting while /readyz already answers 503",
         [](Config& c, std::string_view t) { return assign_duration(c.shutdown_delay, t, milliseconds{0}); }},
        {"--shutdown-grace", "UNDERSTUDY_SHUTDOWN_GRACE", "30s", "Time for what is under way to end",
         [](Config& c, std::string_view t) { return assign_duration(c.shutdown_grace, t); }},
        {"--contact-type", "HUBSPOT_CONTACT_TYPE", "0-1", "HubSpot's type id of contacts",
         [](Config& c, std::string_view t) { return assign_type(c.source_types.contacts, t); }},
        {"--exam-type", "HUBSPOT_MOCK_EXAM_TYPE", "2-50158913", "HubSpot's type id of mock exams",
         [](Config& c, std::string_view t) { return assign_type(c.source_types.exams, t); }},
        {"--booking-type", "HUBSPOT_BOOKING_TYPE", "2-50158943", "HubSpot's type id of bookings",
         [](Config& c, std::string_view t) { return assign_type(c.source_types.bookings, t); }},
        {"--note-type", "HUBSPOT_NOTE_TYPE", "0-46", "HubSpot's type id of notes",
         [](Config& c, std::string_view t) { return assign_type(c.source_types.notes, t); }},
        {"--note-to-contact", "HUBSPOT_NOTE_TO_CONTACT", "202",
         "HubSpot's id of the association from a note to a contact",
         [](Config& c, std::string_view t) { return assign_association(c.source_types.note_to_contact, t); }},
        {"--note-to-booking", "HUBSPOT_NOTE_TO_BOOKING", "1250",
         "HubSpot's id of the association from a note to a booking",
         [](Config& c, std::string_view t) { return assign_association(c.source_types.note_to_booking, t); }},
        {"--booking-to-contact", "HUBSPOT_BOOKING_TO_CONTACT", "1277",
         "HubSpot's id of the association from a booking to its contact",
         [](Config& c, std::string_view t) { return assign_association(c.source_types.booking_to_contact, t); }},
        {"--booking-to-exam", "HUBSPOT_BOOKING_TO_EXAM", "1277",
         "HubSpot's id of the association from a booking to its exam",
         [](Config& c, std::string_view t) { return assign_association(c.source_types.booking_to_exam, t); }},
        {"--exam-requires-exam", "HUBSPOT_EXAM_REQUIRES_EXAM", "1340",
         "HubSpot's id of the association from a Mock Discussion to an exam that it requires",
         [](Config& c, std::string_view t) { return assign_association(c.source_types.exam_requires_exam, t); }},
        {"--hubspot-limit", "HUBSPOT_LIMIT", "100",
         "Calls in ten seconds until HubSpot's answers say how many it allows",
         [](Config& c, std::string_view t) { return assign_number<int>(c.source_limits.limit, t, 1, 1'000'000); }},
        {"--hubspot-searches", "HUBSPOT_SEARCHES", "5", "Searches a second that HubSpot allows",
         [](Config& c, std::string_view t) { return assign_number<int>(c.source_limits.searches, t, 1, 1'000'000); }},
    };
    return all;
}

ConfigError::ConfigError(std::vector<std::string> problems)
    : std::runtime_error{[&] {
        std::string text;
        for (const auto& problem : problems)
            text.append(text.empty() ? "" : "\n").append(problem);
        return text;
    }()}
    , problems_{std::move(problems)} {}

Config read_config(const Environment& environment, const Environment& flags) {
    Config config;
    std::vector<std::string> problems;
    for (const auto& setting : settings()) {
        auto text = flags(setting.flag);
        const auto name = text ? setting.flag : setting.variable;
        if (!text)
            text = environment(setting.variable);
        if (!text || (text->empty() && name == setting.variable))
            continue;
        if (const auto problem = setting.assign(config, *text))
            problems.push_back(std::string{name} + " " + *problem + ", not \"" + *text + "\"");
    }
    auto database = understudy::supabase::Config::read(environment);
    config.database = std::move(database.database);
    problems.insert(problems.end(), database.problems.begin(), database.problems.end());
    try {
        config.hubspot = understudy::hubspot::params_from(environment);
    } catch (const std::invalid_argument& error) {
        problems.emplace_back(error.what());
    }
    config.admin = read_admin_params(environment, problems);
    config.webhooks = read_webhook_params(environment, problems);
    config.server.body_limits.emplace_back(hubspot_webhook_path, webhook_body_limit);
    if (!problems.empty())
        throw ConfigError{std::move(problems)};
    return config;
}

understudy::postgres::ConnectParams read_database_config(const Environment& environment) {
    auto database = understudy::supabase::Config::read(environment);
    if (!database.ok())
        throw ConfigError{std::move(database.problems)};
    return std::move(database.database);
}

} // namespace service
