#pragma once

#include <understudy/detail/operation_machine.hpp>
#include <understudy/journal.hpp>
#include <understudy/operation_report.hpp>
#include <understudy/plan.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace understudy::detail {

// An operation that is under way here, and who waits for it.
template<class Clock>
struct RunningOperation {
    using Timer = boost::asio::basic_waitable_timer<Clock>;
    using Executor = boost::asio::any_io_executor;
    using Decided = std::function<void(error_code, Plan)>;
    using Decide = std::function<void(Decided)>;

    // Kept by what its deadline waits for, so that it goes when the io_context goes: what it calls may own this one.
    struct Waiter {
        Waiter(const Executor& executor, std::function<void(error_code, OperationReport)> on_answer)
            : deadline{executor}
            , handler{std::move(on_answer)} {}

        void answer(error_code error, OperationReport report) {
            if (!handler)
                return;
            deadline.cancel();
            std::exchange(handler, {})(error, std::move(report));
        }

        Timer deadline;
        std::function<void(error_code, OperationReport)> handler;
        std::weak_ptr<RunningOperation> operation{};
        // Its time was up before: only the journal's word is missing.
        bool patient = false;
        // How the writes are decided, if that is for it to say.
        Decide decide{};
    };

    enum class Stage : std::uint8_t {
        beginning,
        queued,
        elsewhere, // another session has it: ask again later
        preparing, // the caller decides
        deciding,  // the journal writes it down
        carrying,
        ending,
        gone,
    };

    RunningOperation(const Executor& executor, Intent what)
        : timer{executor}
        , patience{executor}
        , intent{std::move(what)} {}

    // Whether nothing of it took effect so far, or may have.
    bool untouched() const noexcept { return !machine || machine->untouched(); }

    OperationReport report(OperationState state) const {
        OperationReport report;
        report.id = intent.id;
        report.state = state;
        if (!machine)
            return report;
        report.context = machine->plan().context;
        for (const auto& step : machine->steps())
            report.steps.push_back({step.write.name, step.key, step.version, step.error});
        return report;
    }

    // What is told to callers when it ends so.
    error_code error(OperationState state) const {
        if (failure)
            return failure;
        if (state == OperationState::done)
            return {};
        if (state == OperationState::dead)
            return Errc::outcome_unknown;
        if (machine) {
            for (const auto& step : machine->steps())
                if (step.state == OperationStep::State::refused)
                    return step.error ? step.error : error_code{Errc::refused};
            if (machine->trouble())
                return machine->trouble() == Errc::lease_lost ? Errc::replica_unavailable : machine->trouble();
        }
        return Errc::deadline_exceeded;
    }

    void answer(error_code error, const OperationReport& report) {
        for (const auto& weak : std::exchange(waiters, {}))
            if (const auto waiter = weak.lock())
                waiter->answer(error, report);
    }

    // False if it did not wait.
    bool remove(const std::shared_ptr<Waiter>& waiter) {
        if (std::erase_if(waiters, [&](const auto& weak) { return weak.lock() == waiter; }) == 0)
            return false;
        for (const auto& weak : waiters)
            if (const auto heir = weak.lock(); heir && waiter->decide)
                heir->decide = std::exchange(waiter->decide, {});
        return true;
    }

    Decide take_decide() {
        for (const auto& weak : waiters)
            if (const auto waiter = weak.lock(); waiter && waiter->decide)
                return std::exchange(waiter->decide, {});
        return {};
    }

    Timer timer;    // until it is tried again
    Timer patience; // until the caller is answered though the replica is not there
    Intent intent;
    Fence fence{1};
    Stage stage = Stage::beginning;
    std::optional<Plan> plan{};
    bool guard = false; // see JournaledPlan
    std::optional<OperationMachine> machine{};
    std::vector<std::weak_ptr<Waiter>> waiters{};
    // Why nothing was sent.
    error_code failure{};
    int pauses = 0;
    // Nobody waits for it any more, and nothing was sent: nothing shall be.
    bool abandoned = false;
    // Whatever we say, somebody may carry it out: the journal may have its writes.
    bool promised = false;
    // Another session had it when the journal was asked last.
    bool foreign = false;
    // It was ours, until the lease ran out.
    bool lost = false;
};

} // namespace understudy::detail
