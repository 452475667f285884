#include "report.hpp"
#include "scenes.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
    CLI::App app{"Plays the demo's scenes against a running service and a running HubSpot emulator"};
    demo::Stage stage;
    bool as_json = false;
    app.add_option("--service-port", stage.service_port, "Where the service listens, on the loopback")->required();
    app.add_option("--emulator-port", stage.emulator_port, "Where the emulator listens, on the loopback")->required();
    app.add_flag("--json", as_json, "Print one JSON object and nothing else");
    bool untimed = false;
    app.add_flag("--untimed", untimed, "Show times and do not judge them");
    app.add_option("--pid-file", stage.pid_file, "Names the service's process, which a scene kills")->required();
    app.add_option("--database", stage.database, "Connection string of the replica's database")
        ->envname("SUPABASE_DB_URL")
        ->required();
    CLI11_PARSE(app, argc, argv);
    try {
        const auto narrate = [&](const std::string& scene) {
            if (!as_json)
                std::cout << "· " << scene << std::endl;
        };
        demo::Report report = demo::play(stage, narrate);
        report.timed = !untimed;
        if (as_json)
            std::cout << demo::to_json(report) << std::endl;
        else
            demo::print_table(std::cout, report);
        return report.right() ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "understudy-demo: " << error.what() << std::endl;
        return 2;
    }
}
