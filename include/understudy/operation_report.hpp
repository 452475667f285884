#pragma once

#include <understudy/journal.hpp>
#include <understudy/observation.hpp>

#include <boost/system/error_code.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace understudy {

/// What became of one write of an operation.
struct StepReport {
    std::string name{};
    /// The record that was written; of one that had been merged into another before, the survivor.
    std::string key{};
    Version version = no_version;
    /// Why it was refused.
    boost::system::error_code error{};
};

/// What became of an operation.
struct OperationReport {
    std::string id{};
    OperationState state = OperationState::open;
    /// It had been carried out before, for somebody who asked with the same id.
    bool repeated = false;
    /// It took effect at the source, and the replica could not be reached within `OperationParams::settle_patience`: it
    /// will follow, and may answer with older values until then.
    bool replica_pending = false;
    /// What `Plan::context` said.
    std::string context{};
    /// The writes, in the order of the plan.
    std::vector<StepReport> steps{};
    /// Why nothing took effect, in words.
    std::string cause{};

    const StepReport* step(std::string_view name) const noexcept {
        for (const auto& step : steps)
            if (step.name == name)
                return &step;
        return nullptr;
    }
};

} // namespace understudy
