#pragma once

#include <understudy/observation.hpp>
#include <understudy/record.hpp>

namespace understudy {

/// A write that took effect.
template<Record R>
struct WriteReport {
    /// The record that was written: of an update of one that had been merged into another, the survivor.
    key_t<R> key{};
    /// The source's stamp after the write, if its answer carried one.
    Version version = no_version;
    /// The replica could not be reached yet: it will follow, and may answer with older values until then.
    bool replica_pending = false;
};

} // namespace understudy
