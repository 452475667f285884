#pragma once

#include <understudy/index.hpp>
#include <understudy/memory/detail/floors.hpp>
#include <understudy/memory/detail/hinted_values.hpp>
#include <understudy/observation.hpp>

#include <chrono>
#include <cstddef>
#include <unordered_map>
#include <utility>

namespace understudy::memory::detail {

template<Record R>
class AnySetMap {
public:
    virtual ~AnySetMap() = default;
    // A row was evicted: the sets that it belonged to are not held completely any more.
    virtual void uncover(const R& record) = 0;
    // The sets of those values have a member that no row shows.
    virtual void hint(const HintedValues<R>& hinted) = 0;
};

// What is known of the sets of one relation; who belongs to them is known by the rows.
template<IndexTag By>
class SetMap final : public AnySetMap<typename By::record_type> {
public:
    using Value = typename By::value_type;

    struct Entry {
        Ticket ticket = no_ticket;
        Ticket as_of = no_ticket;
        Mark mark = Mark::dirty;
        std::chrono::nanoseconds confirmed{0};
    };

    explicit SetMap(Floors<Value> floors)
        : floors_{std::move(floors)} {}

    // What is known of the set, or of one that was forgotten.
    Entry look_up(const Value& value) const {
        const auto it = sets_.find(value);
        if (it != sets_.end())
            return it->second;
        Entry entry;
        entry.ticket = floors_.of(value);
        return entry;
    }

    // Remembers at most `most` sets; of those that it forgets it keeps a floor ticket.
    void put(const Value& value, const Entry& entry, std::size_t most) {
        if (most != 0 && sets_.size() >= most && !sets_.contains(value)) {
            const auto victim = sets_.begin();
            floors_.raise(victim->first, victim->second.ticket);
            sets_.erase(victim);
        }
        sets_[value] = entry;
    }

    void uncover(const typename By::record_type& record) override {
        for_each_value<By>(record, [&](const Value& value) {
            const auto it = sets_.find(value);
            if (it == sets_.end())
                return;
            floors_.raise(value, it->second.ticket);
            sets_.erase(it);
        });
    }

    void hint(const HintedValues<typename By::record_type>& hinted) override {
        hinted.template for_each<By>([&](const Value& value) {
            const auto it = sets_.find(value);
            if (it == sets_.end())
                return floors_.raise(value, hinted.ticket);
            it->second.ticket = hinted.ticket;
            it->second.mark = Mark::dirty;
        });
    }

private:
    std::unordered_map<Value, Entry> sets_;
    Floors<Value> floors_;
};

} // namespace understudy::memory::detail
