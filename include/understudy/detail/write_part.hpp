#pragma once

#include <understudy/detail/fill_machine.hpp>
#include <understudy/detail/participant.hpp>
#include <understudy/journal.hpp>
#include <understudy/operation_stats.hpp>
#include <understudy/record_json.hpp>
#include <understudy/settlement.hpp>
#include <understudy/settlement_task.hpp>
#include <understudy/writable_source.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/json/parse.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::detail {

// Whether a record has a member that the source keeps unique and that names its creation.
template<class R>
concept HasIdempotencyKey = requires {
    RecordTraits<R>::idempotency_key;
};

template<class T>
std::optional<T> parsed(std::string_view text) {
    boost::json::error_code error;
    const auto json = boost::json::parse(text, error);
    T value{};
    return !error && from_json(json, value) ? std::optional{std::move(value)} : std::nullopt;
}

// The source and the replica of one record type, as an operation uses them.
template<class Source, class Replica, class Settlement>
class WritePart final : public Participant<Settlement>,
                        public std::enable_shared_from_this<WritePart<Source, Replica, Settlement>> {
public:
    using R = typename Source::record_type;
    using Executor = boost::asio::any_io_executor;

    WritePart(Source source, Replica replica, Executor executor, std::shared_ptr<OperationStats> stats)
        : source_{std::move(source)}
        , replica_{std::move(replica)}
        , executor_{std::move(executor)}
        , stats_{std::move(stats)} {}

    void send(const PlannedWrite& write, const std::string& operation, std::chrono::milliseconds timeout,
              std::function<void(StepOutcome)> handler) override {
        // The ticket is drawn before the write leaves. Without one the replica is hinted at: that loses nothing.
        auto on_ticket = [self = this->shared_from_this(), write, operation, timeout,
                          handler = std::move(handler)](error_code error, Ticket ticket) mutable {
            self->send_with(write, operation, timeout, error ? no_ticket : ticket, std::move(handler));
        };
        replica_.async_draw_ticket(boost::asio::bind_executor(executor_, std::move(on_ticket)));
    }

    void find(const std::string& key, const std::string& operation, std::chrono::milliseconds timeout,
              std::function<void(Landed)> handler) override {
        SentOperation<R> sent;
        sent.operation = operation;
        sent.key = key_from_text<R>(key).value_or(key_t<R>{});
        auto on_found = [handler = std::move(handler)](error_code error, const std::vector<Landed>& landed) {
            handler(error || landed.size() != 1 ? Landed::unknown : landed.front());
        };
        source_.async_find_operations(std::vector<SentOperation<R>>{std::move(sent)}, options(timeout),
                                      boost::asio::bind_executor(executor_, std::move(on_found)));
    }

    Settlement settlement(const std::vector<LandedWrite>& landed) override {
        std::vector<understudy::Settlement<R>> settlements;
        for (const auto& write : landed) {
            understudy::Settlement<R> one;
            one.key = key_from_text<R>(write.key).value_or(key_t<R>{});
            one.action = write.write.action;
            one.ticket = write.ticket;
            one.version = write.version;
            if (one.action == WriteAction::update)
                one.patch = parsed<Patch<R>>(write.write.values).value_or(Patch<R>{});
            if (one.action == WriteAction::create) {
                one.record = parsed<R>(write.write.values).value_or(R{});
                one.record.*RecordTraits<R>::key = one.key;
            }
            settlements.push_back(std::move(one));
        }
        if constexpr (requires {
                          { replica_.settle_command(settlements) } -> std::convertible_to<Settlement>;
                      }) {
            return replica_.settle_command(std::move(settlements));
        } else {
            static_assert(std::is_same_v<Settlement, SettlementTask>,
                          "this journal writes settlements into its own database: the replica must be in the same one");
            return [replica = replica_, executor = executor_,
                    settlements = std::move(settlements)](std::function<void(error_code)> done) mutable {
                auto on_settled = [done = std::move(done)](error_code error, const std::vector<Settled>&) {
                    done(error);
                };
                replica.async_settle(settlements, boost::asio::bind_executor(executor, std::move(on_settled)));
            };
        }
    }

    void sweep(std::size_t limit, std::function<void(bool)> handler) override {
        auto on_marked = [self = this->shared_from_this(), limit,
                          handler = std::move(handler)](error_code error, std::vector<key_t<R>> keys) mutable {
            if (error || keys.empty())
                return handler(false);
            const bool more = keys.size() == limit;
            self->read_again(std::move(keys),
                             [handler = std::move(handler), more](error_code failed) { handler(!failed && more); });
        };
        replica_.async_find_marked(limit, boost::asio::bind_executor(executor_, std::move(on_marked)));
    }

    // Reads records from the source, now, and tells the replica. The readings are in the order asked.
    void read(std::vector<key_t<R>> keys, const ReadOptions& how,
              std::function<void(error_code, std::vector<Reading<R>>)> handler) {
        auto on_ticket = [self = this->shared_from_this(), keys = std::move(keys), how,
                          handler = std::move(handler)](error_code error, Ticket ticket) mutable {
            if (error)
                return handler(error, {});
            self->read_with(std::move(keys), how, ticket, std::move(handler));
        };
        replica_.async_draw_ticket(boost::asio::bind_executor(executor_, std::move(on_ticket)));
    }

private:
    static WriteOptions options(std::chrono::milliseconds timeout) {
        WriteOptions how;
        how.timeout = timeout;
        return how;
    }

    void refuse(const std::function<void(StepOutcome)>& handler) {
        StepOutcome outcome;
        outcome.state = WriteState::refused;
        outcome.error = Errc::invalid_argument;
        handler(std::move(outcome));
    }

    void send_with(const PlannedWrite& write, const std::string& operation, std::chrono::milliseconds timeout,
                   Ticket ticket, std::function<void(StepOutcome)> handler) {
        auto on_written = [self = this->shared_from_this(), write, ticket,
                           handler](error_code error, const std::vector<WriteOutcome<R>>& outcomes) {
            StepOutcome outcome;
            outcome.error = error;
            if (!error && outcomes.size() == 1) {
                const auto& own = outcomes.front();
                outcome = {own.state, own.error, {}, own.version, ticket};
                if (own.id != key_t<R>{})
                    outcome.key = key_to_text<R>(own.id);
                else if (write.action != WriteAction::create)
                    outcome.key = write.key;
                if (write.action == WriteAction::create && own.state == WriteState::refused && own.id != key_t<R>{})
                    return self->recognise(write, own.id, std::move(outcome), handler);
            }
            handler(std::move(outcome));
        };
        auto token = boost::asio::bind_executor(executor_, std::move(on_written));
        const auto key = key_from_text<R>(write.key);
        switch (write.action) {
        case WriteAction::update: {
            auto patch = parsed<Patch<R>>(write.values);
            if (!key || !patch)
                return refuse(handler);
            Change<R> change{*key, std::move(*patch), operation};
            return source_.async_update(std::vector<Change<R>>{std::move(change)}, options(timeout), std::move(token));
        }
        case WriteAction::create: {
            auto record = parsed<R>(write.values);
            if (!record)
                return refuse(handler);
            Creation<R> creation{std::move(*record), operation};
            return source_.async_create(std::vector<Creation<R>>{std::move(creation)}, options(timeout),
                                        std::move(token));
        }
        case WriteAction::archive:
            if (!key)
                return refuse(handler);
            return source_.async_archive(std::vector<key_t<R>>(1, *key), options(timeout), std::move(token));
        }
    }

    // The source has a record with a unique value of the new one: it is ours if that is the value that names creations.
    void recognise(const PlannedWrite& write, const key_t<R>& holder, StepOutcome refused,
                   std::function<void(StepOutcome)> handler) {
        if constexpr (HasIdempotencyKey<R>) {
            auto on_read = [self = this->shared_from_this(), write, refused = std::move(refused),
                            handler = std::move(handler)](error_code error, const std::vector<Reading<R>>& readings) {
                StepOutcome outcome = refused;
                const bool answered = !error && readings.size() == 1 && !readings.front().failed();
                if (!answered) {
                    outcome.state = WriteState::unknown;
                    outcome.error = Errc::outcome_unknown;
                } else if (const auto record = parsed<R>(write.values);
                           record && readings.front().found() &&
                           readings.front().record.*RecordTraits<R>::idempotency_key ==
                               (*record).*RecordTraits<R>::idempotency_key) {
                    outcome.state = WriteState::applied;
                    outcome.error = {};
                    // Nobody knows when it landed.
                    outcome.ticket = no_ticket;
                }
                handler(std::move(outcome));
            };
            ReadOptions how;
            how.priority = Priority::write;
            source_.template async_fetch<ById<R>>(std::vector<key_t<R>>(1, holder), how,
                                                  boost::asio::bind_executor(executor_, std::move(on_read)));
        } else {
            handler(std::move(refused));
        }
    }

    void read_again(std::vector<key_t<R>> keys, std::function<void(error_code)> handler) {
        ReadOptions how;
        how.priority = Priority::background;
        read(std::move(keys), how,
             [self = this->shared_from_this(), handler = std::move(handler)](error_code error,
                                                                             const std::vector<Reading<R>>& readings) {
                 for (const auto& reading : readings)
                     self->stats_->swept += reading.failed() ? 0 : 1;
                 handler(error);
             });
    }

    void read_with(std::vector<key_t<R>> keys, const ReadOptions& how, Ticket ticket,
                   std::function<void(error_code, std::vector<Reading<R>>)> handler) {
        const auto asked = std::chrono::steady_clock::now();
        auto on_read = [self = this->shared_from_this(), keys, ticket, asked,
                        handler = std::move(handler)](error_code error, std::vector<Reading<R>> readings) mutable {
            if (error)
                return handler(error, {});
            FillMachine<ById<R>> fill{std::move(keys), ticket, false};
            fill.on_readings(readings,
                             std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - asked));
            auto on_applied = [readings = std::move(readings),
                               handler = std::move(handler)](error_code failed, const std::vector<Applied>&) mutable {
                handler(failed, std::move(readings));
            };
            self->replica_.async_apply(fill.take_observations(),
                                       boost::asio::bind_executor(self->executor_, std::move(on_applied)));
        };
        source_.template async_fetch<ById<R>>(std::move(keys), how,
                                              boost::asio::bind_executor(executor_, std::move(on_read)));
    }

    Source source_;
    Replica replica_;
    Executor executor_;
    std::shared_ptr<OperationStats> stats_;
};

} // namespace understudy::detail
