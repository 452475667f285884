#pragma once

#include <understudy/detail/drain_operation.hpp>
#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/operation_desk.hpp>
#include <understudy/detail/random_id.hpp>
#include <understudy/journal.hpp>
#include <understudy/operation_params.hpp>
#include <understudy/operation_report.hpp>
#include <understudy/operation_stats.hpp>
#include <understudy/plan.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy {

/// What is to be carried out.
struct OperationRequest {
    /// Names the operation; whoever asks with the same name again gets the same answer. Empty: a random one.
    std::string id{};
    /// What kind of operation it is, for people.
    std::string kind{};
    /// The records that nobody else may write meanwhile: `WriteThroughSync::lock_of`.
    std::vector<std::string> keys{};
    /// What was asked for, in words that compare: the same `id` with another request is `Errc::different_request`.
    std::string request{};
    /// How long the caller waits.
    std::chrono::milliseconds timeout{30'000};
};

/// The signature with which an operation completes.
using OperationSignature = void(boost::system::error_code, OperationReport);

/// Carries out operations: a few writes to records of several types that belong together, each with what takes it back.
/// Nothing that was promised is lost: the writes are journaled before they are sent, and whoever recovers the journal
/// carries on.
///
///     OperationRequest request;
///     request.keys = {contacts.lock_of(id)};
///     auto report = co_await operations.async_carry_out(request, decide, use_awaitable);
///
/// The way of an operation: it gets its place in the lines of its keys; when it is first, the caller decides the
/// writes; they are journaled; they are sent, side by side; when all took effect, the replica shows them and the
/// operation ends, in one transaction; then the caller is answered. A write that is refused takes back what took
/// effect. A write that may have landed is looked for at the source, and sent again only if it can land no more. An
/// operation that cannot be finished becomes a dead letter: it keeps its keys until somebody replays or drops it.
///
/// A handle: copies share everything. `Clock` is monotonic. *Thread safety*: the journal's executor only.
template<Journal Journal, class Clock = std::chrono::steady_clock>
class Operations {
    using Desk = detail::OperationDesk<Journal, Clock>;

public:
    using executor_type = boost::asio::any_io_executor;
    using journal_type = Journal;
    using clock_type = Clock;
    /// Gets the writes, or why there are none: see `async_carry_out`.
    using Decided = typename Desk::Decided;
    using Decide = typename Desk::Decide;

    explicit Operations(Journal journal, const OperationParams& params = {})
        : desk_{std::make_shared<Desk>(std::move(journal), params)} {
        desk_->open();
    }

    executor_type get_executor() const noexcept { return desk_->executor; }
    const OperationStats& stats() const noexcept { return *desk_->stats; }
    Journal& journal() noexcept { return desk_->journal(); }

    /// Carries out an operation whose writes are decided under the lock: `decide(handler)` is called when the operation
    /// is first for all its keys, and calls the handler with the plan, or with an error to give up. Reads that the
    /// decision depends on belong there.
    ///
    /// *Handler*: `OperationSignature`. *Errors*: the one that `decide` gave; what the source refused a write with;
    /// `Errc::replica_unavailable` if the journal cannot be reached (nothing was sent); `Errc::reservation_refused`,
    /// with the objection as the report's cause; `Errc::record_merged`, with the survivor in the step's key;
    /// `Errc::deadline_exceeded`, or what kept it from being sent, if nothing was sent in time, and nothing will be;
    /// `Errc::lease_lost` if another session took it over and undid it; `Errc::outcome_unknown` if something may have
    /// been sent, or may yet be; `Errc::different_request`; `Errc::overloaded`; `Errc::shutting_down`.
    ///
    /// A caller whose time is up before anything was sent may have to wait for the journal, `settle_patience` at most,
    /// before that is certain. Of several callers with the same id, the last one alone can be told so.
    ///
    /// *Cancellation*: terminal, partial and total; what was sent goes on.
    template<class Token = boost::asio::deferred_t>
    auto async_carry_out(OperationRequest request, Decide decide, Token&& token = {}) {
        return start(std::move(request), std::nullopt, std::move(decide), std::forward<Token>(token));
    }

    /// Carries out an operation whose writes are known. As the other.
    template<class Token = boost::asio::deferred_t>
    auto async_carry_out(OperationRequest request, Plan plan, Token&& token = {}) {
        return start(std::move(request), std::optional{std::move(plan)}, Decide{}, std::forward<Token>(token));
    }

    /// The work behind the callers' backs, until it is stopped: operations that other sessions left are taken over,
    /// rows that were marked are read again. Call it once, and `stop` before the executor goes away.
    void run() { desk_->run(); }
    void stop() { desk_->stop(); }
    /// Looks for marked rows at once, for whoever has just marked some; only while `run` is in effect.
    void hasten_sweeps() { desk_->hasten_sweeps(); }

    /// Begins no new operation from now on and completes when none is under way here.
    ///
    /// *Handler*: `void(error_code)`. *Cancellation*: terminal, partial and total.
    template<class Token = boost::asio::deferred_t>
    auto async_drain(Token&& token = {}) {
        return detail::start_operation<void(boost::system::error_code)>(
            desk_->executor, [desk = desk_] { return detail::DrainOperation<Desk>{desk}; }, std::forward<Token>(token));
    }

    /// Operations that somebody has to look at, with their causes: see `Journal`, as for the next two.
    template<class Token = boost::asio::deferred_t>
    auto async_list_dead(std::size_t limit, Token&& token = {}) {
        return desk_->journal().async_list_dead(limit, std::forward<Token>(token));
    }
    /// Has it carried out again, by whichever process takes it over: what took effect before is looked for first.
    template<class Token = boost::asio::deferred_t>
    auto async_replay(std::string id, Token&& token = {}) {
        return desk_->journal().async_replay(std::move(id), std::forward<Token>(token));
    }
    /// Gives it up as it is: what took effect stays, and its keys are free.
    template<class Token = boost::asio::deferred_t>
    auto async_drop(std::string id, Token&& token = {}) {
        return desk_->journal().async_drop(std::move(id), std::forward<Token>(token));
    }

    /// For `WriteThroughSync`: its record type takes part from now on.
    void enlist(std::string record, std::shared_ptr<detail::Participant<typename Journal::settlement_type>> part) {
        desk_->enlist(std::move(record), std::move(part));
    }
    /// What parts count in.
    std::shared_ptr<OperationStats> shared_stats() const noexcept { return desk_->stats; }

private:
    template<class Token>
    auto start(OperationRequest request, std::optional<Plan> plan, Decide decide, Token&& token) {
        return boost::asio::async_initiate<Token, OperationSignature>(
            [desk = desk_](auto handler, OperationRequest asked, std::optional<Plan> known, Decide deciding) {
                using Erased = detail::ErasedHandler<OperationSignature>;
                auto erased = std::make_shared<Erased>(desk->executor, std::move(handler));
                auto waiter = std::make_shared<typename Desk::Waiter>(
                    desk->executor, [erased](error_code error, OperationReport report) {
                        if (auto slot = erased->get_cancellation_slot(); slot.is_connected())
                            slot.clear();
                        (*erased)(error, std::move(report));
                    });
                if (auto slot = erased->get_cancellation_slot(); slot.is_connected())
                    slot.assign([weak = std::weak_ptr{desk}, waiter](boost::asio::cancellation_type type) {
                        const auto held = weak.lock();
                        if (held && type != boost::asio::cancellation_type::none)
                            boost::asio::post(held->executor, [held, waiter] {
                                held->leave(waiter, boost::asio::error::operation_aborted);
                            });
                    });
                Intent intent;
                intent.id = asked.id.empty() ? detail::random_id() : std::move(asked.id);
                intent.kind = std::move(asked.kind);
                intent.keys = std::move(asked.keys);
                intent.request = std::move(asked.request);
                desk->start(std::move(intent), std::move(known), std::move(deciding), asked.timeout, waiter);
            },
            token, std::move(request), std::move(plan), std::move(decide));
    }

    std::shared_ptr<Desk> desk_;
};

} // namespace understudy
