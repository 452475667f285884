#pragma once

#include "report.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace demo {

/// Where the two servers of the demo listen, on the loopback, and how large the scenes are.
struct Stage {
    std::uint16_t service_port = 0;
    std::uint16_t emulator_port = 0;
    std::size_t storm = 400;
    std::size_t readers = 400;
    std::size_t known = 20;
    std::size_t unknown = 20;
    std::size_t lists = 100;
    /// What the emulator was seeded with.
    std::size_t contacts = 2000;
    std::size_t exams = 500;
    std::size_t bookings = 5000;
};

/// Plays the scenes in order against a service with an empty replica; `narrate` is told what comes next. Throws
/// `std::exception` if a server cannot be reached at all.
Report play(const Stage& stage, const std::function<void(const std::string&)>& narrate);

} // namespace demo
