#include "write_scenes.hpp"

#include "clients.hpp"
#include "student.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace demo {

namespace {

using Holding = BookingHall::Holding;

class WriteScenes {
public:
    WriteScenes(Scenery& scenery, BookingHall& hall)
        : stage_{scenery.stage}
        , scenery_{scenery}
        , emulator_{scenery.emulator}
        , database_{scenery.database}
        , hall_{hall}
        , report_{scenery.report} {}

    void play() {
        booking_and_cancellation();
        rush();
        one_place();
    }

private:
    // What a student sees who logs in straight after a write was answered.
    void judge_read(const Answer& answer, const Student& before, const Student& after) {
        auto& reads = report_.reads_after_writes;
        ++reads.asked;
        reads.fresh += has_right_credits(answer, after) && comes_from(answer, "supabase");
        reads.stale += has_right_credits(answer, before);
    }

    bool both_ends_say(const std::vector<Student>& students, const std::string& exam,
                       const std::map<std::string, Holding>& expected) {
        return hall_.at_source(students, exam) == expected && hall_.in_replica(students, exam) == expected;
    }

    // From the answer on, until somebody else's connection to the database shows the booking and what it cost.
    double until_visible(const Answer& booked, const Student& after) {
        const bool visible = wait_until([&] {
            return database_.value("SELECT (SELECT count(*) FROM hubspot_bookings WHERE hubspot_id = $1"
                                   " AND state = 1 AND is_active = 'Active')"
                                   " + (SELECT count(*) FROM hubspot_contact_credits WHERE hubspot_id = $2"
                                   " AND state = 1 AND sj_credits = $3::int)",
                                   {booked.text("booking_record_id"), after.contact_id,
                                    std::to_string(after.credits.at(BookingHall::credit_field()))}) == "2";
        });
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - booked.answered;
        return visible ? took.count() : -1;
    }

    void booking_and_cancellation() {
        scenery_.narrate("a student books, looks at the credits straight away, and cancels");
        const auto students = hall_.students(1);
        const Student& before = students.front();
        const Student after = before.with(BookingHall::credit_field(), -1);
        const auto exam = hall_.open_exam(5);
        hall_.warm(students, exam, 8);
        Clients desk{stage_.service_port, 9};
        Clients reader{stage_.service_port, 9};
        desk.ask(login_of(before));
        reader.ask(login_of(before));

        auto& result = report_.booking;
        emulator_.reset_counters();
        const auto booked = desk.ask(BookingHall::booking_of(before, exam));
        const auto answered = std::chrono::system_clock::now();
        result.sync_visible_ms = booked.status == 201 ? until_visible(booked, after) : -1;
        const auto read = reader.ask(login_of(before));
        judge_read(read, before, after);
        result.booked.milliseconds = booked.milliseconds();
        result.booked.source_calls = emulator_.calls_by(answered);
        result.settled = wait_until([&] { return database_.is_settled(); });
        result.source_calls_total = emulator_.counted().calls;
        result.settled_seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - booked.answered).count();
        const auto left = after.credits.at(BookingHall::credit_field());
        result.booked.right = booked.status == 201 && both_ends_say(students, exam, {{before.contact_id, {1, left}}});

        emulator_.reset_counters();
        const auto cancelled = desk.ask(BookingHall::cancellation_of(before, booked.text("booking_record_id")));
        const auto at = std::chrono::system_clock::now();
        judge_read(reader.ask(login_of(before)), after, before);
        result.cancelled.milliseconds = cancelled.milliseconds();
        result.cancelled.source_calls = emulator_.calls_by(at);
        result.cancelled.right = cancelled.status == 200 && wait_until([&] { return database_.is_settled(); }) &&
                                 both_ends_say(students, exam, {{before.contact_id, {0, left + 1}}});
    }

    void rush() {
        scenery_.narrate(std::to_string(stage_.rush) + " students book at once");
        const auto students = hall_.students(stage_.rush);
        const auto exam = hall_.open_exam(students.size());
        hall_.warm(students, exam, 10);
        std::vector<Visit> visits;
        for (const auto& student : students)
            visits.push_back({{BookingHall::booking_of(student, exam), login_of(student)}});

        auto& result = report_.rush;
        emulator_.reset_counters();
        Clients clients{stage_.service_port, 11};
        const auto answers = clients.at_once(visits);
        result.settled = wait_until([&] { return database_.is_settled(); });
        const auto after = emulator_.counted();
        result.bookings = students.size();
        result.source_calls = after.calls;
        result.status_429 = after.refused;
        std::vector<Answer> bookings;
        auto source = hall_.at_source(students, exam);
        auto replica = hall_.in_replica(students, exam);
        for (std::size_t i = 0; i < students.size(); ++i) {
            const Student paid = students[i].with(BookingHall::credit_field(), -1);
            const Holding one{1, paid.credits.at(BookingHall::credit_field())};
            const auto& id = paid.contact_id;
            bookings.push_back(answers[i][0]);
            result.succeeded += answers[i][0].status == 201 && source[id] == one && replica[id] == one;
            for (const auto& answer : answers[i])
                result.status_429 += answer.status == 429;
            judge_read(answers[i][1], students[i], paid);
        }
        result.seconds = seconds_of(bookings);
    }

    void one_place() {
        scenery_.narrate(std::to_string(stage_.one_place) + " students want the one place of an exam");
        const auto students = hall_.students(stage_.one_place);
        const auto exam = hall_.open_exam(1);
        hall_.warm(students, exam, 12);
        std::vector<Question> questions;
        for (const auto& student : students)
            questions.push_back(BookingHall::booking_of(student, exam));
        auto& result = report_.one_place;
        emulator_.reset_counters();
        Clients clients{stage_.service_port, 13};
        const auto answers = clients.at_once(questions);
        const bool settled = wait_until([&] { return database_.is_settled(); });
        result.source_calls = emulator_.counted().calls;
        result.attempts = answers.size();
        result.seconds = seconds_of(answers);
        std::map<std::string, Holding> expected;
        for (std::size_t i = 0; i < students.size(); ++i) {
            const bool booked = answers[i].status == 201;
            const auto credits = students[i].credits.at(BookingHall::credit_field());
            result.booked += booked;
            result.told_full += answers[i].status == 409 && answers[i].code() == "EXAM_FULL";
            expected[students[i].contact_id] = {booked ? 1U : 0U, booked ? credits - 1 : credits};
        }
        result.right = settled && both_ends_say(students, exam, expected);
    }

    const Stage& stage_;
    Scenery& scenery_;
    Emulator& emulator_;
    Database& database_;
    BookingHall& hall_;
    Report& report_;
};

} // namespace

void play_write_scenes(Scenery& scenery, BookingHall& hall) {
    WriteScenes{scenery, hall}.play();
}

} // namespace demo
