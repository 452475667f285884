#pragma once

#include <understudy/http/retry_after.hpp>
#include <understudy/hubspot/detail/json.hpp>
#include <understudy/hubspot/error.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace understudy::hubspot {
namespace detail {

// How long a used-up allowance takes to come back when the server does not say (RetryDecorator of HubSpot's own client,
// and the "usage guidelines"). The day ends at the account's midnight, which is not known here: look again now and
// then.
inline constexpr std::chrono::milliseconds window_pause{10'000};
inline constexpr std::chrono::milliseconds search_pause{1'000};
inline constexpr std::chrono::milliseconds daily_pause = std::chrono::minutes{10};
// "Error handling": a lock ends after two seconds.
inline constexpr std::chrono::milliseconds lock_pause{2'000};

inline std::optional<int> header_number(const http::Answer& answer, std::string_view name) {
    const auto text = answer.header(name);
    int value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || ec != std::errc{} || end != text.data() + text.size() || value < 0)
        return std::nullopt;
    return value;
}

inline void read_error_body(const boost::json::object& body, ErrorDetail& detail) {
    detail.category = text_at(body, "category");
    detail.message = text_at(body, "message");
    detail.correlation_id = text_at(body, "correlationId");
    detail.policy = text_at(body, "policyName");
    if (detail.category.empty())
        detail.category = text_at(body, "errorType");
    for_each_object(body, "errors", [&](const boost::json::object& error) {
        const auto* context = object_at(error, "context");
        if (!context)
            return;
        for_each_text(*context, "requiredGranularScopes", [&](auto text) { detail.scopes.emplace_back(text); });
        for_each_text(*context, "propertyName", [&](auto text) { detail.properties.emplace_back(text); });
    });
    detail.existing_id = existing_id_in(detail.message);
}

inline bool names_code(const boost::json::object& body, std::string_view code) {
    bool found = text_at(body, "message").find(code) != std::string_view::npos;
    for_each_object(body, "errors",
                    [&](const boost::json::object& error) { found = found || text_at(error, "code") == code; });
    return found;
}

inline RateReport refusal(const ErrorDetail& detail, const CallKind& kind) {
    using namespace std::string_view_literals;
    RateReport report;
    report.refused = true;
    report.remaining = 0;
    // The ten-second limit's text ends as the one-second limit's does.
    const bool ten_seconds =
        detail.policy == "TEN_SECONDLY_ROLLING"sv || detail.message.find("ten_secondly") != std::string::npos;
    const bool daily = detail.policy == "DAILY"sv || detail.message.find("daily limit") != std::string::npos;
    const bool second = detail.policy == "SECONDLY"sv || detail.message.find("secondly limit") != std::string::npos;
    if (daily) {
        report.bucket = RateBucket::daily;
        report.interval = std::chrono::hours{24};
        report.retry_after = daily_pause;
    } else if (kind.search && !ten_seconds) {
        report.bucket = RateBucket::search;
        report.interval = search_pause;
        report.retry_after = search_pause;
    } else {
        report.bucket = RateBucket::window;
        report.interval = window_pause;
        report.retry_after = second && !ten_seconds ? search_pause : window_pause;
    }
    return report;
}

// What a status of 400 and above says of a write: that it was refused, that nothing came of it, or that nobody knows.
inline Errc errc_of_write_status(int status) noexcept {
    switch (status) {
    case 401:
    case 530:
        return Errc::unauthorized;
    case 403:
        return Errc::forbidden;
    case 429:
        return Errc::rate_limited;
    case 409:
        return Errc::conflict;
    case 400:
    case 404:
    case 410:
    case 422:
        return Errc::refused;
    case 408:
        return Errc::timed_out;
    default: // the server may have done it, and a gateway lost the answer
        return status >= 500 ? Errc::timed_out : Errc::unavailable;
    }
}

inline Errc errc_of_status(int status, bool write) noexcept {
    if (write && status >= 400)
        return errc_of_write_status(status);
    switch (status) {
    case 401:
    case 530: // a token so malformed that the gateway refuses it
        return Errc::unauthorized;
    case 403:
        return Errc::forbidden;
    case 409:
        return Errc::conflict;
    case 408:
        return Errc::timed_out;
    case 429:
        return Errc::rate_limited;
    case 414: // says nothing about the record: the caller asked for too much at once
    case 423:
    case 477:
        return Errc::unavailable;
    case 504:
    case 524:
        return Errc::timed_out;
    default:
        if (status >= 500)
            return Errc::unavailable;
        return status >= 400 ? Errc::refused : Errc::malformed_answer;
    }
}

} // namespace detail

inline std::string_view existing_id_in(std::string_view message) noexcept {
    constexpr std::string_view digits = "0123456789";
    constexpr std::string_view before = "Existing ID: ";
    if (const auto at = message.find(before); at != std::string_view::npos) {
        const auto rest = message.substr(at + before.size());
        return rest.substr(0, std::min(rest.find_first_not_of(digits), rest.size()));
    }
    if (const auto at = message.find(" already has that value"); at != std::string_view::npos) {
        const auto start = message.substr(0, at).find_last_not_of(digits);
        const auto first = start == std::string_view::npos ? 0 : start + 1;
        return message.substr(first, at - first);
    }
    return {};
}

inline error_code error_of_category(std::string_view category) noexcept {
    if (category == "OBJECT_NOT_FOUND")
        return {};
    if (category == "RATE_LIMITS" || category == "RATE_LIMIT")
        return Errc::rate_limited;
    if (category == "MISSING_SCOPES")
        return Errc::forbidden;
    if (category == "VALIDATION_ERROR")
        return Errc::refused;
    if (category == "CONFLICT" || category == "OBJECT_ALREADY_EXISTS")
        return Errc::conflict;
    return Errc::unavailable;
}

inline Verdict judge(const http::Answer& answer, const CallKind& kind, Timestamp now) {
    Verdict verdict;
    auto& detail = verdict.detail;
    detail.operation = kind.operation;
    detail.status = answer.status;
    detail.retry_after = http::parse_retry_after(answer.header("Retry-After"), now);
    Errc error = detail::errc_of_status(answer.status, kind.write);
    const bool refused_write = kind.write && (error == Errc::refused || error == Errc::conflict);

    const auto body = detail::parse_json(answer.body);
    const auto* fields = body ? body->if_object() : nullptr;
    if (fields)
        detail::read_error_body(*fields, detail);
    else
        detail.reason = "the body is not a JSON object";
    if (detail.correlation_id.empty())
        detail.correlation_id = answer.header("X-HubSpot-Correlation-Id");

    switch (answer.status) {
    case 400:
        if (!detail.existing_id.empty())
            error = Errc::conflict;
        else if (fields && detail::names_code(*fields, "PROPERTY_DOESNT_EXIST"))
            error = Errc::schema_mismatch;
        break;
    case 404:
        // A page of some gateway is no word about a record.
        if (!fields || detail.message.empty())
            error = Errc::unavailable;
        else if (kind.by_id)
            return verdict;
        else if (!kind.write)
            error = Errc::schema_mismatch;
        break;
    case 423:
        if (!detail.retry_after)
            detail.retry_after = detail::lock_pause;
        [[fallthrough]];
    case 477:
        verdict.rate = RateReport{.retry_after = detail.retry_after};
        break;
    case 429:
        verdict.rate = detail::refusal(detail, kind);
        if (detail.retry_after)
            verdict.rate->retry_after = detail.retry_after;
        else
            detail.retry_after = verdict.rate->retry_after;
        break;
    default:
        break;
    }
    // Only HubSpot itself refuses a write, not a page of some gateway.
    if (refused_write && (!fields || (detail.message.empty() && detail.category.empty())))
        error = Errc::malformed_answer;
    detail.error = error;
    return verdict;
}

inline Verdict judge_failure(error_code error, const http::Answer& answer, const CallKind& kind) {
    Verdict verdict;
    verdict.detail.operation = kind.operation;
    verdict.detail.error = error;
    verdict.detail.reason = std::string{"while "}.append(name_of(answer.failure.phase)).append(": ");
    verdict.detail.reason += answer.failure.reason.empty() ? error.message() : answer.failure.reason;
    return verdict;
}

inline std::vector<RateReport> rate_reports(const http::Answer& answer, const CallKind& kind) {
    std::vector<RateReport> reports;
    const auto report = [&](RateBucket bucket, std::string_view limit, std::string_view remaining,
                            std::chrono::milliseconds interval) {
        RateReport found{.bucket = bucket, .interval = interval};
        found.limit = detail::header_number(answer, limit);
        found.remaining = detail::header_number(answer, remaining);
        if (found.limit || found.remaining)
            reports.push_back(found);
    };
    if (!kind.search) {
        const auto interval = detail::header_number(answer, "X-HubSpot-RateLimit-Interval-Milliseconds");
        report(RateBucket::window, "X-HubSpot-RateLimit-Max", "X-HubSpot-RateLimit-Remaining",
               interval ? std::chrono::milliseconds{*interval} : detail::window_pause);
    }
    report(RateBucket::daily, "X-HubSpot-RateLimit-Daily", "X-HubSpot-RateLimit-Daily-Remaining",
           std::chrono::hours{24});
    return reports;
}

} // namespace understudy::hubspot
