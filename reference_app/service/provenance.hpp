#pragma once

#include <chrono>

namespace service {

/// Where an answer comes from, and how far it may be believed.
struct Provenance {
    /// The replica answered, without asking the source for this answer.
    bool from_replica = false;
    /// How long ago the source confirmed the oldest of what the answer rests on.
    std::chrono::milliseconds age{0};
    /// A newer state is suspected and could not be read.
    bool stale = false;

    friend bool operator==(const Provenance&, const Provenance&) = default;
};

} // namespace service
