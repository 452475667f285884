#pragma once

#include <understudy/detail/backoff.hpp>
#include <understudy/detail/journal_desk.hpp>
#include <understudy/detail/journal_session.hpp>
#include <understudy/detail/operation_machine.hpp>
#include <understudy/detail/running_operation.hpp>
#include <understudy/journal.hpp>
#include <understudy/operation_params.hpp>
#include <understudy/operation_report.hpp>
#include <understudy/operation_stats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace understudy::detail {

// Carries operations that hold their keys to their end: has them decided, journaled, sent, looked for, taken back,
// shown by the replica. Nothing that it starts keeps it alive.
template<class Journal, class Clock>
class OperationCarrier : public std::enable_shared_from_this<OperationCarrier<Journal, Clock>> {
public:
    using Timer = boost::asio::basic_waitable_timer<Clock>;
    using Operation = RunningOperation<Clock>;
    using OperationPtr = std::shared_ptr<Operation>;
    using Stage = typename Operation::Stage;
    using Ended = typename JournalDesk<Journal>::Ended;
    using EndItem = typename JournalDesk<Journal>::EndItem;

    // Who is told of operations that are not under way here any more, that somebody else may have now, and that begin
    // with the end of another one.
    struct Events {
        std::function<void(const OperationPtr&)> gone;
        std::function<void(const OperationPtr&)> lost;
        std::function<void(const Intent&)> begun;
    };

    OperationCarrier(std::shared_ptr<JournalDesk<Journal>> journal,
                     std::shared_ptr<JournalSession<Journal, Clock>> session, boost::asio::any_io_executor executor,
                     const OperationParams& params, std::shared_ptr<OperationStats> stats, Events events)
        : journal_{std::move(journal)}
        , session_{std::move(session)}
        , executor_{std::move(executor)}
        , params_{params}
        , stats_{std::move(stats)}
        , events_{std::move(events)}
        , random_{params.seed ? params.seed : std::random_device{}()} {}

    static OperationMachine::Instant now() {
        return std::chrono::duration_cast<OperationMachine::Instant>(Clock::now().time_since_epoch());
    }
    std::chrono::milliseconds pause(int failures) {
        return backoff(failures, params_.first_pause, params_.longest_pause, seed());
    }
    std::uint32_t seed() { return std::uniform_int_distribution<std::uint32_t>{}(random_); }

    // It holds its keys.
    void proceed(const OperationPtr& operation) {
        if (operation->lost)
            return forget(operation, operation->failure);
        if (operation->abandoned)
            return forget(operation, Errc::deadline_exceeded);
        if (operation->plan)
            return begin_plan(operation);
        const auto decide_writes = operation->take_decide();
        if (!decide_writes)
            return forget(operation, Errc::deadline_exceeded);
        operation->stage = Stage::preparing;
        auto decided = guarded([this, operation](error_code error, Plan plan) {
            if (operation->stage != Stage::preparing)
                return;
            if (error || operation->abandoned)
                return forget(operation, error ? error : error_code{Errc::deadline_exceeded});
            operation->plan = std::move(plan);
            decide(operation);
        });
        decide_writes(std::move(decided));
    }

    // Goes on with a plan that is journaled.
    void carry(const OperationPtr& operation) {
        if (operation->stage == Stage::gone || operation->stage == Stage::ending)
            return;
        operation->stage = Stage::carrying;
        using Act = OperationMachine::Next::Act;
        auto next = operation->machine->next(now());
        switch (next.act) {
        case Act::wait:
            if (next.at != OperationMachine::Instant::max())
                after(operation->timer, next.at - now(), [this, operation] { carry(operation); });
            return;
        case Act::send:
            for (const auto at : next.steps)
                send(operation, at);
            return;
        case Act::find:
            for (const auto at : next.steps)
                find(operation, at);
            return;
        case Act::record:
            return record(operation);
        case Act::end:
            return end(operation, next.state, next.cause);
        }
    }

    void end(const OperationPtr& operation, OperationState state, const std::string& cause) {
        operation->stage = Stage::ending;
        const bool forgotten = state == OperationState::undone && operation->machine->untouched();
        if (state == OperationState::done) {
            after(operation->patience, params_.settle_patience, [this, operation] {
                ++stats_->replica_pending;
                auto report = operation->report(OperationState::done);
                report.replica_pending = true;
                operation->answer({}, report);
            });
        }
        auto item = std::make_shared<EndItem>();
        item->ending.id = operation->intent.id;
        item->ending.fence = operation->fence;
        item->ending.state = state;
        item->ending.plan = forgotten ? std::string{} : operation->machine->text();
        item->ending.cause = cause;
        if (state == OperationState::done)
            item->ending.followers = followers(*operation);
        item->landed = landed(*operation->machine, state);
        put_end(operation, item);
    }

    // It cannot be read: it is left as it is.
    void bury(const OperationPtr& operation, const std::string& cause) {
        operation->stage = Stage::ending;
        EndItem item;
        item.ending.id = operation->intent.id;
        item.ending.fence = operation->fence;
        item.ending.state = OperationState::dead;
        item.ending.plan = operation->intent.plan;
        item.ending.cause = cause;
        put_end(operation, std::make_shared<EndItem>(std::move(item)));
    }

    // Nothing was sent, and the journal lets go of it. Whoever waits is told: when that has happened, if somebody who
    // recovers the journal might send it after all; else at once.
    void forget(const OperationPtr& operation, error_code error, const std::string& cause = {}) {
        operation->failure = error;
        operation->stage = Stage::ending;
        EndItem item;
        item.ending.id = operation->intent.id;
        item.ending.fence = operation->fence;
        item.ending.state = OperationState::undone;
        item.ending.cause = cause;
        if (!operation->promised) {
            auto report = operation->report(OperationState::undone);
            report.cause = cause;
            operation->answer(error, report);
        }
        put_end(operation, std::make_shared<EndItem>(std::move(item)));
    }

    // The journal has nothing of it.
    void fail(const OperationPtr& operation, error_code error) {
        finish(operation, error, operation->report(OperationState::undone));
    }

    // Somebody else may have it.
    void lose(const OperationPtr& operation) {
        if (operation->machine && operation->machine->landed()) {
            // Whoever has it finds that out, and tells the replica.
            auto report = operation->report(OperationState::done);
            report.replica_pending = true;
            return finish(operation, {}, report);
        }
        if (!operation->failure)
            operation->failure = Errc::lease_lost;
        if (!operation->promised)
            return fail(operation, operation->failure);
        if (operation->waiters.empty())
            return finish(operation, Errc::outcome_unknown, operation->report(OperationState::planned));
        events_.lost(operation);
    }

    void finish(const OperationPtr& operation, error_code error, const OperationReport& report) {
        if (!report.repeated) {
            stats_->done += report.state == OperationState::done;
            stats_->dead += report.state == OperationState::dead;
            stats_->undone += report.state == OperationState::undone;
        }
        operation->answer(error, report);
        events_.gone(operation);
    }

private:
    // Nothing happens once the carrier is gone.
    template<class F>
    auto guarded(F work) {
        return [weak = this->weak_from_this(), work = std::move(work)]<class... Args>(Args&&... args) {
            if (const auto self = weak.lock())
                work(std::forward<Args>(args)...);
        };
    }
    template<class F>
    void after(Timer& timer, std::chrono::nanoseconds time, F work) {
        timer.expires_after(std::chrono::duration_cast<typename Clock::duration>(time));
        timer.async_wait(guarded([work = std::move(work)](error_code error) {
            if (!error)
                work();
        }));
    }

    static std::vector<Intent> followers(const Operation& operation) {
        std::vector<Intent> all;
        const auto add = [&](const std::string& name, const std::string& record, const std::string& key,
                             const JournaledPlan& plan) {
            Intent follower;
            follower.id = operation.intent.id + "/" + name;
            follower.kind = name;
            if (!key.empty())
                follower.keys.push_back(record + "/" + key);
            follower.plan = text_of(plan);
            all.push_back(std::move(follower));
        };
        for (const auto& write : operation.machine->followers()) {
            JournaledPlan journaled;
            journaled.plan.writes.push_back(write);
            add(write.name, write.record, write.key, journaled);
        }
        // Nobody writes a record as long as a request that is under way would make it again, or write over that.
        for (const auto& step : operation.machine->steps())
            if (operation.machine->loose(step, now())) {
                JournaledPlan journaled;
                journaled.guard = true;
                add(step.write.name + "/guard", step.write.record, step.key, journaled);
            }
        return all;
    }

    // What the replica is to know of an operation that ends. What was taken back needs no mention; what nobody knows
    // is to be read again.
    static std::map<std::string, std::vector<LandedWrite>> landed(const OperationMachine& machine,
                                                                  OperationState state) {
        std::map<std::string, std::vector<LandedWrite>> all;
        for (const auto& step : machine.steps()) {
            const bool hint = step.in_doubt && !step.write.key.empty();
            const bool back = state == OperationState::undone && !step.takes_back;
            if (hint)
                all[step.write.record].push_back({step.write, step.write.key, no_version, no_ticket, true});
            else if (step.state == OperationStep::State::landed && !back)
                all[step.write.record].push_back(
                    {step.write, step.key, step.version, step.ticket, false, step.complete});
        }
        return all;
    }

    void decide(const OperationPtr& operation) {
        operation->stage = Stage::deciding;
        operation->promised = true;
        auto decided = guarded([this, operation](error_code error, const understudy::Verdict& verdict) {
            if (operation->stage != Stage::deciding)
                return;
            const bool recorded = !error && verdict.kind == understudy::Verdict::Kind::recorded;
            operation->promised = recorded || error == Condition::applied_unknown;
            if (error)
                return forget(operation, Errc::replica_unavailable);
            switch (verdict.kind) {
            case understudy::Verdict::Kind::recorded:
                return begin_plan(operation);
            case understudy::Verdict::Kind::objected:
                return forget(operation, Errc::reservation_refused, verdict.objection);
            case understudy::Verdict::Kind::lost:
                return lose(operation);
            }
        });
        journal_->decide({operation->intent.id, operation->fence, text_of(JournaledPlan{*operation->plan, {}, {}}),
                          operation->plan->reservation},
                         std::move(decided));
    }

    void begin_plan(const OperationPtr& operation) {
        JournaledPlan journaled;
        journaled.plan = *operation->plan;
        journaled.guard = operation->guard;
        operation->promised = true;
        operation->machine.emplace(operation->intent.id, std::move(journaled), params_, now(), seed());
        if (operation->abandoned)
            operation->machine->abandon();
        carry(operation);
    }

    void send(const OperationPtr& operation, std::size_t at) {
        const auto& step = operation->machine->steps()[at];
        const auto part = journal_->parts->find(step.write.record);
        auto sent =
            guarded([this, operation, at](StepOutcome outcome) { on_outcome(operation, at, std::move(outcome)); });
        // No request outlasts the lease: whoever takes the operation over counts on that.
        auto time = [session = session_, most = params_.call_timeout] { return std::min(most, session->left()); };
        if (part != journal_->parts->end())
            return part->second->send(step.write, step.operation, step.in_doubt, std::move(time), std::move(sent));
        StepOutcome unsent;
        unsent.state = WriteState::unsent;
        unsent.error = Errc::invalid_argument;
        boost::asio::post(executor_, [sent = std::move(sent), unsent]() mutable { sent(std::move(unsent)); });
    }

    void on_outcome(const OperationPtr& operation, std::size_t at, StepOutcome outcome) {
        if (operation->stage != Stage::carrying)
            return;
        operation->machine->on_outcome(at, std::move(outcome), now());
        carry(operation);
    }

    void find(const OperationPtr& operation, std::size_t at) {
        const auto& step = operation->machine->steps()[at];
        const auto part = journal_->parts->find(step.write.record);
        auto found = guarded([this, operation, at, asked = now()](Landed landed, const std::string& key) {
            if (operation->stage != Stage::carrying)
                return;
            operation->machine->on_found(at, landed, asked, key);
            carry(operation);
        });
        if (part != journal_->parts->end())
            return part->second->find(step.write, step.operation, params_.call_timeout, std::move(found));
        boost::asio::post(executor_, [found = std::move(found)]() mutable { found(Landed::unknown, std::string{}); });
    }

    // Writes down that the operation is being taken back.
    void record(const OperationPtr& operation) {
        auto recorded = guarded([this, operation](error_code error, const understudy::Verdict& verdict) {
            if (operation->stage != Stage::carrying)
                return;
            if (error)
                return after(operation->timer, pause(operation->pauses++), [this, operation] { record(operation); });
            if (verdict.kind == understudy::Verdict::Kind::lost)
                return lose(operation);
            carry(operation);
        });
        journal_->decide({operation->intent.id, operation->fence, operation->machine->text(), {}}, std::move(recorded));
    }

    void put_end(const OperationPtr& operation, const std::shared_ptr<EndItem>& item) {
        auto ended = guarded([this, operation, item](error_code error, Ended how) {
            if (operation->stage != Stage::ending)
                return;
            // What is not ours any more though our lease is: it had ended, and the answer was lost.
            if (!error && how == Ended::lost && item->doubtful && session_->held())
                how = Ended::ended;
            if (!error && how != Ended::again)
                return on_ended(operation, *item, how);
            item->doubtful = item->doubtful || error == Condition::applied_unknown;
            // The replica cannot store what was written: it is told to read it.
            if (error && error != Condition::retryable && error != Condition::applied_unknown)
                for (auto& [record, writes] : item->landed)
                    for (auto& write : writes)
                        write.hint_only = true;
            after(operation->timer, error ? pause(operation->pauses++) : std::chrono::milliseconds{0},
                  [this, operation, item] {
                      if (operation->stage == Stage::ending)
                          put_end(operation, item);
                  });
        });
        journal_->end(*item, std::move(ended));
    }

    void on_ended(const OperationPtr& operation, const EndItem& item, Ended ended) {
        const auto error = operation->error(item.ending.state);
        if (ended == Ended::lost) {
            operation->failure = error;
            return lose(operation);
        }
        auto report = operation->report(item.ending.state);
        report.cause = item.ending.cause;
        for (const auto& follower : item.ending.followers)
            events_.begun(follower);
        finish(operation, error, report);
    }

    std::shared_ptr<JournalDesk<Journal>> journal_;
    std::shared_ptr<JournalSession<Journal, Clock>> session_;
    boost::asio::any_io_executor executor_;
    OperationParams params_;
    std::shared_ptr<OperationStats> stats_;
    Events events_;
    std::minstd_rand random_;
};

} // namespace understudy::detail
