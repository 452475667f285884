#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/detail/boarding.hpp>
#include <understudy/detail/reading_of.hpp>
#include <understudy/detail/set_origins.hpp>
#include <understudy/error.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

// One call of a reader of sets: each is found covered in the replica, or loaded by a flight that it begins or joins;
// members in doubt are loaded by id. After a load the replica is asked again: what it says then is the answer.
template<IndexTag By>
class SetReadMachine : public Boarding {
public:
    using R = typename By::record_type;
    using Value = typename By::value_type;
    using Id = key_t<R>;
    using Begun = detail::Begun<By, SetLanding<R>>;

    SetReadMachine(std::vector<SetQuery<By>> queries, const ReadOptions& options, const ReadThroughParams& params,
                   bool sees_every_write, ReadThroughStats& stats)
        : Boarding{queries.size(), options, params, sees_every_write, stats}
        , slots_(queries.size())
        , readings_(queries.size()) {
        for (std::size_t i = 0; i < queries.size(); ++i) {
            slots_[i].query = std::move(queries[i]);
            slots_[i].query.value = normalised<By>(std::move(slots_[i].query.value));
        }
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
        if (!accounts(found.rows.size(), found.ticket))
            return on_lookup_failed(Errc::malformed_answer);
        std::size_t at = 0;
        for (const std::size_t i : std::exchange(active_, {})) {
            Slot& slot = slots_[i];
            slot.row = std::move(found.rows[at++]);
            if (slot.row.covered() && (accepts(slot.row) || (slot.reread && slot.row.current()))) {
                if (slot.boardings == 0)
                    ++stats_.hits;
                readings_[i] = reading_of(std::move(slot.row));
                slot.origins.name(readings_[i]);
            } else if (slot.boardings == params_.max_attempts) {
                fail(i, Errc::contended);
            } else {
                ++(slot.boardings++ == 0 ? stats_.misses : stats_.repeats);
                boarding_.push_back(i);
            }
        }
        return after_look_up();
    }

    Step on_lookup_failed(boost::system::error_code) {
        pass_replica_by();
        std::erase_if(active_, [this](std::size_t i) {
            if (!slots_[i].covers_only() && !slots_[i].at_hand)
                return false;
            give_at_hand(i, Errc::replica_unavailable);
            return true;
        });
        return active_.empty() ? Step::finish : Step::ask_directly;
    }

    Step board(FlightTable<Id, Landing<R>>& by_id, FlightTable<Value, SetLanding<R>>& sets, bool closed,
               std::size_t room, const std::shared_ptr<FlightWaiter<Landing<R>>>& waits_for_members,
               const std::shared_ptr<FlightWaiter<SetLanding<R>>>& waits_for_sets, Begun& begun) {
        for (const std::size_t i : open_boarding(closed, room, begun)) {
            Slot& slot = slots_[i];
            if (slot.first == no_ticket)
                slot.first = begun.values.ticket;
            boost::system::error_code refused;
            if (wants_set(slot)) {
                const bool trusts = trusts_rows() && !slot.joined_in_vain;
                const Ticket known = trusts ? slot.row.ticket : known_by(slot.row.ticket, slot.first);
                refused = board_flight(i, slot.query.value, known, sets, waits_for_sets, begun.values);
            } else {
                slot.doubts_answered = true;
                for (const auto& doubt : slot.row.doubts) {
                    const Ticket known = std::max(doubt.ticket, slot.row.as_of);
                    refused = board_flight(i, doubt.id, known, by_id, waits_for_members, begun.ids);
                    if (refused)
                        break;
                }
            }
            if (refused)
                fail(i, refused);
        }
        return resume();
    }

    // Both: true when nothing is left to wait for: call `resume`.
    bool on_landed(std::size_t i, const SetLanding<R>& landing) {
        if (!land(i))
            return false;
        Slot& slot = slots_[i];
        using Kind = typename SetLanding<R>::Kind;
        slot.reread = landing.kind == Kind::covered;
        slot.doubts_answered = false;
        // What was read before the reader came may lack a change of a member that was told before it came, too.
        const bool late_enough = landing.ticket >= slot.first || options_.freshness != Freshness::fresh();
        if (late_enough && landing.reading)
            slot.at_hand = landing.reading;
        if (slot.reread)
            slot.origins.on_set(landing.reading);
        if (landing.kind == Kind::failed || (landing.kind == Kind::repeat && repeats_in_vain(slot, landing.error)))
            fail(i, landing.error);
        else if (late_enough && (landing.kind == Kind::answered || (landing.kind == Kind::covered && !trusts_rows())))
            give_at_hand(i,
                         landing.reading->error ? landing.reading->error : make_error_code(Errc::replica_unavailable));
        else
            look_up_again(i, landing.kind == Kind::answered);
        return resume() != Step::wait;
    }

    bool on_landed(std::size_t i, const Landing<R>& landing) {
        if (!land(i))
            return false;
        Slot& slot = slots_[i];
        using Kind = typename Landing<R>::Kind;
        if (landing.kind == Kind::failed)
            slot.error = landing.reading.error;
        else if (const auto why = staleness(landing.reading); why && landing.kind == Kind::answered)
            slot.error = why;
        else if (landing.kind == Kind::repeat && landing.reading.error == Errc::source_lagging)
            slot.lags = true;
        if (landing.kind == Kind::answered)
            slot.origins.on_member(landing.reading);
        else
            slot.doubts_answered = false;
        if (waits(i))
            return false;
        if (!slot.error && std::exchange(slot.lags, false) && repeats_in_vain(slot, Errc::source_lagging))
            slot.error = Errc::source_lagging;
        if (slot.error)
            fail(i, std::exchange(slot.error, {}));
        else
            look_up_again(i, false);
        return resume() != Step::wait;
    }

    // The reader's time is up: whoever still waits gets older members or the error.
    Step on_deadline() {
        for (const std::size_t i : leave_flights())
            fail(i, Errc::deadline_exceeded);
        for (const std::size_t i : leave_queues())
            give_at_hand(i, Errc::deadline_exceeded);
        return Step::finish;
    }

    Step on_readings(boost::system::error_code error, std::vector<SetReading<R>> readings) {
        one_for_each(error, readings);
        std::size_t at = 0;
        for (const std::size_t i : std::exchange(active_, {}))
            answer(i, readings[at++]);
        return Step::finish;
    }

    std::vector<SetReading<R>> take_readings() { return std::exchange(readings_, {}); }

private:
    struct Slot {
        SetQuery<By> query{};
        SetRow<R> row{}; // the last that the replica showed, for want of better
        boost::system::error_code error{};
        int boardings = 0;
        Ticket first = no_ticket;                       // at or after which the reader came
        std::shared_ptr<const SetReading<R>> at_hand{}; // the last that was loaded for it, for want of the replica
        SetOrigins<R> origins{};
        bool reread = false;          // the set itself, and covered
        bool doubts_answered = false; // all that were asked for last
        bool joined_in_vain = false;  // a load from before the reader came
        bool lags = false;            // in this round
        bool lagged = false;          // in one before

        // Whoever asks for no members wants the replica to hold them.
        bool covers_only() const noexcept { return query.limit == 0; }
    };

    bool accepts(const SetRow<R>& row) const noexcept {
        return options_.freshness.accepts(!row.current() || !sees_every_write_, row.age);
    }
    bool accepts_without_doubts(const SetRow<R>& row) const noexcept {
        return options_.freshness.accepts(row.mark == Mark::dirty || !sees_every_write_, row.age);
    }

    // Whether to read the set, or else only its doubts. A set that this call has read is not read again for the age of
    // a member that its answer lacked. Doubts that stay though they were answered are those of a replica that takes
    // nothing: the set itself can be given to the reader.
    bool wants_set(const Slot& slot) const noexcept {
        if (!slot.row.covered() || slot.doubts_answered)
            return true;
        return !accepts_without_doubts(slot.row) && !(slot.reread && slot.row.mark != Mark::dirty);
    }

    // A server that lags is not cured by asking it over and over.
    static bool repeats_in_vain(Slot& slot, boost::system::error_code why) {
        return why == Errc::source_lagging && std::exchange(slot.lagged, true);
    }

    void look_up_again(std::size_t i, bool joined_in_vain) {
        slots_[i].joined_in_vain = slots_[i].joined_in_vain || joined_in_vain;
        active_.push_back(i);
    }

    void give_at_hand(std::size_t i, boost::system::error_code why) {
        if (slots_[i].at_hand && !slots_[i].covers_only())
            answer(i, *slots_[i].at_hand);
        else
            fail(i, why);
    }

    void answer(std::size_t i, const SetReading<R>& whole) {
        if (whole.failed())
            return fail(i, whole.error);
        if (const auto why = staleness(whole); why && !options_.stale_if_error)
            return fail(i, why);
        readings_[i] = part_of(whole, slots_[i].query);
        ++readings_[i].tier;
        for (auto& member : readings_[i].members)
            ++member.tier;
    }

    void fail(std::size_t i, boost::system::error_code why) {
        const SetRow<R>& row = slots_[i].row;
        readings_[i] = stand_in(row, row.covered(), why);
    }

    std::vector<Slot> slots_;
    std::vector<SetReading<R>> readings_;
};

} // namespace understudy::detail
