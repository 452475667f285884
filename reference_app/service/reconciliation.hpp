#pragma once

#include "type_reconciler.hpp"

#include <understudy/pass_options.hpp>
#include <understudy/pass_report.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace service {

/// The mirrored types, in the order in which summaries name them.
enum class MirroredType : std::uint8_t { contacts, exams, bookings };
inline constexpr std::array<std::string_view, 3> mirrored_type_names{"contacts", "exams", "bookings"};

/// Passes over several types at once.
struct SyncRequest {
    understudy::PassKind kind = understudy::PassKind::full;
    /// The only type; without it, all.
    std::optional<MirroredType> only{};
    understudy::PassOptions options{};
};

/// What became of the passes; nothing for a type that was not asked for.
struct SyncReport {
    std::array<std::optional<understudy::PassReport>, 3> types{};
    std::chrono::milliseconds duration{0};

    bool success() const noexcept;
    std::size_t sum(std::size_t understudy::PassReport::*count) const noexcept;
};

/// Reconciles all types of the service on demand, one request at a time. Handlers are called on its thread.
class Reconciliation {
public:
    using Clock = std::chrono::steady_clock;
    using Now = std::function<Clock::time_point()>;
    using Handler = std::function<void(const SyncReport&)>;

    /// The reconcilers outlive it, in the order of `MirroredType`.
    explicit Reconciliation(std::array<TypeReconciler*, 3> types, Now now = &Clock::now);

    /// Whether a request is under way.
    bool running() const noexcept { return running_ != nullptr; }
    /// Begins what was asked for, and gives it a number; nothing if a request is under way. The handler is called once.
    std::optional<std::uint64_t> run(const SyncRequest& request, Handler handler);
    /// What was done so far, of the request that is under way or was the last.
    SyncReport progress() const;

private:
    struct Run;

    void finish(const std::shared_ptr<Run>& run);

    std::array<TypeReconciler*, 3> types_;
    Now now_;
    std::shared_ptr<Run> running_;
    SyncReport last_{};
    std::uint64_t runs_ = 0;
};

} // namespace service
