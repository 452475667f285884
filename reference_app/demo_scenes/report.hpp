#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

namespace demo {

/// What the demo saw: as its clients saw it, as the emulator counted it, and as a connection to the database of its own
/// showed it.
struct Report {
    struct Read {
        bool right = false;
        double milliseconds = 0;
        long source_calls = 0;
    };
    struct Storm {
        std::size_t students = 0;
        std::size_t answered = 0; ///< with all the right credits
        double seconds = 0;       ///< until the last answer
        long source_calls = 0;
        long status_429 = 0; ///< at either end
    };
    struct SingleFlight {
        std::size_t readers = 0;
        std::size_t answered = 0;
        double seconds = 0;
        long source_calls = 0;
    };
    struct Outage {
        std::size_t known = 0;
        std::size_t known_answered = 0; ///< with the right credits
        std::size_t known_flagged = 0;  ///< of these, with a header that says that nobody could confirm them
        std::size_t unknown = 0;
        std::size_t unknown_503 = 0;
        std::size_t zero_credits = 0; ///< answers that showed credits which nobody could know
        std::size_t recovered = 0;    ///< of the unknown, answered rightly when the source was back
    };

    struct Sets {
        Read cold_capacity; ///< the places left of an exam that nobody asked about
        Read empty_list;    ///< the list of a student without bookings
        Read empty_again;   ///< and the second time
        std::size_t lists = 0;
        std::size_t lists_answered = 0; ///< with all the right bookings and exams
        double seconds = 0;
        long source_calls = 0;
        long status_429 = 0; ///< at either end
    };

    struct Booking {
        Read booked;                ///< calls: those before the answer
        double sync_visible_ms = 0; ///< from the answer until another connection to the database shows it
        long source_calls_total = 0;
        bool settled = false;       ///< nothing is promised and nothing waits to be read again
        double settled_seconds = 0; ///< from the answer on
        Read cancelled;
    };
    /// Logins straight after a booking or a cancellation was answered.
    struct ReadsAfterWrites {
        std::size_t asked = 0;
        std::size_t fresh = 0; ///< with the new balance, from the replica
        std::size_t stale = 0; ///< with the old balance
    };
    struct Rush {
        std::size_t bookings = 0;
        std::size_t succeeded = 0; ///< and are there and paid, once, at the source and in the replica
        double seconds = 0;        ///< until the last answer
        long source_calls = 0;     ///< until nothing is promised and nothing waits to be read again
        long status_429 = 0;       ///< at either end
        bool settled = false;
    };
    struct OnePlace {
        std::size_t attempts = 0;
        std::size_t booked = 0;
        std::size_t told_full = 0;
        double seconds = 0;
        long source_calls = 0;
        bool right = false; ///< both ends show what was answered, and no more
    };
    struct Kill {
        std::size_t asked = 0;
        std::size_t accepted = 0;    ///< in the journal with their writes before the kill, and not refused afterwards
        std::size_t interrupted = 0; ///< of those in the journal, not done at the kill
        std::size_t refused = 0;     ///< by the source, and undone
        std::size_t completed = 0;   ///< of the accepted: there and paid, once, at the source and in the replica
        std::size_t lost = 0;        ///< of the accepted, or of those that were confirmed
        std::size_t doubled = 0;
        std::size_t untouched = 0; ///< of the others: nothing is there, nothing was paid
        bool finished = false;
        double recovery_seconds = 0; ///< from the kill until nothing is promised any more
    };

    double latency_ms = 0; ///< of a call to the source
    bool timed = true;     ///< whether times are judged, and not shown alone
    Read cold;
    Read warm;
    Storm storm;
    SingleFlight single_flight;
    Sets sets;
    Outage outage;
    Booking booking;
    ReadsAfterWrites reads_after_writes;
    Rush rush;
    OnePlace one_place;
    Kill kill;

    /// Whether every answer and every count is what understudy promises. Of the times, only those of a booking and of
    /// the rush are judged, and those only if `timed`.
    bool right() const;
};

/// The most calls that a storm of so many cold students may cost: one for each hundred, and two for stragglers.
long most_calls(std::size_t students);

/// The most calls that the lists of so many cold students may cost, with two or three bookings each: for each hundred,
/// one for the students, one for their lists, three for the bookings, and as many again for what they are associated
/// with.
long most_list_calls(std::size_t lists);

/// The most that a booking may cost before its answer, in round trips and calls, and in calls after all.
inline constexpr int booking_round_trips = 2;
inline constexpr long most_booking_calls = 4;
inline constexpr long most_booking_calls_total = 8;
/// The most that a rush of a hundred bookings may cost, in seconds (or round trips, where those take longer) and calls.
inline constexpr double most_rush_seconds = 4;
inline constexpr int rush_round_trips = 8;
inline constexpr long most_rush_calls = 20;

void print_table(std::ostream& out, const Report& report);
std::string to_json(const Report& report);

} // namespace demo
