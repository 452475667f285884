#pragma once

#include "admin_desk.hpp"
#include "desk_attempt.hpp"
#include "journaled_booking_desk.hpp"

#include <understudy/operation_report.hpp>
#include <understudy/reading.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace service {

/// Marks of who came to an exam, until they are answered.
class AttendanceAttempt final : public DeskAttempt, public std::enable_shared_from_this<AttendanceAttempt> {
public:
    /// The exam by all the ids that it has.
    AttendanceAttempt(JournaledBookingDesk& desk, std::vector<std::string> exams, std::vector<AttendanceMark> marks,
                      AdminDesk::AttendanceHandler handler);

    void start();

private:
    void carry_out(std::size_t at);
    void decide(std::size_t at, const RecordWriter::Decided& decided);
    /// What there is to say without a write; nothing if the mark is to be written.
    std::optional<AttendanceResult> judge(std::size_t at, const understudy::Reading<Booking>& booking) const;
    void on_report(std::size_t at, understudy::error_code error, const understudy::OperationReport& report);

    JournaledBookingDesk& desk_;
    std::vector<std::string> exams_;
    std::vector<AttendanceMark> marks_;
    AdminDesk::AttendanceHandler handler_;
    std::vector<std::optional<AttendanceResult>> results_;
};

} // namespace service
