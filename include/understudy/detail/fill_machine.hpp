#pragma once

#include <understudy/detail/flight_table.hpp>
#include <understudy/error.hpp>
#include <understudy/index.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

namespace understudy::detail {

// One fill: values read from the source by one index, applied to the replica, then landed.
//
//     on_readings | on_read_failed -> observations() to apply, absences() to note -> on_applied, on_noted -> landings()
template<IndexTag By>
class FillMachine {
public:
    using R = typename By::record_type;
    using Value = typename By::value_type;
    using Answer = Reading<R>;

    FillMachine(std::vector<Value> values, Ticket ticket, bool confirm)
        : values_{std::move(values)}
        , ticket_{ticket}
        , confirm_{confirm}
        , landings_(values_.size())
        , parts_(values_.size()) {}

    const std::vector<Value>& values() const noexcept { return values_; }
    Ticket ticket() const noexcept { return ticket_; }

    void on_read_failed(boost::system::error_code error) {
        for (auto& landing : landings_)
            landing = {Landing<R>::Kind::failed, Reading<R>::failure(error)};
    }

    // `elapsed`: since the fill asked, an upper bound of the answer's age.
    void on_readings(std::vector<Reading<R>> readings, std::chrono::milliseconds elapsed) {
        if (readings.size() != values_.size())
            return on_read_failed(Errc::malformed_answer);
        for (std::size_t i = 0; i < readings.size(); ++i) {
            auto& reading = readings[i];
            if (reading.failed()) {
                if (!reading.error)
                    reading.error = Errc::malformed_answer;
                landings_[i] = {Landing<R>::Kind::failed, std::move(reading)};
                continue;
            }
            reading.age += elapsed;
            landings_[i] = {Landing<R>::Kind::answered, std::move(reading)};
            if (!landings_[i].reading.stale)
                observe(i);
        }
    }

    std::vector<Observation<R>> take_observations() { return std::exchange(observations_, {}); }
    std::vector<Value> take_absences() {
        std::vector<Value> absent;
        for (const std::size_t i : absences_)
            absent.push_back(values_[i]);
        return absent;
    }
    bool has_absences() const noexcept { return !absences_.empty(); }
    // The most that any of the absences may be old.
    std::chrono::milliseconds absence_age() const noexcept { return absence_age_; }

    // Both say whether the replica accounted for everything; what it did not account for was not stored.
    bool on_applied(const std::vector<Applied>& outcomes) {
        if (outcomes.size() != observed_.size())
            return false;
        for (std::size_t i = 0; i < parts_.size(); ++i)
            for (const std::size_t part : parts_[i])
                settle(i, outcomes[part]);
        return true;
    }

    bool on_noted(const std::vector<Applied>& outcomes) {
        if (outcomes.size() != absences_.size())
            return false;
        for (std::size_t i = 0; i < absences_.size(); ++i)
            settle(absences_[i], outcomes[i]);
        return true;
    }

    const std::vector<Landing<R>>& landings() const noexcept { return landings_; }

private:
    void observe(std::size_t i) {
        const Reading<R>& reading = landings_[i].reading;
        Observation<R> seen;
        seen.ticket = ticket_;
        seen.version = reading.version;
        seen.elapsed = reading.age;
        seen.confirm = confirm_;
        if constexpr (is_by_id<By>) {
            seen.key = values_[i];
            if (!reading.found()) {
                seen.state = reading.state;
                add(i, std::move(seen));
                return;
            }
            if (reading.id != values_[i]) {
                Observation<R> merged = seen;
                merged.state = State::merged;
                merged.version = no_version;
                merged.merged_into = reading.id;
                add(i, std::move(merged));
            }
        } else if (!reading.found()) {
            absences_.push_back(i);
            absence_age_ = std::max(absence_age_, reading.age);
            return;
        }
        seen.key = reading.id;
        seen.state = State::live;
        seen.record = reading.record;
        add(i, std::move(seen));
    }

    // One observation per key: two values may lead to one record. When they saw different states of it, at different
    // moments, nobody knows which came first: the second is read again.
    void add(std::size_t i, Observation<R> seen) {
        const auto [it, added] = observed_.try_emplace(seen.key, observations_.size());
        if (added) {
            observations_.push_back(std::move(seen));
        } else if (!same_content(observations_[it->second], seen)) {
            settle(i, Applied::dropped);
            return;
        }
        parts_[i].push_back(it->second);
    }

    static bool same_content(const Observation<R>& a, const Observation<R>& b) {
        return a.state == b.state && (a.state != State::live || a.record == b.record) &&
               (a.state != State::merged || a.merged_into == b.merged_into);
    }

    void settle(std::size_t i, Applied outcome) {
        if (outcome == Applied::applied || outcome == Applied::unchanged)
            return;
        const Errc why = outcome == Applied::lagging ? Errc::source_lagging : Errc::contended;
        landings_[i] = {Landing<R>::Kind::repeat, Reading<R>::failure(why)};
    }

    std::vector<Value> values_;
    Ticket ticket_;
    bool confirm_;
    std::vector<Landing<R>> landings_;
    std::vector<std::vector<std::size_t>> parts_; // of each value: its observations
    std::vector<Observation<R>> observations_;
    std::unordered_map<key_t<R>, std::size_t> observed_;
    std::vector<std::size_t> absences_;
    std::chrono::milliseconds absence_age_{0};
};

} // namespace understudy::detail
