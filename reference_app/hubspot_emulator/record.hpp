#pragma once

#include "instant.hpp"
#include "property_definition.hpp"

#include <deque>
#include <memory>

namespace hubspot_emulator {

using Id = std::int64_t;
using TypeIndex = std::uint8_t;

/// The values a record has: absent was never set, empty was cleared.
class Values {
public:
    const std::string* find(PropertyId property) const noexcept;
    void set(PropertyId property, std::string value);
    void erase(PropertyId property);

    auto begin() const noexcept { return entries_.begin(); }
    auto end() const noexcept { return entries_.end(); }
    void reserve(std::size_t n) { entries_.reserve(n); }

private:
    std::vector<std::pair<PropertyId, std::string>> entries_; // ascending by property
};

/// One type of association to another record.
struct Edge {
    Id to;
    std::uint32_t type_id;
    TypeIndex to_type;

    bool operator==(const Edge&) const = default;
};

/// What a record was at one time.
struct Snapshot {
    Values values;
    Millis created = 0;
    Millis updated = 0;
    bool live = false;
};

struct PropertyChange {
    PropertyId property;
    Millis at;
    std::string value;
    std::string_view source;
};

/// What only records that changed since the start need.
struct RecordHistory {
    std::vector<PropertyChange> changes; // oldest first
    std::vector<Snapshot> versions;      // what was overwritten, oldest first
    std::optional<Snapshot> indexed;     // what search still sees instead of the record
    std::deque<std::pair<Millis, Snapshot>> pending;
};

enum class RecordState : std::uint8_t { live, archived, merged, erased };

struct Record {
    Id id = 0;
    Millis created = 0;
    Millis updated = 0;
    Millis archived_at = 0;
    Id merged_into = 0;
    RecordState state = RecordState::live;
    Values values;
    std::vector<Edge> edges;
    std::unique_ptr<RecordHistory> history;

    bool live() const noexcept { return state == RecordState::live; }
    Snapshot snapshot() const { return {values, created, updated, live()}; }
    RecordHistory& ensure_history();
};

} // namespace hubspot_emulator
