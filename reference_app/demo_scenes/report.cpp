#include "report.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cmath>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace demo {

namespace {

double rounded(double value, double steps) {
    return std::round(value * steps) / steps;
}

std::string of(std::size_t part, std::size_t whole) {
    return std::to_string(part) + " of " + std::to_string(whole);
}

std::string time_text(double milliseconds) {
    std::ostringstream text;
    text << std::fixed;
    if (milliseconds < 1'000)
        text << std::setprecision(1) << milliseconds << " ms";
    else
        text << std::setprecision(2) << milliseconds / 1'000 << " s";
    return text.str();
}

void row(std::ostream& out, const std::string& scene, const std::string& answers, const std::string& calls,
         const std::string& time, bool right) {
    out << "  " << std::left << std::setw(50) << scene << std::right << std::setw(22) << answers << std::setw(14)
        << calls << std::setw(12) << time << "  " << (right ? "ok" : "WRONG") << '\n';
}

bool right(const Report::Storm& storm) {
    return storm.students > 0 && storm.answered == storm.students && storm.status_429 == 0 &&
           storm.source_calls <= most_calls(storm.students);
}

bool right(const Report::SingleFlight& flight) {
    return flight.readers > 0 && flight.answered == flight.readers && flight.source_calls == 1;
}

// A question about a set is a question about an exam or a student first.
bool capacity_right(const Report::Sets& sets) {
    return sets.cold_capacity.right && sets.cold_capacity.source_calls > 0;
}

bool empty_right(const Report::Sets& sets) {
    return sets.empty_list.right && sets.empty_again.right && sets.empty_again.source_calls == 0;
}

bool lists_right(const Report::Sets& sets) {
    return sets.lists > 0 && sets.lists_answered == sets.lists && sets.status_429 == 0 &&
           sets.source_calls <= most_list_calls(sets.lists);
}

bool known_right(const Report::Outage& outage) {
    return outage.known > 0 && outage.known_answered == outage.known && outage.known_flagged == outage.known;
}

bool unknown_right(const Report::Outage& outage) {
    return outage.unknown > 0 && outage.unknown_503 == outage.unknown && outage.zero_credits == 0;
}

bool recovered_right(const Report::Outage& outage) {
    return outage.recovered == outage.unknown;
}

} // namespace

long most_calls(std::size_t students) {
    return static_cast<long>((students + 99) / 100) + 2;
}

long most_list_calls(std::size_t lists) {
    return static_cast<long>((lists + 99) / 100) * 12;
}

bool Report::right() const {
    return cold.right && cold.source_calls == 1 && warm.right && warm.source_calls == 0 && demo::right(storm) &&
           demo::right(single_flight) && capacity_right(sets) && empty_right(sets) && lists_right(sets) &&
           known_right(outage) && unknown_right(outage) && recovered_right(outage);
}

void print_table(std::ostream& out, const Report& r) {
    out << '\n';
    out << "  " << std::left << std::setw(50) << "what happened" << std::right << std::setw(22) << "right answers"
        << std::setw(14) << "source calls" << std::setw(12) << "time" << '\n';
    out << "  " << std::string(102, '-') << '\n';
    row(out, "a student logs in for the first time", of(r.cold.right, 1), std::to_string(r.cold.source_calls),
        time_text(r.cold.milliseconds), r.cold.right && r.cold.source_calls == 1);
    row(out, "and again, the moment the answer is there", of(r.warm.right, 1), std::to_string(r.warm.source_calls),
        time_text(r.warm.milliseconds), r.warm.right && r.warm.source_calls == 0);
    row(out, std::to_string(r.storm.students) + " other students, all at once", of(r.storm.answered, r.storm.students),
        std::to_string(r.storm.source_calls), time_text(r.storm.seconds * 1'000), demo::right(r.storm));
    row(out, std::to_string(r.single_flight.readers) + " readers of one more student",
        of(r.single_flight.answered, r.single_flight.readers), std::to_string(r.single_flight.source_calls),
        time_text(r.single_flight.seconds * 1'000), demo::right(r.single_flight));
    row(out, "the places left of an exam nobody asked about", of(r.sets.cold_capacity.right, 1),
        std::to_string(r.sets.cold_capacity.source_calls), time_text(r.sets.cold_capacity.milliseconds),
        capacity_right(r.sets));
    row(out, "a student without bookings asks for the list", of(r.sets.empty_list.right, 1),
        std::to_string(r.sets.empty_list.source_calls), time_text(r.sets.empty_list.milliseconds),
        r.sets.empty_list.right);
    row(out, "and again: empty is an answer", of(r.sets.empty_again.right, 1),
        std::to_string(r.sets.empty_again.source_calls), time_text(r.sets.empty_again.milliseconds),
        empty_right(r.sets));
    row(out, "the lists of " + std::to_string(r.sets.lists) + " students, all at once",
        of(r.sets.lists_answered, r.sets.lists), std::to_string(r.sets.source_calls), time_text(r.sets.seconds * 1'000),
        lists_right(r.sets));
    row(out, "the source fails: students known before, flagged", of(r.outage.known_answered, r.outage.known), "", "",
        known_right(r.outage));
    row(out, "the source fails: students never seen, told 503", of(r.outage.unknown_503, r.outage.unknown), "", "",
        unknown_right(r.outage));
    row(out, "the source is back: those students again", of(r.outage.recovered, r.outage.unknown), "", "",
        recovered_right(r.outage));
    out << '\n';
    out << "  " << r.storm.status_429 + r.sets.status_429 << " answers 429 in the rushes, " << r.outage.zero_credits
        << " made-up balances while the source was down\n";
}

std::string to_json(const Report& r) {
    const boost::json::object document{{"cold_read_ms", rounded(r.cold.milliseconds, 100)},
                                       {"cold_source_calls", r.cold.source_calls},
                                       {"warm_read_ms", rounded(r.warm.milliseconds, 100)},
                                       {"warm_source_calls", r.warm.source_calls},
                                       {"storm",
                                        {{"students", r.storm.students},
                                         {"answered", r.storm.answered},
                                         {"seconds", rounded(r.storm.seconds, 1'000)},
                                         {"source_calls", r.storm.source_calls},
                                         {"status_429", r.storm.status_429}}},
                                       {"single_flight",
                                        {{"readers", r.single_flight.readers},
                                         {"answered", r.single_flight.answered},
                                         {"seconds", rounded(r.single_flight.seconds, 1'000)},
                                         {"source_calls", r.single_flight.source_calls}}},
                                       {"sets",
                                        {{"cold_capacity_correct", r.sets.cold_capacity.right},
                                         {"cold_capacity_source_calls", r.sets.cold_capacity.source_calls},
                                         {"empty_list_source_calls", r.sets.empty_list.source_calls},
                                         {"empty_list_source_calls_second_time", r.sets.empty_again.source_calls},
                                         {"lists", r.sets.lists},
                                         {"lists_answered", r.sets.lists_answered},
                                         {"lists_source_calls", r.sets.source_calls},
                                         {"seconds", rounded(r.sets.seconds, 1'000)},
                                         {"status_429", r.sets.status_429}}},
                                       {"outage",
                                        {{"known", r.outage.known},
                                         {"known_answered", r.outage.known_answered},
                                         {"known_flagged", r.outage.known_flagged},
                                         {"unknown", r.outage.unknown},
                                         {"unknown_503", r.outage.unknown_503},
                                         {"zero_credits", r.outage.zero_credits},
                                         {"recovered", r.outage.recovered}}},
                                       {"right", r.right()}};
    return boost::json::serialize(document);
}

} // namespace demo
