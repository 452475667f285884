#pragma once

#include <understudy/error.hpp>
#include <understudy/patch.hpp>
#include <understudy/plan.hpp>
#include <understudy/read_options.hpp>
#include <understudy/reading.hpp>
#include <understudy/write_report.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace service {

/// Writes to records of one type, and the parts that they play in operations. Each handler is called once, from the
/// same thread, never from inside the call.
template<class R>
class TypeWriter {
public:
    using UpdateHandler = std::function<void(understudy::error_code, const understudy::WriteReport<R>&)>;
    using ReadHandler = std::function<void(understudy::error_code, const std::vector<understudy::Reading<R>>&)>;

    virtual ~TypeWriter() = default;

    /// Writes to one record; to the survivor, if it was merged into another one.
    virtual void update(std::string id, understudy::Patch<R> patch, std::chrono::milliseconds timeout,
                        UpdateHandler handler) = 0;
    /// What the source says now: one reading for each id, in that order; without an error none of them failed.
    virtual void read(std::vector<std::string> ids, const understudy::ReadOptions& options, ReadHandler handler) = 0;

    virtual std::string lock_of(const std::string& id) const = 0;
    /// `undo` takes it back if another write of the plan is refused.
    virtual understudy::PlannedWrite change(std::string name, const std::string& id, const understudy::Patch<R>& patch,
                                            const std::optional<understudy::Patch<R>>& undo) const = 0;
    /// The same of links.
    virtual understudy::PlannedWrite associate(std::string name, const std::string& id,
                                               const understudy::Links<R>& links,
                                               const std::optional<understudy::Links<R>>& undo) const = 0;
    virtual understudy::PlannedWrite create(std::string name, const R& record) const = 0;
    virtual understudy::PlannedWrite archive(std::string name, const std::string& id) const = 0;
};

} // namespace service
