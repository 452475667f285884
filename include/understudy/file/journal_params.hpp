#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace understudy::file {

/// Where a journal in a file is, how long it waits and remembers, and how long its file grows.
struct JournalParams {
    /// The file. Its folder exists; beside it are `<path>.lock`, which stays, and now and then `<path>.new`.
    std::string path{};
    /// How long a session may keep what it holds without renewing its lease.
    std::chrono::milliseconds lease{15'000};
    /// How long an operation that is finished is known; time in which nobody has the journal open does not count. All
    /// that is known is in memory.
    std::chrono::milliseconds retention{3'600'000};
    /// The file is written anew, with what is still known alone, when it has more bytes than this and is four times as
    /// long as it was when that was done last.
    std::uint64_t compact_above = 1 << 20;
};

} // namespace understudy::file
