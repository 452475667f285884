#include "webhooks.hpp"

#include "api_error.hpp"
#include "crm_api.hpp"
#include "store.hpp"

#include <boost/json/serialize.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

namespace hubspot_emulator {

namespace json = boost::json;

namespace {

constexpr int most_retries = 10;
constexpr std::int64_t app_id = 14947547;
constexpr std::size_t largest_batch = 100;

constexpr std::array<std::string_view, 7> kind_names{"creation", "propertyChange",  "deletion",         "merge",
                                                     "restore",  "privacyDeletion", "associationChange"};

std::string_view name_of(HappeningKind kind) {
    return kind_names[static_cast<std::size_t>(kind)];
}

// What the types are called in subscriptions from before there were custom ones.
std::string_view classic_name(std::string_view type_id) {
    return type_id == "0-1" ? "contact" : type_id == "0-2" ? "company" : std::string_view{};
}

std::string upper(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
    return out;
}

std::string signature_v3(const std::string& secret, const std::string& message) {
    std::array<unsigned char, 32> code{};
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), code.data(), nullptr);
    std::array<unsigned char, 64> text{};
    const auto length = EVP_EncodeBlock(text.data(), code.data(), static_cast<int>(code.size()));
    return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

// HubSpot signs the address with these characters decoded.
std::string decoded_for_signing(std::string_view url) {
    static const std::map<std::string, char, std::less<>> characters{
        {"%3A", ':'},  {"%2F", '/'}, {"%3F", '?'}, {"%40", '@'}, {"%21", '!'}, {"%24", '$'},
        {"%27", '\''}, {"%28", '('}, {"%29", ')'}, {"%2A", '*'}, {"%2C", ','}, {"%3B", ';'}};
    std::string out;
    for (std::size_t i = 0; i < url.size();) {
        const auto found = characters.find(upper(url.substr(i, 3)));
        out += found == characters.end() ? url[i] : found->second;
        i += found == characters.end() ? 1 : 3;
    }
    return out;
}

std::set<std::string> texts(const json::object& body, std::string_view key) {
    std::set<std::string> found;
    const auto* list = body.if_contains(key);
    if (list && !list->is_array())
        throw validation_error(std::string(key) + " must be a list");
    for (const auto& item : list ? list->get_array() : json::array{})
        found.insert(text_member({{"text", item}}, "text"));
    return found;
}

std::int64_t number(const json::object& body, std::string_view key, std::int64_t otherwise, std::int64_t most) {
    const auto* value = body.if_contains(key);
    if (!value)
        return otherwise;
    if (!value->is_int64() || value->get_int64() < 0 || value->get_int64() > most)
        throw validation_error(std::string(key) + " must be a number from 0 to " + std::to_string(most));
    return value->get_int64();
}

bool flag(const json::object& body, std::string_view key, bool otherwise) {
    const auto* value = body.if_contains(key);
    if (value && !value->is_bool())
        throw validation_error(std::string(key) + " must be true or false");
    return value ? value->get_bool() : otherwise;
}

} // namespace

void Webhooks::subscribe(const json::object& body) {
    const auto url = text_member(body, "url");
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed || parsed->scheme() != "http" || !parsed->has_port() || parsed->port_number() == 0 ||
        (parsed->encoded_host() != "127.0.0.1" && parsed->encoded_host() != "[::1]"))
        throw validation_error("url must be http://127.0.0.1:PORT/...");
    auto fresh = Webhooks{0};
    fresh.url_ = url;
    fresh.host_ = parsed->host_address();
    fresh.port_ = parsed->port_number();
    fresh.target_ = std::string(parsed->encoded_resource());
    fresh.secret_ = text_member(body, "secret");
    fresh.signed_prefix_ = url;
    // What the app calls itself: HubSpot knows no other address, but here it may stand behind a proxy.
    if (const auto called = optional_text(body, "signed_url"))
        fresh.signed_prefix_ = *called;
    fresh.kinds_ = texts(body, "kinds");
    for (const auto& kind : fresh.kinds_)
        if (std::find(kind_names.begin(), kind_names.end(), kind) == kind_names.end())
            throw validation_error("no such kind of event: " + kind);
    fresh.types_ = texts(body, "types");
    fresh.properties_ = texts(body, "properties");
    fresh.classic_ = flag(body, "classic", false);
    fresh.shuffle_ = flag(body, "shuffle", true);
    fresh.duplicate_percent_ = static_cast<std::uint64_t>(number(body, "duplicate_percent", 0, 100));
    fresh.batch_size_ = static_cast<std::size_t>(
        std::max<std::int64_t>(1, number(body, "batch", largest_batch, static_cast<std::int64_t>(largest_batch))));
    fresh.delay_ms_ = number(body, "delay_ms", 0, day_ms);
    fresh.retry_ms_ = number(body, "retry_ms", 1000, day_ms);
    fresh.concurrent_ = static_cast<std::size_t>(std::max<std::int64_t>(1, number(body, "concurrent", 10, 1000)));
    fresh.random_ = random_;
    // An answer to a delivery of before is nobody's.
    fresh.next_id_ = next_id_;
    *this = std::move(fresh);
}

void Webhooks::unsubscribe() {
    auto fresh = Webhooks{0};
    fresh.random_ = random_;
    fresh.next_id_ = next_id_;
    *this = std::move(fresh);
}

void Webhooks::tell(const Store& store, const std::vector<Happening>& happened) {
    if (!subscribed())
        return;
    for (const auto& happening : happened)
        add(store, happening);
}

void Webhooks::add(const Store& store, const Happening& happening) {
    const auto& type = store.types[happening.type];
    const auto kind = std::string{name_of(happening.kind)};
    const auto concerns = [](const std::set<std::string>& wanted, const std::string& one) {
        return wanted.empty() || wanted.contains(one);
    };
    if (!concerns(kinds_, kind) || !concerns(types_, type.id))
        return;
    const bool change = happening.kind == HappeningKind::property_change;
    const auto property = change ? type.properties[happening.property].name : std::string{};
    if (change && !concerns(properties_, property))
        return;
    // Erasure has no generic form.
    const bool erasure = happening.kind == HappeningKind::privacy_deletion;
    const auto old_name = classic_name(type.id);
    const bool classic = (classic_ || erasure) && !old_name.empty();

    const auto subscription = (classic ? std::string{old_name} : "object") + "." + kind;
    const auto [subscribed, added] = subscription_ids_.try_emplace(
        subscription + ":" + type.id + ":" + property, 3'849'700 + static_cast<std::int64_t>(subscription_ids_.size()));
    json::object event{{"eventId", random_() % 4'000'000'000},
                       {"subscriptionId", subscribed->second},
                       {"portalId", store.portal_id},
                       {"appId", app_id},
                       {"occurredAt", happening.at},
                       {"subscriptionType", subscription},
                       {"attemptNumber", 0}};
    if (happening.kind != HappeningKind::association_change)
        event["objectId"] = happening.id;
    if (!classic)
        event["objectTypeId"] = type.id;
    event["changeSource"] = happening.source;
    switch (happening.kind) {
    case HappeningKind::creation:
        event["changeFlag"] = classic ? "NEW" : "CREATED";
        break;
    case HappeningKind::property_change: {
        event["propertyName"] = property;
        const auto kind_of_value = type.properties[happening.property].type;
        const bool moment = kind_of_value == ValueType::date || kind_of_value == ValueType::datetime;
        const auto at = moment ? parse_instant(happening.value) : std::nullopt;
        event["propertyValue"] = at ? std::to_string(*at) : happening.value;
        event["isSensitive"] = false;
        break;
    }
    case HappeningKind::deletion:
    case HappeningKind::privacy_deletion:
        event["changeFlag"] = "DELETED";
        break;
    case HappeningKind::restore:
        event["changeFlag"] = "RESTORED";
        break;
    case HappeningKind::merge:
        event["primaryObjectId"] = happening.primary;
        event["mergedObjectIds"] = json::array{happening.other};
        event["newObjectId"] = happening.id;
        event["numberOfPropertiesMoved"] = happening.moved;
        break;
    case HappeningKind::association_change: {
        const auto& to = store.types[happening.to_type];
        if (classic && !classic_name(to.id).empty()) {
            event["associationType"] = upper(old_name) + "_TO_" + upper(classic_name(to.id));
        } else {
            event["subscriptionType"] = "object." + kind;
            event["associationTypeId"] = happening.association;
            event["associationCategory"] = happening.user_defined ? "USER_DEFINED" : "HUBSPOT_DEFINED";
            event["fromObjectTypeId"] = type.id;
            event["toObjectTypeId"] = to.id;
        }
        event["fromObjectId"] = happening.id;
        event["toObjectId"] = happening.to;
        event["associationRemoved"] = happening.removed;
        event["isPrimaryAssociation"] = false;
        break;
    }
    }
    add(std::move(event), happening.at);
}

void Webhooks::add(json::object event, Millis now) {
    const auto due = now + delay_ms_;
    ++events_told_;
    // Now and then an event comes once more, by itself.
    if (duplicate_percent_ > 0 && random_() % 100 < duplicate_percent_)
        waiting_.emplace_back(due, event);
    waiting_.emplace_back(due, std::move(event));
}

std::vector<json::object> Webhooks::form_batch(Millis now) {
    std::vector<json::object> events;
    while (!waiting_.empty() && waiting_.front().first <= now && events.size() < batch_size_) {
        events.push_back(std::move(waiting_.front().second));
        waiting_.pop_front();
    }
    if (shuffle_)
        for (std::size_t i = events.size(); i > 1; --i)
            std::swap(events[i - 1], events[random_() % i]);
    return events;
}

std::optional<Delivery> Webhooks::next(Millis now) {
    if (!subscribed() || under_way_.size() >= concurrent_)
        return {};
    Batch batch;
    const auto again = std::find_if(retries_.begin(), retries_.end(), [now](const Batch& b) { return b.due <= now; });
    if (again != retries_.end()) {
        batch = std::move(*again);
        retries_.erase(again);
    } else {
        batch.events = form_batch(now);
    }
    if (batch.events.empty())
        return {};
    json::array list;
    for (auto& event : batch.events) {
        event["attemptNumber"] = batch.attempt;
        list.push_back(event);
    }
    const auto body = json::serialize(list);
    const auto timestamp = std::to_string(now);
    const auto signature = signature_v3(secret_, "POST" + decoded_for_signing(signed_prefix_) + body + timestamp);
    last_ = {{"signature", signature}, {"timestamp", timestamp}, {"body", body}};

    Delivery delivery;
    delivery.id = next_id_++;
    delivery.host = host_;
    delivery.port = port_;
    delivery.request = "POST " + target_ + " HTTP/1.1\r\nHost: " + host_ + ":" + std::to_string(port_) +
                       "\r\nContent-Type: application/json\r\nUser-Agent: HubSpot Connect 2.0 "
                       "(http://dev.hubspot.com/)\r\nX-HubSpot-Request-Timestamp: " +
                       timestamp + "\r\nX-HubSpot-Signature-v3: " + signature +
                       "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    under_way_.emplace(delivery.id, std::move(batch));
    ++deliveries_;
    return delivery;
}

std::optional<Millis> Webhooks::next_due() const {
    std::optional<Millis> due;
    if (under_way_.size() >= concurrent_)
        return due;
    if (!waiting_.empty())
        due = waiting_.front().first;
    for (const auto& batch : retries_)
        due = std::min(due.value_or(batch.due), batch.due);
    return due;
}

void Webhooks::ended(std::uint64_t id, int status, Millis now) {
    auto found = under_way_.extract(id);
    if (found.empty())
        return;
    auto& batch = found.mapped();
    if (status >= 200 && status < 300) {
        ++accepted_;
        return;
    }
    ++refused_;
    if (++batch.attempt > most_retries) {
        ++given_up_;
        return;
    }
    // Later and later, and never at the same moment as others.
    const auto longest = static_cast<std::uint64_t>(retry_ms_) * static_cast<std::uint64_t>(batch.attempt);
    batch.due = now + retry_ms_ / 2 + static_cast<Millis>(longest > 0 ? random_() % longest : 0);
    retries_.push_back(std::move(batch));
}

json::object Webhooks::to_json() const {
    return {{"url", url_},
            {"events", events_told_},
            {"waiting", waiting_.size()},
            {"retrying", retries_.size()},
            {"under_way", under_way_.size()},
            {"deliveries", deliveries_},
            {"accepted", accepted_},
            {"refused", refused_},
            {"given_up", given_up_},
            {"last", last_}};
}

} // namespace hubspot_emulator
