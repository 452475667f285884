#pragma once

#include <understudy/observation.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace understudy::memory::detail {

// What a bounded table still knows of rows that it no longer has: the tickets of the last few thousand, and of those
// before them the latest ticket of each of as many groups of keys. A read that began before its key's ticket, or its
// group's, is begun again; that hardly ever hits a stranger.
template<class Key>
class Floors {
public:
    Floors() = default;
    // Everything unknown so far may have been learned until `ticket`.
    explicit Floors(Ticket ticket)
        : groups_(size, ticket) {}

    Ticket of(const Key& key) const {
        const auto it = recent_.find(key);
        const Ticket own = it == recent_.end() ? no_ticket : it->second;
        return groups_.empty() ? own : std::max(own, groups_[group_of(key)]);
    }

    void raise(const Key& key, Ticket ticket) {
        auto& own = recent_[key];
        own = std::max(own, ticket);
        order_.emplace_back(key, own);
        while (order_.size() > size)
            forget_oldest();
    }

private:
    static constexpr std::size_t size = 4'096;

    static std::size_t group_of(const Key& key) { return std::hash<Key>{}(key) % size; }

    void forget_oldest() {
        const auto& [key, ticket] = order_.front();
        if (const auto it = recent_.find(key); it != recent_.end() && it->second == ticket) {
            if (groups_.empty())
                groups_.assign(size, no_ticket);
            auto& group = groups_[group_of(key)];
            group = std::max(group, ticket);
            recent_.erase(it);
        }
        order_.pop_front();
    }

    std::unordered_map<Key, Ticket> recent_;
    std::deque<std::pair<Key, Ticket>> order_;
    std::vector<Ticket> groups_;
};

} // namespace understudy::memory::detail
