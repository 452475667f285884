#pragma once

#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/reconciler_core.hpp>
#include <understudy/listing.hpp>
#include <understudy/pass_options.hpp>
#include <understudy/pass_report.hpp>
#include <understudy/pass_step.hpp>
#include <understudy/reconciler_params.hpp>
#include <understudy/reconciler_schedule.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace understudy {

/// Brings a replica up to date with what changed at the source behind its back, deletes and merges included.
///
///     PeriodicReconciler sync{source, replica, schedule};
///     sync.start();
///     auto report = co_await sync.async_run_pass(PassKind::full, {}, use_awaitable); // at once
///
/// What it keeps, whatever the timing:
/// - A full pass that completes left no state behind that was current when it began: each is in the replica, or its row
///   is marked to be read again. So does an incremental pass for every state that the source's index held when it
///   began its last window; the next one begins early enough for those that the index got since.
/// - A row becomes a tombstone by a read of its id alone, never for being absent from a list; and not even then if more
///   are gone than the brake allows.
/// - A pass that was interrupted, by a crash, an error or `close`, goes on where it was.
/// - One process at a time carries a pass out, by a lease with a fence.
///
/// Every call is made with `Priority::background`. `Source` models `ListableSource`, and `ChangeSource` for incremental
/// passes; `Replica` models `ReconcilableReplica`.
///
/// A handle: copies share everything. *Thread safety*: the executor of the stores only.
template<class Source, class Replica, class Clock = std::chrono::steady_clock>
requires ListableSource<Source> && ReconcilableReplica<Replica>
class PeriodicReconciler {
public:
    using record_type = typename Source::record_type;
    using executor_type = boost::asio::any_io_executor;

    static_assert(std::is_same_v<record_type, typename Replica::record_type>,
                  "the source and the replica of a PeriodicReconciler store different record types");

    PeriodicReconciler(Source source, Replica replica, ReconcilerSchedule schedule = {}, ReconcilerParams params = {})
        : schedule_{std::move(schedule)}
        , core_{std::make_shared<Core>(std::move(source), std::move(replica), std::move(params))} {}

    executor_type get_executor() const noexcept { return core_->executor; }

    /// Carries a pass out. Asked while one of its kind is under way, it is carried out after that one, once for all who
    /// ask meanwhile, with the most that any of them allows. A full pass of a source that names its changes begins with
    /// an incremental one.
    ///
    /// *Handler*: `void(PassReport)`; its `outcome` and `error` say what became of it, `errors` what failed in it.
    /// *Cancellation*: none; see `close`.
    template<class Token = boost::asio::deferred_t>
    auto async_run_pass(PassKind kind, const PassOptions& options = {}, Token&& token = {}) {
        return boost::asio::async_initiate<Token, void(PassReport)>(
            [core = core_](auto handler, PassKind what, PassOptions how) {
                using Erased = detail::ErasedHandler<void(PassReport)>;
                auto erased = std::make_shared<Erased>(core->executor, std::move(handler));
                core->ask(what, how, [erased](PassReport report) { (*erased)(std::move(report)); });
            },
            token, kind, options);
    }

    /// Carries passes out when they are due, from now on until `close`. Each kind by itself: an incremental pass does
    /// not wait for a full one. Several processes may do this side by side; one of them has each pass. `ended`
    /// hears of each pass that was due here, on the executor.
    void start(std::function<void(const PassReport&)> ended = {}) { core_->start(schedule_, std::move(ended)); }

    /// What the pass of that kind that is under way here did so far; nothing if there is none.
    std::optional<PassReport> progress(PassKind kind) const { return core_->progress(kind); }

    /// Interrupts what is under way, and refuses what comes: reports say `Errc::shutting_down`.
    void close() { core_->close(); }

private:
    using Core = detail::ReconcilerCore<Source, Replica, Clock>;

    ReconcilerSchedule schedule_;
    std::shared_ptr<Core> core_;
};

} // namespace understudy
