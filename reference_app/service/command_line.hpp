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
    /// The command line or the environment is wrong.
    exit_usage = 2,
    /// Something that the service needs cannot be reached or is not as it must be.
    exit_not_ready = 3,
    /// The service stopped while something was still under way.
    exit_unfinished = 4,
};

enum class Command { serve, migrate };

struct CommandLine {
    Command command = Command::serve;
    /// What the flags say, by their names.
    std::map<std::string, std::string, std::less<>> flags;
};

/// What to print instead of running, and how to end.
struct Finish {
    int code = exit_done;
    std::string output;
    std::string error;
};

std::variant<CommandLine, Finish> parse_command_line(int argc, const char* const* argv);

} // namespace service
