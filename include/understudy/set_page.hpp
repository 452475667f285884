#pragma once

#include <understudy/set_row.hpp>

#include <cstddef>
#include <optional>

namespace understudy {

/// Which part of a set to return. Members are ordered by their keys, so pages neither overlap nor leave gaps, whatever
/// is added or removed between two of them.
template<Record R>
struct SetPage {
    /// `SetReading::next` of the page before; nothing for the first.
    std::optional<key_t<R>> after{};
    /// Members to return at most, at least one.
    std::size_t limit = 100;
};

} // namespace understudy
