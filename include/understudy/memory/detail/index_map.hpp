#pragma once

#include <understudy/index.hpp>
#include <understudy/memory/detail/floors.hpp>
#include <understudy/memory/detail/hinted_values.hpp>
#include <understudy/observation.hpp>

#include <set>
#include <unordered_map>
#include <utility>

namespace understudy::memory::detail {

template<Record R>
class AnyIndexMap {
public:
    virtual ~AnyIndexMap() = default;
    virtual void insert(const R& record) = 0;
    virtual void erase(const R& record) = 0;
    // As `erase`, and reads of its values that began before `ticket` decide nothing any more.
    virtual void evict(const R& record, Ticket ticket) = 0;
    virtual void learn(const HintedValues<R>& hinted) = 0;
};

// From the values of one index to the keys of the live records that answer to them.
template<IndexTag By>
class IndexMap final : public AnyIndexMap<typename By::record_type> {
public:
    using R = typename By::record_type;
    using Value = typename By::value_type;

    explicit IndexMap(Floors<Value> floors)
        : floors_{std::move(floors)} {}

    void insert(const R& record) override {
        for_each_value<By>(record, [&](const Value& value) { keys_[value].insert(key_of(record)); });
    }

    void erase(const R& record) override {
        for_each_value<By>(record, [&](const Value& value) {
            const auto it = keys_.find(value);
            if (it == keys_.end())
                return;
            it->second.erase(key_of(record));
            if (it->second.empty())
                keys_.erase(it);
        });
    }

    void evict(const R& record, Ticket ticket) override {
        erase(record);
        for_each_value<By>(record, [&](const Value& value) { floors_.raise(value, ticket); });
    }

    void learn(const HintedValues<R>& hinted) override {
        hinted.template for_each<By>([&](const Value& value) { floors_.raise(value, hinted.ticket); });
    }

    Ticket floor_of(const Value& value) const { return floors_.of(value); }

    template<class F>
    void for_each_key(const Value& value, F&& f) const {
        const auto it = keys_.find(value);
        if (it != keys_.end())
            for (const auto& key : it->second)
                f(key);
    }

private:
    std::unordered_map<Value, std::set<key_t<R>>> keys_;
    Floors<Value> floors_;
};

} // namespace understudy::memory::detail
