#pragma once

#include "wall_clock.hpp"
#include "webhook_endpoint.hpp"

#include <utility>
#include <vector>

/// Remembers what it was told to hint at, and how long it had for it.
struct ScriptedHints final : service::HintDesk {
    void hint(service::Hints hints, std::chrono::milliseconds time, Done done) override {
        told.push_back(std::move(hints));
        timeout = time;
        if (waits)
            waiting = std::move(done);
        else
            done(error);
    }

    std::vector<service::Hints> told;
    std::chrono::milliseconds timeout{0};
    understudy::error_code error;
    bool waits = false;
    Done waiting;
};

/// Webhooks that are not set up.
struct ClosedWebhooks {
    ScriptedHints hints;
    service::Log log = service::Log::silent();
    service::WebhookEndpoint endpoint{service::WebhookParams{}, service::SourceTypes{}, hints, log,
                                      &service::wall_clock_now};
};
