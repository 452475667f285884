#pragma once

#include <understudy/detail/operation_machine.hpp>
#include <understudy/plan.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace understudy::detail {

// A write that took effect, to be shown by the replica.
struct LandedWrite {
    PlannedWrite write{};
    std::string key{};
    Version version = no_version;
    Ticket ticket = no_ticket;
};

// What the engine of operations knows of one record type: texts in, texts out. Handlers are called on the engine's
// executor, never from inside a call.
template<class Settlement>
class Participant {
public:
    virtual ~Participant() = default;

    // `operation` is the name that the write leaves.
    virtual void send(const PlannedWrite& write, const std::string& operation, std::chrono::milliseconds timeout,
                      std::function<void(StepOutcome)> handler) = 0;
    virtual void find(const std::string& key, const std::string& operation, std::chrono::milliseconds timeout,
                      std::function<void(Landed)> handler) = 0;
    virtual Settlement settlement(const std::vector<LandedWrite>& landed) = 0;
    // Reads marked rows again; says whether there may be more.
    virtual void sweep(std::size_t limit, std::function<void(bool)> handler) = 0;
};

} // namespace understudy::detail
