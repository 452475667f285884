#pragma once

#include "type_reconciler.hpp"

#include <understudy/periodic_reconciler.hpp>

#include <utility>

namespace service {

/// A `TypeReconciler` over a `PeriodicReconciler`.
template<class Reconciler>
class PeriodicTypeReconciler final : public TypeReconciler {
public:
    explicit PeriodicTypeReconciler(Reconciler reconciler)
        : reconciler_{std::move(reconciler)} {}

    void run_pass(understudy::PassKind kind, const understudy::PassOptions& options, Handler handler) override {
        reconciler_.async_run_pass(kind, options, std::move(handler));
    }
    std::optional<understudy::PassReport> progress(understudy::PassKind kind) const override {
        return reconciler_.progress(kind);
    }
    void start(Handler ended) override { reconciler_.start(std::move(ended)); }
    void close() override { reconciler_.close(); }

private:
    Reconciler reconciler_;
};

} // namespace service
