#pragma once

#include "cancel_terms.hpp"
#include "desk_attempt.hpp"
#include "journaled_booking_desk.hpp"

#include <understudy/operation_report.hpp>
#include <understudy/plan.hpp>
#include <understudy/reading.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace service {

/// Cancellations that are asked for together, until they are answered.
class CancelAttempt final : public DeskAttempt, public std::enable_shared_from_this<CancelAttempt> {
public:
    /// No contact: bookings that are nobody's.
    CancelAttempt(JournaledBookingDesk& desk, std::string contact_id, std::vector<Cancellation> cancellations,
                  CancelTerms terms, BookingDesk::CancelHandler handler);

    void carry_out();

private:
    struct Item {
        std::string id;
        std::optional<std::string> reason{};
        std::optional<CancelResult> result{};
        std::optional<CreditField> refunded{};
        /// The first item that means the same booking.
        std::optional<std::size_t> repeats{};
    };

    void decide(const RecordWriter::Decided& decided);
    void judge(const RecordWriter::Decided& decided);
    std::optional<CancelRefusal> objection(const understudy::Reading<Booking>& booking) const;
    understudy::Plan plan();
    void on_report(understudy::error_code error, const understudy::OperationReport& report);
    void fail_rest(const CancelResult& result);
    void finish();

    JournaledBookingDesk& desk_;
    std::string contact_id_;
    /// It and what it was merged into.
    std::vector<std::string> owners_;
    CancelTerms terms_;
    BookingDesk::CancelHandler handler_;
    std::vector<Item> items_;
    /// Those that have no result yet, in the order of the readings.
    std::vector<std::size_t> open_;
    understudy::Reading<ContactCredits> contact_{};
    std::vector<understudy::Reading<Booking>> bookings_;
    understudy::Timestamp cancelled_at_{};
    std::string survivor_;
    bool decided_nothing_ = false;
    int rounds_ = 0;
};

} // namespace service
