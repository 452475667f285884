#include "reconciliation.hpp"

#include <algorithm>
#include <utility>

namespace service {

using understudy::PassReport;

struct Reconciliation::Run {
    SyncRequest request;
    Handler handler;
    Clock::time_point begun;
    SyncReport report{};
    std::size_t left = 0;
};

bool SyncReport::success() const noexcept {
    return std::ranges::all_of(types, [](const auto& report) { return !report || report->success(); });
}

std::size_t SyncReport::sum(std::size_t PassReport::*count) const noexcept {
    std::size_t total = 0;
    for (const auto& report : types)
        total += report ? (*report).*count : 0;
    return total;
}

Reconciliation::Reconciliation(std::array<TypeReconciler*, 3> types, Now now)
    : types_{types}
    , now_{std::move(now)} {}

std::optional<std::uint64_t> Reconciliation::run(const SyncRequest& request, Handler handler) {
    if (running())
        return std::nullopt;
    const auto run = std::make_shared<Run>(Run{request, std::move(handler), now_()});
    running_ = run;
    std::array<bool, 3> asked{};
    for (std::size_t i = 0; i < types_.size(); ++i)
        asked[i] = !request.only || static_cast<std::size_t>(*request.only) == i;
    run->left = static_cast<std::size_t>(std::ranges::count(asked, true));
    for (std::size_t i = 0; i < types_.size(); ++i)
        if (asked[i])
            types_[i]->run_pass(request.kind, request.options, [this, run, i](const PassReport& report) {
                run->report.types[i] = report;
                if (--run->left == 0)
                    finish(run);
            });
    return ++runs_;
}

SyncReport Reconciliation::progress() const {
    if (!running_)
        return last_;
    auto report = running_->report;
    for (std::size_t i = 0; i < types_.size(); ++i)
        if (!report.types[i] && (!running_->request.only || static_cast<std::size_t>(*running_->request.only) == i))
            report.types[i] = types_[i]->progress(running_->request.kind);
    report.duration = std::chrono::floor<std::chrono::milliseconds>(now_() - running_->begun);
    return report;
}

void Reconciliation::finish(const std::shared_ptr<Run>& run) {
    run->report.duration = std::chrono::floor<std::chrono::milliseconds>(now_() - run->begun);
    last_ = run->report;
    running_ = nullptr;
    run->handler(last_);
}

} // namespace service
