#pragma once

#include <understudy/observation.hpp>
#include <understudy/read_options.hpp>
#include <understudy/reading.hpp>
#include <understudy/set_reading.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace understudy::detail {

// How a flight ended for those who waited for it.
template<Record R>
struct Landing {
    enum class Kind : std::uint8_t {
        answered, // `reading` may be given to the reader
        repeat,   // the key changed while it was read: nothing may be said, read again; `reading.error` says why
        failed,   // `reading.error` says why
    };
    Kind kind = Kind::failed;
    Reading<R> reading{};
};

// The same for the load of a set.
template<Record R>
struct SetLanding {
    enum class Kind : std::uint8_t {
        covered,  // the replica has it: look it up there
        answered, // the replica could not take it: `reading` may be given to the reader
        repeat,   // the set changed while it was read: read again
        failed,
    };
    Kind kind = Kind::failed;
    boost::system::error_code error{}; // why it failed, or is to be repeated
    std::shared_ptr<const SetReading<R>> reading{};
    Ticket ticket = no_ticket; // of the flight
};

// Somebody who waits for flights; `slot` is the number that it gave when it joined.
template<class Landing>
class FlightWaiter {
public:
    virtual ~FlightWaiter() = default;
    virtual void on_landed(std::size_t slot, const Landing& landing) = 0;
};

// One load of one value, and who waits for it. Whoever waits is kept alive by what it waits on, not by the flight.
template<class Landing>
class Flight {
public:
    Flight(Ticket ticket, Priority priority)
        : ticket_{ticket}
        , priority_{priority} {}

    Ticket ticket() const noexcept { return ticket_; }
    Priority priority() const noexcept { return priority_; }
    void join(std::weak_ptr<FlightWaiter<Landing>> waiter, std::size_t slot) {
        waiters_.emplace_back(std::move(waiter), slot);
    }

    void land(const Landing& landing) {
        for (auto& [waiting, slot] : std::exchange(waiters_, {}))
            if (const auto waiter = waiting.lock())
                waiter->on_landed(slot, landing);
    }

private:
    Ticket ticket_;
    Priority priority_;
    std::vector<std::pair<std::weak_ptr<FlightWaiter<Landing>>, std::size_t>> waiters_;
};

// The loads that are under way, at most one joinable per value. A reader joins a load only if it began after everything
// that the reader knows (rule 7) and is at least as urgent; otherwise a new load takes its place, and the old one lands
// for those on board.
template<class Value, class Landing>
class FlightTable {
public:
    using FlightPtr = std::shared_ptr<Flight<Landing>>;

    std::size_t size() const noexcept { return flights_.size(); }

    FlightPtr joinable(const Value& value, Ticket known, Priority priority) const {
        const auto it = flights_.find(value);
        if (it == flights_.end() || it->second->ticket() <= known || it->second->priority() > priority)
            return nullptr;
        return it->second;
    }

    FlightPtr begin(const Value& value, Ticket ticket, Priority priority) {
        return flights_[value] = std::make_shared<Flight<Landing>>(ticket, priority);
    }

    // Takes a flight off the table, before it lands: nobody joins a flight that has landed.
    void end(const Value& value, const FlightPtr& flight) {
        const auto it = flights_.find(value);
        if (it != flights_.end() && it->second == flight)
            flights_.erase(it);
    }

private:
    std::unordered_map<Value, FlightPtr> flights_;
};

} // namespace understudy::detail
