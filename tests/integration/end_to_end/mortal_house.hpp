#pragma once

#include "admin_token.hpp"
#include "booking_house.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <csignal>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace tests {

/// When a call to the source is interrupted.
enum class Moment {
    before, ///< it never takes effect
    late,   ///< it takes effect when whoever sent it is dead
    after,  ///< it has taken effect, and is not answered
};
inline const char* name_of(Moment moment) {
    return moment == Moment::before ? "before" : moment == Moment::late ? "late" : "after";
}

inline constexpr std::string_view cron_secret = "the-secret-of-the-timed-jobs";

/// A house whose service is killed.
struct MortalHouse : BookingHouse {
    // Whoever takes over knows nothing of the calls that were made before: how it keeps the limits is not tried here.
    MortalHouse()
        : BookingHouse{{"--limit", "10000"}} {
        variables["UNDERSTUDY_LEASE"] = "1s";
        variables["UNDERSTUDY_LANDING_LIMIT"] = "1s";
        // Nothing is activated but by who asks for it.
        variables["UNDERSTUDY_ACTIVATION_INTERVAL"] = "1h";
        variables["CRON_SECRET"] = cron_secret;
        variables["SUPABASE_JWT_SECRET"] = jwt_secret;
        variables["SUPABASE_JWT_ISSUER"] = jwt_issuer;
        start();
    }

    /// Asks as somebody who may do one thing.
    HttpExchange ask_admin(std::string_view method, const std::string& path, std::string_view permission,
                           const boost::json::object& body, const std::string& key = {}) const {
        HttpExchange exchange{port};
        exchange.send(method, path, boost::json::serialize(body),
                      "Authorization: Bearer " + admin_token({permission}) + "\r\n" +
                          (key.empty() ? std::string{} : "Idempotency-Key: " + key + "\r\n"));
        return exchange;
    }

    /// The calls that are like that are refused.
    void refuse(boost::json::object calls) {
        calls["action"] = "status";
        calls["status"] = 400;
        calls["body"] = R"({"status":"error","message":"No","category":"VALIDATION_ERROR"})";
        hubspot->fault(calls);
    }

    /// The calls that are like that are interrupted.
    void interrupt(boost::json::object calls, Moment moment) {
        calls["action"] = moment == Moment::before ? "timeout" : "hold";
        calls["when"] = moment == Moment::after ? "after" : "before";
        hubspot->fault(calls);
    }
    /// Asks, and waits until so many more calls are interrupted.
    HttpExchange cut_off(std::int64_t calls, const std::function<HttpExchange()>& ask) {
        const auto interrupted = [this] { return count("held") + count("unanswered"); };
        const auto all = interrupted() + calls;
        auto asked = ask();
        while (interrupted() < all) {
        }
        return asked;
    }

    void kill() {
        service->signal(SIGKILL);
        service->wait();
    }
    /// Another service takes up what the one that was killed left.
    void rise() {
        hubspot->control("POST", "release");
        start();
        rest();
    }

    /// The first call that is like that is interrupted, and the service killed; another one takes up what it left.
    void die(boost::json::object calls, Moment moment, const std::function<HttpExchange()>& ask) {
        calls["times"] = 1;
        interrupt(std::move(calls), moment);
        const auto asked = cut_off(1, ask);
        kill();
        rise();
    }
};

inline const boost::json::object a_creation{{"kind", {"create", "batch_create"}}};

inline boost::json::object change_of(const std::string& property) {
    return {{"kind", {"update", "batch_update"}}, {"body_contains", property}};
}

} // namespace tests
