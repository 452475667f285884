#pragma once

#include <understudy/observation.hpp>

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstdint>

namespace understudy {

/// What a store says of one key: found, absent or failed. The three never mix.
template<Record R>
struct Reading {
    using record_type = R;

    /// `live` when found; `absent`, `archived` or `erased` when the store says that there is no such record; `unknown`
    /// when it failed.
    State state = State::unknown;
    /// Why it failed; success in every other case.
    boost::system::error_code error{};
    /// The key of the record that answers. It differs from the key that was asked for when that one was merged away.
    key_t<R> id{};
    Version version = no_version;
    /// Complete when found, default-made otherwise.
    R record{};
    /// How long ago the source confirmed this; zero when the source answered just now.
    std::chrono::milliseconds age{0};
    /// A newer state is known of or suspected, and could not be read.
    bool stale = false;
    /// Which tier answered: 0 the first store that was asked, 1 its fallback, and so on.
    std::uint8_t tier = 0;

    bool found() const noexcept { return state == State::live; }
    bool failed() const noexcept { return state == State::unknown; }
    /// The store answered, and there is no such record.
    bool absent() const noexcept { return !found() && !failed(); }

    static Reading of(R record, Version version) {
        Reading reading;
        reading.state = State::live;
        reading.id = key_of(record);
        reading.version = version;
        reading.record = std::move(record);
        return reading;
    }
    static Reading none(key_t<R> id, State state = State::absent) {
        Reading reading;
        reading.state = state;
        reading.id = std::move(id);
        return reading;
    }
    static Reading failure(boost::system::error_code error) {
        Reading reading;
        reading.error = error;
        return reading;
    }
};

/// An id that a search names, with the stamp that its index holds. A search lags: it names, it does not know.
template<Record R>
struct Candidate {
    key_t<R> id{};
    Version version = no_version;

    friend bool operator==(const Candidate&, const Candidate&) = default;
};

} // namespace understudy
