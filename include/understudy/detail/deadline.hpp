#pragma once

#include <algorithm>
#include <chrono>

namespace understudy::detail {

// The moment `timeout` from now; a time-out of any size will do.
template<class Clock>
typename Clock::time_point deadline_after(std::chrono::milliseconds timeout) {
    const auto now = Clock::now();
    const auto most = std::chrono::floor<std::chrono::milliseconds>(Clock::time_point::max() - now);
    return now + std::clamp(timeout, std::chrono::milliseconds{0}, most);
}

// What is left until then, never below zero.
template<class Clock>
std::chrono::milliseconds time_until(typename Clock::time_point deadline) {
    return std::max(std::chrono::floor<std::chrono::milliseconds>(deadline - Clock::now()),
                    std::chrono::milliseconds{0});
}

} // namespace understudy::detail
