#pragma once

#include <understudy/hubspot/detail/json.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::hubspot {

enum class WebhookEventKind : std::uint8_t {
    created,
    changed,
    deleted,
    merged,
    restored,
    /// For good, as the law asks for it.
    erased,
    /// An association was made, or taken away.
    associated,
};
inline constexpr std::size_t webhook_event_kinds = 7;

/// The kind as counters name it.
constexpr std::string_view name_of(WebhookEventKind kind) noexcept {
    constexpr std::array<std::string_view, webhook_event_kinds> names{"created",  "changed", "deleted",   "merged",
                                                                      "restored", "erased",  "associated"};
    return names[static_cast<std::size_t>(kind)];
}

/// A record that HubSpot says something happened to. Events come in any order, twice, late or not at all: one is a
/// reason to read the record by its id, and says nothing about what it holds.
struct WebhookEvent {
    WebhookEventKind kind{};
    /// The type's id, `0-1` for contacts.
    std::string object_type{};
    /// Decimal digits, of no fixed length.
    std::string id{};
    /// Of a merge: the other records that took part, those that are gone and the one that is left.
    std::vector<std::string> merged_ids{};
    /// Of an association: the record at its other end, which has an event of its own.
    std::string other_type{};
    std::string other_id{};

    friend auto operator<=>(const WebhookEvent&, const WebhookEvent&) = default;
};

/// What one delivery holds.
struct WebhookEvents {
    /// Each once, however often it was named; in the order in which they were named first.
    std::vector<WebhookEvent> events{};
    /// Events of kinds that are not known here.
    std::size_t unknown = 0;
    /// Events of known kinds that do not say which record they are about.
    std::size_t unreadable = 0;
};

namespace detail {

struct NamedType {
    std::string_view name;
    std::string_view id;
};

// How events that name no type id spell the types; HubSpot's guide to the webhooks API lists them.
inline std::string_view type_of_name(std::string_view name) noexcept {
    constexpr std::array<NamedType, 6> types{{{"contact", "0-1"},
                                              {"company", "0-2"},
                                              {"deal", "0-3"},
                                              {"ticket", "0-5"},
                                              {"product", "0-7"},
                                              {"line_item", "0-8"}}};
    const auto same = [name](const NamedType& type) {
        return std::ranges::equal(name, type.name,
                                  [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
    };
    const auto found = std::ranges::find_if(types, same);
    return found == types.end() ? std::string_view{} : found->id;
}

inline std::optional<WebhookEventKind> kind_of_event(std::string_view name) noexcept {
    using enum WebhookEventKind;
    constexpr std::array<std::pair<std::string_view, WebhookEventKind>, webhook_event_kinds> kinds{
        {{"creation", created},
         {"propertyChange", changed},
         {"deletion", deleted},
         {"merge", merged},
         {"restore", restored},
         {"privacyDeletion", erased},
         {"associationChange", associated}}};
    for (const auto& [known, kind] : kinds)
        if (known == name)
            return kind;
    return std::nullopt;
}

inline std::string record_id_at(const boost::json::object& event, std::string_view key) {
    auto id = id_at(event, key).value_or(std::string{});
    return id.find_first_not_of("0123456789") == std::string::npos ? id : std::string{};
}

// Every record that took part in a merge; the one that is left comes first, if it is named.
inline std::vector<std::string> records_merged(const boost::json::object& event) {
    std::vector<std::string> ids;
    const auto add = [&ids](std::string id) {
        if (!id.empty() && std::ranges::find(ids, id) == ids.end())
            ids.push_back(std::move(id));
    };
    for (const auto* key : {"newObjectId", "primaryObjectId", "objectId"})
        add(record_id_at(event, key));
    if (const auto* merged = array_at(event, "mergedObjectIds"))
        for (const auto& id : *merged)
            add(record_id_at({{"id", id}}, "id"));
    return ids;
}

// Both ends of an association, each as seen from itself; empty if one of them is not named.
inline std::vector<WebhookEvent> ends_of(const boost::json::object& event) {
    WebhookEvent from;
    from.kind = WebhookEventKind::associated;
    from.object_type = text_at(event, "fromObjectTypeId");
    from.other_type = text_at(event, "toObjectTypeId");
    const auto name = text_at(event, "associationType"); // CONTACT_TO_COMPANY
    const auto to = name.find("_TO_");
    if (from.object_type.empty() && from.other_type.empty() && to != std::string_view::npos) {
        from.object_type = type_of_name(name.substr(0, to));
        from.other_type = type_of_name(name.substr(to + 4));
    }
    from.id = record_id_at(event, "fromObjectId");
    from.other_id = record_id_at(event, "toObjectId");
    if (from.object_type.empty() || from.other_type.empty() || from.id.empty() || from.other_id.empty())
        return {};
    auto back = from;
    std::swap(back.object_type, back.other_type);
    std::swap(back.id, back.other_id);
    return {std::move(from), std::move(back)};
}

inline std::vector<WebhookEvent> records_of(WebhookEventKind kind, std::string_view type,
                                            const boost::json::object& event) {
    if (kind == WebhookEventKind::associated)
        return ends_of(event);
    auto ids = kind == WebhookEventKind::merged ? records_merged(event)
                                                : std::vector<std::string>{record_id_at(event, "objectId")};
    if (type.empty() || ids.empty() || ids.front().empty())
        return {};
    WebhookEvent read;
    read.kind = kind;
    read.object_type = type;
    read.id = std::move(ids.front());
    read.merged_ids.assign(std::make_move_iterator(ids.begin() + 1), std::make_move_iterator(ids.end()));
    return {std::move(read)};
}

} // namespace detail

/// Reads the body of a delivery: a JSON array of events, of any number, in the generic form (`object.propertyChange`
/// with `objectTypeId`) or the classic one (`contact.propertyChange`), or both. Ids may be numbers or texts. An event
/// that cannot be used is counted and keeps no other from being read; `std::nullopt` if the body is no array of
/// objects.
///
/// Values that events carry are not looked at.
inline std::optional<WebhookEvents> read_webhook_events(std::string_view body) {
    const auto json = detail::parse_json(body);
    const auto* array = json ? json->if_array() : nullptr;
    if (!array)
        return std::nullopt;
    WebhookEvents read;
    std::set<WebhookEvent> known;
    for (const auto& entry : *array) {
        const auto* event = entry.if_object();
        if (!event)
            return std::nullopt;
        const auto subscription = detail::text_at(*event, "subscriptionType");
        const auto dot = subscription.find('.');
        const auto subject = subscription.substr(0, dot);
        const auto kind =
            dot == std::string_view::npos ? std::nullopt : detail::kind_of_event(subscription.substr(dot + 1));
        const auto named = detail::type_of_name(subject);
        if (!kind || (subject != "object" && named.empty())) {
            ++read.unknown;
            continue;
        }
        auto type = detail::text_at(*event, "objectTypeId");
        if (type.empty())
            type = named;
        auto events = detail::records_of(*kind, type, *event);
        if (events.empty())
            ++read.unreadable;
        for (auto& one : events)
            if (known.insert(one).second)
                read.events.push_back(std::move(one));
    }
    return read;
}

} // namespace understudy::hubspot
