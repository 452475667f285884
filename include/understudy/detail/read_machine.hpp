#pragma once

#include <understudy/detail/flight_table.hpp>
#include <understudy/error.hpp>
#include <understudy/index.hpp>
#include <understudy/read_options.hpp>
#include <understudy/read_through_params.hpp>
#include <understudy/read_through_stats.hpp>
#include <understudy/row.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>
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

// One call of a reader: some values of one index, each found in the replica, or loaded by a flight that it begins or
// joins. Every function that takes an input returns what to do next.
template<IndexTag By>
class ReadMachine {
public:
    using R = typename By::record_type;
    using Value = typename By::value_type;
    using Id = key_t<R>;

    enum class Step : std::uint8_t {
        look_up,      // look `targets()` up in the replica, then on_rows or on_lookup_failed
        draw_ticket,  // then on_ticket or on_lookup_failed
        board,        // board(…), then begin the fills that it asks for
        wait,         // for flights to land
        ask_directly, // the replica is of no use: ask the fallback for `targets()`, then on_readings
        finish,       // take_readings()
    };

    // The loads that `board` began and somebody must now carry out.
    struct Begun {
        Ticket ticket = no_ticket;
        std::vector<Value> values;
        std::vector<std::shared_ptr<Flight<Landing<R>>>> flights;
        // Rows that were found by the index but are not current are read again by their id.
        std::vector<Id> ids;
        std::vector<std::shared_ptr<Flight<Landing<R>>>> id_flights;
    };

    ReadMachine(std::vector<Value> values, const ReadOptions& options, const ReadThroughParams& params,
                bool sees_every_write, ReadThroughStats& stats)
        : options_{options}
        , params_{params}
        , sees_every_write_{sees_every_write}
        , stats_{stats}
        , slots_(values.size()) {
        for (std::size_t i = 0; i < values.size(); ++i)
            slots_[i].target = normalised<By>(std::move(values[i]));
    }

    Step start() {
        for (std::size_t i = 0; i < slots_.size(); ++i)
            active_.push_back(i);
        return active_.empty() ? Step::finish : Step::look_up;
    }

    std::vector<Value> targets() const {
        std::vector<Value> values;
        values.reserve(active_.size());
        for (const std::size_t i : active_)
            values.push_back(slots_[i].target);
        return values;
    }

    Step on_rows(Rows<R> found) {
        if (found.rows.size() != active_.size())
            return on_lookup_failed(Errc::malformed_answer);
        if (found.ticket > ticket_)
            ticket_ = found.ticket;
        std::vector<std::size_t> again;
        for (std::size_t at = 0; at < found.rows.size(); ++at) {
            const std::size_t i = active_[at];
            Slot& slot = slots_[i];
            Row<R>& row = found.rows[at];
            switch (judge(row, options_.freshness, params_, sees_every_write_)) {
            case Verdict::hit:
                ++stats_.hits;
                slot.reading = reading_of(std::move(row));
                break;
            case Verdict::negative_hit:
                ++stats_.negative_hits;
                slot.reading = reading_of(std::move(row));
                break;
            case Verdict::alias:
                if (follow(slot, row))
                    again.push_back(i);
                break;
            case Verdict::miss:
                ++stats_.misses;
                slot.row = std::move(row);
                boarding_.push_back(i);
                break;
            }
        }
        active_ = std::move(again);
        if (!active_.empty())
            return Step::look_up;
        if (boarding_.empty())
            return Step::finish;
        return ticket_ == no_ticket ? Step::draw_ticket : Step::board;
    }

    Step on_ticket(Ticket ticket) {
        ticket_ = ticket;
        return Step::board;
    }

    // The replica cannot say, so the source does; nothing is populated, and no flight is joined, for without a ticket
    // nobody knows which flights began late enough.
    Step on_lookup_failed(boost::system::error_code) {
        ++stats_.replica_failures;
        active_.insert(active_.end(), boarding_.begin(), boarding_.end());
        boarding_.clear();
        return Step::ask_directly;
    }

    // Joins the flights that may be joined and begins the others, at most `room` of them. `by_id` and `by` are the same
    // table for `ById`.
    template<class Flights>
    Step board(FlightTable<Id, Landing<R>>& by_id, Flights& by, bool closed, std::size_t room,
               const std::shared_ptr<FlightWaiter<Landing<R>>>& self, Begun& begun) {
        room_ = room;
        begun.ticket = std::exchange(ticket_, no_ticket);
        for (const std::size_t i : std::exchange(boarding_, {})) {
            Slot& slot = slots_[i];
            slot.flies_by_id = !is_by_id<By> && slot.row.state == State::live;
            if (slot.flies_by_id)
                board_one(i, slot.row.id, by_id, closed, self, begun.ticket, begun.ids, begun.id_flights);
            else
                board_one(i, slot.target, by, closed, self, begun.ticket, begun.values, begun.flights);
        }
        return pending_ == 0 ? Step::finish : Step::wait;
    }

    // True when nothing is left to wait for: call `resume`.
    bool on_landed(std::size_t i, const Landing<R>& landing) {
        Slot& slot = slots_[i];
        if (!slot.waiting)
            return false;
        slot.waiting = false;
        --pending_;
        switch (landing.kind) {
        case Landing<R>::Kind::answered:
            if (slot.flies_by_id && !still_answers(slot, landing.reading))
                repeat(i, Errc::contended);
            else
                answer(slot, landing.reading);
            break;
        case Landing<R>::Kind::repeat:
            repeat(i, landing.reading.error);
            break;
        case Landing<R>::Kind::failed:
            if (!follow_while_failing(i, landing.reading.error))
                fail(slot, landing.reading.error);
            break;
        }
        return pending_ == 0;
    }

    Step resume() const noexcept {
        if (pending_ != 0)
            return Step::wait;
        return active_.empty() ? Step::finish : Step::look_up;
    }

    // The reader's time is up: whoever still waits gets an older row or the error.
    Step on_deadline() {
        for (Slot& slot : slots_) {
            if (!std::exchange(slot.waiting, false))
                continue;
            fail(slot, Errc::deadline_exceeded);
        }
        for (auto* rest : {&active_, &boarding_})
            for (const std::size_t i : std::exchange(*rest, {}))
                fail(slots_[i], Errc::deadline_exceeded);
        pending_ = 0;
        return Step::finish;
    }

    Step on_readings(boost::system::error_code error, std::vector<Reading<R>> readings) {
        if (!error && readings.size() != active_.size())
            error = Errc::malformed_answer;
        for (std::size_t at = 0; at < active_.size(); ++at) {
            Slot& slot = slots_[active_[at]];
            if (error)
                fail(slot, error);
            else if (readings[at].failed())
                fail(slot, readings[at].error);
            else
                answer(slot, std::move(readings[at]));
        }
        active_.clear();
        return Step::finish;
    }

    std::vector<Reading<R>> take_readings() {
        std::vector<Reading<R>> readings;
        readings.reserve(slots_.size());
        for (Slot& slot : slots_)
            readings.push_back(std::move(slot.reading));
        return readings;
    }

private:
    struct Slot {
        Value target{};
        Row<R> row{}; // the last that the replica showed, for want of better
        Reading<R> reading{};
        int attempts = 1;
        int hops = 0;
        bool waiting = false;
        bool flies_by_id = false;
        bool lagged = false;
    };

    static constexpr int max_hops = 64; // a chain of merges is shorter; a ring would not end

    bool follow(Slot& slot, const Row<R>& row) {
        if constexpr (is_by_id<By>) {
            if (++slot.hops <= max_hops) {
                slot.target = row.merged_into;
                return true;
            }
        }
        slot.reading = Reading<R>::failure(Errc::malformed_answer);
        return false;
    }

    template<class Key>
    void board_one(std::size_t i, const Key& key, FlightTable<Key, Landing<R>>& table, bool closed,
                   const std::shared_ptr<FlightWaiter<Landing<R>>>& self, Ticket ticket, std::vector<Key>& begun,
                   std::vector<std::shared_ptr<Flight<Landing<R>>>>& flights) {
        Slot& slot = slots_[i];
        auto flight = table.joinable(key, known(slot, ticket), options_.priority);
        if (flight) {
            ++stats_.joined;
        } else if (closed) {
            return fail(slot, Errc::shutting_down);
        } else if (room_ == 0) {
            return fail(slot, Errc::overloaded);
        } else {
            --room_;
            flight = table.begin(key, ticket, options_.priority);
            begun.push_back(key);
            flights.push_back(flight);
        }
        flight->join(self, i);
        slot.waiting = true;
        ++pending_;
    }

    // What a flight must have begun after. A tier beside which others write does not show in its row what was learned
    // before this reader came: only a flight that began with this reader will do.
    Ticket known(const Slot& slot, Ticket own) const noexcept {
        if (sees_every_write_ || options_.freshness != Freshness::fresh())
            return slot.row.ticket;
        return std::max(slot.row.ticket, Ticket{static_cast<std::uint64_t>(own) - 1});
    }

    static bool still_answers(const Slot& slot, const Reading<R>& reading) {
        return reading.found() && answers_to<By>(reading.record, slot.target);
    }

    void answer(Slot& slot, Reading<R> reading) {
        if (reading.stale && !options_.stale_if_error) {
            const boost::system::error_code why = reading.error;
            slot.reading = Reading<R>::failure(why ? why : make_error_code(Errc::unavailable));
            return;
        }
        slot.reading = std::move(reading);
        ++slot.reading.tier;
    }

    void repeat(std::size_t i, boost::system::error_code why) {
        Slot& slot = slots_[i];
        // A server that lags is not cured by asking it over and over.
        const bool lags = why == Errc::source_lagging;
        if (slot.attempts >= params_.max_attempts || (lags && slot.lagged))
            return fail(slot, why);
        slot.lagged = lags;
        ++slot.attempts;
        ++stats_.repeats;
        active_.push_back(i);
    }

    // While the source fails, a merge that may be out of date still leads to the survivor.
    bool follow_while_failing(std::size_t i, boost::system::error_code why) {
        Slot& slot = slots_[i];
        if (slot.row.state != State::merged || !options_.stale_if_error || why != Condition::recoverable_by_fallback ||
            !follow(slot, slot.row))
            return false;
        active_.push_back(i);
        return true;
    }

    void fail(Slot& slot, boost::system::error_code why) {
        if (options_.stale_if_error && slot.row.state == State::live && why == Condition::recoverable_by_fallback) {
            ++stats_.stale_answers;
            slot.reading = reading_of(slot.row);
            slot.reading.stale = true;
            slot.reading.error = why;
            return;
        }
        ++stats_.failures;
        slot.reading = Reading<R>::failure(why);
    }

    ReadOptions options_;
    const ReadThroughParams& params_;
    bool sees_every_write_;
    ReadThroughStats& stats_;
    std::vector<Slot> slots_;
    std::vector<std::size_t> active_;   // to be looked up
    std::vector<std::size_t> boarding_; // looked up, missed
    std::size_t pending_ = 0;
    std::size_t room_ = 0;
    Ticket ticket_ = no_ticket;
};

} // namespace understudy::detail
