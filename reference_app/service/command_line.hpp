#pragma once

#include "config.hpp"

#include <map>
#include <string>
#include <variant>

namespace service {

/// How the program ends.
enum ExitCode : int {
    /// All went well; of `serve`: everything that was under way ended first.
    exit_done = 0,
    /// Something that should not happen did.
    exit_failed = 1,
    /// Of `dead-letters`: there is nothing of the kind.
    exit_nothing = 1,
    /// The command line or the environment is wrong.
    exit_usage = 2,
    /// Something that the service needs cannot be reached or is not as it must be.
    exit_not_ready = 3,
    /// The service stopped while something was still under way.
    exit_unfinished = 4,
};

enum class Command { serve, migrate, dead_letters };

/// What is to be done about operations that somebody has to look at.
struct DeadLettersCommand {
    enum class Action { list, replay, drop };
    Action action = Action::list;
    /// Of which, unless they are listed.
    std::string id;
    bool json = false;
};

struct CommandLine {
    Command command = Command::serve;
    /// What the flags say, by their names.
    std::map<std::string, std::string, std::less<>> flags;
    DeadLettersCommand dead_letters;
};

/// What to print instead of running, and how to end.
struct Finish {
    int code = exit_done;
    std::string output;
    std::string error;
};

std::variant<CommandLine, Finish> parse_command_line(int argc, const char* const* argv);

} // namespace service
