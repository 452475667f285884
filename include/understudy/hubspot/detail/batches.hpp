#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// What comes first in a queue, `size` at most, and no longer in it.
template<class T>
std::vector<T> take_front(std::deque<T>& queue, std::size_t size) {
    const auto end = queue.begin() + static_cast<std::ptrdiff_t>(std::min(queue.size(), size));
    std::vector<T> batch{std::move_iterator{queue.begin()}, std::move_iterator{end}};
    queue.erase(queue.begin(), end);
    return batch;
}

/// A batch in pieces of `size` at most.
template<class T>
std::vector<std::vector<T>> pieces_of(const std::vector<T>& batch, std::size_t size) {
    std::vector<std::vector<T>> pieces;
    for (auto at = batch.begin(); at != batch.end();) {
        const auto end = at + std::min<std::ptrdiff_t>(batch.end() - at, static_cast<std::ptrdiff_t>(size));
        pieces.emplace_back(at, end);
        at = end;
    }
    return pieces;
}

/// The halves of a batch of two or more that is refused as a whole, which refuses nobody. Halving until the bad input
/// is alone costs about 2 log2 n calls for one in n: both halves of every batch that it is in.
template<class T>
std::vector<std::vector<T>> halves_of(const std::vector<T>& batch) {
    return pieces_of(batch, (batch.size() + 1) / 2);
}

} // namespace understudy::hubspot::detail
