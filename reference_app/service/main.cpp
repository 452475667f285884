#include "command_line.hpp"
#include "dead_letters.hpp"
#include "log.hpp"
#include "migrations.hpp"
#include "service.hpp"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>

namespace {

using namespace service;

std::optional<std::string> from_environment(std::string_view name) {
    const char* value = std::getenv(std::string{name}.c_str());
    return value ? std::optional<std::string>{value} : std::nullopt;
}

int run_migrations() {
    const auto report = migrate(read_database_config(&from_environment));
    for (const auto& name : report.names)
        std::cout << "applied " << name << '\n';
    if (!report.ok()) {
        std::cerr << "understudy: " << report.problem << '\n';
        return exit_not_ready;
    }
    std::cout << "the schema is at version " << report.after << '\n';
    return exit_done;
}

int run_service(const CommandLine& line) {
    const auto flags = [&](std::string_view name) -> std::optional<std::string> {
        const auto found = line.flags.find(name);
        return found == line.flags.end() ? std::nullopt : std::optional{found->second};
    };
    const auto config = read_config(&from_environment, flags);
    const Log log{config.log_level, config.log_format};
    try {
        return serve(config, log) ? exit_done : exit_unfinished;
    } catch (const CannotStart& reason) {
        log.error("cannot_start", {{"reason", reason.what()}});
        return exit_not_ready;
    } catch (const std::exception& error) {
        log.error("failed", {{"error", error.what()}});
        return exit_failed;
    }
}

} // namespace

int main(int argc, char** argv) {
    // A reader of our output, or a peer, that goes away is no reason to end.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        const auto parsed = parse_command_line(argc, argv);
        if (const auto* finish = std::get_if<Finish>(&parsed)) {
            std::cout << finish->output;
            std::cerr << finish->error;
            return finish->code;
        }
        const auto& line = std::get<CommandLine>(parsed);
        switch (line.command) {
        case Command::migrate:
            return run_migrations();
        case Command::dead_letters:
            return run_dead_letters(read_database_config(&from_environment), line.dead_letters, std::cout, std::cerr);
        case Command::serve:
            break;
        }
        return run_service(line);
    } catch (const ConfigError& error) {
        for (const auto& problem : error.problems())
            std::cerr << "understudy: " << problem << '\n';
        return exit_usage;
    } catch (const std::exception& error) {
        std::cerr << "understudy: " << error.what() << '\n';
        return exit_failed;
    }
}
