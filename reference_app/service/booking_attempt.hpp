#pragma once

#include "booking_requirements.hpp"
#include "desk_attempt.hpp"
#include "journaled_booking_desk.hpp"

#include <understudy/operation_report.hpp>
#include <understudy/plan.hpp>
#include <understudy/reading.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace service {

/// One booking that is asked for, until it is answered.
class BookingAttempt final : public DeskAttempt, public std::enable_shared_from_this<BookingAttempt> {
public:
    using Reasons = JournaledBookingDesk::Reasons;

    BookingAttempt(JournaledBookingDesk& desk, BookingOrder order, BookingDesk::BookHandler handler);
    ~BookingAttempt();

    void start();

private:
    /// What a decision rests on.
    struct Facts {
        understudy::Reading<ContactCredits> contact{};
        understudy::Reading<MockExam> exam{};
        /// The contact's.
        std::vector<Booking> bookings{};
    };

    void name();
    void carry_out();
    void decide(const RecordWriter::Decided& decided);
    void judge(const RecordWriter::Decided& decided);
    /// The first rule that the booking breaks.
    std::optional<BookingRefused> objection() const;
    understudy::Plan plan() const;
    void read_facts(bool under_lock, std::function<void(understudy::error_code)> then);
    void on_report(understudy::error_code error, const understudy::OperationReport& report);
    void retry(understudy::error_code error);
    void answer(BookResult result);

    std::string student() const;
    bool is_booked(const std::string& exam_id) const;

    JournaledBookingDesk& desk_;
    BookingOrder order_;
    BookingDesk::BookHandler handler_;
    std::string contact_id_;
    std::string exam_id_;
    /// The operation's, before the number of the attempt.
    std::string id_;
    std::string request_;
    std::shared_ptr<Reasons> reasons_;
    Facts facts_;
    int rounds_ = 0;
    /// Operations of this name that were taken back before.
    int undone_ = 0;
};

} // namespace service
