#pragma once

#include "call.hpp"
#include "instant.hpp"

#include <array>
#include <boost/json/object.hpp>
#include <deque>
#include <map>

namespace hubspot_emulator {

/// What was asked since the start or the last reset; the control endpoint itself is not counted.
class Counters {
public:
    void began(const Call& call, const Request& request, Millis now);
    void ended(int status); ///< 0: never answered, or not in full
    void refused_for_rate(std::string_view policy) { ++rate_limited_[std::string(policy)]; }
    /// In-flight calls stay in flight; everything else starts from nothing.
    void reset();
    void held(int change) { held_ += change; }

    boost::json::object to_json() const;
    boost::json::object log_to_json() const;

private:
    std::array<std::uint64_t, static_cast<std::size_t>(CallKind::wrong_method) + 1> by_kind_{};
    std::map<int, std::uint64_t> by_status_;
    std::map<std::string, std::uint64_t> rate_limited_, by_type_;
    std::uint64_t calls_ = 0, answered_ = 0, unanswered_ = 0;
    int in_flight_ = 0, max_in_flight_ = 0, held_ = 0;
    std::deque<boost::json::object> log_;
};

} // namespace hubspot_emulator
