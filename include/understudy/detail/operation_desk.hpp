#pragma once

#include <understudy/detail/deadline.hpp>
#include <understudy/detail/journal_desk.hpp>
#include <understudy/detail/journal_session.hpp>
#include <understudy/detail/operation_carrier.hpp>
#include <understudy/detail/participant.hpp>
#include <understudy/detail/running_operation.hpp>
#include <understudy/detail/sweeper.hpp>
#include <understudy/journal.hpp>
#include <understudy/operation_params.hpp>
#include <understudy/operation_report.hpp>
#include <understudy/operation_stats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace understudy::detail {

// What copies of one `Operations` share: every operation that is under way here, and the session with the journal.
template<class Journal, class Clock>
class OperationDesk : public std::enable_shared_from_this<OperationDesk<Journal, Clock>> {
public:
    using Executor = boost::asio::any_io_executor;
    using Timer = boost::asio::basic_waitable_timer<Clock>;
    using Settlement = typename Journal::settlement_type;
    using Part = Participant<Settlement>;
    using Operation = RunningOperation<Clock>;
    using Waiter = typename Operation::Waiter;
    using WaiterPtr = std::shared_ptr<Waiter>;
    using Decided = typename Operation::Decided;
    using Decide = typename Operation::Decide;

private:
    using Stage = typename Operation::Stage;
    using OperationPtr = std::shared_ptr<Operation>;

    using Carrier = OperationCarrier<Journal, Clock>;

public:
    OperationDesk(Journal journal, const OperationParams& with)
        : params{with}
        , executor{journal.get_executor()}
        , journal_{std::move(journal)}
        , ask_timer_{executor}
        , recovery_timer_{executor}
        , idle_{executor} {
        idle_.expires_at(Timer::time_point::max());
    }

    // Binds the groups to this desk; once, when it is owned.
    void open() {
        calls_ = std::make_shared<JournalDesk<Journal>>(journal_);
        session_ = std::make_shared<JournalSession<Journal, Clock>>(
            journal_, params.first_pause,
            [weak = this->weak_from_this()] {
                const auto self = weak.lock();
                return self && self->needs_lease();
            },
            guarded([this] { lose_everything(); }));
        typename Carrier::Events events;
        events.gone = guarded([this](const OperationPtr& operation) { remove(operation); });
        events.lost = guarded([this](const OperationPtr& operation) { look_elsewhere(operation); });
        events.begun = guarded([this](const Intent& intent) { follow(intent); });
        carrier_ = std::make_shared<Carrier>(calls_, session_, executor, params, stats, std::move(events));
    }

    void enlist(std::string record, std::shared_ptr<Part> part) {
        auto& sweeper = sweepers_[record];
        if (sweeper)
            sweeper->stop();
        sweeper = std::make_shared<Sweeper<Settlement, Clock>>(executor, params, part);
        if (background_)
            sweeper->run();
        (*calls_->parts)[std::move(record)] = std::move(part);
    }

    // Exactly one of `plan` and `decide` is given.
    void start(Intent intent, std::optional<Plan> plan, Decide decide, std::chrono::milliseconds timeout,
               const WaiterPtr& waiter) {
        const auto known = running_.find(intent.id);
        if (closed)
            return answer_later(waiter, Errc::shutting_down);
        if (known != running_.end()) {
            if (known->second->intent.request != intent.request)
                return answer_later(waiter, Errc::different_request);
            ++stats->repeated;
            return join(known->second, waiter, timeout);
        }
        if (running_.size() >= params.max_operations)
            return answer_later(waiter, Errc::overloaded);
        auto operation = std::make_shared<Operation>(executor, std::move(intent));
        waiter->decide = std::move(decide);
        if (plan)
            operation->intent.plan = text_of(JournaledPlan{*plan, {}, {}});
        operation->plan = std::move(plan);
        running_.emplace(operation->intent.id, operation);
        ++stats->begun;
        join(operation, waiter, timeout);
        begin(operation);
    }

    // Its time is up, or it is cancelled. That nothing was sent is said only when nothing will be.
    void leave(const WaiterPtr& waiter, error_code why) {
        const auto operation = waiter->operation.lock();
        if (!operation || !operation->remove(waiter))
            return;
        const bool late = why == Errc::deadline_exceeded;
        const bool last = operation->waiters.empty();
        const bool elsewhere = operation->stage == Stage::elsewhere;
        const bool untouched = operation->untouched() && !elsewhere;
        auto report = operation->report(untouched ? OperationState::open : OperationState::planned);
        if (late && untouched && last && operation->promised && !std::exchange(waiter->patient, true)) {
            operation->waiters.push_back(waiter);
            leave_after(waiter, params.settle_patience);
        } else if (late && untouched && last && !operation->promised) {
            waiter->answer(operation->error(OperationState::undone), std::move(report));
        } else {
            waiter->answer(late ? Errc::outcome_unknown : why, std::move(report));
        }
        if (last && elsewhere)
            remove(operation);
        else if (last && untouched && !operation->abandoned)
            abandon(operation);
    }

    // Whether nothing is under way here.
    bool idle() const noexcept { return running_.empty(); }
    template<class Handler>
    void idle_wait(Handler&& handler) {
        if (idle())
            boost::asio::post(executor, std::forward<Handler>(handler));
        else
            idle_.async_wait(std::forward<Handler>(handler));
    }

    // Background work, until `stop`.
    void run() {
        if (std::exchange(background_, true))
            return;
        if (!recovering_)
            recover();
        for (const auto& [record, sweeper] : sweepers_)
            sweeper->run();
    }
    void hasten_sweeps() {
        for (const auto& [record, sweeper] : sweepers_)
            sweeper->hasten();
    }
    void stop() {
        background_ = false;
        recovery_timer_.cancel();
        for (const auto& [record, sweeper] : sweepers_)
            sweeper->stop();
        rest();
    }

    Journal& journal() noexcept { return journal_; }

    const OperationParams params;
    const Executor executor;
    const std::shared_ptr<OperationStats> stats = std::make_shared<OperationStats>();
    bool closed = false;

private:
    // Nothing happens once the desk is gone. Whoever waits for an operation keeps it.
    template<class F>
    auto guarded(F work) {
        return [weak = this->weak_from_this(), work = std::move(work)]<class... Args>(Args&&... args) {
            if (const auto self = weak.lock())
                work(std::forward<Args>(args)...);
        };
    }
    template<class F>
    auto bound(F handler) {
        return boost::asio::bind_executor(executor, guarded(std::move(handler)));
    }
    template<class F>
    void after(Timer& timer, std::chrono::nanoseconds time, F work) {
        timer.expires_after(std::chrono::duration_cast<typename Clock::duration>(time));
        timer.async_wait(guarded([work = std::move(work)](error_code error) {
            if (!error)
                work();
        }));
    }

    // ---- who waits

    void answer_later(const WaiterPtr& waiter, error_code error) {
        boost::asio::post(executor, [waiter, error] { waiter->answer(error, {}); });
    }

    void join(const OperationPtr& operation, const WaiterPtr& waiter, std::chrono::milliseconds timeout) {
        operation->waiters.push_back(waiter);
        waiter->operation = operation;
        leave_after(waiter, timeout);
    }

    void leave_after(const WaiterPtr& waiter, std::chrono::milliseconds time) {
        waiter->deadline.expires_at(deadline_after<Clock>(time));
        waiter->deadline.async_wait([self = this->shared_from_this(), waiter](error_code error) {
            if (!error)
                self->leave(waiter, Errc::deadline_exceeded);
        });
    }

    // ---- the way of an operation

    void begin(const OperationPtr& operation) {
        operation->stage = Stage::beginning;
        session_->with(guarded([this, operation](error_code error) {
            if (operation->stage != Stage::beginning)
                return;
            if (operation->foreign && error)
                return look_again(operation);
            if (error || operation->abandoned)
                return carrier_->fail(operation, error ? Errc::replica_unavailable : Errc::deadline_exceeded);
            operation->promised = true;
            calls_->begin(operation->intent, guarded([this, operation](error_code failed, Admitted admitted) {
                              on_begun(operation, failed, std::move(admitted));
                          }));
        }));
    }

    void on_begun(const OperationPtr& operation, error_code error, Admitted admitted) {
        if (operation->stage != Stage::beginning)
            return;
        if (error)
            return on_not_begun(operation, error);
        operation->fence = admitted.fence;
        operation->foreign = admitted.kind == Admitted::Kind::known;
        // What is not decided yet is carried out by nobody else.
        operation->promised = operation->foreign || !operation->intent.plan.empty();
        switch (admitted.kind) {
        case Admitted::Kind::granted:
            return carrier_->proceed(operation);
        case Admitted::Kind::queued:
            if (operation->lost || operation->abandoned)
                return carrier_->proceed(operation);
            ++stats->queued;
            operation->stage = Stage::queued;
            return ask_soon(params.ask_interval);
        case Admitted::Kind::known:
            return on_known(operation, std::move(admitted.known));
        case Admitted::Kind::mistaken:
            return carrier_->fail(operation, Errc::different_request);
        }
    }

    void on_not_begun(const OperationPtr& operation, error_code error) {
        if (error == Errc::lease_lost) {
            session_->lapse();
            return begin(operation);
        }
        if (operation->foreign)
            return look_again(operation);
        // It may have been written down all the same.
        if (error == Condition::applied_unknown) {
            operation->promised = !operation->intent.plan.empty();
            return carrier_->forget(operation, Errc::replica_unavailable);
        }
        carrier_->fail(operation, Errc::replica_unavailable);
    }

    void on_known(const OperationPtr& operation, JournalEntry known) {
        OperationReport report;
        report.id = operation->intent.id;
        report.state = known.state;
        report.repeated = true;
        report.cause = known.cause;
        if (auto journaled = PlanReader::read(known.intent.plan)) {
            report.context = journaled->plan.context;
            for (const auto& write : journaled->plan.writes)
                report.steps.push_back({write.name, journaled->landed[write.name]});
        }
        switch (known.state) {
        case OperationState::done:
            ++stats->repeated;
            return carrier_->finish(operation, {}, report);
        case OperationState::undone:
            return carrier_->finish(operation, operation->failure ? operation->failure : error_code{Errc::refused},
                                    report);
        case OperationState::dead:
            return carrier_->finish(operation, Errc::outcome_unknown, report);
        default:
            if (operation->abandoned)
                return carrier_->finish(operation, Errc::outcome_unknown, report);
            look_again(operation);
        }
    }

    // The lease ran out: what became of it the journal will know.
    void look_elsewhere(const OperationPtr& operation) {
        operation->foreign = operation->lost = true;
        operation->intent.plan.clear();
        operation->plan.reset();
        look_again(operation);
    }

    void look_again(const OperationPtr& operation) {
        operation->stage = Stage::elsewhere;
        after(operation->timer, carrier_->pause(operation->pauses++), [this, operation] {
            if (operation->stage == Stage::elsewhere)
                begin(operation);
        });
    }

    void follow(const Intent& intent) {
        auto journaled = PlanReader::read(intent.plan);
        if (!journaled || running_.contains(intent.id))
            return;
        auto operation = std::make_shared<Operation>(executor, intent);
        operation->plan = std::move(journaled->plan);
        operation->guard = journaled->guard;
        operation->promised = true;
        running_.emplace(intent.id, operation);
        if (intent.keys.empty())
            return carrier_->proceed(operation);
        operation->stage = Stage::queued;
        ask_soon(std::chrono::milliseconds{0});
    }

    void remove(const OperationPtr& operation) {
        operation->stage = Stage::gone;
        operation->timer.cancel();
        operation->patience.cancel();
        running_.erase(operation->intent.id);
        ask_soon(std::chrono::milliseconds{0});
        if (running_.empty())
            idle_.cancel();
        rest();
    }

    void rest() {
        if (!needs_lease())
            session_->rest();
    }
    bool needs_lease() const noexcept { return (background_ && !takings_lost_) || !running_.empty(); }

    // Nobody waits for it any more, and nothing was sent.
    void abandon(const OperationPtr& operation) {
        operation->abandoned = true;
        switch (operation->stage) {
        case Stage::queued:
        case Stage::preparing:
            return carrier_->forget(operation, Errc::deadline_exceeded);
        case Stage::carrying:
            operation->machine->abandon();
            operation->timer.cancel();
            return carrier_->carry(operation);
        default:
            return;
        }
    }

    // ---- lines

    void ask_soon(std::chrono::milliseconds wait) {
        const auto waits = [](const auto& entry) { return entry.second->stage == Stage::queued; };
        if (std::ranges::none_of(running_, waits))
            return;
        const auto at = Clock::now() + wait;
        if (asking_ && ask_at_ <= at)
            return;
        asking_ = true;
        ask_at_ = at;
        after(ask_timer_, wait, [this] { ask(); });
    }

    void ask() {
        std::vector<std::string> ids;
        for (const auto& [id, operation] : running_)
            if (operation->stage == Stage::queued)
                ids.push_back(id);
        ask_at_ = Timer::time_point::max();
        if (ids.empty()) {
            asking_ = false;
            return;
        }
        auto on_asked = [this, ids](error_code error, const std::vector<bool>& first) {
            asking_ = false;
            for (std::size_t i = 0; !error && i < ids.size() && i < first.size(); ++i) {
                const auto it = running_.find(ids[i]);
                if (first[i] && it != running_.end() && it->second->stage == Stage::queued)
                    carrier_->proceed(OperationPtr{it->second});
            }
            ask_soon(params.ask_interval);
        };
        journal_.async_ask(ids, bound(std::move(on_asked)));
    }

    // ---- what others have, or left

    // Somebody else may have every operation that was ours.
    void lose_everything() {
        ++stats->leases_lost;
        std::vector<OperationPtr> lost;
        for (const auto& [id, operation] : running_)
            if (operation->stage != Stage::beginning && operation->stage != Stage::elsewhere)
                lost.push_back(operation);
        for (const auto& operation : lost)
            carrier_->lose(operation);
    }

    void recover() {
        recovering_ = background_ && !closed;
        if (!recovering_)
            return;
        // What was taken over then and not heard of is held by this session, as long as there is one.
        if (takings_lost_ && session_->held()) {
            rest();
            return recover_after(params.recovery_interval);
        }
        takings_lost_ = false;
        auto on_entries = guarded([this](error_code error, std::vector<JournalEntry> entries) {
            const bool more = !error && entries.size() >= params.recovery_batch;
            for (std::size_t i = 0; !error && i < entries.size(); ++i)
                take_over(std::move(entries[i]));
            takings_lost_ = error == Condition::applied_unknown;
            recover_after(more ? std::chrono::milliseconds{0} : params.recovery_interval);
        });
        session_->with(guarded([this, on_entries](error_code error) {
            if (error)
                return on_entries(error, std::vector<JournalEntry>{});
            journal_.async_take_over(params.recovery_batch, boost::asio::bind_executor(executor, on_entries));
        }));
    }

    void recover_after(std::chrono::milliseconds pause) {
        recovery_timer_.expires_after(pause);
        recovery_timer_.async_wait(guarded([this](error_code) { recover(); }));
        if (!background_)
            recovery_timer_.cancel();
    }

    void take_over(JournalEntry entry) {
        auto& operation = running_[entry.intent.id];
        // Those who ask for one of another session wait for it here.
        if (operation && operation->stage != Stage::elsewhere && operation->stage != Stage::beginning)
            return;
        ++stats->recovered;
        if (!operation)
            operation = std::make_shared<Operation>(executor, entry.intent);
        carry_on(OperationPtr{operation}, std::move(entry));
    }

    void carry_on(const OperationPtr& operation, JournalEntry entry) {
        operation->timer.cancel();
        operation->intent = std::move(entry.intent);
        operation->fence = entry.fence;
        operation->failure = {};
        operation->promised = true;
        operation->foreign = operation->lost = false;
        auto journaled = PlanReader::read(operation->intent.plan);
        if (!journaled)
            return carrier_->bury(operation, "its plan cannot be read");
        operation->machine.emplace(OperationMachine::recovered(operation->intent.id, std::move(*journaled), params,
                                                               Carrier::now(), entry.silent_for, carrier_->seed()));
        operation->stage = Stage::carrying;
        carrier_->carry(operation);
    }

    Journal journal_;
    std::map<std::string, OperationPtr> running_;
    std::shared_ptr<JournalDesk<Journal>> calls_;
    std::shared_ptr<JournalSession<Journal, Clock>> session_;
    std::shared_ptr<Carrier> carrier_;
    std::map<std::string, std::shared_ptr<Sweeper<Settlement, Clock>>> sweepers_;
    Timer ask_timer_;
    Timer recovery_timer_;
    Timer idle_;
    typename Clock::time_point ask_at_ = Timer::time_point::max();
    bool asking_ = false;
    bool background_ = false;
    // A call that took operations over failed, and may have taken them: they are found again under another lease, for
    // which this one has to run out when nothing is under way.
    bool takings_lost_ = false;
    bool recovering_ = false; // asked, or the timer says when to ask
};

} // namespace understudy::detail
