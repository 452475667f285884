#pragma once

#include <understudy/pass_step.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace understudy::memory::detail {

// Who has which pass, and where it stands.
class PassBook {
public:
    using Instant = std::chrono::nanoseconds;

    // False while somebody else has it.
    bool begin(const std::string& pass, const std::string& holder, std::chrono::milliseconds lease, Instant now,
               PassLease& granted) {
        Entry& entry = entries_[pass];
        if (now < entry.until && entry.holder != holder)
            return false;
        entry.holder = holder;
        entry.until = now + lease;
        granted.fence = ++entry.fence;
        granted.position = entry.position;
        return true;
    }

    bool holds(const std::string& pass, std::uint64_t fence, Instant now) const {
        const auto it = entries_.find(pass);
        return it != entries_.end() && it->second.fence == fence && now < it->second.until;
    }

    void note(const std::string& pass, std::string position, Instant until) {
        Entry& entry = entries_[pass];
        entry.position = std::move(position);
        entry.until = until;
    }

private:
    struct Entry {
        std::string holder{};
        std::uint64_t fence = 0;
        Instant until = Instant::min();
        std::string position{};
    };

    std::map<std::string, Entry> entries_;
};

} // namespace understudy::memory::detail
