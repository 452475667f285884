#pragma once

#include <understudy/detail/pass_clock.hpp>
#include <understudy/detail/pass_run.hpp>
#include <understudy/detail/random_id.hpp>
#include <understudy/pass_options.hpp>
#include <understudy/pass_report.hpp>
#include <understudy/reconciler_params.hpp>
#include <understudy/reconciler_schedule.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::detail {

// What the copies of a reconciler share: for each kind of pass the one that is under way, and the one that is asked for
// meanwhile.
template<class Source, class Replica, class Clock>
class ReconcilerCore : public std::enable_shared_from_this<ReconcilerCore<Source, Replica, Clock>> {
public:
    using R = typename Source::record_type;
    using Done = std::function<void(PassReport)>;

    ReconcilerCore(Source source, Replica replica, ReconcilerParams params)
        : executor{replica.get_executor()}
        , source_{std::move(source)}
        , replica_{std::move(replica)}
        , params_{std::move(params)} {
        if (params_.name.empty())
            params_.name = RecordTraits<R>::name;
    }

    // Those who ask while a pass of the kind is under way share the next one.
    void ask(PassKind kind, const PassOptions& options, Done done) {
        auto& lane = lane_of(kind);
        auto& most = lane.options;
        most.unless_done = options.unless_done && (most.unless_done || lane.waiting.empty());
        most.allow_deletes = std::max(most.allow_deletes, options.allow_deletes);
        most.from_start = most.from_start || options.from_start;
        lane.waiting.push_back(std::move(done));
        if (!lane.running && !closed_)
            begin(kind);
        else if (closed_)
            refuse(lane);
    }

    std::optional<PassReport> progress(PassKind kind) const {
        const auto& lane = kind == PassKind::full ? full_ : incremental_;
        return lane.running ? std::optional{lane.progress()} : std::nullopt;
    }

    // Asks by itself from now on.
    void start(const ReconcilerSchedule& schedule, std::function<void(const PassReport&)> ended) {
        if (closed_ || !clocks_.empty())
            return;
        ended_ = std::move(ended);
        if (schedule.full_at_first) {
            PassOptions unless_done;
            unless_done.unless_done = true;
            ask(PassKind::full, unless_done, [this](const PassReport& report) { tell(report); });
        }
        tick(PassKind::full, schedule.full, schedule);
        if (ChangeSource<Source>)
            tick(PassKind::incremental, schedule.incremental, schedule);
    }

    void close() {
        closed_ = true;
        for (const auto& clock : std::exchange(clocks_, {}))
            clock->stop();
        for (auto* lane : {&full_, &incremental_}) {
            refuse(*lane);
            if (const auto stop = std::exchange(lane->stop, nullptr))
                stop();
        }
    }

    boost::asio::any_io_executor executor;

private:
    // What is kept in here does not keep the core: a pass that is under way does.
    struct Lane {
        bool running = false;
        PassOptions options{};
        std::vector<Done> waiting{};
        std::function<PassReport()> progress{};
        std::function<void()> stop{};
    };

    void tick(PassKind kind, const Schedule& when, const ReconcilerSchedule& schedule) {
        const auto pass = [weak = this->weak_from_this(), kind](std::function<void()> then) {
            if (const auto self = weak.lock())
                self->ask(kind, {}, [core = self.get(), then](const PassReport& report) {
                    core->tell(report);
                    then();
                });
        };
        clocks_.push_back(std::make_shared<PassClock<Clock>>(executor, when, schedule.wall_clock, pass));
        clocks_.back()->start();
    }

    void tell(const PassReport& report) const {
        if (ended_)
            ended_(report);
    }

    Lane& lane_of(PassKind kind) { return kind == PassKind::full ? full_ : incremental_; }

    static void refuse(Lane& lane) {
        for (const auto& done : std::exchange(lane.waiting, {})) {
            PassReport report;
            report.outcome = PassOutcome::interrupted;
            report.error = Errc::shutting_down;
            done(report);
        }
    }

    void begin(PassKind kind) {
        auto& lane = lane_of(kind);
        lane.running = true;
        const auto options = std::exchange(lane.options, {});
        auto done = [this, kind, waiting = std::exchange(lane.waiting, {})](const PassReport& report) {
            auto& ended = lane_of(kind);
            ended.running = false;
            ended.progress = nullptr;
            ended.stop = nullptr;
            for (const auto& told : waiting)
                told(report);
            if (!ended.running && !ended.waiting.empty() && !closed_)
                begin(kind);
        };
        if (kind == PassKind::incremental)
            return run_incremental(lane, std::move(done));
        if constexpr (ChangeSource<Source>) {
            // What changes after its record was listed must not be from before where incremental passes begin.
            lane.progress = [] { return PassReport{}; };
            return ask(PassKind::incremental, {}, [this, options, done](const PassReport&) {
                if (closed_)
                    return done(stopped());
                run_full(full_, options, done);
            });
        }
        run_full(lane, options, std::move(done));
    }

    static PassReport stopped() {
        PassReport report;
        report.kind = PassKind::full;
        report.outcome = PassOutcome::interrupted;
        report.error = Errc::shutting_down;
        return report;
    }

    void run_full(Lane& lane, const PassOptions& options, Done done) {
        using Machine = FullPassMachine<R>;
        auto make = [params = params_, options](const PassLease& lease, const Extent<R>& extent) {
            auto position = options.from_start ? std::nullopt : read_full_position<R>(lease.position);
            if (position && position->done() && !options.unless_done)
                position.reset();
            return Machine{params, options, lease.live_rows, extent.last, std::move(position)};
        };
        start<Machine>(lane, "full", std::move(make), std::move(done), ChangeSource<Source>);
    }

    void run_incremental(Lane& lane, Done done) {
        if constexpr (ChangeSource<Source>) {
            using Machine = IncrementalPassMachine<R>;
            auto make = [this](const PassLease& lease, const Extent<R>&) {
                auto position = read_incremental_position<R>(lease.position);
                if (!position || position->anchor != anchor_) {
                    anchor_ = position ? position->anchor : no_version;
                    anchored_at_ = Clock::now();
                }
                const auto quiet = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - anchored_at_);
                return Machine{params_, std::move(position), quiet};
            };
            start<Machine>(lane, "incremental", std::move(make), std::move(done), false);
        }
    }

    template<class Machine, class Make>
    void start(Lane& lane, const std::string& kind, Make make, Done done, bool measured) {
        auto kept = [self = this->shared_from_this(), done = std::move(done)](const PassReport& report) {
            done(report);
        };
        const auto run = std::make_shared<PassRun<Source, Replica, Clock, Machine>>(
            source_, replica_, params_, params_.name + "/" + kind, holder_, std::move(make), std::move(kept));
        lane.progress = [weak = std::weak_ptr{run}] {
            const auto live = weak.lock();
            return live ? live->progress() : PassReport{};
        };
        lane.stop = [weak = std::weak_ptr{run}] {
            if (const auto live = weak.lock())
                live->stop(Errc::shutting_down);
        };
        run->start(measured);
    }

    Source source_;
    Replica replica_;
    ReconcilerParams params_;
    std::string holder_ = random_id();
    std::vector<std::shared_ptr<PassClock<Clock>>> clocks_;
    std::function<void(const PassReport&)> ended_;
    // The latest stamp by which incremental passes go, and since when it has been the same, as far as this process saw.
    Version anchor_ = no_version;
    typename Clock::time_point anchored_at_{};
    Lane full_{};
    Lane incremental_{};
    bool closed_ = false;
};

} // namespace understudy::detail
