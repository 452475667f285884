#include "webhook_endpoint.hpp"

#include "problem.hpp"
#include "responses.hpp"

#include <understudy/hubspot/webhook_signature.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace service {
namespace {

namespace hubspot = understudy::hubspot;

Response accepted() {
    Response response;
    response.status = 204;
    return response;
}

} // namespace

WebhookEndpoint::WebhookEndpoint(WebhookParams params, SourceTypes types, HintDesk& desk, const Log& log, Now now)
    : params_{std::move(params)}
    , types_{std::move(types)}
    , desk_{desk}
    , log_{log}
    , now_{std::move(now)} {}

void WebhookEndpoint::receive(const Request& request, Respond respond) {
    if (!enabled())
        return respond(user_error(503, "WEBHOOKS_DISABLED", "This is not set up on this server"));
    if (!is_believed(request))
        return respond(user_error(401, "UNAUTHORIZED", "The request is not signed as it must be"));
    const auto delivery = hubspot::read_webhook_events(request.body);
    if (!delivery) {
        refuse("malformed_body");
        return respond(malformed_json());
    }
    auto hints = hints_of(*delivery);
    if (hints.empty())
        return respond(accepted());
    desk_.hint(std::move(hints), params_.timeout, [this, respond = std::move(respond)](understudy::error_code error) {
        ++(error ? failed_ : hinted_);
        respond(error ? replica_unavailable({error}) : accepted());
    });
}

bool WebhookEndpoint::is_believed(const Request& request) {
    auto uri = params_.public_url + std::string{request.path};
    if (!request.query.empty())
        uri.append("?").append(request.query);
    const hubspot::SignedRequest signed_request{name_of(request.method), uri, request.body, request.signature,
                                                request.signed_at};
    const auto verdict = hubspot::verify_signature(signed_request, params_.secrets, now_());
    if (verdict == hubspot::SignatureVerdict::valid)
        return true;
    refuse(hubspot::name_of(verdict));
    return false;
}

void WebhookEndpoint::refuse(std::string_view reason) {
    ++refused_[reason];
    if (const auto held_back = throttle_.pass(std::chrono::steady_clock::now()))
        log_.warning("webhook_refused", {{"reason", reason}, {"held_back", *held_back}});
}

// A record that was erased, or merged into another one, is read again like any other: only an answer of the source
// makes it go.
Hints WebhookEndpoint::hints_of(const hubspot::WebhookEvents& delivery) {
    Hints hints;
    for (const auto& event : delivery.events) {
        auto* ids = event.object_type == types_.contacts   ? &hints.contacts
                    : event.object_type == types_.exams    ? &hints.exams
                    : event.object_type == types_.bookings ? &hints.bookings
                                                           : nullptr;
        if (!ids) {
            ++other_types_;
            continue;
        }
        ++events_[static_cast<std::size_t>(event.kind)];
        ids->push_back(event.id);
        ids->insert(ids->end(), event.merged_ids.begin(), event.merged_ids.end());
        if (event.object_type != types_.bookings || event.other_id.empty())
            continue;
        if (event.other_type == types_.contacts)
            hints.links_to_contacts.push_back({event.id, event.other_id});
        else if (event.other_type == types_.exams)
            hints.links_to_exams.push_back({event.id, event.other_id});
    }
    unknown_ += delivery.unknown;
    unreadable_ += delivery.unreadable;
    return hints;
}

void WebhookEndpoint::collect(MetricSink& sink) const {
    const auto counted = [&](std::string_view kind, std::uint64_t number) {
        sink.counter("webhook_events_total", "Events that HubSpot delivered, by kind; each once a delivery",
                     static_cast<double>(number), {{"kind", kind}});
    };
    for (std::size_t kind = 0; kind < events_.size(); ++kind)
        counted(hubspot::name_of(static_cast<hubspot::WebhookEventKind>(kind)), events_[kind]);
    counted("other_type", other_types_);
    counted("unknown", unknown_);
    counted("unreadable", unreadable_);
    const auto delivered = [&](std::string_view result, std::uint64_t number) {
        sink.counter("webhook_deliveries_total", "Deliveries that were believed and named something mirrored",
                     static_cast<double>(number), {{"result", result}});
    };
    delivered("hinted", hinted_);
    delivered("failed", failed_);
    for (const auto& [reason, number] : refused_)
        sink.counter("webhook_refused_total", "Deliveries that were not believed, or not understood",
                     static_cast<double>(number), {{"reason", reason}});
}

} // namespace service
