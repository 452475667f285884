#include "command_line.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;

namespace {

std::variant<CommandLine, Finish> parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "understudy");
    return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

Finish finish(std::vector<const char*> arguments) {
    const auto result = parse(std::move(arguments));
    BOOST_TEST_REQUIRE(std::holds_alternative<Finish>(result));
    return std::get<Finish>(result);
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(command_line_suite)

BOOST_AUTO_TEST_CASE(commands_and_flags) {
    const auto serve = parse({"serve", "--port", "0", "--cors-origins=https://a.example"});
    BOOST_TEST_REQUIRE(std::holds_alternative<CommandLine>(serve));
    const auto& line = std::get<CommandLine>(serve);
    BOOST_TEST((line.command == Command::serve));
    BOOST_TEST(line.flags.size() == 2u);
    BOOST_TEST(line.flags.at("--port") == "0");
    BOOST_TEST(line.flags.at("--cors-origins") == "https://a.example");
    BOOST_TEST(std::get<CommandLine>(parse({"serve", "--warm", "--port", "1"})).flags.at("--warm") == "true");
    BOOST_TEST(std::get<CommandLine>(parse({"serve", "--warm=false"})).flags.at("--warm") == "false");
    BOOST_TEST((std::get<CommandLine>(parse({"migrate"})).command == Command::migrate));
}

BOOST_AUTO_TEST_CASE(dead_letters_are_listed_replayed_and_dropped) {
    using Action = DeadLettersCommand::Action;
    const auto letters = [](std::vector<const char*> arguments) {
        const auto line = parse(std::move(arguments));
        BOOST_TEST_REQUIRE(std::holds_alternative<CommandLine>(line));
        BOOST_TEST((std::get<CommandLine>(line).command == Command::dead_letters));
        return std::get<CommandLine>(line).dead_letters;
    };
    BOOST_TEST((letters({"dead-letters"}).action == Action::list));
    BOOST_TEST(!letters({"dead-letters"}).json);
    BOOST_TEST(letters({"dead-letters", "--json"}).json);
    BOOST_TEST(letters({"dead-letters", "list", "--json"}).json);
    BOOST_TEST((letters({"dead-letters", "replay", "abc"}).action == Action::replay));
    const auto drop = letters({"dead-letters", "drop", "abc", "--json"});
    BOOST_TEST((drop.action == Action::drop));
    BOOST_TEST(drop.id == "abc");
    BOOST_TEST(drop.json);
    const auto help = finish({"dead-letters", "--help"});
    BOOST_TEST(help.code == exit_done);
    for (const auto* part : {"list", "replay", "drop", "SUPABASE_DB_URL", "Exit status"})
        BOOST_TEST(contains(help.output, part), part);
}

BOOST_AUTO_TEST_CASE(help_names_every_setting) {
    const auto help = finish({"serve", "--help"});
    BOOST_TEST(help.code == exit_done);
    for (const auto& setting : settings()) {
        BOOST_TEST(contains(help.output, setting.flag), setting.flag);
        BOOST_TEST(contains(help.output, setting.variable), setting.variable);
    }
    for (const auto* name : {"HUBSPOT_ACCESS_TOKEN", "SUPABASE_DB_URL", "Exit status"})
        BOOST_TEST(contains(help.output, name), name);
    BOOST_TEST(contains(finish({"--help"}).output, "migrate"));
    BOOST_TEST(finish({"--version"}).output == "understudy 0.1.0\n");
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_is_refused) {
    for (const auto& arguments : std::vector<std::vector<const char*>>{{},
                                                                       {"dance"},
                                                                       {"serve", "--colour", "red"},
                                                                       {"serve", "--port"},
                                                                       {"migrate", "--port", "1"},
                                                                       {"dead-letters", "replay"},
                                                                       {"dead-letters", "drop"},
                                                                       {"dead-letters", "burn"},
                                                                       {"dead-letters", "list", "abc"},
                                                                       {"dead-letters", "--port", "1"}}) {
        const auto refusal = finish(arguments);
        BOOST_TEST(refusal.code == exit_usage);
        BOOST_TEST(!refusal.error.empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
