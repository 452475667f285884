#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/detail/flight_table.hpp>
#include <understudy/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace understudy::detail {

// One fill of sets: read whole from the source, their members applied to the replica, then covered, then landed.
//
//     on_readings | on_read_failed -> observations() to apply -> on_applied -> coverages() to write -> on_covered
//     -> landings()
//
// What the replica could not take is answered all the same: it was read after the reader asked.
template<IndexTag By>
class SetFillMachine {
public:
    using R = typename By::record_type;
    using Value = typename By::value_type;
    using Answer = SetReading<R>;
    using Kind = typename SetLanding<R>::Kind;

    SetFillMachine(std::vector<Value> values, Ticket ticket)
        : values_{std::move(values)}
        , ticket_{ticket}
        , landings_(values_.size(), failed(Errc::unavailable)) {}

    const std::vector<Value>& values() const noexcept { return values_; }

    void on_read_failed(boost::system::error_code error) {
        for (auto& landing : landings_)
            landing = failed(error);
    }

    // `elapsed`: since the fill asked, an upper bound of the answer's age.
    void on_readings(std::vector<SetReading<R>> readings, std::chrono::milliseconds elapsed) {
        if (readings.size() != values_.size())
            return on_read_failed(Errc::malformed_answer);
        for (std::size_t i = 0; i < readings.size(); ++i) {
            auto& reading = readings[i];
            if (reading.failed() || !put_in_order(reading)) {
                landings_[i] = failed(reading.error ? reading.error : make_error_code(Errc::malformed_answer));
                continue;
            }
            if (reading.stale) {
                reading.age += elapsed;
                landings_[i] = answered(std::move(reading));
            } else if (agrees(reading)) {
                observe(i, reading, elapsed);
            } else {
                landings_[i] = repeat(Errc::contended);
            }
        }
    }

    std::vector<Observation<R>> take_observations() { return std::exchange(observations_, {}); }

    // Whether the replica accounted for everything; else nothing is covered.
    bool on_applied(const std::vector<Applied>& outcomes) {
        if (outcomes.size() != observed_.size())
            return false;
        applied_ = outcomes;
        return true;
    }

    std::vector<Coverage<By>> take_coverages(std::chrono::milliseconds elapsed) {
        if (applied_.size() != observed_.size())
            return {};
        for (auto& coverage : coverages_)
            coverage.elapsed += elapsed;
        return std::exchange(coverages_, {});
    }

    // Whether the replica accounted for everything and had room for it; what it did not was not stored.
    bool on_covered(const std::vector<Covered>& outcomes) {
        if (outcomes.size() != covering_.size())
            return false;
        bool stored = true;
        for (std::size_t at = 0; at < outcomes.size(); ++at) {
            auto& landing = landings_[covering_[at]];
            if (outcomes[at] == Covered::covered)
                landing.kind = Kind::covered;
            else if (outcomes[at] == Covered::dropped || overtaken(covering_[at]))
                landing = repeat(lagging(covering_[at]) ? Errc::source_lagging : Errc::contended);
            else
                stored = false;
        }
        return stored;
    }

    const std::vector<SetLanding<R>>& landings() const noexcept { return landings_; }

private:
    SetLanding<R> failed(boost::system::error_code why) const { return {Kind::failed, why, nullptr, ticket_}; }
    SetLanding<R> repeat(boost::system::error_code why) const { return {Kind::repeat, why, nullptr, ticket_}; }
    SetLanding<R> answered(SetReading<R> reading) const {
        return {Kind::answered, {}, std::make_shared<const SetReading<R>>(std::move(reading)), ticket_};
    }

    // Members by ascending key, each once.
    static bool put_in_order(SetReading<R>& reading) {
        auto& members = reading.members;
        for (const auto& member : members)
            if (!member.found() || member.id != key_of(member.record))
                return false;
        std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
        for (std::size_t i = 1; i < members.size(); ++i)
            if (members[i].id == members[i - 1].id && members[i].record != members[i - 1].record)
                return false;
        members.erase(
            std::unique(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.id == b.id; }),
            members.end());
        return true;
    }

    // Two sets may name one record. When they saw different states of it nobody knows which came first.
    bool agrees(const SetReading<R>& reading) const {
        return std::all_of(reading.members.begin(), reading.members.end(), [&](const Reading<R>& member) {
            const auto it = observed_.find(member.id);
            return it == observed_.end() || observations_[it->second].record == member.record;
        });
    }

    void observe(std::size_t i, SetReading<R>& reading, std::chrono::milliseconds elapsed) {
        Coverage<By> coverage;
        coverage.value = values_[i];
        coverage.ticket = ticket_;
        coverage.elapsed = reading.age;
        for (auto& member : reading.members) {
            coverage.members.push_back(member.id);
            if (!observed_.try_emplace(member.id, observations_.size()).second)
                continue;
            Observation<R> seen;
            seen.key = member.id;
            seen.ticket = ticket_;
            seen.state = State::live;
            seen.version = member.version;
            seen.record = member.record;
            seen.elapsed = member.age + elapsed;
            seen.confirm = true;
            observations_.push_back(std::move(seen));
        }
        // A member that by its own words belongs elsewhere is none.
        std::erase_if(reading.members, [&](const auto& member) { return !answers_to<By>(member.record, values_[i]); });
        reading.age += elapsed;
        landings_[i] = answered(std::move(reading));
        coverages_.push_back(std::move(coverage));
        covering_.push_back(i);
    }

    // Whether something was learned of a member after it was read: then what was read is not given to anybody.
    bool overtaken(std::size_t i) const {
        return any_member(i,
                          [](Applied outcome) { return outcome != Applied::applied && outcome != Applied::unchanged; });
    }
    bool lagging(std::size_t i) const {
        return any_member(i, [](Applied outcome) { return outcome == Applied::lagging; });
    }

    template<class Predicate>
    bool any_member(std::size_t i, Predicate is) const {
        const auto& members = landings_[i].reading->members;
        return std::any_of(members.begin(), members.end(),
                           [&](const Reading<R>& member) { return is(applied_[observed_.at(member.id)]); });
    }

    std::vector<Value> values_;
    Ticket ticket_;
    std::vector<SetLanding<R>> landings_;
    std::vector<Applied> applied_;
    std::vector<Observation<R>> observations_;
    std::unordered_map<key_t<R>, std::size_t> observed_;
    std::vector<Coverage<By>> coverages_;
    std::vector<std::size_t> covering_; // the value of each coverage
};

} // namespace understudy::detail
