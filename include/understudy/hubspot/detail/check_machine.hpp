#pragma once

#include <understudy/error.hpp>
#include <understudy/hubspot/detail/calls.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// Which of a record type's properties the account does not define.
class CheckMachine final : public Machine {
public:
    using signature = void(boost::system::error_code, std::vector<std::string>);

    explicit CheckMachine(std::vector<std::string> needed)
        : missing_{std::move(needed)} {}

    std::optional<AnyCall> next() override {
        if (std::exchange(asked_, true))
            return std::nullopt;
        return ReadDefinitions{[this](error_code error, const SharedNames& names) {
            std::erase_if(missing_, [&](const auto& name) { return error || names->contains(name); });
            error_ = missing_.empty() ? error : error_code{Errc::schema_mismatch};
            if (missing_.empty())
                return;
            ErrorDetail problem;
            problem.error = error_;
            problem.reason = "not defined in the account";
            problem.properties = missing_;
            problems_.push_back(std::move(problem));
        }};
    }

    error_code error() const noexcept { return error_; }
    std::vector<std::string> result() { return std::move(missing_); }

private:
    std::vector<std::string> missing_;
    bool asked_ = false;
    error_code error_{};
};

} // namespace understudy::hubspot::detail
