#pragma once

#include "scripted_hints.hpp"

#include "reconciliation.hpp"
#include "sync_endpoints.hpp"
#include "type_reconciler.hpp"
#include "wall_clock.hpp"

#include <optional>
#include <utility>
#include <vector>

/// Passes that end when the test says so.
struct ScriptedReconciler final : service::TypeReconciler {
    struct Asked {
        understudy::PassKind kind;
        understudy::PassOptions options;
        Handler handler;
    };

    void run_pass(understudy::PassKind kind, const understudy::PassOptions& options, Handler handler) override {
        asked.push_back({kind, options, std::move(handler)});
    }
    std::optional<understudy::PassReport> progress(understudy::PassKind) const override { return current; }
    void start(Handler) override {}
    void close() override {}

    void end(const understudy::PassReport& report) { asked.back().handler(report); }

    std::vector<Asked> asked;
    std::optional<understudy::PassReport> current;
};

/// Reconciliation of types that are scripted.
struct ScriptedSync {
    ScriptedReconciler contacts;
    ScriptedReconciler exams;
    ScriptedReconciler bookings;
    ScriptedHints hints;
    service::Log log = service::Log::silent();
    service::Reconciliation reconciliation{{&contacts, &exams, &bookings}};
    service::SyncEndpoints endpoints{reconciliation, hints, log, &service::wall_clock_now};
};
