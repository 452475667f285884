#include "report.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <vector>

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

struct Row {
    std::string scene;
    std::string answers;
    std::string calls;
    std::string time;
    bool right;
};

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

// What of a booking is not the source's: this machine's work, and waiting for others to share a call.
constexpr double allowance_ms = 250;

bool booked_right(const Report& r) {
    const auto& read = r.booking.booked;
    return read.right && read.source_calls <= most_booking_calls &&
           (!r.timed || read.milliseconds <= booking_round_trips * r.latency_ms + allowance_ms);
}

bool settled_right(const Report::Booking& booking) {
    return booking.settled && booking.source_calls_total <= most_booking_calls_total;
}

bool right(const Report::ReadsAfterWrites& reads) {
    return reads.asked > 0 && reads.fresh == reads.asked && reads.stale == 0;
}

bool rush_right(const Report& r) {
    return r.rush.bookings > 0 && r.rush.succeeded == r.rush.bookings && r.rush.settled && r.rush.status_429 == 0 &&
           r.rush.source_calls <= most_rush_calls &&
           (!r.timed || r.rush.seconds <= std::max(most_rush_seconds, rush_round_trips * r.latency_ms / 1'000));
}

bool right(const Report::OnePlace& place) {
    return place.booked == 1 && place.booked + place.told_full == place.attempts && place.right;
}

bool right(const Report::Kill& kill) {
    return kill.interrupted > 0 && kill.finished && kill.completed == kill.accepted && kill.lost == 0 &&
           kill.doubled == 0;
}

bool untouched_right(const Report::Kill& kill) {
    return kill.untouched == kill.asked - kill.accepted;
}

std::string count(long calls) {
    return std::to_string(calls);
}

Row row(const char* scene, const Report::Read& read, bool right) {
    return {scene, of(read.right, 1), count(read.source_calls), time_text(read.milliseconds), right};
}

std::vector<Row> rows(const Report& r) {
    const auto& sets = r.sets;
    const auto& kill = r.kill;
    return {
        row("a student logs in for the first time", r.cold, r.cold.right && r.cold.source_calls == 1),
        row("and again, the moment the answer is there", r.warm, r.warm.right && r.warm.source_calls == 0),
        {std::to_string(r.storm.students) + " other students, all at once", of(r.storm.answered, r.storm.students),
         count(r.storm.source_calls), time_text(r.storm.seconds * 1'000), right(r.storm)},
        {std::to_string(r.single_flight.readers) + " readers of one more student",
         of(r.single_flight.answered, r.single_flight.readers), count(r.single_flight.source_calls),
         time_text(r.single_flight.seconds * 1'000), right(r.single_flight)},
        row("the places left of an exam nobody asked about", sets.cold_capacity, capacity_right(sets)),
        row("a student without bookings asks for the list", sets.empty_list, sets.empty_list.right),
        row("and again: empty is an answer", sets.empty_again, empty_right(sets)),
        {"the lists of " + std::to_string(sets.lists) + " students, all at once", of(sets.lists_answered, sets.lists),
         count(sets.source_calls), time_text(sets.seconds * 1'000), lists_right(sets)},
        {"the source fails: students known before, flagged", of(r.outage.known_answered, r.outage.known), "", "",
         known_right(r.outage)},
        {"the source fails: students never seen, told 503", of(r.outage.unknown_503, r.outage.unknown), "", "",
         unknown_right(r.outage)},
        {"the source is back: those students again", of(r.outage.recovered, r.outage.unknown), "", "",
         recovered_right(r.outage)},
        row("a student books an exam", r.booking.booked, booked_right(r)),
        {"what follows it, until all is read back", "", count(r.booking.source_calls_total) + " in all",
         time_text(r.booking.settled_seconds * 1'000), settled_right(r.booking)},
        {"another connection to the database sees it", of(r.booking.sync_visible_ms >= 0, 1), "",
         time_text(r.booking.sync_visible_ms), r.booking.sync_visible_ms >= 0},
        row("the booking is cancelled, the credit is back", r.booking.cancelled, r.booking.cancelled.right),
        {std::to_string(r.rush.bookings) + " students book, all at once", of(r.rush.succeeded, r.rush.bookings),
         count(r.rush.source_calls) + " in all", time_text(r.rush.seconds * 1'000), rush_right(r)},
        {"logins straight after all of these: new balance", of(r.reads_after_writes.fresh, r.reads_after_writes.asked),
         "", "", right(r.reads_after_writes)},
        {std::to_string(r.one_place.attempts) + " students, one place: one booking",
         of(r.one_place.booked + r.one_place.told_full, r.one_place.attempts),
         count(r.one_place.source_calls) + " in all", time_text(r.one_place.seconds * 1'000), right(r.one_place)},
        {"killed in a rush: what was promised is done, once", of(kill.completed, kill.accepted), "",
         time_text(kill.recovery_seconds * 1'000), right(kill)},
        {"what was not promised: nothing done, nothing paid", of(kill.untouched, kill.asked - kill.accepted), "", "",
         untouched_right(kill)},
    };
}

} // namespace

long most_calls(std::size_t students) {
    return static_cast<long>((students + 99) / 100) + 2;
}

long most_list_calls(std::size_t lists) {
    return static_cast<long>((lists + 99) / 100) * 12;
}

bool Report::right() const {
    const auto all = rows(*this);
    return std::all_of(all.begin(), all.end(), [](const Row& row) { return row.right; });
}

void print_table(std::ostream& out, const Report& r) {
    out << '\n';
    out << "  " << std::left << std::setw(50) << "what happened" << std::right << std::setw(22) << "right answers"
        << std::setw(14) << "source calls" << std::setw(12) << "time" << '\n';
    out << "  " << std::string(102, '-') << '\n';
    for (const auto& row : rows(r))
        out << "  " << std::left << std::setw(50) << row.scene << std::right << std::setw(22) << row.answers
            << std::setw(14) << row.calls << std::setw(12) << row.time << "  " << (row.right ? "ok" : "WRONG") << '\n';
    out << '\n';
    out << "  " << r.storm.status_429 + r.sets.status_429 + r.rush.status_429 << " answers 429 in the rushes, "
        << r.outage.zero_credits << " made-up balances while the source was down, " << r.reads_after_writes.stale
        << " old ones after a write, " << r.kill.lost << " bookings lost, " << r.kill.doubled << " doubled\n";
}

std::string to_json(const Report& r) {
    const boost::json::object document{
        {"cold_read_ms", rounded(r.cold.milliseconds, 100)},
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
        {"booking_ms", rounded(r.booking.booked.milliseconds, 100)},
        {"booking_source_calls", r.booking.booked.source_calls},
        {"booking_source_calls_total", r.booking.source_calls_total},
        {"sync_visible_ms", rounded(r.booking.sync_visible_ms, 100)},
        {"cancellation_ms", rounded(r.booking.cancelled.milliseconds, 100)},
        {"cancellation_source_calls", r.booking.cancelled.source_calls},
        {"read_after_write", r.reads_after_writes.asked},
        {"read_after_write_stale", r.reads_after_writes.stale},
        {"rush",
         {{"bookings", r.rush.bookings},
          {"succeeded", r.rush.succeeded},
          {"seconds", rounded(r.rush.seconds, 1'000)},
          {"source_calls", r.rush.source_calls},
          {"status_429", r.rush.status_429}}},
        {"one_place", {{"attempts", r.one_place.attempts}, {"booked", r.one_place.booked}}},
        {"kill",
         {{"asked", r.kill.asked},
          {"accepted", r.kill.accepted},
          {"interrupted", r.kill.interrupted},
          {"refused", r.kill.refused},
          {"completed", r.kill.completed},
          {"lost", r.kill.lost},
          {"doubled", r.kill.doubled},
          {"untouched", r.kill.untouched},
          {"recovery_seconds", rounded(r.kill.recovery_seconds, 1'000)}}},
        {"right", r.right()}};
    return boost::json::serialize(document);
}

} // namespace demo
