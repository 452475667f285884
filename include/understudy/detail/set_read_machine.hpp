#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/detail/flight_table.hpp>
#include <understudy/error.hpp>
#include <understudy/read_options.hpp>
#include <understudy/read_through_params.hpp>
#include <understudy/read_through_stats.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace understudy::detail {

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

// One call of a reader of sets: each is found covered in the replica, or loaded by a flight that it begins or joins;
// members in doubt are loaded by id. After a load the replica is asked again: what it says then is the answer.
template<IndexTag By>
class SetReadMachine {
public:
    using R = typename By::record_type;
    using Value = typename By::value_type;
    using Id = key_t<R>;

    enum class Step : std::uint8_t {
        look_up,      // look `queries()` up in the replica, then on_rows or on_lookup_failed
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
        std::vector<std::shared_ptr<Flight<SetLanding<R>>>> flights;
        std::vector<Id> ids;
        std::vector<std::shared_ptr<Flight<Landing<R>>>> id_flights;
    };

    SetReadMachine(std::vector<SetQuery<By>> queries, const ReadOptions& options, const ReadThroughParams& params,
                   bool sees_every_write, ReadThroughStats& stats)
        : options_{options}
        , params_{params}
        , sees_every_write_{sees_every_write}
        , stats_{stats}
        , slots_(queries.size()) {
        for (std::size_t i = 0; i < queries.size(); ++i) {
            slots_[i].query = std::move(queries[i]);
            slots_[i].query.value = normalised<By>(std::move(slots_[i].query.value));
        }
    }

    Step start() {
        for (std::size_t i = 0; i < slots_.size(); ++i)
            active_.push_back(i);
        return active_.empty() ? Step::finish : Step::look_up;
    }

    std::vector<SetQuery<By>> queries() const {
        std::vector<SetQuery<By>> queries;
        queries.reserve(active_.size());
        for (const std::size_t i : active_)
            queries.push_back(slots_[i].query);
        return queries;
    }

    std::vector<Value> targets() const {
        std::vector<Value> values;
        values.reserve(active_.size());
        for (const std::size_t i : active_)
            values.push_back(slots_[i].query.value);
        return values;
    }

    Step on_rows(SetRows<R> found) {
        if (found.rows.size() != active_.size())
            return on_lookup_failed(Errc::malformed_answer);
        if (found.ticket > ticket_)
            ticket_ = found.ticket;
        for (std::size_t at = 0; at < found.rows.size(); ++at) {
            Slot& slot = slots_[active_[at]];
            slot.row = std::move(found.rows[at]);
            if (slot.row.covered() && (accepts(slot.row) || (slot.reread && slot.row.current()))) {
                ++(slot.loaded ? stats_.misses : stats_.hits);
                slot.reading = reading_of(slot.row);
                slot.reading.tier = slot.loaded ? 1 : 0;
            } else if (slot.boardings == params_.max_attempts) {
                fail(slot, Errc::contended);
            } else {
                if (slot.boardings++ > 0)
                    ++stats_.repeats;
                boarding_.push_back(active_[at]);
            }
        }
        active_.clear();
        if (boarding_.empty())
            return Step::finish;
        return ticket_ == no_ticket ? Step::draw_ticket : Step::board;
    }

    Step on_ticket(Ticket ticket) {
        ticket_ = ticket;
        return Step::board;
    }

    // As for records: no flight is joined and nothing is populated without a ticket.
    Step on_lookup_failed(boost::system::error_code) {
        ++stats_.replica_failures;
        active_.insert(active_.end(), boarding_.begin(), boarding_.end());
        boarding_.clear();
        std::erase_if(active_, [this](std::size_t i) {
            Slot& slot = slots_[i];
            if (!slot.covers_only() && !slot.at_hand)
                return false;
            give_at_hand(slot, Errc::replica_unavailable);
            return true;
        });
        return active_.empty() ? Step::finish : Step::ask_directly;
    }

    Step board(FlightTable<Id, Landing<R>>& by_id, FlightTable<Value, SetLanding<R>>& sets, bool closed,
               std::size_t room, const std::shared_ptr<FlightWaiter<Landing<R>>>& waits_for_members,
               const std::shared_ptr<FlightWaiter<SetLanding<R>>>& waits_for_sets, Begun& begun) {
        room_ = room;
        begun.ticket = std::exchange(ticket_, no_ticket);
        for (const std::size_t i : std::exchange(boarding_, {})) {
            Slot& slot = slots_[i];
            // A set that this call has read is not read again for the age of a member that its answer lacked.
            const bool read_set = !slot.row.covered() ||
                                  (!accepts_without_doubts(slot.row) && !(slot.reread && slot.row.mark != Mark::dirty));
            if (slot.first == no_ticket)
                slot.first = begun.ticket;
            if (read_set) {
                const Ticket known =
                    trusted() && !slot.joined_in_vain
                        ? slot.row.ticket
                        : std::max(slot.row.ticket, Ticket{static_cast<std::uint64_t>(slot.first) - 1});
                board_one(i, slot.query.value, known, sets, closed, waits_for_sets, begun.ticket, begun.values,
                          begun.flights);
                continue;
            }
            for (const auto& doubt : slot.row.doubts)
                if (!board_one(i, doubt.id, std::max(doubt.ticket, slot.row.as_of), by_id, closed, waits_for_members,
                               begun.ticket, begun.ids, begun.id_flights))
                    break;
        }
        return resume();
    }

    // Both: true when nothing is left to wait for: call `resume`.
    bool on_landed(std::size_t i, const SetLanding<R>& landing) {
        Slot& slot = slots_[i];
        if (!land(slot))
            return false;
        slot.loaded = true;
        using Kind = typename SetLanding<R>::Kind;
        slot.reread = landing.kind == Kind::covered;
        // What was read before the reader came may lack a change of a member that was told before it came, too.
        const bool late_enough = landing.ticket >= slot.first || options_.freshness != Freshness::fresh();
        if (late_enough && landing.reading)
            slot.at_hand = landing.reading;
        if (landing.kind == Kind::failed || (landing.kind == Kind::repeat && repeats_in_vain(slot, landing.error)))
            fail(slot, landing.error);
        else if (late_enough && (landing.kind == Kind::answered || (landing.kind == Kind::covered && !trusted())))
            give_at_hand(slot,
                         landing.reading->error ? landing.reading->error : make_error_code(Errc::replica_unavailable));
        else
            look_up_again(i, landing.kind == Kind::answered);
        return pending_ == 0;
    }

    bool on_landed(std::size_t i, const Landing<R>& landing) {
        Slot& slot = slots_[i];
        if (!land(slot))
            return false;
        slot.loaded = true;
        using Kind = typename Landing<R>::Kind;
        const bool stale = landing.kind == Kind::answered && landing.reading.stale;
        const auto why = stale && !landing.reading.error ? make_error_code(Errc::unavailable) : landing.reading.error;
        if (landing.kind == Kind::failed || stale)
            slot.error = why;
        slot.lags = slot.lags || (landing.kind == Kind::repeat && why == Errc::source_lagging);
        if (slot.waiting == 0) {
            if (!slot.error && std::exchange(slot.lags, false) && repeats_in_vain(slot, Errc::source_lagging))
                slot.error = Errc::source_lagging;
            if (slot.error)
                fail(slot, std::exchange(slot.error, {}));
            else
                look_up_again(i, false);
        }
        return pending_ == 0;
    }

    Step resume() const noexcept {
        if (pending_ != 0)
            return Step::wait;
        return active_.empty() ? Step::finish : Step::look_up;
    }

    // The reader's time is up: whoever still waits gets older members or the error.
    Step on_deadline() {
        for (Slot& slot : slots_)
            if (std::exchange(slot.waiting, 0) != 0)
                fail(slot, Errc::deadline_exceeded);
        for (auto* rest : {&active_, &boarding_})
            for (const std::size_t i : std::exchange(*rest, {}))
                give_at_hand(slots_[i], Errc::deadline_exceeded);
        pending_ = 0;
        return Step::finish;
    }

    Step on_readings(boost::system::error_code error, std::vector<SetReading<R>> readings) {
        if (!error && readings.size() != active_.size())
            error = Errc::malformed_answer;
        for (std::size_t at = 0; at < active_.size(); ++at) {
            Slot& slot = slots_[active_[at]];
            if (error)
                fail(slot, error);
            else if (readings[at].failed())
                fail(slot, readings[at].error);
            else
                answer(slot, readings[at]);
        }
        active_.clear();
        return Step::finish;
    }

    std::vector<SetReading<R>> take_readings() {
        std::vector<SetReading<R>> readings;
        readings.reserve(slots_.size());
        for (Slot& slot : slots_)
            readings.push_back(std::move(slot.reading));
        return readings;
    }

private:
    struct Slot {
        SetQuery<By> query{};
        SetRow<R> row{}; // the last that the replica showed, for want of better
        SetReading<R> reading{};
        boost::system::error_code error{};
        int boardings = 0;
        std::size_t waiting = 0;                        // flights
        Ticket first = no_ticket;                       // at or after which the reader came
        std::shared_ptr<const SetReading<R>> at_hand{}; // the last that was loaded for it, for want of the replica
        bool loaded = false;
        bool reread = false;         // the set itself, and covered
        bool joined_in_vain = false; // a load from before the reader came
        bool lags = false;           // in this round
        bool lagged = false;         // in one before

        // Whoever asks for no members wants the replica to hold them.
        bool covers_only() const noexcept { return query.limit == 0; }
    };

    // A tier beside which others write does not know what they wrote.
    bool trusted() const noexcept { return sees_every_write_ || options_.freshness != Freshness::fresh(); }

    bool accepts(const SetRow<R>& row) const noexcept {
        return options_.freshness.accepts(!row.current() || !sees_every_write_, row.age);
    }
    bool accepts_without_doubts(const SetRow<R>& row) const noexcept {
        return options_.freshness.accepts(row.mark == Mark::dirty || !sees_every_write_, row.age);
    }

    template<class Key, class L>
    bool board_one(std::size_t i, const Key& key, Ticket known, FlightTable<Key, L>& table, bool closed,
                   const std::shared_ptr<FlightWaiter<L>>& self, Ticket ticket, std::vector<Key>& begun,
                   std::vector<std::shared_ptr<Flight<L>>>& flights) {
        Slot& slot = slots_[i];
        auto flight = table.joinable(key, known, options_.priority);
        if (flight) {
            ++stats_.joined;
        } else if (closed || room_ == 0) {
            pending_ -= std::exchange(slot.waiting, 0);
            fail(slot, closed ? Errc::shutting_down : Errc::overloaded);
            return false;
        } else {
            --room_;
            flight = table.begin(key, ticket, options_.priority);
            begun.push_back(key);
            flights.push_back(flight);
        }
        flight->join(self, i);
        ++slot.waiting;
        ++pending_;
        return true;
    }

    bool land(Slot& slot) {
        if (slot.waiting == 0)
            return false;
        --slot.waiting;
        --pending_;
        return true;
    }

    // A server that lags is not cured by asking it over and over.
    static bool repeats_in_vain(Slot& slot, boost::system::error_code why) {
        return why == Errc::source_lagging && std::exchange(slot.lagged, true);
    }

    void look_up_again(std::size_t i, bool joined_in_vain) {
        slots_[i].joined_in_vain = slots_[i].joined_in_vain || joined_in_vain;
        active_.push_back(i);
    }

    void give_at_hand(Slot& slot, boost::system::error_code why) {
        if (slot.at_hand && !slot.covers_only())
            answer(slot, *slot.at_hand);
        else
            fail(slot, why);
    }

    void answer(Slot& slot, const SetReading<R>& whole) {
        ++stats_.misses;
        if (whole.stale && !options_.stale_if_error) {
            slot.reading = SetReading<R>::failure(whole.error ? whole.error : make_error_code(Errc::unavailable));
            return;
        }
        slot.reading = part_of(whole, slot.query);
        ++slot.reading.tier;
    }

    void fail(Slot& slot, boost::system::error_code why) {
        if (options_.stale_if_error && slot.row.covered() && why == Condition::recoverable_by_fallback) {
            ++stats_.stale_answers;
            slot.reading = reading_of(slot.row);
            slot.reading.stale = true;
            slot.reading.error = why;
            return;
        }
        ++stats_.failures;
        slot.reading = SetReading<R>::failure(why);
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
