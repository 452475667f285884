#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace demo {

/// Where the servers of the demo are, on the loopback, and how large the scenes are.
struct Stage {
    std::uint16_t service_port = 0;
    std::uint16_t emulator_port = 0;
    std::string database{}; ///< connection string of the replica's database
    std::string pid_file{}; ///< names the service's process; whoever supervises it starts it again when it is killed
    std::size_t storm = 400;
    std::size_t readers = 400;
    std::size_t known = 20;
    std::size_t unknown = 20;
    std::size_t lists = 100;
    std::size_t rush = 100;
    std::size_t one_place = 50;
    std::size_t killed_rush = 100;
    /// What the emulator was seeded with.
    std::size_t contacts = 2000;
    std::size_t exams = 500;
    std::size_t bookings = 5000;
};

} // namespace demo
