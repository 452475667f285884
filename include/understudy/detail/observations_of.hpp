#pragma once

#include <understudy/observation.hpp>
#include <understudy/reading.hpp>

#include <chrono>
#include <utility>
#include <vector>

namespace understudy::detail {

// What a by-id read of `asked` that did not fail teaches: of the record that answers, and of the key that was merged
// into it.
template<Record R>
void observe(std::vector<Observation<R>>& observations, const key_t<R>& asked, const Reading<R>& reading, Ticket ticket,
             std::chrono::milliseconds elapsed) {
    Observation<R> seen;
    seen.ticket = ticket;
    seen.elapsed = reading.age + elapsed;
    seen.key = asked;
    if (!reading.found()) {
        seen.state = reading.state;
        seen.version = reading.version;
        observations.push_back(std::move(seen));
        return;
    }
    if (reading.id != asked) {
        Observation<R> merged = seen;
        merged.state = State::merged;
        merged.merged_into = reading.id;
        observations.push_back(std::move(merged));
    }
    seen.key = reading.id;
    seen.state = State::live;
    seen.version = reading.version;
    seen.record = reading.record;
    observations.push_back(std::move(seen));
}

} // namespace understudy::detail
