#include "command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <deque>
#include <sstream>
#include <utility>

namespace service {
namespace {

constexpr const char* environment_help = R"(
Every option may be given by its environment variable instead. Secrets, and where the stores are, come from the
environment alone:
  HUBSPOT_ACCESS_TOKEN        a service key or the token of a private app (required by serve)
  HUBSPOT_BASE_URL            default https://api.hubapi.com
  HUBSPOT_API_VERSION         default 2026-09
  HUBSPOT_CA_FILE             certificates to trust instead of the system's, a PEM file
  SUPABASE_DB_URL             the database's connection string (required): Project, Connect, Connection string
  SUPABASE_SCHEMA_NAME        default public
  SUPABASE_URL                the project, https://<ref>.supabase.co: whose access tokens admins show
  SUPABASE_JWT_SECRET         what tokens are signed with by HS256, at least 32 bytes
  SUPABASE_JWT_ISSUER         who issues the tokens, default SUPABASE_URL/auth/v1
  SUPABASE_CA_FILE            certificates to trust there instead of the system's, a PEM file
  CRON_SECRET                 what timed jobs show, at least 16 characters
  HUBSPOT_WEBHOOK_SECRET      the app's client secret, which HubSpot signs its events with; several, with commas
  PUBLIC_URL                  the address that HubSpot calls this service by; needed for its events

Exit status: 0 done; 1 an error that should not happen; 2 wrong options or environment; 3 something that is needed
cannot be reached or is not as it must be; 4 stopped while something was still under way.)";

constexpr const char* dead_letters_help = R"(
Needs SUPABASE_DB_URL alone (and SUPABASE_SCHEMA_NAME, if it is not public).

Exit status: 0 done; 1 there is nothing of the kind; 2 wrong usage; 3 the database cannot be used.)";

std::string described(const Setting& setting) {
    std::string text{setting.help};
    text.append(" [").append(setting.variable);
    if (!setting.default_text.empty())
        text.append(", default ").append(setting.default_text);
    return text + "]";
}

} // namespace

std::variant<CommandLine, Finish> parse_command_line(int argc, const char* const* argv) {
    CLI::App app{"Understudy: a booking service that reads HubSpot once and PostgreSQL ever after", "understudy"};
    app.set_version_flag("--version", "understudy " UNDERSTUDY_VERSION);
    app.set_help_flag("-h,--help", "Print this and exit");
    app.require_subcommand(1);
    app.footer(environment_help);

    auto* serve = app.add_subcommand("serve", "Answer requests");
    std::deque<std::pair<const Setting*, std::string>> values;
    std::vector<CLI::Option*> options;
    for (const auto& setting : settings()) {
        auto& value = values.emplace_back(&setting, std::string{}).second;
        const std::string flag{setting.flag};
        options.push_back(setting.is_switch ? serve->add_flag(flag, value, described(setting))
                                            : serve->add_option(flag, value, described(setting))->type_name(""));
    }
    serve->footer(environment_help);
    auto* migrate = app.add_subcommand("migrate", "Bring the database's schema to this version, and exit");
    migrate->footer(environment_help);

    CommandLine line;
    auto& letters = line.dead_letters;
    auto* dead =
        app.add_subcommand("dead-letters", "Show changes that somebody has to look at, and say what becomes of them");
    dead->require_subcommand(0, 1);
    dead->footer(dead_letters_help);
    auto* list =
        dead->add_subcommand("list", "Show them: what they were to write, and what became of that (the default)");
    auto* replay = dead->add_subcommand("replay", "Have one carried out again, by a service that runs");
    auto* drop = dead->add_subcommand("drop", "Give one up as it is");
    for (auto* command : {dead, list, replay, drop})
        command->add_flag("--json", letters.json, "Answer in JSON");
    for (auto* command : {replay, drop})
        command->add_option("id", letters.id, "Which, by its id")->required();

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& outcome) {
        std::ostringstream output;
        std::ostringstream error;
        Finish finish;
        finish.code = app.exit(outcome, output, error) == 0 ? exit_done : exit_usage;
        finish.output = output.str();
        finish.error = error.str();
        return finish;
    }
    line.command = migrate->parsed() ? Command::migrate : dead->parsed() ? Command::dead_letters : Command::serve;
    letters.action = replay->parsed() ? DeadLettersCommand::Action::replay
                     : drop->parsed() ? DeadLettersCommand::Action::drop
                                      : DeadLettersCommand::Action::list;
    for (std::size_t i = 0; i < options.size(); ++i)
        if (options[i]->count() > 0)
            line.flags.emplace(values[i].first->flag, values[i].second);
    return line;
}

} // namespace service
