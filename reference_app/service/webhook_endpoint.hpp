#pragma once

#include "config.hpp"
#include "hint_desk.hpp"
#include "http_message.hpp"
#include "log.hpp"
#include "log_throttle.hpp"
#include "metrics.hpp"
#include "webhook_params.hpp"

#include <understudy/date_time.hpp>
#include <understudy/hubspot/webhook_events.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>

namespace service {

/// Takes HubSpot's deliveries of events. What a delivery names is read again, by and by; what it says is not believed,
/// so that deliveries that come twice, late or in any order do no harm. It is answered once the hints are stored: what
/// is not answered with 2xx HubSpot delivers again, ten times within a day.
class WebhookEndpoint {
public:
    using Now = std::function<understudy::Timestamp()>;

    /// The desk and the log outlive the endpoint.
    WebhookEndpoint(WebhookParams params, SourceTypes types, HintDesk& desk, const Log& log, Now now);

    bool enabled() const noexcept { return !params_.secrets.empty(); }

    void receive(const Request& request, Respond respond);

    void collect(MetricSink& sink) const;

private:
    bool is_believed(const Request& request);
    Hints hints_of(const understudy::hubspot::WebhookEvents& delivery);
    void refuse(std::string_view reason);

    WebhookParams params_;
    SourceTypes types_;
    HintDesk& desk_;
    const Log& log_;
    Now now_;
    LogThrottle throttle_{std::chrono::minutes{1}};
    std::array<std::uint64_t, understudy::hubspot::webhook_event_kinds> events_{};
    std::uint64_t other_types_ = 0;
    std::uint64_t unknown_ = 0;
    std::uint64_t unreadable_ = 0;
    std::uint64_t hinted_ = 0;
    std::uint64_t failed_ = 0;
    std::map<std::string_view, std::uint64_t> refused_;
};

} // namespace service
