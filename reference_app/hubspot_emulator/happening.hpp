#pragma once

#include "record.hpp"

namespace hubspot_emulator {

enum class HappeningKind : std::uint8_t {
    creation,
    property_change,
    deletion,
    merge,
    restore,
    privacy_deletion,
    association_change
};

/// What happened to a record, for those who subscribed to it.
struct Happening {
    HappeningKind kind{};
    TypeIndex type = 0;
    Id id = 0;
    Millis at = 0;
    std::string_view source{};
    /// Of a change.
    PropertyId property = 0;
    std::string value{};
    /// Of a merge: the primary record, the other one, and how many values it took over. `id` is the survivor's.
    Id primary = 0;
    Id other = 0;
    std::size_t moved = 0;
    /// Of an association: its other end.
    TypeIndex to_type = 0;
    Id to = 0;
    std::uint32_t association = 0;
    bool user_defined = false;
    bool removed = false;
};

} // namespace hubspot_emulator
