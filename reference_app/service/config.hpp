#pragma once

#include "admin_params.hpp"
#include "application_params.hpp"
#include "http_server_params.hpp"
#include "log.hpp"
#include "sync_params.hpp"
#include "webhook_params.hpp"

#include <understudy/freshness.hpp>
#include <understudy/hubspot/params.hpp>
#include <understudy/operation_params.hpp>
#include <understudy/postgres/connect_params.hpp>
#include <understudy/postgres/journal_params.hpp>
#include <understudy/rate_budget_params.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace service {

/// Finds a setting by its name, as `std::getenv` does.
using Environment = std::function<std::optional<std::string>(std::string_view)>;

/// What students' records are read with.
struct ReadingParams {
    /// Time for one answer, the source included.
    std::chrono::milliseconds timeout{10'000};
    /// How old an answer from the replica may be.
    understudy::Freshness freshness{};
    /// How long "no such student" is believed.
    std::chrono::milliseconds negative_ttl{60'000};
};

/// What students' records are written with.
struct WritingParams {
    /// How long whoever asks for a write waits; what was sent by then goes on.
    std::chrono::milliseconds timeout{30'000};
    understudy::OperationParams operations{};
    understudy::postgres::JournalParams journal{};
};

/// What the records and their associations are called in one HubSpot account; every account has ids of its own.
struct SourceTypes {
    std::string contacts = "0-1";
    std::string exams = "2-50158913";
    std::string bookings = "2-50158943";
    std::int64_t booking_to_contact = 1277;
    std::int64_t booking_to_exam = 1277;
    std::int64_t exam_requires_exam = 1340;
    std::string notes = "0-46";
    std::int64_t note_to_contact = 202;
    std::int64_t note_to_booking = 1250;
};

/// Everything that the service can be told. Secrets come from the environment alone: a command line is no secret.
struct Config {
    HttpServerParams server;
    ApplicationParams application;
    AdminParams admin;
    WebhookParams webhooks;
    ReadingParams reading;
    WritingParams writing;
    SyncParams sync;
    understudy::postgres::ConnectParams database;
    understudy::hubspot::Params hubspot;
    SourceTypes source_types;
    understudy::RateBudgetParams source_limits;
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;
    /// Whether to fill the replica with the exams on offer and their bookings once the service listens.
    bool warm = false;
    /// How often scheduled exams whose time has come are put on offer.
    std::chrono::milliseconds activation_interval{60'000};
    /// Where to write the port that was taken; empty for nowhere.
    std::string port_file;
    /// How long the service goes on accepting while it already says that it is not ready.
    std::chrono::milliseconds shutdown_delay{0};
    /// How long requests and loads under way may take to end.
    std::chrono::milliseconds shutdown_grace{30'000};
};

/// Everything that is wrong with the configuration, a sentence each; every one names its variable.
class ConfigError : public std::runtime_error {
public:
    explicit ConfigError(std::vector<std::string> problems);
    const std::vector<std::string>& problems() const noexcept { return problems_; }

private:
    std::vector<std::string> problems_;
};

/// One setting of the service's own: `--flag TEXT`, or the environment variable of that name.
struct Setting {
    std::string_view flag;
    std::string_view variable;
    std::string_view default_text;
    std::string_view help;
    /// Sets it, or says what a value must be.
    std::optional<std::string> (*assign)(Config&, std::string_view);
    /// The flag stands for `true` when nothing follows it.
    bool is_switch = false;
};

/// All settings that have flags.
const std::vector<Setting>& settings();

/// Reads the configuration; `flags` finds what the command line gave, and wins over the environment. A variable that is
/// set to nothing counts as not set. Throws `ConfigError`.
Config read_config(const Environment& environment, const Environment& flags);

/// The part of it that says where the database is. Throws `ConfigError`.
understudy::postgres::ConnectParams read_database_config(const Environment& environment);

} // namespace service
