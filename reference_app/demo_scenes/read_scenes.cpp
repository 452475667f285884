#include "read_scenes.hpp"

#include "clients.hpp"
#include "student.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace demo {

namespace {

class ReadScenes {
public:
    explicit ReadScenes(Scenery& scenery)
        : stage_{scenery.stage}
        , scenery_{scenery}
        , emulator_{scenery.emulator}
        , report_{scenery.report} {}

    void play() {
        const std::size_t students = 2 + stage_.storm + stage_.unknown;
        for (std::size_t i = 1; i <= students; ++i)
            students_.push_back(emulator_.student(i));
        cold_and_warm();
        storm();
        single_flight();
        places_left();
        empty_list();
        lists();
        outage();
    }

private:
    // All at the same moment, counted at the source.
    std::vector<Answer> all_at_once(const std::vector<Question>& questions, int address) {
        Clients clients{stage_.service_port, address};
        emulator_.reset_counters();
        return clients.at_once(questions);
    }
    std::vector<Answer> all_log_in(const std::vector<Student>& students, int address) {
        std::vector<Question> questions;
        for (const auto& student : students)
            questions.push_back(login_of(student));
        return all_at_once(questions, address);
    }
    Answer counted_ask(Clients& client, const Question& question, Report::Read& read) {
        emulator_.reset_counters();
        const Answer answer = client.ask(question);
        read.milliseconds = answer.milliseconds();
        read.source_calls = emulator_.counted().calls;
        return answer;
    }

    void cold_and_warm() {
        scenery_.narrate("a student logs in, and logs in again");
        const Student& student = students_[0];
        Clients client{stage_.service_port, 1};
        const Answer cold = counted_ask(client, login_of(student), report_.cold);
        const Answer warm = counted_ask(client, login_of(student), report_.warm);
        report_.cold.right = has_right_credits(cold, student) && comes_from(cold, "hubspot");
        report_.warm.right = has_right_credits(warm, student) && comes_from(warm, "supabase");
    }

    void storm() {
        scenery_.narrate(std::to_string(stage_.storm) + " students log in at once, none seen before");
        const auto first = students_.begin() + 1;
        const std::vector<Student> students(first, first + static_cast<std::ptrdiff_t>(stage_.storm));
        auto& result = report_.storm;
        const auto answers = all_log_in(students, 2);
        const auto after = emulator_.counted();
        result.students = students.size();
        result.seconds = seconds_of(answers);
        result.source_calls = after.calls;
        result.status_429 = after.refused;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            result.answered += has_right_credits(answers[i], students[i]);
            result.status_429 += answers[i].status == 429;
        }
    }

    void single_flight() {
        scenery_.narrate(std::to_string(stage_.readers) + " requests for one student, not seen before either");
        const Student& student = students_[1 + stage_.storm];
        auto& result = report_.single_flight;
        const auto answers = all_log_in(std::vector<Student>(stage_.readers, student), 3);
        result.source_calls = emulator_.counted().calls;
        result.readers = answers.size();
        result.seconds = seconds_of(answers);
        for (const auto& answer : answers)
            result.answered += has_right_credits(answer, student);
    }

    // Which exam a seeded booking is for, counted from 1; see the emulator's README.
    std::size_t exam_of(std::size_t booking) const {
        const std::size_t first = booking - 1;
        return (13 * (first % stage_.contacts) + first / stage_.contacts) % stage_.exams + 1;
    }
    static std::string exam_id(std::size_t number) { return std::to_string(400'000'000'000 + number); }
    static std::string booking_id(std::size_t number) { return std::to_string(300'000'000'000 + number); }

    void places_left() {
        scenery_.narrate("somebody asks for the places left of an exam, the first one to ask");
        const std::string id = exam_id(1 + stage_.exams / 3);
        const auto exam = emulator_.record(exam_type, id);
        std::int64_t taken = 0;
        for (const auto& booking : emulator_.live_associated(exam_type, id, booking_type))
            taken += booking.at("properties").at("is_active") != "Cancelled";
        const auto capacity = std::stoll(std::string{exam.at("properties").at("capacity").as_string()});
        Clients client{stage_.service_port, 6};
        auto& read = report_.sets.cold_capacity;
        const Answer answer = counted_ask(client, {"GET", "/api/mock-exams/" + id + "/capacity"}, read);
        read.right = answer.status == 200 && answer.number("capacity") == capacity &&
                     answer.number("total_bookings") == taken &&
                     answer.number("available_slots") == std::max<std::int64_t>(capacity - taken, 0);
    }

    // Somebody whom no seeded booking belongs to.
    void empty_list() {
        scenery_.narrate("a student who has booked nothing asks for the bookings, twice");
        Student student;
        student.student_id = "S999999";
        student.email = "newcomer@example.com";
        emulator_.make(contact_type, {{"student_id", student.student_id}, {"email", student.email}});
        Clients client{stage_.service_port, 6};
        for (auto* read : {&report_.sets.empty_list, &report_.sets.empty_again})
            read->right = has_bookings(counted_ask(client, list_of(student), *read), {});
    }

    // Exactly these bookings, each `id of the booking/id of its exam`.
    static bool has_bookings(const Answer& answer, const std::set<std::string>& expected) {
        const auto* data = answer.data();
        const auto* list = data ? data->if_contains("bookings") : nullptr;
        if (answer.status != 200 || !list || !list->is_array() || list->get_array().size() != expected.size())
            return false;
        std::set<std::string> found;
        for (const auto& booking : list->get_array()) {
            const auto* object = booking.if_object();
            const auto* id = object ? object->if_contains("id") : nullptr;
            const auto* exam = object ? object->if_contains("mock_exam_id") : nullptr;
            if (id && id->is_string() && exam && exam->is_string())
                found.insert(std::string{id->get_string()} + '/' + std::string{exam->get_string()});
        }
        return found == expected;
    }

    void lists() {
        scenery_.narrate(std::to_string(stage_.lists) + " students ask for their bookings at once, none seen before");
        auto& sets = report_.sets;
        const std::size_t first = stage_.contacts / 2 + 1;
        std::vector<Question> questions;
        std::vector<std::set<std::string>> expected(stage_.lists);
        for (std::size_t i = 0; i < stage_.lists; ++i) {
            questions.push_back(list_of(emulator_.student(first + i)));
            for (std::size_t booking = first + i; booking <= stage_.bookings; booking += stage_.contacts)
                expected[i].insert(booking_id(booking) + '/' + exam_id(exam_of(booking)));
        }
        const auto answers = all_at_once(questions, 7);
        const auto after = emulator_.counted();
        sets.lists = answers.size();
        sets.seconds = seconds_of(answers);
        sets.source_calls = after.calls;
        sets.status_429 = after.refused;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            sets.lists_answered += has_bookings(answers[i], expected[i]);
            sets.status_429 += answers[i].status == 429;
        }
    }

    void outage() {
        scenery_.narrate("HubSpot fails for a while, and comes back");
        auto& result = report_.outage;
        const auto known_begin = students_.begin() + 1;
        const auto known_count = std::min(stage_.known, stage_.storm);
        const std::vector<Student> known(known_begin, known_begin + static_cast<std::ptrdiff_t>(known_count));
        const std::vector<Student> unknown(students_.end() - static_cast<std::ptrdiff_t>(stage_.unknown),
                                           students_.end());
        result.known = known.size();
        result.unknown = unknown.size();

        emulator_.fail_with(503);
        const auto from_unknown = all_log_in(unknown, 4);
        const auto from_known = all_log_in(known, 4);
        for (std::size_t i = 0; i < unknown.size(); ++i) {
            result.unknown_503 += from_unknown[i].status == 503;
            result.zero_credits += from_unknown[i].status == 200;
        }
        for (std::size_t i = 0; i < known.size(); ++i) {
            const bool right = has_right_credits(from_known[i], known[i]);
            result.known_answered += right;
            result.known_flagged += right && from_known[i].freshness == "stale";
            result.zero_credits += from_known[i].status == 200 && !right;
        }
        emulator_.recover();

        // The service looks once a second whether the source is back.
        for (int attempt = 0; attempt < 20 && result.recovered < unknown.size(); ++attempt) {
            std::this_thread::sleep_for(std::chrono::milliseconds{500});
            const auto again = all_log_in(unknown, 5);
            result.recovered = 0;
            for (std::size_t i = 0; i < unknown.size(); ++i)
                result.recovered += has_right_credits(again[i], unknown[i]);
        }
    }

    const Stage& stage_;
    Scenery& scenery_;
    Emulator& emulator_;
    std::vector<Student> students_;
    Report& report_;
};

} // namespace

void play_read_scenes(Scenery& scenery) {
    ReadScenes{scenery}.play();
}

} // namespace demo
