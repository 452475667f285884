#pragma once

#include <understudy/pass_options.hpp>
#include <understudy/pass_report.hpp>

#include <functional>
#include <optional>

namespace service {

/// Brings the replica of one record type up to date; see `PeriodicReconciler`. Belongs to one executor.
class TypeReconciler {
public:
    using Handler = std::function<void(const understudy::PassReport&)>;

    virtual ~TypeReconciler() = default;

    /// The handler is called once, not before this returns.
    virtual void run_pass(understudy::PassKind kind, const understudy::PassOptions& options, Handler handler) = 0;
    virtual std::optional<understudy::PassReport> progress(understudy::PassKind kind) const = 0;
    /// From now on passes are carried out when they are due; `ended` hears of each that was.
    virtual void start(Handler ended) = 0;
    virtual void close() = 0;
};

} // namespace service
