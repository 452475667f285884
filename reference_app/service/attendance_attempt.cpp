#include "attendance_attempt.hpp"

#include "validation.hpp"
#include "write_trouble.hpp"

#include <algorithm>
#include <utility>

namespace service {
namespace {

using understudy::Errc;
using understudy::error_code;
using understudy::Patch;
using understudy::Reading;

constexpr std::string_view attendance_write = "attendance";

std::optional<std::string> attendance_of(std::optional<bool> attended) {
    return attended ? std::optional<std::string>{*attended ? "Yes" : "No"} : std::nullopt;
}

std::string status_of(std::optional<bool> attended) {
    return attended ? "Completed" : "Active";
}

} // namespace

AttendanceAttempt::AttendanceAttempt(JournaledBookingDesk& desk, std::vector<std::string> exams,
                                     std::vector<AttendanceMark> marks, AdminDesk::AttendanceHandler handler)
    : DeskAttempt{desk.timeout_}
    , desk_{desk}
    , exams_{std::move(exams)}
    , marks_{std::move(marks)}
    , handler_{std::move(handler)}
    , results_(marks_.size()) {}

void AttendanceAttempt::start() {
    side_by_side(
        [this] {
            for (std::size_t at = 0; at < marks_.size(); ++at)
                if (is_record_id(marks_[at].record_id))
                    carry_out(at);
                else
                    results_[at] = AttendanceRefusal::not_found;
        },
        [self = shared_from_this()](error_code) {
            std::vector<AttendanceResult> results;
            for (auto& result : self->results_)
                results.push_back(std::move(*result));
            std::exchange(self->handler_, {})(std::move(results));
        });
}

// Whoever cancels the booking locks it, too.
void AttendanceAttempt::carry_out(std::size_t at) {
    expect_one_more();
    WriteOperation operation;
    operation.kind = "attendance";
    operation.locks = {desk_.writer_.lock_of_booking(marks_[at].record_id)};
    operation.timeout = remaining();
    const auto self = shared_from_this();
    desk_.writer_.carry_out(
        std::move(operation), [self, at](const RecordWriter::Decided& decided) { self->decide(at, decided); },
        [self, at](error_code error, const understudy::OperationReport& report) {
            self->on_report(at, error, report);
            self->arrived({});
        });
}

void AttendanceAttempt::decide(std::size_t at, const RecordWriter::Decided& decided) {
    results_[at].reset();
    desk_.writer_.read_bookings(
        {marks_[at].record_id}, options(),
        [self = shared_from_this(), at, decided](error_code error, const std::vector<Reading<Booking>>& bookings) {
            if (error)
                return decided(error, {});
            self->results_[at] = self->judge(at, bookings.front());
            if (self->results_[at])
                return decided(Errc::refused, {});
            const auto attended = self->marks_[at].attended;
            Patch<Booking> patch;
            patch.set<&Booking::attendance>(attendance_of(attended)).set<&Booking::is_active>(status_of(attended));
            understudy::Plan plan;
            plan.writes.push_back(
                self->desk_.writer_.change_booking(std::string{attendance_write}, self->marks_[at].record_id, patch));
            decided({}, std::move(plan));
        });
}

std::optional<AttendanceResult> AttendanceAttempt::judge(std::size_t at, const Reading<Booking>& booking) const {
    using enum AttendanceRefusal;
    if (!booking.found())
        return not_found;
    const auto& exam = booking.record.associated_mock_exam;
    if (!exam || std::find(exams_.begin(), exams_.end(), *exam) == exams_.end())
        return other_exam;
    if (booking.record.is_active == "Cancelled")
        return cancelled;
    const auto attended = marks_[at].attended;
    if (booking.record.is_active == status_of(attended) &&
        booking.record.attendance.value_or("") == attendance_of(attended).value_or(""))
        return AttendanceMarked{attended, true, false};
    return std::nullopt;
}

void AttendanceAttempt::on_report(std::size_t at, error_code error, const understudy::OperationReport& report) {
    if (results_[at])
        return;
    if (error)
        results_[at] = trouble_of<AttendanceResult>(error, AttendanceRefusal::refused);
    else
        results_[at] = AttendanceMarked{marks_[at].attended, false, report.replica_pending};
}

} // namespace service
