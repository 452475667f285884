#pragma once

#include <understudy/detail/flight_table.hpp>
#include <understudy/detail/reading_of.hpp>
#include <understudy/error.hpp>
#include <understudy/index.hpp>
#include <understudy/read_options.hpp>
#include <understudy/read_through_params.hpp>
#include <understudy/read_through_stats.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

namespace understudy::detail {

// Loads that were begun together and that somebody must now carry out.
template<class Key, class L>
struct Loads {
    Ticket ticket = no_ticket;
    std::vector<Key> keys;
    std::vector<std::shared_ptr<Flight<L>>> flights;

    std::shared_ptr<Flight<L>> begin(FlightTable<Key, L>& table, const Key& key, Priority priority) {
        keys.push_back(key);
        return flights.emplace_back(table.begin(key, ticket, priority));
    }
};

// The loads of one boarding: of what was asked for, and of single records by their ids.
template<IndexTag By, class L>
struct Begun {
    using R = typename By::record_type;
    Loads<typename By::value_type, L> values;
    Loads<key_t<R>, Landing<R>> ids;
};

// What reading records and reading sets have in common: the places of a call (one for each value that it asks for) are
// looked up in the replica; those that miss board flights; whose flights have landed is looked up again or settled.
// What is looked up and what settles a place is said by the machine that derives from it. Every function of a machine
// that takes an input returns what to do next.
class Boarding {
public:
    enum class Step : std::uint8_t {
        look_up,      // what is asked for, in the replica; then on_rows or on_lookup_failed
        draw_ticket,  // then on_ticket or on_lookup_failed
        board,        // board(…), then begin the loads that it asks for
        wait,         // for flights to land
        ask_directly, // the replica is of no use: ask the fallback for `targets()`, then on_readings
        finish,       // take_readings()
    };

    Step start() {
        active_.resize(flights_.size());
        std::iota(active_.begin(), active_.end(), std::size_t{0});
        return resume();
    }

    Step on_ticket(Ticket ticket) {
        ticket_ = ticket;
        return Step::board;
    }

    Step resume() const noexcept {
        if (pending_ != 0)
            return Step::wait;
        return active_.empty() ? Step::finish : Step::look_up;
    }

protected:
    Boarding(std::size_t places, const ReadOptions& options, const ReadThroughParams& params, bool sees_every_write,
             ReadThroughStats& stats)
        : options_{options}
        , params_{params}
        , sees_every_write_{sees_every_write}
        , stats_{stats}
        , flights_(places) {}

    // Whether a look-up says something of every active place.
    bool accounts(std::size_t rows, Ticket drawn) {
        if (rows != active_.size())
            return false;
        ticket_ = std::max(ticket_, drawn);
        return true;
    }

    Step after_look_up() const noexcept {
        if (!active_.empty())
            return Step::look_up;
        if (boarding_.empty())
            return Step::finish;
        return ticket_ == no_ticket ? Step::draw_ticket : Step::board;
    }

    // The replica cannot say, so the source does; nothing is populated, and no flight is joined, for without a ticket
    // nobody knows which flights began late enough.
    void pass_replica_by() {
        ++stats_.replica_failures;
        active_.insert(active_.end(), boarding_.begin(), boarding_.end());
        boarding_.clear();
    }

    // The places that board now. At most `room` flights may begin, none once the cache is closed.
    template<class Begun>
    std::vector<std::size_t> open_boarding(bool closed, std::size_t room, Begun& begun) {
        closed_ = closed;
        room_ = room;
        begun.values.ticket = begun.ids.ticket = std::exchange(ticket_, no_ticket);
        return std::exchange(boarding_, {});
    }

    // Joins a flight that began after `known`, or begins one; else says why not, and the place waits for none.
    template<class Key, class L>
    boost::system::error_code board_flight(std::size_t place, const Key& key, Ticket known, FlightTable<Key, L>& table,
                                           const std::shared_ptr<FlightWaiter<L>>& self, Loads<Key, L>& begun) {
        auto flight = table.joinable(key, known, options_.priority);
        if (flight) {
            ++stats_.joined;
        } else if (closed_ || room_ == 0) {
            pending_ -= std::exchange(flights_[place], 0);
            return closed_ ? Errc::shutting_down : Errc::overloaded;
        } else {
            --room_;
            flight = begun.begin(table, key, options_.priority);
        }
        flight->join(self, place);
        ++flights_[place];
        ++pending_;
        return {};
    }

    // A tier beside which others write does not show in its rows what was learned before a fresh reader came. It takes
    // part only in flights that began with it or after it.
    bool trusts_rows() const noexcept { return sees_every_write_ || options_.freshness != Freshness::fresh(); }
    static Ticket known_by(Ticket row, Ticket came) noexcept {
        return std::max(row, Ticket{static_cast<std::uint64_t>(came) - 1});
    }

    // False when the place waits for nothing any more.
    bool land(std::size_t place) noexcept {
        if (flights_[place] == 0)
            return false;
        --flights_[place];
        --pending_;
        return true;
    }

    bool waits(std::size_t place) const noexcept { return flights_[place] != 0; }

    // The places that wait for flights; they do no longer.
    std::vector<std::size_t> leave_flights() {
        std::vector<std::size_t> left;
        for (std::size_t place = 0; place < flights_.size(); ++place)
            if (std::exchange(flights_[place], 0) != 0)
                left.push_back(place);
        pending_ = 0;
        return left;
    }
    // The places that are to be looked up or to board.
    std::vector<std::size_t> leave_queues() {
        auto left = std::exchange(active_, {});
        left.insert(left.end(), boarding_.begin(), boarding_.end());
        boarding_.clear();
        return left;
    }

    // Makes what the fallback answered one reading for each active place; one that failed says why.
    template<class Answer>
    void one_for_each(boost::system::error_code error, std::vector<Answer>& readings) const {
        if (!error && readings.size() != active_.size())
            error = Errc::malformed_answer;
        if (error)
            readings.assign(active_.size(), Answer::failure(error));
        for (auto& reading : readings)
            if (reading.failed() && !reading.error)
                reading.error = Errc::malformed_answer;
    }

    // Why an answer is stale, if it is.
    template<class Answer>
    static boost::system::error_code staleness(const Answer& reading) {
        if (!reading.stale)
            return {};
        return reading.error ? reading.error : make_error_code(Errc::unavailable);
    }

    // The answer when a load failed: what the replica showed if that is `usable` and the reader allows it, else why.
    template<class Row>
    auto stand_in(const Row& row, bool usable, boost::system::error_code why) {
        using Answer = decltype(reading_of(row));
        if (!usable || !options_.stale_if_error || why != Condition::recoverable_by_fallback) {
            ++stats_.failures;
            return Answer::failure(why);
        }
        ++stats_.stale_answers;
        auto reading = reading_of(row);
        reading.stale = true;
        reading.error = why;
        return reading;
    }

    const ReadOptions options_;
    const ReadThroughParams& params_;
    const bool sees_every_write_;
    ReadThroughStats& stats_;
    std::vector<std::size_t> active_;   // to be looked up
    std::vector<std::size_t> boarding_; // looked up, missed

private:
    std::vector<std::size_t> flights_; // for which each place waits
    std::size_t pending_ = 0;          // all of them
    std::size_t room_ = 0;
    bool closed_ = false;
    Ticket ticket_ = no_ticket;
};

} // namespace understudy::detail
