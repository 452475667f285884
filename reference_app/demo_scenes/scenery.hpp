#pragma once

#include "database.hpp"
#include "emulator.hpp"
#include "report.hpp"
#include "stage.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <thread>

namespace demo {

/// What the scenes share.
struct Scenery {
    Scenery(const Stage& on, std::function<void(const std::string&)> narrator)
        : stage{on}
        , narrate{std::move(narrator)}
        , emulator{on.emulator_port}
        , database{on.database} {}

    const Stage stage;
    const std::function<void(const std::string&)> narrate; ///< is told what comes next
    Emulator emulator;
    Database database;
    Report report;
};

/// Asks again and again until something is true; false if it is not true in time.
template<class Condition>
bool wait_until(Condition condition, std::chrono::seconds limit = std::chrono::seconds{120}) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

} // namespace demo
