#include "exam_attempt.hpp"

#include "write_trouble.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace service {

using understudy::Errc;
using understudy::error_code;
using understudy::Reading;

ExamAttempt::ExamAttempt(JournaledExamDesk& desk, std::string kind, std::string exam_id, Judge judge,
                         ExamRefusal if_booked, ExamDesk::ExamHandler handler)
    : DeskAttempt{desk.timeout_}
    , desk_{desk}
    , kind_{std::move(kind)}
    , exam_id_{std::move(exam_id)}
    , judge_{std::move(judge)}
    , if_booked_{if_booked}
    , handler_{std::move(handler)} {}

void ExamAttempt::carry_out() {
    if (++rounds_ > max_rounds)
        return answer(unavailable(Errc::contended));
    result_.reset();
    survivor_.clear();
    WriteOperation operation;
    operation.kind = kind_;
    operation.locks = {desk_.exams_.lock_of(exam_id_)};
    operation.timeout = remaining();
    const auto self = shared_from_this();
    desk_.writer_.carry_out(
        std::move(operation), [self](const RecordWriter::Decided& decided) { self->decide(decided); },
        [self](error_code error, const understudy::OperationReport& report) { self->on_report(error, report); });
}

void ExamAttempt::decide(const RecordWriter::Decided& decided) {
    desk_.exams_.read({exam_id_}, options(), [self = shared_from_this(), decided](error_code error, const auto& exams) {
        if (error)
            return decided(error, {});
        self->judge(exams.front(), decided);
    });
}

void ExamAttempt::judge(const Reading<MockExam>& exam, const RecordWriter::Decided& decided) {
    if (exam.found() && exam.id != exam_id_) {
        survivor_ = exam.id;
        return decided(Errc::record_merged, {});
    }
    if (!exam.found()) {
        result_ = ExamRefusal::not_found;
        return decided(Errc::refused, {});
    }
    auto judged = judge_(exam.record);
    if (auto* refusal = std::get_if<ExamResult>(&judged)) {
        result_ = std::move(*refusal);
        return decided(Errc::refused, {});
    }
    auto& write = std::get<Write>(judged);
    if (!write.places)
        return propose(std::move(write), decided);
    // The places are counted in the database, under the exam's row: what it counts must be all there is.
    desk_.reader_.cover_bookings_of_exams(
        {exam_id_}, options(), [self = shared_from_this(), write = std::move(write), decided](error_code error) {
            if (error)
                return decided(error, {});
            self->propose(write, decided);
        });
}

void ExamAttempt::propose(Write write, const RecordWriter::Decided& decided) {
    after_ = std::move(write.after);
    understudy::Plan plan;
    if (write.places)
        plan.reservation =
            boost::json::serialize(boost::json::object{{"exam", exam_id_}, {"places_at_most", *write.places}});
    plan.writes = std::move(write.steps);
    decided({}, std::move(plan));
}

void ExamAttempt::on_report(error_code error, const understudy::OperationReport& report) {
    if (result_)
        return answer(std::move(*result_));
    if (!error)
        return answer(ExamWritten{std::move(after_), false, report.replica_pending});
    if (error == Errc::reservation_refused) {
        if (report.cause == "HAS_BOOKINGS")
            return answer(if_booked_);
        // What it was counted in changed meanwhile.
        return carry_out();
    }
    if (error == Errc::record_merged) {
        if (survivor_.empty() && !report.steps.empty())
            survivor_ = report.steps.front().key;
        if (!survivor_.empty())
            exam_id_ = survivor_;
        return carry_out();
    }
    answer(trouble_of<ExamResult>(error, ExamRefusal::refused));
}

void ExamAttempt::answer(ExamResult result) {
    std::exchange(handler_, {})(std::move(result));
}

} // namespace service
