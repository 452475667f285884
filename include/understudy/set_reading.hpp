#pragma once

#include <understudy/reading.hpp>

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace understudy {

/// What a store says of one set: all its members, possibly none, or that it failed. A set that is empty was found to be
/// so; a set that could not be read never looks empty.
template<Record R>
struct SetReading {
    using record_type = R;

    /// Why it failed, or, beside members that are flagged stale, why they could not be confirmed.
    boost::system::error_code error{};
    /// Whether the members are known.
    bool known = false;
    /// Found readings, by ascending key, each key once; those of the page if one was asked for.
    std::vector<Reading<R>> members{};
    /// Where the next page begins; nothing on the last.
    std::optional<key_t<R>> next{};
    /// How long ago the source confirmed the set, its oldest member included.
    std::chrono::milliseconds age{0};
    /// A change of the set or of a member is known of or suspected, and could not be read.
    bool stale = false;
    /// Which tier answered: 0 the first store that was asked, 1 its fallback, and so on; the farthest that was asked
    /// for the set or for a member of it. Each member says by itself where it came from.
    std::uint8_t tier = 0;

    bool found() const noexcept { return known; }
    bool failed() const noexcept { return !known; }

    static SetReading of(std::vector<Reading<R>> members) {
        SetReading reading;
        reading.known = true;
        reading.members = std::move(members);
        return reading;
    }
    static SetReading failure(boost::system::error_code error) {
        SetReading reading;
        reading.error = error;
        return reading;
    }
};

} // namespace understudy
