#pragma once

#include "property_set.hpp"
#include "record.hpp"

#include <set>
#include <unordered_map>

namespace hubspot_emulator {

/// A property that follows one of the associated record.
struct CalculatedProperty {
    PropertyId target;
    TypeIndex from_type;
    PropertyId from;
};

/// A type of record with its definition and all its records.
class ObjectType {
public:
    std::string id;                     ///< `0-1`
    std::string name;                   ///< plural, as in paths: `contacts`
    std::string singular;               ///< as in error messages: `CONTACT`
    std::vector<std::string> spellings; ///< what else the path may say
    bool custom = false;
    PropertySet properties;
    std::vector<PropertyId> default_properties; ///< beyond the three that always come
    std::vector<std::string> required;
    std::vector<CalculatedProperty> calculated;
    PropertyId object_id = 0, created = 0, modified = 0, merged_ids = 0;
    std::optional<PropertyId> email, additional_emails;

    std::map<Id, Record> records;
    std::set<Id> lagging; ///< records that search sees in an older state
    Id next_id = 0;

    /// The record itself, in whatever state.
    Record* find_exact(Id record_id);
    /// The live record that the id leads to, following merges; null when there is none.
    Record* find_live(Id record_id);
    /// The live record with this value of a unique property; e-mail also by the additional ones.
    Record* find_unique(PropertyId property, std::string_view value);

    void add_to_unique(const Record& record);
    void remove_from_unique(const Record& record);

    /// A value as it is read now, system properties included.
    std::optional<std::string> value_of(const Snapshot& snapshot, Id record_id, PropertyId property) const;
    std::optional<std::string> value_of(const Record& record, PropertyId property) const;

private:
    std::optional<std::string> value_of(const Values& values, Millis created_at, Millis updated_at, Id record_id,
                                        PropertyId property) const;
    template<typename Function>
    void each_unique_value(const Record& record, Function function) const;

    std::unordered_map<std::string, Id> unique_; // "<property>:<value in lower case>"
};

std::string to_lower(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);

} // namespace hubspot_emulator
