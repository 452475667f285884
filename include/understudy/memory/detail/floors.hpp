#pragma once

#include <understudy/observation.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

namespace understudy::memory::detail {

// What a bounded table still knows of rows that it no longer has: the latest ticket, kept for a fixed number of groups
// of keys. A read that began before its group's ticket is begun again; with so many groups that hardly ever hits a
// stranger.
template<class Key>
class Floors {
public:
    Floors() = default;
    // Everything unknown so far may have been learned until `ticket`.
    explicit Floors(Ticket ticket)
        : tickets_(groups, ticket) {}

    Ticket of(const Key& key) const { return tickets_.empty() ? no_ticket : tickets_[group_of(key)]; }

    void raise(const Key& key, Ticket ticket) {
        if (tickets_.empty())
            tickets_.assign(groups, no_ticket);
        auto& floor = tickets_[group_of(key)];
        floor = std::max(floor, ticket);
    }

private:
    static constexpr std::size_t groups = 4'096;

    static std::size_t group_of(const Key& key) { return std::hash<Key>{}(key) % groups; }

    std::vector<Ticket> tickets_;
};

} // namespace understudy::memory::detail
