#include "journaled_admin_desk.hpp"

#include "admin_cancel_attempt.hpp"
#include "attendance_attempt.hpp"

#include <memory>
#include <utility>

namespace service {

using understudy::error_code;
using understudy::Reading;

JournaledAdminDesk::JournaledAdminDesk(JournaledBookingDesk& desk)
    : desk_{desk} {}

void JournaledAdminDesk::book(BookingOrder order, AdminOverride rights, BookHandler handler) {
    order.by_admin = rights;
    desk_.book(std::move(order), std::move(handler));
}

void JournaledAdminDesk::cancel(AdminCancellation cancellation, CancelHandler handler) {
    CancelTerms terms;
    terms.refund = cancellation.refund;
    terms.admin = std::move(cancellation.admin);
    auto cancel = [this, bookings = std::move(cancellation.bookings), terms = std::move(terms),
                   handler = std::move(handler)](ExamIds exams) mutable {
        auto* ids = std::get_if<std::vector<std::string>>(&exams);
        if (!ids)
            return handler(std::holds_alternative<ExamNotFound>(exams)
                               ? AdminCancelResult{ExamNotFound{}}
                               : AdminCancelResult{std::get<SourceUnavailable>(exams)});
        terms.exams = std::move(*ids);
        std::make_shared<AdminCancelAttempt>(desk_, std::move(bookings), std::move(terms), std::move(handler))->start();
    };
    if (cancellation.exam_id.empty())
        cancel(std::vector<std::string>{});
    else
        find_exam(std::move(cancellation.exam_id), std::move(cancel));
}

void JournaledAdminDesk::mark_attendance(std::string exam_id, std::vector<AttendanceMark> marks,
                                         AttendanceHandler handler) {
    find_exam(
        std::move(exam_id), [this, marks = std::move(marks), handler = std::move(handler)](ExamIds exams) mutable {
            auto* ids = std::get_if<std::vector<std::string>>(&exams);
            if (!ids)
                return handler(std::holds_alternative<ExamNotFound>(exams)
                                   ? AttendanceResults{ExamNotFound{}}
                                   : AttendanceResults{std::get<SourceUnavailable>(exams)});
            std::make_shared<AttendanceAttempt>(desk_, std::move(*ids), std::move(marks), std::move(handler))->start();
        });
}

void JournaledAdminDesk::find_exam(std::string id, std::function<void(ExamIds)> handler) {
    understudy::ReadOptions options;
    options.stale_if_error = false;
    options.priority = understudy::Priority::write;
    options.timeout = desk_.timeout_;
    desk_.reader_.read_exams(
        {id}, options,
        [id, handler = std::move(handler)](error_code error, const std::vector<Reading<MockExam>>& exams) {
            if (!error && (exams.size() != 1 || exams.front().failed()))
                error = exams.empty() || !exams.front().error ? make_error_code(understudy::Errc::unavailable)
                                                              : exams.front().error;
            if (error)
                return handler(unavailable(error));
            if (!exams.front().found())
                return handler(ExamNotFound{});
            std::vector<std::string> ids{id};
            if (exams.front().id != id)
                ids.push_back(exams.front().id);
            handler(std::move(ids));
        });
}

} // namespace service
