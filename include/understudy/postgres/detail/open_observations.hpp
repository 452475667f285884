#pragma once

#include <understudy/detail/apply_rule.hpp>
#include <understudy/postgres/detail/apply_queue.hpp>
#include <understudy/postgres/error.hpp>
#include <understudy/postgres/result.hpp>
#include <understudy/postgres/row_codec.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace understudy::postgres::detail {

// For each observation of an apply statement, in order: the step, or nothing where it lost against another transaction.
using ApplySteps = std::vector<std::optional<std::int16_t>>;

// Reads the answer to `size` observations.
inline error_code read_steps(const Result& result, std::size_t size, ApplySteps& steps) {
    steps.assign(size, std::nullopt);
    if (result.rows() != size)
        return ClientErrc::bad_answer;
    for (std::size_t i = 0; i < size; ++i) {
        std::int64_t number = 0;
        if (!result.get(i, 0, number) || number < 1 || number > std::ssize(steps) ||
            !result.get(i, 1, steps[static_cast<std::size_t>(number - 1)]))
            return ClientErrc::bad_answer;
    }
    return {};
}

// Observations that are to be applied, until each of them is decided.
template<Mirrored R>
struct OpenObservations {
    using Clock = std::chrono::steady_clock;

    // Those that are not decided, with distinct keys.
    std::vector<Observation<R>> observations;
    // For each of them, its place in the answer.
    std::vector<std::size_t> places;
    std::vector<Applied> outcomes;
    Clock::time_point since = Clock::now();

    void take(std::vector<Observation<R>> given) {
        const auto counts = latest_of_each_key(given);
        outcomes.assign(given.size(), Applied::dropped);
        for (std::size_t i = 0; i < given.size(); ++i) {
            if (!counts[i])
                continue;
            places.push_back(i);
            observations.push_back(std::move(given[i]));
        }
    }

    void add_to(typename RowCodec<R>::Observations& parameters, Clock::time_point now) const {
        const auto waited = std::chrono::ceil<std::chrono::milliseconds>(now - since);
        for (const auto& observation : observations)
            parameters.add(observation, waited);
    }

    // Takes over what was decided; what was not stays.
    void settle(std::span<const std::optional<std::int16_t>> steps) {
        std::vector<Observation<R>> open;
        std::vector<std::size_t> open_places;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if (steps[i]) {
                understudy::detail::ApplyDecision decision;
                decision.step = static_cast<understudy::detail::ApplyStep>(*steps[i]);
                outcomes[places[i]] = decision.outcome();
            } else {
                open.push_back(std::move(observations[i]));
                open_places.push_back(places[i]);
            }
        }
        observations = std::move(open);
        places = std::move(open_places);
    }
};

} // namespace understudy::postgres::detail
