#include "record.hpp"

#include <algorithm>

namespace hubspot_emulator {

namespace {

constexpr auto before = [](const auto& entry, PropertyId property) { return entry.first < property; };

}

const std::string* Values::find(PropertyId property) const noexcept {
    auto at = std::lower_bound(entries_.begin(), entries_.end(), property, before);
    return at != entries_.end() && at->first == property ? &at->second : nullptr;
}

void Values::set(PropertyId property, std::string value) {
    auto at = std::lower_bound(entries_.begin(), entries_.end(), property, before);
    if (at != entries_.end() && at->first == property)
        at->second = std::move(value);
    else
        entries_.emplace(at, property, std::move(value));
}

void Values::erase(PropertyId property) {
    auto at = std::lower_bound(entries_.begin(), entries_.end(), property, before);
    if (at != entries_.end() && at->first == property)
        entries_.erase(at);
}

RecordHistory& Record::ensure_history() {
    if (!history)
        history = std::make_unique<RecordHistory>();
    return *history;
}

} // namespace hubspot_emulator
