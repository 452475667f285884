#pragma once

#include "call.hpp"
#include "object_writer.hpp"

#include <boost/json/value.hpp>

namespace hubspot_emulator {

/// What happens to a call besides its being carried out.
enum class Interruption { none, never_answer, reset, half_answer, hold };

/// One thing that goes wrong, for the calls it matches.
struct Fault {
    std::uint64_t id = 0;
    // matching
    std::vector<std::string> kinds{}; ///< any when empty
    std::string path{};               ///< substring of the target
    std::string method{};
    std::string body{};         ///< substring of the body
    int skip = 0;               ///< so many matching calls pass unharmed first
    std::optional<int> times{}; ///< until cleared when empty
    // what happens
    std::string action{};
    std::optional<Response> answer{};       ///< instead of carrying it out
    std::optional<Response> answer_after{}; ///< although it was carried out
    std::string error{}; ///< rate_limit policy, "expired_token" or "missing_scope": bodies made when needed
    std::optional<int> retry_after{};
    Interruption before = Interruption::none;
    Interruption after = Interruption::none;
    std::optional<std::int64_t> latency_ms{};
    ReadShape shape{};
    std::uint64_t hits = 0;

    bool matches(const Call& call, const Request& request) const;
    boost::json::object to_json() const;
};

/// Reads a fault as the control endpoint takes it. Throws `ApiError`.
Fault parse_fault(const boost::json::object& source);

} // namespace hubspot_emulator
