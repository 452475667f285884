#pragma once

#include <understudy/date_time.hpp>

#include <chrono>

namespace service {

inline understudy::Timestamp wall_clock_now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

} // namespace service
