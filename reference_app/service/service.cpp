#include "service.hpp"

#include "application.hpp"
#include "cached_student_directory.hpp"
#include "contact_credits_stores.hpp"
#include "http_server.hpp"
#include "log_throttle.hpp"
#include "metrics.hpp"
#include "migrations.hpp"

#include <understudy/budgeted.hpp>
#include <understudy/coalescing.hpp>
#include <understudy/guarded.hpp>
#include <understudy/hubspot/store.hpp>
#include <understudy/postgres/identity.hpp>
#include <understudy/rate_budget.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/supabase/store.hpp>

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
#include <utility>

namespace service {
namespace {

namespace asio = boost::asio;
namespace hubspot = understudy::hubspot;
namespace postgres = understudy::postgres;
namespace supabase = understudy::supabase;
using namespace std::chrono_literals;
using understudy::Budgeted;
using understudy::Coalescing;
using understudy::Errc;
using understudy::error_code;
using understudy::Guarded;
using understudy::RateBudget;
using understudy::ReadThroughCache;
using Clock = std::chrono::steady_clock;

constexpr auto start_timeout = 30s;
constexpr auto tuple = asio::as_tuple(asio::use_awaitable);

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names)
        text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

understudy::ReadThroughParams cache_params(const ReadingParams& reading) {
    understudy::ReadThroughParams params;
    params.negative_ttl = reading.negative_ttl;
    return params;
}

// What HubSpot and PostgreSQL say of their failures goes to the log, and nowhere else.
hubspot::Params observed(hubspot::Params params, RateBudget budget, const Log& log) {
    params.on_rate = budget.observer();
    params.permit = [budget](understudy::RateBucket bucket, std::chrono::milliseconds timeout,
                             std::function<void(error_code)> handler) mutable {
        budget.async_acquire(bucket, understudy::Priority::interactive, timeout, std::move(handler));
    };
    params.on_error = [&log, throttle = LogThrottle{}](const hubspot::ErrorDetail& detail) mutable {
        const auto held_back = throttle.pass(Clock::now());
        if (!held_back)
            return;
        log.warning("source_call_failed", {{"operation", detail.operation},
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

// Nobody to ask about exams and bookings.
struct NoExams final : ExamDirectory {
    void available(AvailableQuestion, AvailableHandler handler) override { handler(ReplicaUnavailable{}); }
    void capacity(std::string, CapacityHandler handler) override { handler(ReplicaUnavailable{}); }
};
struct NoBookings final : BookingDirectory {
    void list(BookingsQuestion, BookingsHandler handler) override { handler(ReplicaUnavailable{}); }
    void get(std::string, BookingHandler handler) override { handler(SourceUnavailable{}); }
};

class Service {
public:
    Service(const Config& config, const Log& log)
        : config_{config}
        , log_{log}
        , budget_{context_.get_executor(), config.source_limits}
        , client_{context_.get_executor(), observed(config.hubspot, budget_, log)}
        , pool_{context_.get_executor(), observed(config.database, log)}
        , replica_{pool_}
        , contacts_{client_, config.contact_type}
        , guarded_{Budgeted{contacts_, budget_}}
        , source_{guarded_}
        , credits_{replica_, source_, cache_params(config.reading)}
        , students_{credits_, config.reading, [this] { return guarded_.is_failing(); }}
        , application_{config.application, students_, exams_, bookings_, metrics_, log}
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
    using Replica = supabase::Store<ContactCredits>;
    using Contacts = hubspot::Store<ContactCredits>;
    using Source = Coalescing<Guarded<Budgeted<Contacts>>>;
    using Credits = ReadThroughCache<Replica, Source>;

    enum class Phase { starting, serving, stopping };

    asio::awaitable<void> start() {
        co_await check_replica();
        co_await check_source();
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
        log_.info("listening", {{"address", config_.server.address}, {"port", port}, {"version", UNDERSTUDY_VERSION}});
    }

    asio::awaitable<void> check_replica() {
        std::vector<std::string> tables;
        tables.emplace_back(postgres::TableTraits<ContactCredits>::table);
        const auto [error, report] = co_await postgres::async_check_identity(pool_, std::move(tables), tuple);
        if (error)
            throw CannotStart{"SUPABASE_DB_URL: the database cannot be used: " + error.message()};
        if (report.unknown)
            log_.warning("replica_identity_unknown", {{"reason", report.note}});
        if (report.changed)
            log_.warning("replica_identity_changed", {{"rows_marked", report.marked}});
    }

    // A source that is down does not keep those waiting whom the replica knows; one that is wrong does.
    asio::awaitable<void> check_source() {
        const auto [error, missing] = co_await contacts_.async_check_properties(start_timeout, tuple);
        if (error == Errc::schema_mismatch)
            throw CannotStart{"HubSpot's type " + config_.contact_type + " (HUBSPOT_CONTACT_TYPE) lacks what " +
                              "the service needs. Create the missing properties in HubSpot: " + joined(missing)};
        if (error == Errc::unauthorized)
            throw CannotStart{"HUBSPOT_ACCESS_TOKEN: HubSpot does not accept the token"};
        if (error == Errc::forbidden)
            throw CannotStart{"HUBSPOT_ACCESS_TOKEN: the token lacks a permission; it needs crm.objects.contacts.read "
                              "and crm.schemas.contacts.read"};
        if (error == understudy::Condition::retryable)
            log_.warning("source_unchecked", {{"url", config_.hubspot.base_url}, {"error", error.message()}});
        else if (error)
            throw CannotStart{"HUBSPOT_BASE_URL: HubSpot cannot be used: " + error.message()};
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

        bool drained = false;
        credits_.async_drain([&](error_code) {
            drained = true;
            timer_.cancel();
        });
        timer_.expires_at(deadline);
        if (!drained)
            co_await timer_.async_wait(tuple);

        finished_ = answered && drained;
        server_.abort();
        client_.close();
        pool_.close();
        if (finished_)
            log_.info("stopped");
        else
            log_.warning("stopped_unfinished", {{"connections", server_.connections()}, {"loads_drained", drained}});
    }

    void collect(MetricSink& sink) const {
        const auto number = [](auto value) { return static_cast<double>(value); };
        server_.collect(sink);

        const auto& cache = credits_.stats();
        const auto read = [&](std::string_view result, std::uint64_t value) {
            sink.counter("reads_total", "Students read, by how", number(value), {{"result", result}});
        };
        read("hit", cache.hits);
        read("negative_hit", cache.negative_hits);
        read("miss", cache.misses);
        read("joined", cache.joined);
        read("stale", cache.stale_answers);
        read("failed", cache.failures);
        sink.counter("fills_total", "Loads from the source", number(cache.fills));
        sink.counter("fill_repeats_total", "Loads begun again because of a change", number(cache.repeats));
        sink.counter("replica_failures_total", "Look-ups that the replica failed", number(cache.replica_failures));
        sink.counter("populate_failures_total", "Loads that could not be stored", number(cache.populate_failures));

        const auto& batches = source_.stats();
        sink.counter("source_values_total", "Values asked of the source", number(batches.values));
        sink.counter("source_batches_total", "Batches that they left in", number(batches.batches));
        sink.gauge("source_circuit_open", "Whether the source is not asked for a moment", guarded_.is_open() ? 1 : 0);

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
    Replica replica_;
    Contacts contacts_;
    Guarded<Budgeted<Contacts>> guarded_;
    Source source_;
    Credits credits_;
    CachedStudentDirectory<Credits> students_;
    NoExams exams_;
    NoBookings bookings_;
    Metrics metrics_;
    Application application_;
    HttpServer server_;
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
