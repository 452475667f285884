#pragma once

#include <understudy/hubspot/detail/operation_probe.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// Whether writes took effect.
class FindMachine final : public Machine {
public:
    using signature = LandedSignature;
    /// An id and the name of a write.
    using Sent = std::pair<std::string, std::string>;

    FindMachine(std::string_view property, const std::vector<Sent>& sent)
        : probe_{property} {
        for (const auto& [id, operation] : sent)
            if (property.empty())
                known_.push_back({Landed::unknown, {}});
            else if (!may_be_id(id)) // no write could be sent for it
                known_.push_back({Landed::no, {}});
            else
                known_.push_back({Landed::unknown, probe_.ask(id, operation)});
    }

    std::optional<AnyCall> next() override { return probe_.next(); }

    static error_code error() noexcept { return {}; }

    std::vector<Landed> result() const {
        std::vector<Landed> result;
        result.reserve(known_.size());
        for (const auto& [landed, asked] : known_)
            result.push_back(asked ? probe_.finding(*asked).landed : landed);
        return result;
    }

private:
    OperationProbe probe_;
    std::vector<std::pair<Landed, std::optional<std::size_t>>> known_;
};

} // namespace understudy::hubspot::detail
