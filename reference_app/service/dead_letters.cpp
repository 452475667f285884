#include "dead_letters.hpp"

#include <understudy/detail/plan_text.hpp>
#include <understudy/postgres/journal.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace service {
namespace {

namespace json = boost::json;
using understudy::error_code;
using understudy::JournalEntry;
using understudy::WriteAction;
using understudy::detail::JournaledPlan;
using understudy::detail::PlanReader;
using Action = DeadLettersCommand::Action;

constexpr std::size_t most_listed = 1000;

std::string_view name_of(WriteAction action) {
    return boost::describe::enum_to_string(action, "");
}

// What became of a write when the operation was given up.
std::string_view outcome_of(const JournaledPlan& journaled, const understudy::PlannedWrite& write) {
    if (journaled.landed.contains(write.name))
        return journaled.undoing ? "took effect, and was to be taken back" : "took effect";
    return journaled.undoing ? "did not take effect" : "not known to have taken effect";
}

std::string key_of(const JournaledPlan& journaled, const understudy::PlannedWrite& write) {
    const auto landed = journaled.landed.find(write.name);
    return landed == journaled.landed.end() ? write.key : landed->second;
}

// `2d 3h`, `3h 5m`, `5m 7s`, `7s`.
std::string spelled(std::chrono::milliseconds time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    const auto two = [](auto large, const char* unit, auto small, const char* rest) {
        return std::to_string(large) + unit + " " + std::to_string(small) + rest;
    };
    if (seconds >= 86'400)
        return two(seconds / 86'400, "d", seconds / 3'600 % 24, "h");
    if (seconds >= 3'600)
        return two(seconds / 3'600, "h", seconds / 60 % 60, "m");
    return seconds >= 60 ? two(seconds / 60, "m", seconds % 60, "s") : std::to_string(seconds) + "s";
}

json::object json_of(const JournalEntry& entry) {
    json::object object{{"id", entry.intent.id}, {"kind", entry.intent.kind}};
    json::array keys(entry.intent.keys.begin(), entry.intent.keys.end());
    object["keys"] = std::move(keys);
    object["cause"] = entry.cause;
    object["dead_for_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(entry.silent_for).count();
    const auto journaled = PlanReader::read(entry.intent.plan);
    object["readable"] = journaled.has_value();
    auto& steps = object["steps"].emplace_array();
    for (const auto& write : journaled ? journaled->plan.writes : std::vector<understudy::PlannedWrite>{})
        steps.push_back(json::object{{"name", write.name},
                                     {"action", name_of(write.action)},
                                     {"record", write.record},
                                     {"key", key_of(*journaled, write)},
                                     {"values", write.values},
                                     {"outcome", outcome_of(*journaled, write)}});
    return object;
}

void print(std::ostream& output, const JournalEntry& entry) {
    output << entry.intent.id << "\n  kind   " << entry.intent.kind << "\n  locks ";
    for (const auto& key : entry.intent.keys)
        output << ' ' << key;
    if (entry.intent.keys.empty())
        output << " nothing";
    output << "\n  dead   for " << spelled(entry.silent_for) << "\n  cause  " << entry.cause << '\n';
    const auto journaled = PlanReader::read(entry.intent.plan);
    if (!journaled)
        output << "  its writes cannot be read\n";
    for (const auto& write : journaled ? journaled->plan.writes : std::vector<understudy::PlannedWrite>{}) {
        const auto key = key_of(*journaled, write);
        output << "  write  " << write.name << ": " << name_of(write.action) << ' ' << write.record
               << (key.empty() ? "" : " ") << key << (write.values.empty() ? "" : " ") << write.values << ": "
               << outcome_of(*journaled, write) << '\n';
    }
}

// The journal of a database, asked once.
class Letters {
public:
    explicit Letters(const understudy::postgres::ConnectParams& database)
        : pool_{context_.get_executor(), database}
        , journal_{pool_} {}
    ~Letters() {
        pool_.close();
        context_.restart();
        context_.run();
    }

    error_code list(std::vector<JournalEntry>& entries) {
        error_code outcome;
        journal_.async_list_dead(most_listed, [&](error_code error, std::vector<JournalEntry> found) {
            outcome = error;
            entries = std::move(found);
            context_.stop();
        });
        context_.run();
        return outcome;
    }

    error_code settle(const DeadLettersCommand& command, bool& found) {
        error_code outcome;
        const auto on_done = [&](error_code error, bool there) {
            outcome = error;
            found = there;
            context_.stop();
        };
        if (command.action == Action::replay)
            journal_.async_replay(command.id, on_done);
        else
            journal_.async_drop(command.id, on_done);
        context_.run();
        return outcome;
    }

private:
    boost::asio::io_context context_{1};
    understudy::postgres::Pool pool_;
    understudy::postgres::Journal journal_;
};

int unusable(error_code error, std::ostream& errors) {
    errors << "understudy: SUPABASE_DB_URL: the database cannot be used: " << error.message() << '\n';
    return exit_not_ready;
}

int list(Letters& letters, const DeadLettersCommand& command, std::ostream& output, std::ostream& errors) {
    std::vector<JournalEntry> entries;
    if (const auto error = letters.list(entries))
        return unusable(error, errors);
    if (command.json) {
        json::array all;
        for (const auto& entry : entries)
            all.push_back(json_of(entry));
        output << json::serialize(json::object{{"dead_letters", std::move(all)}}) << '\n';
    } else {
        for (const auto& entry : entries)
            print(output, entry);
        if (entries.empty())
            output << "there are no dead letters\n";
    }
    return entries.empty() ? exit_nothing : exit_done;
}

int settle(Letters& letters, const DeadLettersCommand& command, std::ostream& output, std::ostream& errors) {
    bool found = false;
    if (const auto error = letters.settle(command, found))
        return unusable(error, errors);
    const bool replay = command.action == Action::replay;
    if (command.json)
        output << json::serialize(
                      json::object{{"id", command.id}, {"found", found}, {"action", replay ? "replay" : "drop"}})
               << '\n';
    else if (!found)
        errors << "understudy: there is no dead letter " << command.id << '\n';
    else if (replay)
        output << command.id << " goes on: a service that runs takes it over in a few seconds, and looks first for "
               << "what took effect\n";
    else
        output << command.id << " is given up: what took effect stays, and its locks are free\n";
    return found ? exit_done : exit_nothing;
}

} // namespace

int run_dead_letters(const understudy::postgres::ConnectParams& database, const DeadLettersCommand& command,
                     std::ostream& output, std::ostream& errors) {
    Letters letters{database};
    return command.action == Action::list ? list(letters, command, output, errors)
                                          : settle(letters, command, output, errors);
}

} // namespace service
