#pragma once

#include "address.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace service {

enum class Method : std::uint8_t { get, head, post, put, patch, delete_, options, other };

std::string_view name_of(Method method) noexcept;

/// A request as the application sees it. The views belong to the connection and are valid until the request is
/// answered.
struct Request {
    Method method = Method::other;
    /// The target without its query.
    std::string_view path;
    std::string_view query;
    std::string_view body;
    /// The `Origin` header.
    std::string_view origin;
    /// The `Authorization` header. Never printed.
    std::string_view authorization;
    /// Whom the gate before the admin endpoints let in; nobody elsewhere.
    std::string admin;
    /// The `Idempotency-Key` header, or `X-Idempotency-Key`, if there is one.
    std::optional<std::string_view> idempotency_key;
    /// The headers `X-HubSpot-Signature-v3` and `X-HubSpot-Request-Timestamp`; the values of several are joined by
    /// commas (RFC 9110, 5.2).
    std::string signature;
    std::string signed_at;
    Address client;
    /// The client's own `X-Request-Id` if it is a plain one, else a new one.
    std::string_view id;
};

/// An answer; the connection adds what belongs to the transport (`Date`, `Content-Length`, `Connection`) and leaves out
/// the body where the method has none.
struct Response {
    unsigned status = 200;
    std::string_view content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string_view, std::string>> headers;
    /// Why it is not the answer that was hoped for; for the log, never sent.
    std::string reason;
};

/// Called exactly once, from the server's thread; it may be called before the handler has returned.
using Respond = std::function<void(Response)>;
using RequestHandler = std::function<void(const Request&, Respond)>;

} // namespace service
