#pragma once

#include <understudy/reading.hpp>
#include <understudy/row.hpp>
#include <understudy/set_reading.hpp>
#include <understudy/set_row.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace understudy::detail {

// What a replica's row says to a reader who takes it.
template<Record R>
Reading<R> reading_of(Row<R> row) {
    Reading<R> reading;
    reading.state = row.state;
    reading.id = std::move(row.id);
    reading.version = row.version;
    reading.age = row.age;
    reading.stale = row.state == State::live && row.mark == Mark::dirty;
    if (row.state == State::live)
        reading.record = std::move(row.record);
    return reading;
}

template<Record R>
SetReading<R> reading_of(SetRow<R> row) {
    SetReading<R> reading;
    reading.known = true;
    reading.age = row.age;
    reading.stale = row.mark == Mark::dirty || !row.doubts.empty();
    reading.members.reserve(row.members.size());
    for (auto& member : row.members)
        reading.members.push_back(reading_of(std::move(member)));
    if (row.more && !reading.members.empty())
        reading.next = reading.members.back().id;
    return reading;
}

// The part of a whole set that a query asks for.
template<IndexTag By>
SetReading<typename By::record_type> part_of(const SetReading<typename By::record_type>& whole,
                                             const SetQuery<By>& query) {
    SetReading<typename By::record_type> part;
    part.error = whole.error;
    part.known = whole.known;
    part.age = whole.age;
    part.stale = whole.stale;
    part.tier = whole.tier;
    auto first = whole.members.begin();
    if (query.after)
        first = std::find_if(first, whole.members.end(), [&](const auto& member) { return *query.after < member.id; });
    const auto rest = static_cast<std::size_t>(whole.members.end() - first);
    const auto count = std::min(rest, query.limit);
    part.members.assign(first, first + static_cast<std::ptrdiff_t>(count));
    if (count < rest && count > 0)
        part.next = part.members.back().id;
    return part;
}

} // namespace understudy::detail
