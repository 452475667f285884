#pragma once

#include "booking.hpp"
#include "contact_credits.hpp"
#include "note.hpp"

#include <understudy/error.hpp>
#include <understudy/operation_report.hpp>
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

/// A few writes to contacts and bookings that belong together.
struct WriteOperation {
    /// Whoever asks with the same id again gets the same answer. Empty: one of its own.
    std::string id{};
    std::string kind{};
    /// What nobody else may write meanwhile.
    std::vector<std::string> locks{};
    /// What was asked for: the same id with another request is `Errc::different_request`.
    std::string request{};
    std::chrono::milliseconds timeout{30'000};
};

/// Writes to contacts and bookings: decided under locks, journaled, sent to the source, shown by the replica before
/// anybody is told of them. See `understudy::Operations`. Each handler is called once, from the same thread, never from
/// inside the call.
class RecordWriter {
public:
    using Decided = std::function<void(understudy::error_code, understudy::Plan)>;
    /// Decides the writes under the lock, or gives up with an error.
    using Decide = std::function<void(Decided)>;
    using ReportHandler = std::function<void(understudy::error_code, const understudy::OperationReport&)>;
    using UpdateHandler = std::function<void(understudy::error_code, const understudy::WriteReport<ContactCredits>&)>;
    using ContactHandler = std::function<void(understudy::error_code, const understudy::Reading<ContactCredits>&)>;
    using BookingsHandler =
        std::function<void(understudy::error_code, const std::vector<understudy::Reading<Booking>>&)>;

    virtual ~RecordWriter() = default;

    virtual void carry_out(WriteOperation operation, Decide decide, ReportHandler handler) = 0;

    /// Writes to one contact; to the survivor, if it was merged into another one.
    virtual void update_contact(std::string id, understudy::Patch<ContactCredits> patch,
                                std::chrono::milliseconds timeout, UpdateHandler handler) = 0;

    /// What the source says now; without an error the reading did not fail.
    virtual void read_contact(std::string id, const understudy::ReadOptions& options, ContactHandler handler) = 0;
    /// One reading for each id, in that order; without an error none of them failed.
    virtual void read_bookings(std::vector<std::string> ids, const understudy::ReadOptions& options,
                               BookingsHandler handler) = 0;

    virtual std::string lock_of_contact(const std::string& id) const = 0;
    virtual std::string lock_of_booking(const std::string& id) const = 0;

    /// `undo` takes it back if another write of the plan is refused.
    virtual understudy::PlannedWrite
    change_contact(std::string name, const std::string& id, const understudy::Patch<ContactCredits>& patch,
                   const std::optional<understudy::Patch<ContactCredits>>& undo = {}) const = 0;
    virtual understudy::PlannedWrite
    change_booking(std::string name, const std::string& id, const understudy::Patch<Booking>& patch,
                   const std::optional<understudy::Patch<Booking>>& undo = {}) const = 0;
    virtual understudy::PlannedWrite create_booking(std::string name, const Booking& booking) const = 0;
    /// For `Plan::followers`. `keys`: members that are known when other writes of the plan took effect.
    virtual understudy::PlannedWrite create_note(std::string name, const Note& note,
                                                 std::vector<understudy::KeyOf> keys = {}) const = 0;
};

} // namespace service
