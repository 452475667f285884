#pragma once

#include "happening.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace hubspot_emulator {

class Store;

/// One request to the subscriber.
struct Delivery {
    std::uint64_t id = 0;
    std::string host; ///< an address of this machine
    unsigned short port = 0;
    /// The whole request as it goes over the wire.
    std::string request;
};

/// The events of an app that subscribed to this portal, without the sockets that deliver them. Time is handed in.
class Webhooks {
public:
    explicit Webhooks(std::uint64_t seed)
        : random_{seed} {}

    /// Subscribes, in place of whoever did before; throws `ApiError` where the body makes no sense.
    void subscribe(const boost::json::object& body);
    void unsubscribe();
    bool subscribed() const noexcept { return !url_.empty(); }

    /// Turns what happened into events.
    void tell(const Store& store, const std::vector<Happening>& happened);

    /// The next delivery that is due and may go; as many as HubSpot makes at once.
    std::optional<Delivery> next(Millis now);
    /// When to ask again, if nothing else happens.
    std::optional<Millis> next_due() const;
    /// What became of one: the status, 0 where there was none.
    void ended(std::uint64_t id, int status, Millis now);

    boost::json::object to_json() const;

private:
    struct Batch {
        std::vector<boost::json::object> events;
        int attempt = 0;
        Millis due = 0;
    };

    void add(const Store& store, const Happening& happening);
    void add(boost::json::object event, Millis now);
    std::vector<boost::json::object> form_batch(Millis now);

    std::string url_;
    std::string signed_prefix_;
    std::string host_;
    unsigned short port_ = 0;
    std::string target_;
    std::string secret_;
    std::set<std::string> kinds_;      // empty: every one
    std::set<std::string> types_;      // empty: every one
    std::set<std::string> properties_; // empty: every one
    bool classic_ = false;
    bool shuffle_ = true;
    std::uint64_t duplicate_percent_ = 0;
    std::size_t batch_size_ = 100;
    Millis delay_ms_ = 0;
    Millis retry_ms_ = 1000;
    std::size_t concurrent_ = 10;

    std::mt19937_64 random_;
    std::map<std::string, std::int64_t> subscription_ids_;
    std::deque<std::pair<Millis, boost::json::object>> waiting_; // by the time they are due
    std::deque<Batch> retries_;
    std::map<std::uint64_t, Batch> under_way_;
    std::uint64_t next_id_ = 1;
    std::uint64_t events_told_ = 0;
    std::uint64_t deliveries_ = 0;
    std::uint64_t accepted_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t given_up_ = 0;
    boost::json::object last_;
};

} // namespace hubspot_emulator
