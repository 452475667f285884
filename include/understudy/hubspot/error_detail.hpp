#pragma once

#include <understudy/error.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::hubspot {

/// Everything that is known of one failure, for logs. The server's texts are in here and nowhere else: show none of it
/// to a client of yours.
struct ErrorDetail {
    /// What was asked, such as `batch read 0-1`.
    std::string operation{};
    /// What the caller gets; success if the answer did, though something is wrong with it.
    error_code error{};
    /// The answer's status; 0 if there was no answer.
    int status = 0;
    /// What went wrong on the way, or in understanding the answer, in our words.
    std::string reason{};
    /// From the server's error body, each empty if it was not there.
    std::string category{};
    std::string message{};
    std::string correlation_id{};
    /// Which limit is used up, as the server calls it.
    std::string policy{};
    /// Permissions that the token lacks.
    std::vector<std::string> scopes{};
    /// Properties that the failure is about.
    std::vector<std::string> properties{};
    /// The record that has the unique value already.
    std::string existing_id{};
    /// How long to leave the server alone.
    std::optional<std::chrono::milliseconds> retry_after{};
};

/// Gets every failure, and what else is wrong with an answer, on the client's executor, before the caller does.
using ErrorObserver = std::function<void(const ErrorDetail&)>;

namespace detail {

inline void append_field(std::string& line, std::string_view name, std::string_view value) {
    constexpr std::size_t longest = 500;
    if (value.empty())
        return;
    line += line.empty() ? "" : ", ";
    line += name;
    line += ": ";
    for (const char c : value.substr(0, longest))
        line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    if (value.size() > longest)
        line += "...";
}

inline std::string joined(const std::vector<std::string>& words) {
    std::string line;
    for (const auto& word : words)
        line += (line.empty() ? "" : " ") + word;
    return line;
}

} // namespace detail

/// The detail as one line, without control characters; long texts are cut.
inline std::string to_line(const ErrorDetail& detail) {
    std::string line;
    detail::append_field(line, "operation", detail.operation);
    if (detail.error)
        detail::append_field(line, "error", detail.error.message());
    detail::append_field(line, "status", detail.status ? std::to_string(detail.status) : std::string{});
    detail::append_field(line, "reason", detail.reason);
    detail::append_field(line, "category", detail.category);
    detail::append_field(line, "message", detail.message);
    detail::append_field(line, "policy", detail.policy);
    detail::append_field(line, "missing scopes", detail::joined(detail.scopes));
    detail::append_field(line, "properties", detail::joined(detail.properties));
    detail::append_field(line, "existing id", detail.existing_id);
    if (detail.retry_after)
        detail::append_field(line, "retry after ms", std::to_string(detail.retry_after->count()));
    detail::append_field(line, "correlation id", detail.correlation_id);
    return line;
}

} // namespace understudy::hubspot
