#pragma once

#include <understudy/date_time.hpp>
#include <understudy/http/message.hpp>
#include <understudy/hubspot/error_detail.hpp>
#include <understudy/rate_report.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::hubspot {

/// What decides how an answer is judged.
struct CallKind {
    /// For logs, such as `batch read 0-1`.
    std::string operation{};
    /// Counted against the searches of the account.
    bool search = false;
    /// Whether the call changes something, so that a failure may leave the outcome unknown.
    bool write = false;
    /// Whether 404 says that the one record asked for is not there; elsewhere it says that the type or the path is not.
    bool by_id = false;
};

/// What an answer that is no success means.
struct Verdict {
    /// With `detail.error` what the caller gets; success only for a record that is not there (`CallKind::by_id`).
    ErrorDetail detail{};
    /// What it says about a limit.
    std::optional<RateReport> rate{};
};

/// Judges an answer that is no success (status 2xx); see `docs` of the vendor, "Handle errors".
Verdict judge(const http::Answer& answer, const CallKind& kind, Timestamp now);

/// Judges the failure of a request that got no answer.
Verdict judge_failure(error_code error, const http::Answer& answer, const CallKind& kind);

/// What the headers of any answer say about the limits. A search's answer says nothing about the window.
std::vector<RateReport> rate_reports(const http::Answer& answer, const CallKind& kind);

/// What a category in an entry of a batch's `errors` means; success for records that are not there.
error_code error_of_category(std::string_view category) noexcept;

/// The id in "… Existing ID: 6001" and "… 552239500007 already has that value."; empty if there is none.
std::string_view existing_id_in(std::string_view message) noexcept;

} // namespace understudy::hubspot

#include <understudy/hubspot/detail/error_judge.hpp>
