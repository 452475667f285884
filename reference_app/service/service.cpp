#include "service.hpp"

#include "admin_gate.hpp"
#include "application.hpp"
#include "booking_board.hpp"
#include "booking_mirror.hpp"
#include "contact_mirror.hpp"
#include "exam_activation.hpp"
#include "exam_board.hpp"
#include "exam_mirror.hpp"
#include "http_server.hpp"
#include "joined_record_reader.hpp"
#include "journaled_admin_desk.hpp"
#include "journaled_booking_desk.hpp"
#include "journaled_exam_desk.hpp"
#include "journaled_record_writer.hpp"
#include "key_fetch.hpp"
#include "log_throttle.hpp"
#include "metrics.hpp"
#include "migrations.hpp"
#include "mirror_hints.hpp"
#include "mirror_parts.hpp"
#include "note_writer.hpp"
#include "pooled_database.hpp"
#include "reconciliation.hpp"
#include "sync_endpoints.hpp"
#include "sync_params.hpp"
#include "ticker.hpp"
#include "totals_ledger.hpp"
#include "wall_clock.hpp"
#include "warm_up.hpp"
#include "webhook_endpoint.hpp"

#include <understudy/hubspot/client.hpp>
#include <understudy/postgres/identity.hpp>
#include <understudy/postgres/journal.hpp>
#include <understudy/rate_budget.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <optional>
#include <utility>

namespace service {
namespace {

namespace asio = boost::asio;
namespace hubspot = understudy::hubspot;
namespace postgres = understudy::postgres;
using namespace std::chrono_literals;
using understudy::Errc;
using understudy::error_code;
using understudy::RateBudget;
using Clock = std::chrono::steady_clock;

constexpr auto start_timeout = 30s;
// How often it is counted what the journal holds.
constexpr auto journal_interval = 5s;
constexpr std::size_t most_dead_counted = 1000;
// How often it is looked for exams whose number of bookings is to be brought up to date at the source.
constexpr auto totals_interval = 1s;
constexpr auto tuple = asio::as_tuple(asio::use_awaitable);

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names)
        text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

// What HubSpot and PostgreSQL say of their failures goes to the log, and nowhere else.
hubspot::Params observed(hubspot::Params params, RateBudget budget, const Log& log) {
    params.on_rate = budget.observer();
    params.permit = [budget](understudy::RateBucket bucket, const understudy::ReadOptions& options,
                             std::function<void(error_code)> handler) mutable {
        budget.async_acquire(bucket, options.priority, options.timeout, std::move(handler));
    };
    params.on_error = [&log, throttle = LogThrottle{}](const hubspot::ErrorDetail& detail) mutable {
        const auto held_back = throttle.pass(Clock::now());
        if (!held_back)
            return;
        log.warning(detail.error ? "source_call_failed" : "source_record_odd",
                    {{"operation", detail.operation},
                     {"error", detail.error.message()},
                     {"status", detail.status},
                     {"reason", detail.reason},
                     {"category", detail.category},
                     {"policy", detail.policy},
                     {"scopes", joined(detail.scopes)},
                     {"properties", joined(detail.properties)},
                     {"correlation_id", detail.correlation_id},
                     {"held_back", *held_back}});
    };
    return params;
}

postgres::ConnectParams observed(postgres::ConnectParams params, const Log& log) {
    params.on_failure = [&log, throttle = LogThrottle{}](const error_code& error,
                                                         const postgres::Diagnostics& diagnostics) mutable {
        const auto held_back = throttle.pass(Clock::now());
        if (!held_back)
            return;
        log.warning("database_failed", {{"error", error.message()},
                                        {"sqlstate", diagnostics.sqlstate},
                                        {"message", diagnostics.message},
                                        {"held_back", *held_back}});
    };
    return params;
}

LocalCalendar exams_calendar() {
    try {
        return LocalCalendar{};
    } catch (const std::runtime_error& error) {
        throw CannotStart{error.what()};
    }
}

postgres::JournalParams journal_params(postgres::JournalParams params) {
    params.reserve = "reserve_places";
    return params;
}

class Service {
public:
    Service(const Config& config, const Log& log)
        : config_{config}
        , log_{log}
        , budget_{context_.get_executor(), config.source_limits}
        , client_{context_.get_executor(), observed(config.hubspot, budget_, log)}
        , pool_{context_.get_executor(), observed(config.database, log)}
        , operations_{postgres::Journal{pool_, journal_params(config.writing.journal)}, config.writing.operations}
        , schedule_{schedule_of(config.sync)}
        , contacts_{mirror_contacts(parts())}
        , exams_{mirror_exams(parts())}
        , bookings_{mirror_bookings(parts())}
        , reader_{exams_->reader(), bookings_->reader(),
                  [this] { return exams_->source_fails() || bookings_->source_fails(); }}
        , board_{pooled_database(pool_), reader_, config.reading, exams_calendar()}
        , booking_board_{reader_, config.reading, exams_calendar()}
        , notes_{write_notes(parts())}
        , writer_{operations_, contacts_->writer(), bookings_->writer(), *notes_}
        , totals_ledger_{totals_in(pooled_database(pool_))}
        , totals_{*totals_ledger_, reader_, writer_, exams_->writer(), config.writing.timeout}
        , totals_ticker_{context_.get_executor(), totals_interval, [this] { totals_.run(); }}
        , desk_{reader_, writer_, config.writing.timeout, exams_calendar()}
        , admin_desk_{desk_}
        , exam_desk_{reader_, writer_, exams_->writer(), config.writing.timeout, exams_calendar()}
        , activation_{reader_,
                      [this](understudy::Timestamp by, ExamActivation::IdsHandler handler) {
                          board_.due(by, std::move(handler));
                      },
                      exam_desk_, config.writing.timeout}
        , activation_ticker_{context_.get_executor(), config.activation_interval, [this] { activate_exams(); }}
        , warm_up_{reader_,
                   [this](MockType type, WarmUp::IdsHandler handler) { board_.on_offer(type, std::move(handler)); },
                   [this](const WarmUpProgress& progress) { report(progress); }}
        , keys_{fetch_keys_from(context_.get_executor(), config.admin), log}
        , gate_{config.admin, keys_, &wall_clock_now}
        , hints_{context_.get_executor(), *contacts_, *exams_, *bookings_, [this] { operations_.hasten_sweeps(); }}
        , webhooks_{config.webhooks, config.source_types, hints_, log, &wall_clock_now}
        , reconciliation_{{&contacts_->reconciler(), &exams_->reconciler(), &bookings_->reconciler()}}
        , sync_{reconciliation_, hints_, log_}
        , application_{config.application,
                       ApplicationParts{contacts_->students(), board_, booking_board_, desk_, admin_desk_, gate_,
                                        exam_desk_, activation_, webhooks_, sync_},
                       metrics_, log}
        , server_{context_, config.server,
                  [this](const Request& request, Respond respond) { application_.handle(request, std::move(respond)); },
                  log} {
        metrics_.add([this](MetricSink& sink) { collect(sink); });
    }

    // Returns whether everything that was under way ended in time.
    bool run() {
        wait_for_signal();
        asio::co_spawn(context_, start(), [this](std::exception_ptr failure) {
            failure_ = failure;
            if (failure)
                context_.stop();
        });
        context_.run();
        if (failure_)
            std::rethrow_exception(failure_);
        return finished_;
    }

private:
    enum class Phase { starting, serving, stopping };

    MirrorParts parts() const {
        return {client_,         budget_,
                pool_,           operations_,
                config_.reading, config_.source_types,
                schedule_,       config_.sync.passes};
    }

    asio::awaitable<void> start() {
        co_await check_replica();
        constexpr auto custom = "crm.objects.custom.read and crm.schemas.custom.read";
        co_await check_source(*contacts_, "HUBSPOT_CONTACT_TYPE",
                              "crm.objects.contacts.read and crm.schemas.contacts.read");
        co_await check_source(*exams_, "HUBSPOT_MOCK_EXAM_TYPE", custom);
        co_await check_source(*bookings_, "HUBSPOT_BOOKING_TYPE", custom);
        co_await check_portal();
        std::uint16_t port = 0;
        try {
            port = server_.listen();
        } catch (const boost::system::system_error& error) {
            throw CannotStart{"UNDERSTUDY_ADDRESS, UNDERSTUDY_PORT: cannot listen on " + config_.server.address +
                              ", port " + std::to_string(config_.server.port) + ": " + error.code().message()};
        }
        if (!config_.port_file.empty())
            write_port(port);
        phase_ = Phase::serving;
        if (!config_.admin.believes_tokens())
            log_.info("admin_disabled", {{"reason", "neither SUPABASE_URL nor SUPABASE_JWT_SECRET is set"}});
        if (config_.admin.cron_secret.empty())
            log_.info("cron_disabled", {{"reason", "CRON_SECRET is not set"}});
        if (!webhooks_.enabled())
            log_.info("webhooks_disabled", {{"reason", "HUBSPOT_WEBHOOK_SECRET is not set"}});
        log_.info("listening", {{"address", config_.server.address}, {"port", port}, {"version", UNDERSTUDY_VERSION}});
        operations_.run();
        count_journal();
        activation_ticker_.start();
        totals_ticker_.start();
        if (config_.warm)
            warm_up_.start();
        reconcile(contacts_->reconciler(), MirroredType::contacts);
        reconcile(exams_->reconciler(), MirroredType::exams);
        reconcile(bookings_->reconciler(), MirroredType::bookings);
    }

    void reconcile(TypeReconciler& reconciler, MirroredType type) {
        reconciler.start([this, type](const understudy::PassReport& report) {
            const bool full = report.kind == understudy::PassKind::full;
            if (report.outcome == understudy::PassOutcome::led_elsewhere)
                return;
            if (report.success() && !full && report.changed == 0)
                return;
            log_.write(report.success() ? LogLevel::info : LogLevel::warning, "pass_ended",
                       {{"type", mirrored_type_names[static_cast<std::size_t>(type)]},
                        {"kind", full ? "full" : "incremental"},
                        {"records", report.records},
                        {"changed", report.changed},
                        {"deletes_wanted", report.deletes_wanted},
                        {"deletes_done", report.deletes_done},
                        {"braked", report.braked},
                        {"failed", report.failed},
                        {"error", report.error ? report.error.message() : std::string{}},
                        {"duration_ms", report.duration.count()}});
        });
    }

    asio::awaitable<void> check_replica() {
        std::vector<std::string> tables{contacts_->table(), exams_->table(), bookings_->table()};
        const auto [error, report] = co_await postgres::async_check_identity(pool_, std::move(tables), tuple);
        if (error)
            throw CannotStart{"SUPABASE_DB_URL: the database cannot be used: " + error.message()};
        if (report.unknown)
            log_.warning("replica_identity_unknown", {{"reason", report.note}});
        if (report.changed)
            log_.warning("replica_identity_changed", {{"rows_marked", report.marked}});
    }

    // A source that is down does not keep those waiting whom the replica knows; one that is wrong does.
    template<class R>
    asio::awaitable<void> check_source(RecordMirror<R>& mirror, const char* variable, const char* scopes) {
        const auto check = [&mirror](auto handler) {
            auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            mirror.check_properties(start_timeout, [shared](error_code failed, std::vector<std::string> lacking) {
                (*shared)(failed, std::move(lacking));
            });
        };
        using Checked = void(error_code, std::vector<std::string>);
        const auto [error, missing] = co_await asio::async_initiate<const decltype(tuple)&, Checked>(check, tuple);
        const auto named = mirror.object_type() + " (" + variable + ")";
        if (error == Errc::schema_mismatch)
            throw CannotStart{"HubSpot's type " + named + " lacks what the service needs. Create the missing " +
                              "properties in HubSpot: " + joined(missing)};
        if (error == Errc::unauthorized)
            throw CannotStart{"HUBSPOT_ACCESS_TOKEN: HubSpot does not accept the token"};
        if (error == Errc::forbidden)
            throw CannotStart{"HUBSPOT_ACCESS_TOKEN: the token lacks a permission; for type " + named + " it needs " +
                              scopes};
        if (error == understudy::Condition::retryable)
            log_.warning(
                "source_unchecked",
                {{"url", config_.hubspot.base_url}, {"type", mirror.object_type()}, {"error", error.message()}});
        else if (error)
            throw CannotStart{"HubSpot's type " + named + " cannot be used at HUBSPOT_BASE_URL: " + error.message()};
    }

    // The ids of one portal mean nothing in another: a replica follows the portal that it was first filled from.
    asio::awaitable<void> check_portal() {
        const auto [error, account] = co_await client_.async_account(start_timeout, tuple);
        if (error) {
            log_.warning("portal_unchecked", {{"error", error.message()}});
            co_return;
        }
        const auto meta = postgres::qualified(config_.database.schema, "understudy_meta");
        auto statement = "WITH first AS (INSERT INTO " + meta +
                         " (key, value) VALUES ('portal', $1) ON CONFLICT (key) DO NOTHING RETURNING value) "
                         "SELECT value FROM first UNION ALL SELECT value FROM " +
                         meta + " WHERE key = 'portal' LIMIT 1";
        const auto portal = std::to_string(account.portal_id);
        auto parameters = postgres::Parameters::of(portal);
        const postgres::ExecuteOptions options;
        const auto [failed, result] =
            co_await pool_.async_execute(std::move(statement), std::move(parameters), options, tuple);
        std::string mirrored;
        if (failed || !result.get(0, 0, mirrored))
            throw CannotStart{"SUPABASE_DB_URL: the database cannot be used: " + failed.message()};
        if (mirrored != portal)
            throw CannotStart{"HUBSPOT_ACCESS_TOKEN is a token of HubSpot portal " + portal + ", but the tables in " +
                              config_.database.schema + " (SUPABASE_SCHEMA_NAME) mirror portal " + mirrored +
                              ". Use that portal's token, or another schema"};
    }

    void write_port(std::uint16_t port) const {
        std::ofstream file{config_.port_file};
        file << port << '\n';
        if (!file.flush())
            throw CannotStart{"UNDERSTUDY_PORT_FILE: cannot write " + config_.port_file};
    }

    void wait_for_signal() {
        signals_.async_wait([this](error_code error, int number) {
            if (!error)
                on_signal(number);
        });
    }

    void on_signal(int number) {
        if (phase_ == Phase::stopping) {
            log_.warning("stopped_at_once", {{"signal", number}});
            std::_Exit(128 + number);
        }
        log_.info("stopping", {{"signal", number}});
        if (phase_ == Phase::starting)
            return context_.stop();
        phase_ = Phase::stopping;
        warm_up_.stop();
        contacts_->reconciler().close();
        exams_->reconciler().close();
        bookings_->reconciler().close();
        activation_ticker_.stop();
        totals_ticker_.stop();
        totals_.stop();
        activation_.stop();
        wait_for_signal();
        asio::co_spawn(context_, stop(), [this](std::exception_ptr failure) {
            failure_ = failure;
            context_.stop();
        });
    }

    asio::awaitable<void> stop() {
        application_.drain();
        timer_.expires_after(config_.shutdown_delay);
        co_await timer_.async_wait(tuple);

        const auto deadline = Clock::now() + config_.shutdown_grace;
        bool answered = false;
        server_.stop([&] {
            answered = true;
            timer_.cancel();
        });
        timer_.expires_at(deadline);
        co_await timer_.async_wait(tuple);

        int draining = 4;
        const auto drained_one = [&](error_code) {
            if (--draining == 0)
                timer_.cancel();
        };
        timer_.expires_at(deadline);
        journal_timer_.cancel();
        operations_.stop();
        operations_.async_drain(drained_one);
        contacts_->drain(drained_one);
        exams_->drain(drained_one);
        bookings_->drain(drained_one);
        if (draining > 0)
            co_await timer_.async_wait(tuple);
        const bool drained = draining == 0;

        finished_ = answered && drained;
        server_.abort();
        client_.close();
        pool_.close();
        if (finished_)
            log_.info("stopped");
        else
            log_.warning("stopped_unfinished", {{"connections", server_.connections()}, {"loads_drained", drained}});
    }

    // What is left of what was promised, for those who watch.
    void count_journal() {
        operations_.journal().async_count([this](error_code error, std::size_t unfinished) {
            if (!error)
                unfinished_ = unfinished;
            operations_.async_list_dead(most_dead_counted,
                                        [this](error_code failed, const std::vector<understudy::JournalEntry>& dead) {
                                            if (!failed)
                                                dead_letters_ = dead.size();
                                        });
        });
        journal_timer_.expires_after(journal_interval);
        journal_timer_.async_wait([this](error_code error) {
            if (!error && phase_ == Phase::serving)
                count_journal();
        });
    }

    void activate_exams() {
        activation_.run([this](const ActivationReport& report) {
            if (report.success() && report.activated.empty())
                return;
            const auto level = report.success() ? LogLevel::info : LogLevel::warning;
            log_.write(level, "exams_activated",
                       {{"activated", report.activated.size()},
                        {"failed", report.failed.size()},
                        {"error", report.error ? report.error.message() : std::string{}}});
        });
    }

    void report(const WarmUpProgress& progress) const {
        const auto event = progress.ended ? "warm_up_ended" : "warming_up";
        const auto calls = client_.stats().requests;
        if (progress.error)
            log_.warning(event, {{"done", progress.done},
                                 {"total", progress.total},
                                 {"failed", progress.failed},
                                 {"calls", calls},
                                 {"error", progress.error.message()}});
        else
            log_.info(event, {{"done", progress.done}, {"total", progress.total}, {"calls", calls}});
    }

    void collect(MetricSink& sink) const {
        const auto number = [](auto value) { return static_cast<double>(value); };
        server_.collect(sink);

        // Samples of one name come one after another.
        const auto of_each = [&](auto&& add) {
            add("contacts", *contacts_);
            add("exams", *exams_);
            add("bookings", *bookings_);
        };
        of_each([&](std::string_view record, const auto& mirror) {
            const auto cache = mirror.stats().reads;
            const auto read = [&](std::string_view result, std::uint64_t value) {
                sink.counter("reads_total", "Records and sets read, by how", number(value),
                             {{"record", record}, {"result", result}});
            };
            read("hit", cache.hits);
            read("negative_hit", cache.negative_hits);
            read("miss", cache.misses);
            read("joined", cache.joined);
            read("stale", cache.stale_answers);
            read("failed", cache.failures);
        });
        const auto counted = [&](std::string_view name, std::string_view help, auto&& count) {
            of_each([&](std::string_view record, const auto& mirror) {
                sink.counter(name, help, number(count(mirror)), {{"record", record}});
            });
        };
        counted("fills_total", "Loads from the source", [](const auto& m) { return m.stats().reads.fills; });
        counted("fill_repeats_total", "Loads begun again because of a change",
                [](const auto& m) { return m.stats().reads.repeats; });
        counted("replica_failures_total", "Look-ups that the replica failed",
                [](const auto& m) { return m.stats().reads.replica_failures; });
        counted("populate_failures_total", "Loads that could not be stored",
                [](const auto& m) { return m.stats().reads.populate_failures; });
        counted("source_values_total", "Values asked of the source",
                [](const auto& m) { return m.stats().source.values; });
        counted("source_batches_total", "Batches that they left in",
                [](const auto& m) { return m.stats().source.batches; });
        of_each([&](std::string_view record, const auto& mirror) {
            sink.gauge("source_circuit_open", "Whether the source is not asked for a moment",
                       mirror.circuit_open() ? 1 : 0, {{"record", record}});
        });

        const auto& board = board_.stats();
        const auto answered = [&](std::string_view result, std::uint64_t value) {
            sink.counter("board_answers_total", "Answers about exams and their places, by how", number(value),
                         {{"result", result}});
        };
        answered("hit", board.hits);
        answered("miss", board.misses);
        answered("stale", board.stale_answers);
        answered("failed", board.failures);

        const auto& operations = operations_.stats();
        const auto operated = [&](std::string_view result, std::uint64_t value) {
            sink.counter("operations_total", "Changes that were asked for, by what became of them", number(value),
                         {{"result", result}});
        };
        operated("done", operations.done);
        operated("undone", operations.undone);
        operated("dead", operations.dead);
        operated("repeated", operations.repeated);
        sink.counter("operations_begun_total", "Changes that were begun", number(operations.begun));
        sink.counter("operations_recovered_total", "Changes taken over from processes that were gone",
                     number(operations.recovered));
        sink.counter("operations_queued_total", "Changes that waited behind others", number(operations.queued));
        sink.counter("operations_pending_total", "Changes that the replica showed later than their callers were told",
                     number(operations.replica_pending));
        sink.counter("leases_lost_total", "Times the lease on changes under way was lost",
                     number(operations.leases_lost));
        sink.counter("rows_swept_total", "Rows read again after they were marked", number(operations.swept));
        if (unfinished_)
            sink.gauge("journal_unfinished", "Changes in the journal that are not finished", number(*unfinished_));
        if (dead_letters_)
            sink.gauge("dead_letters", "Changes that somebody has to look at", number(*dead_letters_));

        webhooks_.collect(sink);

        const auto& budget = budget_.stats();
        sink.counter("source_calls_granted_total", "Calls that the rate budget granted", number(budget.granted));
        sink.counter("source_calls_waited_total", "Times a call had to wait for the budget", number(budget.waited));
        sink.counter("source_calls_refused_total", "Times the budget could not grant in time", number(budget.refused));
        sink.counter("source_rate_limited_total", "Calls that the source refused for their rate",
                     number(budget.refused_by_server));
        sink.gauge("source_limit", "Calls per window as known now",
                   number(budget_.limit(understudy::RateBucket::window)));

        const auto http = client_.stats();
        sink.counter("source_requests_total", "Requests sent to the source", number(http.requests));
        sink.gauge("source_connections", "Connections to the source", number(http.idle + http.busy));

        const auto pool = pool_.stats();
        sink.counter("database_requests_total", "Statements sent to the database", number(pool.requests));
        sink.counter("database_failures_total", "Statements that failed", number(pool.failed));
        sink.gauge("database_connections", "Connections to the database", number(pool.connected));
        sink.gauge("database_waiting", "Statements that wait for a connection", number(pool.waiting));
    }

    const Config& config_;
    const Log& log_;
    asio::io_context context_{1};
    asio::signal_set signals_{context_, SIGTERM, SIGINT};
    asio::steady_timer timer_{context_};
    RateBudget budget_;
    hubspot::Client client_;
    postgres::Pool pool_;
    Operations operations_;
    understudy::ReconcilerSchedule schedule_;
    std::unique_ptr<ContactMirror> contacts_;
    std::unique_ptr<ExamMirror> exams_;
    std::unique_ptr<BookingMirror> bookings_;
    JoinedRecordReader reader_;
    ExamBoard board_;
    BookingBoard booking_board_;
    std::unique_ptr<TypeWriter<Note>> notes_;
    JournaledRecordWriter<Operations> writer_;
    std::unique_ptr<TotalsLedger> totals_ledger_;
    ExamTotals totals_;
    Ticker totals_ticker_;
    JournaledBookingDesk desk_;
    JournaledAdminDesk admin_desk_;
    JournaledExamDesk exam_desk_;
    ExamActivation activation_;
    Ticker activation_ticker_;
    WarmUp warm_up_;
    Metrics metrics_;
    KeySet keys_;
    AdminGate gate_;
    MirrorHints hints_;
    WebhookEndpoint webhooks_;
    Reconciliation reconciliation_;
    SyncEndpoints sync_;
    Application application_;
    HttpServer server_;
    asio::steady_timer journal_timer_{context_};
    std::optional<std::size_t> unfinished_;
    std::optional<std::size_t> dead_letters_;
    Phase phase_ = Phase::starting;
    bool finished_ = true;
    std::exception_ptr failure_;
};

void check_schema(const Config& config) {
    const auto report = check_migrations(config.database);
    if (report.ok())
        return;
    throw CannotStart{"SUPABASE_DB_URL: " + report.problem};
}

} // namespace

bool serve(const Config& config, const Log& log) {
    check_schema(config);
    return Service{config, log}.run();
}

} // namespace service
