#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

namespace demo {

/// What the demo saw, as its clients saw it and as the emulator counted it.
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

    Read cold;
    Read warm;
    Storm storm;
    SingleFlight single_flight;
    Sets sets;
    Outage outage;

    /// Whether every answer and every count is what understudy promises. Times are shown, not judged.
    bool right() const;
};

/// The most calls that a storm of so many cold students may cost: one for each hundred, and two for stragglers.
long most_calls(std::size_t students);

/// The most calls that the lists of so many cold students may cost, with two or three bookings each: for each hundred,
/// one for the students, one for their lists, three for the bookings, and as many again for what they are associated
/// with.
long most_list_calls(std::size_t lists);

void print_table(std::ostream& out, const Report& report);
std::string to_json(const Report& report);

} // namespace demo
