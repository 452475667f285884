#pragma once

#include <understudy/observation.hpp>

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <utility>

namespace understudy {

/// What is known of one write at a source.
enum class WriteState : std::uint8_t {
    /// It took effect.
    applied,
    /// The source will never accept it, and nothing took effect.
    refused,
    /// The record was merged into another before; nothing took effect.
    merged,
    /// Nothing took effect, and the same write may be sent again.
    unsent,
    /// It may have taken effect, or may still do so.
    unknown,
};

/// What became of one write. "It failed" is three different things, and they never mix.
template<Record R>
struct WriteOutcome {
    WriteState state = WriteState::unknown;
    /// Success if it took effect; else why not, or why nobody knows.
    boost::system::error_code error{};
    /// The record that was written; the survivor if it was `merged`; of one that was `refused` because a unique
    /// value is taken, the record that has it, if the source named it.
    key_t<R> id{};
    /// The source's stamp after the write, if its answer carried one.
    Version version = no_version;
    /// Of a creation that was `applied`: the source's answer showed that the record is exactly what was sent, so that
    /// nobody needs to read it. False if that is not known.
    bool complete = false;

    bool applied() const noexcept { return state == WriteState::applied; }

    static WriteOutcome done(key_t<R> id, Version version) {
        WriteOutcome outcome;
        outcome.state = WriteState::applied;
        outcome.id = std::move(id);
        outcome.version = version;
        return outcome;
    }
    static WriteOutcome failure(WriteState state, boost::system::error_code error) {
        WriteOutcome outcome;
        outcome.state = state;
        outcome.error = error;
        return outcome;
    }
};

} // namespace understudy
