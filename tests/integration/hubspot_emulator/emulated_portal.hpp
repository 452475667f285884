#pragma once

#include "emulator.hpp"
#include "seed.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>

namespace hubspot_emulator {

inline const std::string exams_path = "/crm/objects/2026-09/2-50158913";
inline const std::string bookings_path = "/crm/objects/2026-09/2-50158943";
inline const std::string contacts_path = "/crm/objects/2026-09/0-1";

inline std::string seeded_id(int number) {
    return std::to_string(first_seeded_id + number);
}
inline std::string seeded_exam_id(int number) {
    return std::to_string(first_seeded_exam_id + number);
}

/// A small portal whose time only tests move.
struct EmulatedPortal {
    static constexpr Millis start = 1'793'491'200'000; // 2026-11-01T00:00:00Z

    explicit EmulatedPortal(Settings settings = quick())
        : emulator(std::move(settings), start) {}

    /// No lag of any kind, and limits that nothing reaches.
    static Settings quick() {
        Settings settings;
        settings.seed.contacts = 40;
        settings.seed.exams = 24;
        settings.seed.bookings = 60;
        settings.behaviour.index_lag_ms = settings.behaviour.index_lag_jitter_ms = 0;
        settings.behaviour.calculated_lag_ms = 0;
        settings.limits.per_ten_seconds = settings.limits.searches_per_second = 1'000'000;
        return settings;
    }

    Response send(const std::string& method, const std::string& target, const std::string& body = {}) {
        return emulator.handle({method, target, body, "Bearer pat-na1-emulator"}, now);
    }

    /// Sends, remembers the status, gives the body; null when it is no JSON.
    boost::json::value call(const std::string& method, const std::string& target, const boost::json::value& body = {}) {
        auto response = send(method, target, body.is_null() ? std::string() : boost::json::serialize(body));
        status = response.status;
        auto json = response.content_type.starts_with("application/json") && !response.body.empty();
        return json ? boost::json::parse(response.body) : boost::json::value();
    }
    boost::json::value get(const std::string& target) { return call("GET", target); }
    boost::json::value post(const std::string& target, const boost::json::value& body) {
        return call("POST", target, body);
    }
    boost::json::value patch(const std::string& target, const boost::json::value& body) {
        return call("PATCH", target, body);
    }

    Millis now = start;
    int status = 0;
    Emulator emulator;
};

/// A member of nested objects and lists: `text(v, "results", 0, "id")`; a note of its absence when there is none.
template<typename... Keys>
std::string text(const boost::json::value& value, Keys... keys) {
    const auto* at = &value;
    const auto step = [&](auto key) {
        if (!at)
            return;
        if constexpr (std::is_integral_v<decltype(key)>)
            at = at->is_array() ? at->get_array().if_contains(static_cast<std::size_t>(key)) : nullptr;
        else
            at = at->is_object() ? at->get_object().if_contains(key) : nullptr;
    };
    (step(keys), ...);
    if (!at)
        return "(absent)";
    return at->is_string() ? std::string(at->get_string()) : boost::json::serialize(*at);
}

inline boost::json::value filtered(std::string property, std::string op, boost::json::value value) {
    boost::json::object filter{{"propertyName", property}, {"operator", op}};
    if (!value.is_null())
        filter[value.is_array() ? "values" : "value"] = value;
    return {{"filters", boost::json::array{filter}}, {"limit", 200}};
}

} // namespace hubspot_emulator
