#pragma once

#include <understudy/set_reading.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

namespace understudy::detail {

// Which tiers a set and its members came from, as far as they were loaded for one reader before the replica showed
// them.
template<Record R>
class SetOrigins {
public:
    void on_set(std::shared_ptr<const SetReading<R>> set) {
        farthest_ = std::max(farthest_, one_further(set->tier));
        set_ = std::move(set);
        members_.clear();
    }

    void on_member(const Reading<R>& member) {
        farthest_ = std::max(farthest_, one_further(member.tier));
        members_[member.id] = one_further(member.tier);
    }

    void name(SetReading<R>& shown) const {
        if (farthest_ == 0)
            return;
        shown.tier = farthest_;
        for (auto& member : shown.members)
            member.tier = tier_of(member.id);
    }

private:
    static std::uint8_t one_further(std::uint8_t tier) noexcept { return static_cast<std::uint8_t>(tier + 1); }

    std::uint8_t tier_of(const key_t<R>& id) const {
        if (const auto it = members_.find(id); it != members_.end())
            return it->second;
        if (!set_)
            return 0;
        const auto& loaded = set_->members;
        const auto it = std::lower_bound(loaded.begin(), loaded.end(), id,
                                         [](const auto& member, const auto& wanted) { return member.id < wanted; });
        return it != loaded.end() && it->id == id ? one_further(it->tier) : std::uint8_t{0};
    }

    std::shared_ptr<const SetReading<R>> set_; // ordered, see SetFillMachine
    std::unordered_map<key_t<R>, std::uint8_t> members_;
    std::uint8_t farthest_ = 0;
};

} // namespace understudy::detail
