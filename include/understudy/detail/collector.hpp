#pragma once

#include <cstddef>
#include <deque>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace understudy::detail {

// Values that wait to leave together, and who asked for them. `Folds`: each value once, whoever asked for it.
template<class Value, class Rider, bool Folds = true>
class Collector {
public:
    struct Batch {
        std::vector<Value> values;
        std::vector<std::vector<Rider>> riders; // of each value
        std::vector<Value> unwanted;            // values that nobody wants any more
    };

    std::size_t size() const noexcept { return waiting_.size(); }
    bool empty() const noexcept { return waiting_.empty(); }

    void add(const Value& value, Rider rider) {
        if constexpr (Folds) {
            const auto [it, added] = places_.try_emplace(value, first_ + waiting_.size());
            if (!added) {
                waiting_[it->second - first_].second.push_back(std::move(rider));
                return;
            }
        }
        waiting_.emplace_back(value, std::vector<Rider>{}).second.push_back(std::move(rider));
    }

    // The oldest values, at most `most`, without the riders that are gone.
    template<class Gone>
    Batch take(std::size_t most, Gone gone) {
        Batch batch;
        while (!waiting_.empty() && batch.values.size() < most) {
            auto& [value, riders] = waiting_.front();
            if constexpr (Folds)
                places_.erase(value);
            std::erase_if(riders, gone);
            if (riders.empty()) {
                batch.unwanted.push_back(std::move(value));
            } else {
                batch.values.push_back(std::move(value));
                batch.riders.push_back(std::move(riders));
            }
            waiting_.pop_front();
            ++first_;
        }
        return batch;
    }

private:
    struct NoPlaces {};

    std::deque<std::pair<Value, std::vector<Rider>>> waiting_;
    // Counted from the first value ever.
    std::conditional_t<Folds, std::unordered_map<Value, std::size_t>, NoPlaces> places_;
    std::size_t first_ = 0;
};

} // namespace understudy::detail
