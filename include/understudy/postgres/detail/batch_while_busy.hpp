#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// Values that many callers ask for, folded into one batch at a time: an idle queue gives up a single value at once, and
// what arrives while a batch is out leaves with the next one. `Caller` has a flag `done`, set when it waits no longer.
template<class Value, class Caller>
class BatchWhileBusy {
public:
    using CallerPtr = std::shared_ptr<Caller>;

    // Where the answer for one of the batch's values goes.
    struct Use {
        CallerPtr caller;
        std::size_t place;
        std::size_t value;
    };
    struct Batch {
        std::vector<Value> values;
        std::vector<Use> uses;
        bool empty() const noexcept { return values.empty(); }
    };

    explicit BatchWhileBusy(std::size_t most)
        : most_{most} {}

    std::size_t waiting() const noexcept { return queue_.size(); }

    void add(const CallerPtr& caller, std::vector<Value> values) {
        for (std::size_t place = 0; place < values.size(); ++place)
            queue_.push_back({caller, place, std::move(values[place])});
    }

    // The next batch to send, empty if one is out or nobody waits; distinct values, in the order in which they came.
    Batch next() {
        Batch batch;
        if (busy_)
            return batch;
        std::map<Value, std::size_t> places;
        while (!queue_.empty()) {
            Wanted& wanted = queue_.front();
            if (!wanted.caller->done) {
                auto known = places.find(wanted.value);
                if (known == places.end()) {
                    if (batch.values.size() == most_)
                        break;
                    known = places.emplace(wanted.value, batch.values.size()).first;
                    batch.values.push_back(std::move(wanted.value));
                }
                batch.uses.push_back({std::move(wanted.caller), wanted.place, known->second});
            }
            queue_.pop_front();
        }
        busy_ = !batch.empty();
        return batch;
    }

    // The batch that was out is answered, or failed.
    void returned() noexcept { busy_ = false; }

    void clear() {
        const auto let_go = std::exchange(queue_, {});
        busy_ = false;
    }

private:
    struct Wanted {
        CallerPtr caller;
        std::size_t place;
        Value value;
    };

    std::size_t most_;
    bool busy_ = false;
    std::deque<Wanted> queue_;
};

} // namespace understudy::postgres::detail
