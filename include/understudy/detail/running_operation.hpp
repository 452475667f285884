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
        if (state == OperationState::done)
            return {};
        if (state == OperationState::dead)
            return Errc::outcome_unknown;
        if (machine) {
            for (const auto& step : machine->steps())
                if (step.state == OperationStep::State::refused)
                    return step.error ? step.error : error_code{Errc::refused};
            if (machine->trouble())
                return machine->trouble();
        }
        return Errc::deadline_exceeded;
    }

    void answer(error_code error, const OperationReport& report) {
        for (const auto& waiter : std::exchange(waiters, {}))
            waiter->answer(error, report);
    }

    Timer timer;    // until it is tried again
    Timer patience; // until the caller is answered though the replica is not there
    Intent intent;
    Fence fence{1};
    Stage stage = Stage::beginning;
    std::optional<Plan> plan{};
    Decide decide{};
    std::optional<OperationMachine> machine{};
    std::vector<std::shared_ptr<Waiter>> waiters{};
    int pauses = 0;
    bool abandoned = false;
};

} // namespace understudy::detail
