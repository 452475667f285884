#include "property_set.hpp"

#include <array>

namespace hubspot_emulator {

namespace {

constexpr std::array<std::pair<ValueType, std::string_view>, 6> value_types{{
    {ValueType::string, "string"},
    {ValueType::number, "number"},
    {ValueType::boolean, "bool"},
    {ValueType::date, "date"},
    {ValueType::datetime, "datetime"},
    {ValueType::enumeration, "enumeration"},
}};

std::string_view default_field_type(ValueType type) {
    switch (type) {
    case ValueType::number:
        return "number";
    case ValueType::boolean:
        return "booleancheckbox";
    case ValueType::date:
    case ValueType::datetime:
        return "date";
    case ValueType::enumeration:
        return "select";
    case ValueType::string:
        break;
    }
    return "text";
}

} // namespace

std::string_view to_string(ValueType type) {
    for (auto [value, name] : value_types)
        if (value == type)
            return name;
    return "string";
}

std::optional<ValueType> parse_value_type(std::string_view text) {
    for (auto [value, name] : value_types)
        if (name == text)
            return value;
    return {};
}

PropertyId PropertySet::add(PropertyDefinition definition) {
    auto id = static_cast<PropertyId>(definitions_.size());
    if (definition.label.empty())
        definition.label = definition.name;
    if (definition.field_type.empty())
        definition.field_type = default_field_type(definition.type);
    if (definition.type == ValueType::boolean && definition.options.empty())
        definition.options = {{"Yes", "true"}, {"No", "false"}};
    by_name_[definition.name] = id;
    definitions_.push_back(std::move(definition));
    return id;
}

std::optional<PropertyId> PropertySet::find(std::string_view name) const {
    auto found = by_name_.find(name);
    if (found == by_name_.end())
        return {};
    return found->second;
}

void PropertySet::rename(PropertyId id, std::string name) {
    by_name_.erase(definitions_[id].name);
    definitions_[id].name = name;
    by_name_[std::move(name)] = id;
}

void PropertySet::remove(PropertyId id) {
    by_name_.erase(definitions_[id].name);
    definitions_[id].archived = true;
}

} // namespace hubspot_emulator
