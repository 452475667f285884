#pragma once

#include <understudy/write_action.hpp>

#include <optional>
#include <string>
#include <vector>

namespace understudy {

/// A member that gets the key of the record that a write wrote.
struct KeyOf {
    std::string member{};
    std::string write{};

    friend bool operator==(const KeyOf&, const KeyOf&) = default;
};

/// One write of a plan, as text, so that whoever recovers it needs nothing else. Made by the `WriteThroughSync` of its
/// record type (`update_step`, `create_step`, `associate_step`, `archive_step`).
struct PlannedWrite {
    /// Names the write within its plan.
    std::string name{};
    /// The record type's name.
    std::string record{};
    WriteAction action = WriteAction::update;
    /// The record's key; empty for a creation.
    std::string key{};
    /// The patch, the links or the new record, as JSON; empty for an archiving.
    std::string values{};
    /// What takes it back if another write of the plan is refused: for an update and an association what is then
    /// written, as JSON; for a creation anything: the record is archived. Nothing if it cannot be taken back.
    std::optional<std::string> undo{};
    /// Whether it may be sent again when nobody knows what became of it: it then changes nothing, or the source says
    /// that it was there before.
    bool repeatable = false;
    /// Of a creation that is not `repeatable`: whether its source can be asked for the record that it made, if nobody
    /// knows whether it made one. See `RecordTraits<R>::creations_share`.
    bool findable = false;
    /// Of a follower: members of `values` that name records which its operation wrote; each text is the key of the
    /// record that the write of that name wrote.
    std::vector<KeyOf> keys{};
};

/// The writes that make up an operation. They are sent side by side; if one is refused, those that took effect are
/// taken back.
struct Plan {
    std::vector<PlannedWrite> writes{};
    /// The caller's own words about the operation: kept with it, and returned with its report, also to whoever asks for
    /// it again.
    std::string context{};
    /// What the operation needs beside its locks: see `Decision::reservation`.
    std::string reservation{};
    /// Operations of their own that begin when this one is done, in the same transaction, each named after its only
    /// write. Nobody waits for them.
    std::vector<PlannedWrite> followers{};
};

} // namespace understudy
