#pragma once

#include <understudy/detail/boarding.hpp>
#include <understudy/detail/reading_of.hpp>
#include <understudy/error.hpp>
#include <understudy/index.hpp>
#include <understudy/row.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

// What a row is worth to a reader.
enum class Verdict : std::uint8_t { hit, negative_hit, alias, miss };

template<Record R>
Verdict judge(const Row<R>& row, Freshness freshness, const ReadThroughParams& params, bool sees_every_write) {
    switch (row.state) {
    case State::unknown:
        return Verdict::miss;
    case State::live:
        return freshness.accepts(row.mark == Mark::dirty || !sees_every_write, row.age) ? Verdict::hit : Verdict::miss;
    case State::merged:
        return row.mark == Mark::clean ? Verdict::alias : Verdict::miss;
    case State::absent:
    case State::archived:
        return row.mark == Mark::clean && row.age <= params.negative_ttl &&
                       freshness.accepts(!sees_every_write, row.age)
                   ? Verdict::negative_hit
                   : Verdict::miss;
    case State::erased:
        return row.mark == Mark::clean ? Verdict::negative_hit : Verdict::miss;
    }
    return Verdict::miss;
}

// One call of a reader: some values of one index, each found in the replica, or loaded by a flight that it begins or
// joins.
template<IndexTag By>
class ReadMachine : public Boarding {
public:
    using R = typename By::record_type;
    using Value = typename By::value_type;
    using Id = key_t<R>;
    using Begun = detail::Begun<By, Landing<R>>;

    ReadMachine(std::vector<Value> values, const ReadOptions& options, const ReadThroughParams& params,
                bool sees_every_write, ReadThroughStats& stats)
        : Boarding{values.size(), options, params, sees_every_write, stats}
        , slots_(values.size())
        , readings_(values.size()) {
        for (std::size_t i = 0; i < values.size(); ++i)
            slots_[i].target = normalised<By>(std::move(values[i]));
    }

    std::vector<Value> targets() const {
        std::vector<Value> values;
        values.reserve(active_.size());
        for (const std::size_t i : active_)
            values.push_back(slots_[i].target);
        return values;
    }

    Step on_rows(Rows<R> found) {
        if (!accounts(found.rows.size(), found.ticket))
            return on_lookup_failed(Errc::malformed_answer);
        std::size_t at = 0;
        for (const std::size_t i : std::exchange(active_, {})) {
            Row<R>& row = found.rows[at++];
            switch (judge(row, options_.freshness, params_, sees_every_write_)) {
            case Verdict::hit:
                ++stats_.hits;
                readings_[i] = reading_of(std::move(row));
                break;
            case Verdict::negative_hit:
                ++stats_.negative_hits;
                readings_[i] = reading_of(std::move(row));
                break;
            case Verdict::alias:
                if (!follow(i, row))
                    readings_[i] = Reading<R>::failure(Errc::malformed_answer);
                break;
            case Verdict::miss:
                ++stats_.misses;
                slots_[i].row = std::move(row);
                boarding_.push_back(i);
                break;
            }
        }
        return after_look_up();
    }

    Step on_lookup_failed(boost::system::error_code) {
        pass_replica_by();
        return Step::ask_directly;
    }

    // Rows that were found by the index but are not current are read again by their id. `by_id` and `by` are the same
    // table for `ById`.
    template<class Flights>
    Step board(FlightTable<Id, Landing<R>>& by_id, Flights& by, bool closed, std::size_t room,
               const std::shared_ptr<FlightWaiter<Landing<R>>>& self, Begun& begun) {
        for (const std::size_t i : open_boarding(closed, room, begun)) {
            Slot& slot = slots_[i];
            const Ticket known = trusts_rows() ? slot.row.ticket : known_by(slot.row.ticket, begun.values.ticket);
            slot.flies_by_id = !is_by_id<By> && slot.row.state == State::live;
            const auto refused = slot.flies_by_id ? board_flight(i, slot.row.id, known, by_id, self, begun.ids)
                                                  : board_flight(i, slot.target, known, by, self, begun.values);
            if (refused)
                fail(i, refused);
        }
        return resume();
    }

    // True when nothing is left to wait for: call `resume`.
    bool on_landed(std::size_t i, const Landing<R>& landing) {
        if (!land(i))
            return false;
        switch (landing.kind) {
        case Landing<R>::Kind::answered:
            if (slots_[i].flies_by_id && !still_answers(slots_[i], landing.reading))
                repeat(i, Errc::contended);
            else
                answer(i, landing.reading);
            break;
        case Landing<R>::Kind::repeat:
            repeat(i, landing.reading.error);
            break;
        case Landing<R>::Kind::failed:
            if (!follow_while_failing(i, landing.reading.error))
                fail(i, landing.reading.error);
            break;
        }
        return resume() != Step::wait;
    }

    // The reader's time is up: whoever still waits gets an older row or the error.
    Step on_deadline() {
        for (const auto& left : {leave_flights(), leave_queues()})
            for (const std::size_t i : left)
                fail(i, Errc::deadline_exceeded);
        return Step::finish;
    }

    Step on_readings(boost::system::error_code error, std::vector<Reading<R>> readings) {
        one_for_each(error, readings);
        std::size_t at = 0;
        for (const std::size_t i : std::exchange(active_, {}))
            answer(i, std::move(readings[at++]));
        return Step::finish;
    }

    std::vector<Reading<R>> take_readings() { return std::exchange(readings_, {}); }

private:
    struct Slot {
        Value target{};
        Row<R> row{}; // the last that the replica showed, for want of better
        int attempts = 1;
        int hops = 0;
        bool flies_by_id = false;
        bool lagged = false;
    };

    static constexpr int max_hops = 64; // a chain of merges is shorter; a ring would not end

    bool follow(std::size_t i, const Row<R>& row) {
        if constexpr (is_by_id<By>) {
            if (++slots_[i].hops <= max_hops) {
                slots_[i].target = row.merged_into;
                active_.push_back(i);
                return true;
            }
        }
        return false;
    }

    // While the source fails, a merge that may be out of date still leads to the survivor.
    bool follow_while_failing(std::size_t i, boost::system::error_code why) {
        const Row<R>& row = slots_[i].row;
        return row.state == State::merged && options_.stale_if_error && why == Condition::recoverable_by_fallback &&
               follow(i, row);
    }

    static bool still_answers(const Slot& slot, const Reading<R>& reading) {
        return reading.found() && answers_to<By>(reading.record, slot.target);
    }

    void answer(std::size_t i, Reading<R> reading) {
        if (reading.failed())
            return fail(i, reading.error);
        if (const auto why = staleness(reading); why && !options_.stale_if_error)
            return fail(i, why);
        readings_[i] = std::move(reading);
        ++readings_[i].tier;
    }

    void repeat(std::size_t i, boost::system::error_code why) {
        Slot& slot = slots_[i];
        // A server that lags is not cured by asking it over and over.
        const bool lags = why == Errc::source_lagging;
        if (slot.attempts >= params_.max_attempts || (lags && slot.lagged))
            return fail(i, why);
        slot.lagged = lags;
        ++slot.attempts;
        ++stats_.repeats;
        active_.push_back(i);
    }

    void fail(std::size_t i, boost::system::error_code why) {
        const Row<R>& row = slots_[i].row;
        readings_[i] = stand_in(row, row.state == State::live, why);
    }

    std::vector<Slot> slots_;
    std::vector<Reading<R>> readings_;
};

} // namespace understudy::detail
