#include "counters.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

constexpr std::size_t log_kept = 500, log_body_kept = 4000;

template<typename Map>
json::object map_to_json(const Map& map) {
    json::object object;
    for (const auto& [key, count] : map)
        if constexpr (std::is_same_v<std::decay_t<decltype(key)>, std::string>)
            object[key] = count;
        else
            object[std::to_string(key)] = count;
    return object;
}

} // namespace

void Counters::began(const Call& call, const Request& request, Millis now) {
    ++calls_;
    ++by_kind_[static_cast<std::size_t>(call.kind)];
    if (!call.arguments.empty())
        ++by_type_[std::string(to_string(call.kind)) + ":" + call.arguments.front()];
    max_in_flight_ = std::max(max_in_flight_, ++in_flight_);
    if (log_.size() == log_kept)
        log_.pop_front();
    log_.push_back({{"at", format_instant(now)},
                    {"kind", to_string(call.kind)},
                    {"method", request.method},
                    {"target", request.target.substr(0, log_body_kept)},
                    {"body", request.body.substr(0, log_body_kept)}});
}

void Counters::ended(int status) {
    --in_flight_;
    if (status == 0) {
        ++unanswered_;
        return;
    }
    ++answered_;
    ++by_status_[status];
}

void Counters::reset() {
    auto in_flight = in_flight_, held = held_;
    *this = {};
    in_flight_ = max_in_flight_ = in_flight;
    held_ = held;
}

json::object Counters::to_json() const {
    json::object kinds;
    for (std::size_t i = 0; i < by_kind_.size(); ++i)
        if (static_cast<CallKind>(i) != CallKind::control)
            kinds[to_string(static_cast<CallKind>(i))] = by_kind_[i];
    auto limited = by_status_.find(429);
    return {{"calls", calls_},
            {"answered", answered_},
            {"unanswered", unanswered_},
            {"status_429", limited == by_status_.end() ? std::uint64_t{0} : limited->second},
            {"in_flight", in_flight_},
            {"max_in_flight", max_in_flight_},
            {"held", held_},
            {"by_kind", std::move(kinds)},
            {"by_kind_and_type", map_to_json(by_type_)},
            {"by_status", map_to_json(by_status_)},
            {"rate_limited", map_to_json(rate_limited_)}};
}

json::object Counters::log_to_json() const {
    return {{"log", json::array(log_.begin(), log_.end())}};
}

} // namespace hubspot_emulator
