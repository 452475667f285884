#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubspot_emulator {

/// Position of a definition in its `PropertySet`; never reused.
using PropertyId = std::uint16_t;

enum class ValueType { string, number, boolean, date, datetime, enumeration };

/// Where a property's value comes from.
enum class PropertySource {
    stored,     ///< written by clients
    read_only,  ///< stored, written by the emulator alone
    object_id,  ///< the record's id
    created,    ///< when the record was created
    modified,   ///< when the record was last modified
    calculated, ///< from an associated record
};

/// One property of an object type.
struct PropertyDefinition {
    std::string name;
    ValueType type = ValueType::string;
    PropertySource source = PropertySource::stored;
    std::string label{};
    std::string field_type{};
    std::string group{};
    std::string description{};
    std::vector<std::pair<std::string, std::string>> options{}; ///< (label, value)
    bool unique = false;
    bool hubspot_defined = false;
    bool archived = false;
    /// Some of HubSpot's date properties are read back as epoch milliseconds: this one is, on records with odd ids.
    bool milliseconds_on_odd_ids = false;

    bool writable() const noexcept { return source == PropertySource::stored; }
};

std::string_view to_string(ValueType type);
std::optional<ValueType> parse_value_type(std::string_view text);

} // namespace hubspot_emulator
