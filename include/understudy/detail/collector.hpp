#pragma once

#include <cstddef>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

namespace understudy::detail {

// Values that wait to leave together, each once, and who asked for them.
template<class Value, class Rider>
class Collector {
public:
    struct Batch {
        std::vector<Value> values;
        std::vector<std::vector<Rider>> riders; // of each value
    };

    std::size_t size() const noexcept { return waiting_.size(); }
    bool empty() const noexcept { return waiting_.empty(); }

    void add(const Value& value, Rider rider) {
        const auto [it, added] = places_.try_emplace(value, first_ + waiting_.size());
        if (added)
            waiting_.emplace_back(value, std::vector<Rider>{});
        waiting_[it->second - first_].second.push_back(std::move(rider));
    }

    // The oldest values, at most `most`, without the riders that are gone; a value that nobody wants any more stays
    // behind.
    template<class Gone>
    Batch take(std::size_t most, Gone gone) {
        Batch batch;
        while (!waiting_.empty() && batch.values.size() < most) {
            auto& [value, riders] = waiting_.front();
            places_.erase(value);
            std::erase_if(riders, gone);
            if (!riders.empty()) {
                batch.values.push_back(std::move(value));
                batch.riders.push_back(std::move(riders));
            }
            waiting_.pop_front();
            ++first_;
        }
        return batch;
    }

private:
    std::deque<std::pair<Value, std::vector<Rider>>> waiting_;
    std::unordered_map<Value, std::size_t> places_; // counted from the first value ever
    std::size_t first_ = 0;
};

} // namespace understudy::detail
