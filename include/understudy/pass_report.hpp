#pragma once

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace understudy {

enum class PassKind : std::uint8_t {
    /// What the source's index says to have changed.
    incremental,
    /// Everything that the source lists, and what it does not list any more.
    full,
};

/// What became of a pass.
enum class PassOutcome : std::uint8_t {
    /// It is not over.
    running,
    /// All of it was done.
    completed,
    /// It went to the end, but some records could not be read, or the brake stopped its deletes.
    incomplete,
    /// It stopped. The next one goes on from there.
    interrupted,
    /// Somebody else is at it.
    led_elsewhere,
};

/// A record that a pass could not bring up to date.
struct PassError {
    /// As `key_to_text` writes it.
    std::string key{};
    boost::system::error_code error{};
};

/// What a pass did so far, or in all. Counts are those of the whole pass, of the parts before an interruption too.
struct PassReport {
    PassKind kind = PassKind::incremental;
    PassOutcome outcome = PassOutcome::running;
    /// Why it was interrupted.
    boost::system::error_code error{};
    /// Lists and searches that were answered.
    std::size_t pages = 0;
    /// Records that they named.
    std::size_t records = 0;
    /// Rows that were written.
    std::size_t changed = 0;
    /// Live rows that the source did not list: deleted, merged or erased, as far as one can tell from a list.
    std::size_t deletes_wanted = 0;
    /// Those of them that a read by id confirmed, and whose rows say so now.
    std::size_t deletes_done = 0;
    /// More deletes are wanted than are done unasked. None was.
    bool braked = false;
    /// Records that could not be read; `errors` names the first of them.
    std::size_t failed = 0;
    std::vector<PassError> errors{};
    /// Whether it went on from where an earlier one was interrupted.
    bool resumed = false;
    /// Since it began here.
    std::chrono::milliseconds duration{0};

    /// Whether the replica is what the source was when the pass began.
    bool success() const noexcept { return outcome == PassOutcome::completed; }
};

} // namespace understudy
