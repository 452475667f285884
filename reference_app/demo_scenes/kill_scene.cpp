#include "kill_scene.hpp"

#include "clients.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <fstream>
#include <future>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace demo {

namespace {

using Clock = std::chrono::steady_clock;
using Holding = BookingHall::Holding;

constexpr std::size_t waves = 4;

class KillScene {
public:
    KillScene(Scenery& scenery, BookingHall& hall)
        : stage_{scenery.stage}
        , scenery_{scenery}
        , database_{scenery.database}
        , hall_{hall}
        , result_{scenery.report.kill} {}

    void play() {
        scenery_.narrate(std::to_string(stage_.killed_rush) +
                         " students book in waves; the service is killed in the middle, and starts again");
        const auto students = hall_.students(stage_.killed_rush);
        const auto exam = hall_.open_exam(students.size());
        hall_.warm(students, exam, 14);
        result_.asked = students.size();
        last_before_ = database_.value("SELECT coalesce(max(seq), 0) FROM understudy_operations");

        // When the first wave is answered, the second one is on its way to the source and the third one is asking.
        const auto apart = std::chrono::milliseconds{static_cast<long>(scenery_.report.latency_ms * 0.6)};
        std::vector<Visit> visits;
        for (std::size_t i = 0; i < students.size(); ++i) {
            const auto wave = static_cast<long>(i * waves / students.size());
            visits.push_back(
                {{BookingHall::booking_of(students[i], exam, "rush-" + students[i].student_id)}, wave * apart});
        }
        Clients clients{stage_.service_port, 15};
        auto killer = std::async(std::launch::async, [this] { kill_in_the_middle(); });
        const auto answers = clients.at_once(visits);
        killer.get();
        const auto accepted = promised();
        wait_for_service();
        result_.finished = wait_until([&] { return database_.journal_is_empty(); }, std::chrono::seconds{240});
        result_.recovery_seconds = std::chrono::duration<double>(Clock::now() - killed_).count();
        result_.finished = result_.finished && wait_until([&] { return database_.is_settled(); });
        judge(students, exam, accepted, answers);
    }

private:
    // Of this scene's bookings, by state.
    std::string bookings_where(const char* what) {
        return std::string{"SELECT "} + what + " FROM understudy_operations WHERE kind = 'book' AND seq > $1";
    }

    void kill_in_the_middle() {
        Database database{stage_.database};
        const auto middle = bookings_where("count(*) FILTER (WHERE state = 1) > 0"
                                           " AND count(*) FILTER (WHERE state = 2) > 0");
        wait_until([&] { return database.value(middle, {last_before_}) == "t"; });
        pid_t process = 0;
        std::ifstream{stage_.pid_file} >> process;
        const auto now = database.value("SELECT clock_timestamp()");
        killed_ = Clock::now();
        if (process <= 1 || ::kill(process, SIGKILL) != 0)
            throw std::runtime_error{"there is no service to kill in " + stage_.pid_file};
        // What it had sent to the database by then takes effect or not: from here on that is decided.
        const bool gone = wait_until([&] {
            return ::kill(process, 0) != 0 && errno == ESRCH &&
                   database.value("SELECT count(*) FROM pg_stat_activity WHERE usename = current_user"
                                  " AND backend_start < $1::timestamptz AND application_name <> 'understudy-demo'",
                                  {now}) == "0";
        });
        if (!gone)
            throw std::runtime_error{"the service does not end"};
    }

    // Whose bookings the journal promises: their writes are decided. Read before anybody takes them over.
    std::set<std::string> promised() {
        std::set<std::string> contacts;
        for (const auto& row : database_.rows(bookings_where("keys[1], state") + " AND state <> 0", {last_before_})) {
            contacts.insert(row[0].substr(row[0].rfind('/') + 1));
            result_.interrupted += row[1] == "1";
        }
        return contacts;
    }

    void wait_for_service() {
        const bool back = wait_until([&] {
            try {
                return Clients{stage_.service_port, 14}.ask({"GET", "/livez"}).status == 200;
            } catch (const std::exception&) {
                return false;
            }
        });
        if (!back)
            throw std::runtime_error{"the service does not come back"};
    }

    void judge(const std::vector<Student>& students, const std::string& exam, const std::set<std::string>& promised,
               const std::vector<std::vector<Answer>>& answers) {
        std::set<std::string> refused;
        for (const auto& row : database_.rows(bookings_where("keys[1]") + " AND state = 3", {last_before_}))
            refused.insert(row[0].substr(row[0].rfind('/') + 1));
        auto source = hall_.at_source(students, exam);
        auto replica = hall_.in_replica(students, exam);
        for (std::size_t i = 0; i < students.size(); ++i) {
            const auto& id = students[i].contact_id;
            const auto credits = students[i].credits.at(BookingHall::credit_field());
            const Holding nothing{0, credits};
            const Holding once{1, credits - 1};
            const bool more = std::max(source[id].bookings, replica[id].bookings) > 1 ||
                              std::min(source[id].credits, replica[id].credits) < credits - 1;
            const bool confirmed = answers[i].front().status == 201;
            result_.doubled += more;
            if (promised.contains(id) && !refused.contains(id)) {
                const bool completed = source[id] == once && replica[id] == once;
                ++result_.accepted;
                result_.completed += completed;
                result_.lost += !completed && !more;
                continue;
            }
            result_.refused += refused.contains(id);
            result_.lost += confirmed;
            result_.untouched += source[id] == nothing && replica[id] == nothing;
        }
    }

    const Stage& stage_;
    Scenery& scenery_;
    Database& database_;
    BookingHall& hall_;
    Report::Kill& result_;
    std::string last_before_;
    Clock::time_point killed_{};
};

} // namespace

void play_kill_scene(Scenery& scenery, BookingHall& hall) {
    KillScene{scenery, hall}.play();
}

} // namespace demo
