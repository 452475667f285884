#pragma once

#include <chrono>

namespace understudy::memory {

/// How long a journal in memory waits, and remembers.
struct JournalParams {
    /// How long a session may keep what it holds without renewing its lease.
    std::chrono::milliseconds lease{15'000};
    /// How long an operation that is finished is known.
    std::chrono::milliseconds retention{3'600'000};
};

} // namespace understudy::memory
