#pragma once

#include "property_definition.hpp"

#include <map>

namespace hubspot_emulator {

/// The properties of one object type: by name, in the order of their names, and by position.
class PropertySet {
public:
    PropertyId add(PropertyDefinition definition);
    std::optional<PropertyId> find(std::string_view name) const;
    void rename(PropertyId id, std::string name);
    /// The name is free again; stored values stay with the records but are no longer read.
    void remove(PropertyId id);

    PropertyDefinition& operator[](PropertyId id) { return definitions_[id]; }
    const PropertyDefinition& operator[](PropertyId id) const { return definitions_[id]; }
    const std::map<std::string, PropertyId, std::less<>>& by_name() const noexcept { return by_name_; }
    const std::vector<PropertyDefinition>& all() const noexcept { return definitions_; }

private:
    std::vector<PropertyDefinition> definitions_;
    std::map<std::string, PropertyId, std::less<>> by_name_;
};

} // namespace hubspot_emulator
