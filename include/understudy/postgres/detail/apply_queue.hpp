#pragma once

#include <understudy/observation.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// Calls that apply observations, committed in groups: one statement is out at a time, and the calls that arrive
// meanwhile share the next one. A call whose keys are in the group already waits for the one after: two observations of
// one key are decided one after the other. `Call` has `done`, and `observations` with distinct keys.
template<Record R, class Call>
class ApplyQueue {
public:
    using CallPtr = std::shared_ptr<Call>;

    explicit ApplyQueue(std::size_t most)
        : most_{most} {}

    std::size_t waiting() const noexcept { return queue_.size(); }

    void add(CallPtr call) { queue_.push_back(std::move(call)); }

    // The calls of the next statement, none if one is out or nobody waits. One call alone may exceed the limit.
    std::vector<CallPtr> next() {
        std::vector<CallPtr> group;
        if (busy_)
            return group;
        std::set<key_t<R>> keys;
        while (!queue_.empty()) {
            CallPtr& call = queue_.front();
            if (!call->done) {
                const bool full = !group.empty() && keys.size() + call->observations.size() > most_;
                const bool overlaps =
                    std::any_of(call->observations.begin(), call->observations.end(),
                                [&](const auto& observation) { return keys.contains(observation.key); });
                if (full || overlaps || (!group.empty() && (call->single || group.front()->single)))
                    break;
                for (const auto& observation : call->observations)
                    keys.insert(observation.key);
                group.push_back(std::move(call));
            }
            queue_.pop_front();
        }
        busy_ = !group.empty();
        return group;
    }

    void returned() noexcept { busy_ = false; }

    // Calls of a group that failed as a whole, first in the queue again; each one alone, to find the one at fault.
    void retry_singly(std::vector<CallPtr> group) {
        for (auto& call : group)
            call->single = true;
        retry(std::move(group));
    }

    // Calls that lost against another transaction, first in the queue again.
    void retry(std::vector<CallPtr> group) {
        queue_.insert(queue_.begin(), std::make_move_iterator(group.begin()), std::make_move_iterator(group.end()));
    }

    void clear() {
        const auto let_go = std::exchange(queue_, {});
        busy_ = false;
    }

private:
    std::size_t most_;
    bool busy_ = false;
    std::deque<CallPtr> queue_;
};

// For each observation whether it counts: the one with the latest ticket of its key, the first of those that have the
// same.
template<Record R>
std::vector<bool> latest_of_each_key(const std::vector<Observation<R>>& observations) {
    std::vector<std::size_t> order(observations.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const auto& left = observations[a];
        const auto& right = observations[b];
        return left.key != right.key ? left.key < right.key : left.ticket > right.ticket;
    });
    std::vector<bool> counts(observations.size(), false);
    for (std::size_t i = 0; i < order.size(); ++i)
        counts[order[i]] = i == 0 || observations[order[i - 1]].key != observations[order[i]].key;
    return counts;
}

} // namespace understudy::postgres::detail
