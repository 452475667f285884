#pragma once

#include <understudy/detail/operation_machine.hpp>
#include <understudy/plan.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace understudy::detail {

// A write that took effect, to be shown by the replica.
struct LandedWrite {
    PlannedWrite write{};
    std::string key{};
    Version version = no_version;
    Ticket ticket = no_ticket;
    // Nobody knows what it did, or the replica cannot store it: the record is to be read again, that is all.
    bool hint_only = false;
    // See `WriteOutcome::complete`.
    bool complete = false;
};

// What came of reading marked rows again.
enum class Swept : std::uint8_t {
    all,
    more,   // there may be more of them
    failed, // the replica or the source cannot be reached
};

// What the engine of operations knows of one record type: texts in, texts out. Handlers are called on the engine's
// executor, never from inside a call.
template<class Settlement>
class Participant {
public:
    virtual ~Participant() = default;

    // `operation` is the name that the write leaves. `time` says, right before the write leaves, how long the call may
    // take; nothing is sent if that is nothing. `again`: it may have been sent before.
    virtual void send(const PlannedWrite& write, const std::string& operation, bool again,
                      std::function<std::chrono::milliseconds()> time, std::function<void(StepOutcome)> handler) = 0;
    // Whether a write took effect that may have; if so, and it was a creation, the key of the record that it made.
    virtual void find(const PlannedWrite& write, const std::string& operation, std::chrono::milliseconds timeout,
                      std::function<void(Landed, const std::string& key)> handler) = 0;
    // Nothing if there is no replica.
    virtual std::optional<Settlement> settlement(const std::vector<LandedWrite>& landed) = 0;
    // Reads marked rows again.
    virtual void sweep(std::size_t limit, std::function<void(Swept)> handler) = 0;
};

} // namespace understudy::detail
