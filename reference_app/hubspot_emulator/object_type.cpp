#include "object_type.hpp"

#include <algorithm>

namespace hubspot_emulator {

std::string to_lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return result;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        auto end = std::min(text.find(separator), text.size());
        if (end != 0)
            parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

namespace {

std::string unique_key(PropertyId property, std::string_view value) {
    return std::to_string(property) + ":" + to_lower(value);
}

} // namespace

template<typename Function>
void ObjectType::each_unique_value(const Record& record, Function function) const {
    for (const auto& [property, value] : record.values) {
        if (value.empty())
            continue;
        if (properties[property].unique)
            function(unique_key(property, value));
        else if (email && property == additional_emails)
            for (auto address : split(value, ';'))
                function(unique_key(*email, address));
    }
}

Record* ObjectType::find_exact(Id record_id) {
    auto found = records.find(record_id);
    return found == records.end() ? nullptr : &found->second;
}

Record* ObjectType::find_live(Id record_id) {
    auto* record = find_exact(record_id);
    while (record && record->state == RecordState::merged)
        record = find_exact(record->merged_into);
    return record && record->live() ? record : nullptr;
}

Record* ObjectType::find_unique(PropertyId property, std::string_view value) {
    auto found = unique_.find(unique_key(property, value));
    return found == unique_.end() ? nullptr : find_live(found->second);
}

void ObjectType::add_to_unique(const Record& record) {
    each_unique_value(record, [&](std::string key) { unique_[std::move(key)] = record.id; });
}

void ObjectType::remove_from_unique(const Record& record) {
    each_unique_value(record, [&](const std::string& key) {
        auto found = unique_.find(key);
        if (found != unique_.end() && found->second == record.id)
            unique_.erase(found);
    });
}

std::optional<std::string> ObjectType::value_of(const Values& values, Millis created_at, Millis updated_at,
                                                Id record_id, PropertyId property) const {
    switch (properties[property].source) {
    case PropertySource::object_id:
        return std::to_string(record_id);
    case PropertySource::created:
        return format_instant(created_at);
    case PropertySource::modified:
        return format_instant(updated_at);
    default:
        break;
    }
    const auto* value = values.find(property);
    if (!value)
        return {};
    if (properties[property].milliseconds_on_odd_ids && record_id % 2 != 0)
        if (auto at = parse_instant(*value))
            return std::to_string(*at);
    return *value;
}

std::optional<std::string> ObjectType::value_of(const Snapshot& snapshot, Id record_id, PropertyId property) const {
    return value_of(snapshot.values, snapshot.created, snapshot.updated, record_id, property);
}

std::optional<std::string> ObjectType::value_of(const Record& record, PropertyId property) const {
    return value_of(record.values, record.created, record.updated, record.id, property);
}

} // namespace hubspot_emulator
