#include "emulator.hpp"

#include "api_error.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <utility>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

constexpr std::size_t target_limit = 16'200;
constexpr int secondly_limit = 19; // shown in a header, enforced by nobody

} // namespace

Emulator::Emulator(Settings settings, Millis now)
    : settings_(std::move(settings))
    , webhooks_(static_cast<std::uint64_t>(settings_.seed.seed)) {
    if (settings_.seed.epoch == 0)
        settings_.seed.epoch = now - now % day_ms;
    store_ = std::make_unique<Store>(settings_);
    store_->advance(now);
}

// Version 7: the time in front.
std::string Emulator::correlation_id(Millis now) {
    auto a = ids_(), b = ids_();
    char text[40];
    std::snprintf(text, sizeof text, "%08x-%04x-7%03x-%04x-%012llx", static_cast<unsigned>(now >> 16 & 0xffffffff),
                  static_cast<unsigned>(now & 0xffff), static_cast<unsigned>(a & 0xfff),
                  static_cast<unsigned>((b & 0x3fff) | 0x8000), static_cast<unsigned long long>(a >> 16));
    return text;
}

Response Emulator::refuse(const ApiError& error, Millis now) {
    auto body = error.body;
    body["correlationId"] = correlation_id(now);
    Response response;
    response.status = error.status;
    response.body = json::serialize(body);
    return response;
}

// These strings are what HubSpot's own clients look at.
Response Emulator::rate_limited(RatePolicy policy, std::optional<int> retry_after, Millis now) {
    ApiError error{429, {{"status", "error"}}};
    auto wait = 10;
    switch (policy) {
    case RatePolicy::search_secondly:
        error.body["message"] = "You have reached your secondly limit.";
        error.body["category"] = "RATE_LIMITS";
        counters_.refused_for_rate("search");
        wait = 1;
        break;
    case RatePolicy::daily:
        error.body["message"] = "You have reached your daily limit.";
        error.body["errorType"] = "RATE_LIMIT";
        error.body["policyName"] = "DAILY";
        error.body["requestId"] = correlation_id(now);
        counters_.refused_for_rate("daily");
        wait = static_cast<int>((day_ms - now % day_ms) / second_ms);
        break;
    case RatePolicy::ten_secondly_rolling:
        error.body["message"] = "You have reached your ten_secondly_rolling limit.";
        error.body["errorType"] = "RATE_LIMIT";
        error.body["policyName"] = "TEN_SECONDLY_ROLLING";
        error.body["groupName"] =
            "publicapi:private_app-api-calls-ten-secondly:1512050:" + std::to_string(settings_.portal_id);
        counters_.refused_for_rate("ten_secondly_rolling");
        break;
    }
    auto response = refuse(error, now);
    if (!retry_after && settings_.limits.retry_after)
        retry_after = wait;
    if (retry_after)
        response.headers.emplace_back("Retry-After", std::to_string(*retry_after));
    return response;
}

Fault* Emulator::pick_fault(const Call& call, const Request& request) {
    for (auto& fault : faults_) {
        if (fault.times == 0 || !fault.matches(call, request))
            continue;
        if (fault.skip > 0) {
            --fault.skip;
            continue;
        }
        if (fault.times)
            --*fault.times;
        ++fault.hits;
        return &fault;
    }
    return nullptr;
}

Admission Emulator::admit(const Request& request, Millis now) {
    Admission admission;
    admission.call = parse_call(request);
    if (admission.call.kind == CallKind::control) {
        admission.control = true;
        return admission;
    }
    const auto& call = admission.call;
    counters_.began(call, request, now);
    admission.latency_ms = settings_.limits.latency_ms;
    admission.hold_generation = hold_generation_;
    admission.chunked = settings_.chunked;

    if (request.target.size() > target_limit) {
        admission.refusal = Response{414, "<html><body>414 Request-URI Too Large</body></html>", "text/html"};
        return admission;
    }
    if (!settings_.token.empty() && request.authorization != "Bearer " + settings_.token) {
        auto known_form = request.authorization.starts_with("Bearer pat-");
        admission.refusal = refuse(known_form ? token_expired(0, now) : credentials_not_found(), now);
        return admission;
    }
    if (auto policy = limiter_.admit(call.kind == CallKind::search, settings_.limits, now)) {
        admission.refusal = rate_limited(*policy, {}, now);
        return admission;
    }
    const auto* fault = pick_fault(call, request);
    if (!fault)
        return admission;
    admission.before = fault->before;
    admission.after = fault->after;
    admission.shape = fault->shape;
    admission.refusal = fault->answer;
    admission.answer_after = fault->answer_after;
    admission.latency_ms = fault->latency_ms.value_or(admission.latency_ms);
    if (fault->error == "expired_token")
        admission.refusal = refuse(token_expired(now - 75 * second_ms, now), now);
    else if (fault->error == "no_credentials")
        admission.refusal = refuse(credentials_not_found(), now);
    else if (fault->error == "missing_scope")
        admission.refusal = refuse(missing_scopes("crm.objects.custom.read"), now);
    else if (fault->error == "search")
        admission.refusal = rate_limited(RatePolicy::search_secondly, fault->retry_after, now);
    else if (fault->error == "daily")
        admission.refusal = rate_limited(RatePolicy::daily, fault->retry_after, now);
    else if (!fault->error.empty())
        admission.refusal = rate_limited(RatePolicy::ten_secondly_rolling, fault->retry_after, now);
    return admission;
}

void Emulator::add_rate_headers(Response& response, bool search, Millis now) {
    const auto add = [&](const char* name, std::int64_t value) {
        response.headers.emplace_back(name, std::to_string(value));
    };
    const auto& limits = settings_.limits;
    if (!search) {
        add("X-HubSpot-RateLimit-Max", limits.per_ten_seconds);
        add("X-HubSpot-RateLimit-Remaining", limiter_.remaining(limits, now));
        add("X-HubSpot-RateLimit-Interval-Milliseconds", 10 * second_ms);
        add("X-HubSpot-RateLimit-Secondly", secondly_limit);
        add("X-HubSpot-RateLimit-Secondly-Remaining", limiter_.remaining_this_second(secondly_limit, now));
    }
    add("X-HubSpot-RateLimit-Daily", limits.per_day);
    add("X-HubSpot-RateLimit-Daily-Remaining", limiter_.remaining_today(limits, now));
}

Response Emulator::perform(const Request& request, const Admission& admission, Millis now) {
    store_->observed = webhooks_.subscribed();
    auto response = carry_out(request, admission, now);
    webhooks_.tell(*store_, std::exchange(store_->happened, {}));
    return response;
}

Response Emulator::carry_out(const Request& request, const Admission& admission, Millis now) {
    if (admission.control) {
        try {
            return control(admission.call, request, now);
        } catch (const ApiError& error) {
            return refuse(error, now);
        }
    }
    auto refused_early = admission.refusal.has_value();
    Response response;
    if (refused_early) {
        response = *admission.refusal;
    } else {
        try {
            if (admission.call.malformed)
                throw validation_error("The URL is malformed");
            response = CrmApi(*store_).perform(admission.call, request, admission.shape, now);
        } catch (const ApiError& error) {
            response = refuse(error, now);
        }
        if (admission.answer_after)
            response = *admission.answer_after;
    }
    // What a gateway answers carries nothing of HubSpot's own.
    if (response.content_type.starts_with("application/json")) {
        if (response.status != 401)
            add_rate_headers(response, admission.call.kind == CallKind::search, now);
        response.headers.emplace_back("X-HubSpot-Correlation-Id", correlation_id(now));
    }
    return response;
}

void Emulator::finished(const Admission& admission, int status) {
    if (!admission.control)
        counters_.ended(status);
}

Response Emulator::handle(const Request& request, Millis now) {
    auto admission = admit(request, now);
    auto response = perform(request, admission, now);
    finished(admission, response.status);
    return response;
}

} // namespace hubspot_emulator
