#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/detail/fill_machine.hpp>
#include <understudy/detail/participant.hpp>
#include <understudy/journal.hpp>
#include <understudy/no_replica.hpp>
#include <understudy/operation_stats.hpp>
#include <understudy/record_json.hpp>
#include <understudy/settlement.hpp>
#include <understudy/settlement_task.hpp>
#include <understudy/writable_source.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
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

// The way of asking for the record that a creation made.
template<class R>
struct ByIdempotencyKey : Index<RecordTraits<R>::idempotency_key> {
    static constexpr std::string_view name = "idempotency_key";
};

// Whether a record has a member that says among which others it is looked for, if nobody knows whether it was made.
template<class R>
concept HasSharedMember = requires {
    RecordTraits<R>::creations_share;
};

// The set in which the record that a creation made is looked for.
template<class R>
struct WithSharedMember : Index<RecordTraits<R>::creations_share> {
    static constexpr std::string_view name = "shared_member";
    static constexpr bool is_unique = false;
};

template<class Source>
concept FindsCreations =
    HasSharedMember<typename Source::record_type> && SetSource<Source, WithSharedMember<typename Source::record_type>>;

// Whether a creation made a record: the same but for its key, unless the traits know better.
template<class R>
bool is_made_by(const R& created, R found) {
    if constexpr (requires { RecordTraits<R>::same_creation(created, found); }) {
        return RecordTraits<R>::same_creation(created, found);
    } else {
        found.*RecordTraits<R>::key = created.*RecordTraits<R>::key;
        return found == created;
    }
}

template<class T>
std::optional<T> parsed(std::string_view text) {
    boost::json::error_code error;
    const auto json = boost::json::parse(text, error);
    T value{};
    return !error && from_json(json, value) ? std::optional{std::move(value)} : std::nullopt;
}

// The source and the replica of one record type, as an operation uses them; the replica may be a `NoReplica`.
template<class Source, class Replica, class Settlement>
class WritePart final : public Participant<Settlement>,
                        public std::enable_shared_from_this<WritePart<Source, Replica, Settlement>> {
public:
    using R = typename Source::record_type;
    using Executor = boost::asio::any_io_executor;
    static constexpr bool is_mirrored = !std::is_same_v<Replica, NoReplica<R>>;

    WritePart(Source source, Replica replica, Executor executor, std::shared_ptr<OperationStats> stats)
        : source_{std::move(source)}
        , replica_{std::move(replica)}
        , executor_{std::move(executor)}
        , stats_{std::move(stats)} {}

    void send(const PlannedWrite& write, const std::string& operation, bool again,
              std::function<std::chrono::milliseconds()> time, std::function<void(StepOutcome)> handler) override {
        // The ticket is drawn before the write leaves. Without one the replica is hinted at: that loses nothing.
        auto on_ticket = [self = this->shared_from_this(), write, operation, again, time = std::move(time),
                          handler = std::move(handler)](error_code error, Ticket ticket) mutable {
            const auto left = time();
            if (left <= std::chrono::milliseconds{0})
                return self->decline(handler, WriteState::unsent, Errc::lease_lost);
            self->send_with(write, operation, again, left, error ? no_ticket : ticket, std::move(handler));
        };
        draw_ticket(std::move(on_ticket));
    }

    void find(const PlannedWrite& write, const std::string& operation, std::chrono::milliseconds timeout,
              std::function<void(Landed, const std::string& key)> handler) override {
        if (write.action == WriteAction::create)
            return find_made(write, timeout, std::move(handler));
        SentOperation<R> sent;
        sent.operation = operation;
        sent.key = key_from_text<R>(write.key).value_or(key_t<R>{});
        auto on_found = [handler = std::move(handler)](error_code error, const std::vector<Landed>& landed) {
            handler(error || landed.size() != 1 ? Landed::unknown : landed.front(), {});
        };
        source_.async_find_operations(std::vector<SentOperation<R>>{std::move(sent)}, options(timeout),
                                      boost::asio::bind_executor(executor_, std::move(on_found)));
    }

    std::optional<Settlement> settlement(const std::vector<LandedWrite>& landed) override {
        if constexpr (is_mirrored)
            return settlement_of(landed);
        else
            return std::nullopt;
    }

    // Rows that could not be read, though others could, are left out of more and more of the next sweeps.
    void sweep(std::size_t limit, std::function<void(Swept)> handler) override {
        if constexpr (!is_mirrored) {
            boost::asio::post(executor_, [handler = std::move(handler)] { handler(Swept::all); });
        } else {
            const auto asked = limit + troubled_.size();
            auto on_marked = [self = this->shared_from_this(), limit, asked,
                              handler = std::move(handler)](error_code error, std::vector<key_t<R>> keys) mutable {
                if (error)
                    return handler(Swept::failed);
                self->leave_out_troubled(keys, keys.size() < asked);
                if (keys.empty())
                    return handler(Swept::all);
                const bool more = keys.size() >= limit;
                keys.resize(std::min(keys.size(), limit));
                self->read_again(std::move(keys), more, std::move(handler));
            };
            replica_.async_find_marked(asked, boost::asio::bind_executor(executor_, std::move(on_marked)));
        }
    }

    // Reads records from the source, now, and tells the replica. The readings are in the order asked.
    void read(std::vector<key_t<R>> keys, const ReadOptions& how,
              std::function<void(error_code, std::vector<Reading<R>>)> handler) {
        auto on_ticket = [self = this->shared_from_this(), keys = std::move(keys), how,
                          handler = std::move(handler)](error_code error, Ticket ticket) mutable {
            if (error)
                return handler(error, {});
            if constexpr (is_mirrored)
                self->read_with(std::move(keys), how, ticket, std::move(handler));
            else
                self->source_.template async_fetch<ById<R>>(
                    std::move(keys), how, boost::asio::bind_executor(self->executor_, std::move(handler)));
        };
        draw_ticket(std::move(on_ticket));
    }

private:
    template<class F>
    void draw_ticket(F on_ticket) {
        auto handler = boost::asio::bind_executor(executor_, std::move(on_ticket));
        if constexpr (is_mirrored)
            replica_.async_draw_ticket(std::move(handler));
        else
            boost::asio::post(executor_,
                              [handler = std::move(handler)]() mutable { handler(error_code{}, no_ticket); });
    }

    Settlement settlement_of(const std::vector<LandedWrite>& landed) {
        std::vector<understudy::Settlement<R>> settlements;
        for (const auto& write : landed) {
            understudy::Settlement<R> one;
            one.key = key_from_text<R>(write.key).value_or(key_t<R>{});
            one.action = write.write.action;
            one.ticket = write.ticket;
            one.version = write.version;
            one.complete = write.complete;
            // An update of nothing that was sent nobody knows when marks the row.
            if (write.hint_only) {
                one.action = WriteAction::update;
                one.ticket = no_ticket;
                one.version = no_version;
            } else if (one.action == WriteAction::update) {
                one.patch = parsed<Patch<R>>(write.write.values).value_or(Patch<R>{});
            } else if (one.action == WriteAction::associate) {
                one.action = WriteAction::update;
                one.patch = parsed<Links<R>>(write.write.values).value_or(Links<R>{});
            } else if (one.action == WriteAction::create) {
                one.record = parsed<R>(write.write.values).value_or(R{});
                one.record.*RecordTraits<R>::key = one.key;
            }
            settle_with(settlements, std::move(one));
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

    // What one operation wrote to one record, its members and its links, is one settlement: of two the replica would
    // take the second for news.
    static void settle_with(std::vector<understudy::Settlement<R>>& settlements, understudy::Settlement<R> one) {
        const auto same = std::ranges::find_if(settlements, [&](const auto& other) {
            return other.key == one.key && other.action == WriteAction::update && one.action == WriteAction::update;
        });
        if (same == settlements.end())
            return settlements.push_back(std::move(one));
        same->ticket = std::min(same->ticket, one.ticket);
        same->version = std::max(same->version, one.version);
        same->patch.add(one.patch);
    }

    static WriteOptions options(std::chrono::milliseconds timeout) {
        WriteOptions how;
        how.timeout = timeout;
        return how;
    }

    void decline(const std::function<void(StepOutcome)>& handler, WriteState state, Errc why) {
        StepOutcome outcome;
        outcome.state = state;
        outcome.error = why;
        handler(std::move(outcome));
    }
    void refuse(const std::function<void(StepOutcome)>& handler) {
        decline(handler, WriteState::refused, Errc::invalid_argument);
    }

    void send_with(const PlannedWrite& write, const std::string& operation, bool again,
                   std::chrono::milliseconds timeout, Ticket ticket, std::function<void(StepOutcome)> handler) {
        auto on_written = [self = this->shared_from_this(), write, again, ticket, timeout,
                           handler](error_code error, const std::vector<WriteOutcome<R>>& outcomes) {
            StepOutcome outcome;
            outcome.error = error;
            if (!error && outcomes.size() == 1) {
                const auto& own = outcomes.front();
                outcome = {own.state, own.error, {}, own.version, ticket, false, own.complete};
                if (own.id != key_t<R>{})
                    outcome.key = key_to_text<R>(own.id);
                else if (write.action != WriteAction::create)
                    outcome.key = write.key;
                const bool refused = write.action == WriteAction::create && own.state == WriteState::refused;
                if (refused && (again || own.id != key_t<R>{}))
                    return self->recognise(write, own.id, timeout, std::move(outcome), handler);
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
        case WriteAction::associate:
            if constexpr (AssociatingSource<Source>) {
                if (auto links = parsed<Links<R>>(write.values); key && links) {
                    Relinking<R> relinking{*key, std::move(*links)};
                    return source_.async_associate(std::vector<Relinking<R>>{std::move(relinking)}, options(timeout),
                                                   std::move(token));
                }
            }
            return refuse(handler);
        }
    }

    // A creation was refused: because an earlier request made the record, or for another reason though one had. Then
    // there is a record with the value that names creations; `holder` if the source named it.
    void recognise(const PlannedWrite& write, const key_t<R>& holder, std::chrono::milliseconds timeout,
                   StepOutcome refused, std::function<void(StepOutcome)> handler) {
        if constexpr (HasIdempotencyKey<R>) {
            ReadOptions how;
            how.priority = Priority::write;
            how.timeout = timeout;
            const auto record = parsed<R>(write.values).value_or(R{});
            std::vector<typename ByIdempotencyKey<R>::value_type> names;
            for_each_value<ByIdempotencyKey<R>>(record, [&](const auto& name) { names.push_back(name); });
            constexpr bool can_look = FetchableBy<Source, ByIdempotencyKey<R>>;
            if (holder == key_t<R>{} && names.empty())
                return handler(std::move(refused));
            if (holder == key_t<R>{} && !can_look)
                return decline(handler, WriteState::unknown, Errc::outcome_unknown);
            auto on_read = [name = record.*RecordTraits<R>::idempotency_key, named = holder != key_t<R>{},
                            outcome = std::move(refused), handler = std::move(handler)](
                               error_code error, const std::vector<Reading<R>>& readings) mutable {
                const bool answered = !error && readings.size() == 1 && !readings.front().failed();
                if (!answered) {
                    outcome.state = WriteState::unknown;
                    outcome.error = Errc::outcome_unknown;
                } else if (readings.front().found() &&
                           readings.front().record.*RecordTraits<R>::idempotency_key == name) {
                    outcome.state = WriteState::applied;
                    outcome.error = {};
                    outcome.key = key_to_text<R>(readings.front().id);
                    // Nobody knows when it landed.
                    outcome.ticket = no_ticket;
                    outcome.recognised = true;
                } else if (named && !readings.front().found()) {
                    // Gone already, or not there yet for who reads it: nobody can say whose it is.
                    outcome.key.clear();
                }
                handler(std::move(outcome));
            };
            auto token = boost::asio::bind_executor(executor_, std::move(on_read));
            if (holder != key_t<R>{})
                source_.template async_fetch<ById<R>>(std::vector<key_t<R>>(1, holder), how, std::move(token));
            else if constexpr (can_look)
                source_.template async_fetch<ByIdempotencyKey<R>>(std::move(names), how, std::move(token));
        } else {
            handler(std::move(refused));
        }
    }

    // A creation that names nothing of its own: the record is among those that share a member's value with it.
    void find_made(const PlannedWrite& write, std::chrono::milliseconds timeout,
                   std::function<void(Landed, const std::string&)> handler) {
        if constexpr (FindsCreations<Source>) {
            using Shared = WithSharedMember<R>;
            const auto created = parsed<R>(write.values).value_or(R{});
            std::vector<typename Shared::value_type> values;
            for_each_value<Shared>(created, [&](const auto& value) { values.push_back(value); });
            if (!values.empty()) {
                ReadOptions how;
                how.priority = Priority::write;
                how.timeout = timeout;
                auto on_read = [created, handler = std::move(handler)](error_code error,
                                                                       const std::vector<SetReading<R>>& sets) {
                    if (error || sets.size() != 1 || sets.front().failed() || sets.front().stale)
                        return handler(Landed::unknown, {});
                    for (const auto& member : sets.front().members)
                        if (is_made_by(created, member.record))
                            return handler(Landed::yes, key_to_text<R>(member.id));
                    handler(Landed::no, {});
                };
                return source_.template async_fetch_set<Shared>(
                    std::move(values), how, boost::asio::bind_executor(executor_, std::move(on_read)));
            }
        }
        boost::asio::post(executor_, [handler = std::move(handler)] { handler(Landed::unknown, {}); });
    }

    void leave_out_troubled(std::vector<key_t<R>>& keys, bool all) {
        if (all)
            std::erase_if(troubled_, [&](const auto& row) { return std::ranges::find(keys, row.first) == keys.end(); });
        std::erase_if(keys, [this](const key_t<R>& key) {
            const auto row = troubled_.find(key);
            return row != troubled_.end() && row->second.left_out-- > 0;
        });
    }

    void read_again(std::vector<key_t<R>> keys, bool more, std::function<void(Swept)> handler) {
        ReadOptions how;
        how.priority = Priority::background;
        auto on_read = [self = this->shared_from_this(), keys, more,
                        handler = std::move(handler)](error_code error, const std::vector<Reading<R>>& readings) {
            const auto failed = std::ranges::count_if(readings, [](const auto& reading) { return reading.failed(); });
            // What keeps a whole batch from being read is no row's own trouble, unless it is the only one.
            if ((error && (keys.size() > 1 || error == Condition::retryable)) ||
                (!readings.empty() && failed == std::ssize(readings) &&
                 readings.front().error == Condition::retryable && readings.front().error != Errc::source_lagging))
                return handler(Swept::failed);
            for (std::size_t i = 0; i < keys.size(); ++i) {
                if (!error && !readings[i].failed()) {
                    ++self->stats_->swept;
                    self->troubled_.erase(keys[i]);
                    continue;
                }
                auto& row = self->troubled_[keys[i]];
                row.times = std::min(row.times + 1, 5);
                row.left_out = 1 << row.times;
            }
            handler(more ? Swept::more : Swept::all);
        };
        read(std::move(keys), how, std::move(on_read));
    }

    // Readings on their way to the replica.
    struct Told {
        FillMachine<ById<R>> fill;
        std::vector<Reading<R>> readings;
        std::function<void(error_code, std::vector<Reading<R>>)> handler;
        std::vector<Observation<R>> observations{};
        std::vector<Applied> outcomes{};
        int lost = 0;
    };
    // How often, at most, readings are told again to a replica in which others were faster.
    static constexpr int most_lost = 20;

    void read_with(std::vector<key_t<R>> keys, const ReadOptions& how, Ticket ticket,
                   std::function<void(error_code, std::vector<Reading<R>>)> handler) {
        const auto asked = std::chrono::steady_clock::now();
        auto on_read = [self = this->shared_from_this(), keys, ticket, asked,
                        handler = std::move(handler)](error_code error, std::vector<Reading<R>> readings) mutable {
            if (!error && readings.size() != keys.size())
                error = Errc::malformed_answer;
            if (error)
                return handler(error, {});
            auto told = std::make_shared<Told>(
                Told{FillMachine<ById<R>>{std::move(keys), ticket, false}, readings, std::move(handler)});
            told->fill.on_readings(std::move(readings), std::chrono::ceil<std::chrono::milliseconds>(
                                                            std::chrono::steady_clock::now() - asked));
            told->observations = told->fill.take_observations();
            self->tell(told, told->observations.size());
        };
        source_.template async_fetch<ById<R>>(std::move(keys), how,
                                              boost::asio::bind_executor(executor_, std::move(on_read)));
    }

    // Applies the next `count` observations, and then the rest: by halves, if there is one that the replica cannot
    // store, so that it fails alone.
    void tell(const std::shared_ptr<Told>& told, std::size_t count) {
        const auto done = told->outcomes.size();
        count = std::min(count, told->observations.size() - done);
        if (count == 0)
            return finish(*told);
        const auto first = told->observations.begin() + static_cast<std::ptrdiff_t>(done);
        auto on_applied = [self = this->shared_from_this(), told, count](error_code error,
                                                                         const std::vector<Applied>& outcomes) {
            if (!error && outcomes.size() != count)
                error = Errc::malformed_answer;
            // Their tickets say what becomes of them, whoever was faster.
            if (error == Errc::contended && ++told->lost < most_lost)
                return self->tell(told, count);
            if (error == Condition::retryable || (error && error == Condition::applied_unknown))
                return told->handler(error, {});
            if (error && count > 1)
                return self->tell(told, count / 2);
            if (error)
                self->cannot_store(*told, error);
            else
                told->outcomes.insert(told->outcomes.end(), outcomes.begin(), outcomes.end());
            self->tell(told, told->observations.size());
        };
        replica_.async_apply(std::vector<Observation<R>>(first, first + static_cast<std::ptrdiff_t>(count)),
                             boost::asio::bind_executor(executor_, std::move(on_applied)));
    }

    void cannot_store(Told& told, error_code error) {
        const auto& key = told.observations[told.outcomes.size()].key;
        told.outcomes.push_back(Applied::unchanged);
        for (std::size_t i = 0; i < told.readings.size(); ++i)
            if (told.fill.values()[i] == key || told.readings[i].id == key)
                told.readings[i] = Reading<R>::failure(error);
    }

    // What an older state of the source says is no answer.
    void finish(Told& told) {
        told.fill.on_applied(told.outcomes);
        const auto& landings = told.fill.landings();
        for (std::size_t i = 0; i < told.readings.size(); ++i)
            if (landings[i].reading.error == Errc::source_lagging)
                told.readings[i] = landings[i].reading;
        told.handler({}, std::move(told.readings));
    }

    Source source_;
    Replica replica_;
    Executor executor_;
    std::shared_ptr<OperationStats> stats_;
    // Rows that could not be read again: how often, and how many sweeps leave them out.
    struct Trouble {
        int times = 0;
        int left_out = 0;
    };
    std::map<key_t<R>, Trouble> troubled_;
};

} // namespace understudy::detail
