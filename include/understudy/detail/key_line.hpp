#pragma once

#include <deque>
#include <functional>
#include <unordered_map>
#include <utility>

namespace understudy::detail {

// Who may do something with a key: one at a time, the others in the order in which they came.
template<class Key>
class KeyLine {
public:
    // `go()` is called when its turn comes, maybe at once, and says whether it takes it; who does has to `leave`.
    template<class Go>
    void enter(const Key& key, Go go) {
        const auto [line, first] = lines_.try_emplace(key);
        if (!first)
            line->second.emplace_back(std::move(go));
        else if (!go())
            lines_.erase(key);
    }

    void leave(const Key& key) {
        const auto line = lines_.find(key);
        while (!line->second.empty()) {
            const auto go = std::move(line->second.front());
            line->second.pop_front();
            if (go())
                return; // it may have left again: the line may be gone
        }
        lines_.erase(line);
    }

private:
    std::unordered_map<Key, std::deque<std::function<bool()>>> lines_; // those who wait, without who is at it
};

} // namespace understudy::detail
