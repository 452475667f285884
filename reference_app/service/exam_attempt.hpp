#pragma once

#include "desk_attempt.hpp"
#include "journaled_exam_desk.hpp"

#include <understudy/operation_report.hpp>
#include <understudy/plan.hpp>
#include <understudy/reading.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace service {

/// One write to an exam that is there, until it is answered.
class ExamAttempt final : public DeskAttempt, public std::enable_shared_from_this<ExamAttempt> {
public:
    /// What is to be written to the exam.
    struct Write {
        std::vector<understudy::PlannedWrite> steps;
        /// The exam after that.
        MockExam after;
        /// How many places bookings may hold at most for it to be done; nothing if that does not matter.
        std::optional<std::int64_t> places{};
    };
    /// Decides under the exam's lock: what is written, or why nothing is.
    using Judge = std::function<std::variant<Write, ExamResult>(const MockExam& exam)>;

    /// `if_booked` is the answer where bookings hold more places than the write leaves.
    ExamAttempt(JournaledExamDesk& desk, std::string kind, std::string exam_id, Judge judge, ExamRefusal if_booked,
                ExamDesk::ExamHandler handler);

    void carry_out();

private:
    void decide(const RecordWriter::Decided& decided);
    void judge(const understudy::Reading<MockExam>& exam, const RecordWriter::Decided& decided);
    void propose(Write write, const RecordWriter::Decided& decided);
    void on_report(understudy::error_code error, const understudy::OperationReport& report);
    void answer(ExamResult result);

    JournaledExamDesk& desk_;
    std::string kind_;
    std::string exam_id_;
    Judge judge_;
    ExamRefusal if_booked_;
    ExamDesk::ExamHandler handler_;
    std::optional<ExamResult> result_;
    MockExam after_;
    std::string survivor_;
    int rounds_ = 0;
};

} // namespace service
