#pragma once

#include "desk_attempt.hpp"
#include "journaled_exam_desk.hpp"

#include <understudy/operation_report.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace service {

/// Looks for the exams that one is to require; calls `then` with why that cannot be, or nothing if they are all there.
void find_required(RecordReader& reader, std::vector<std::string> ids, const understudy::ReadOptions& options,
                   std::function<void(std::optional<ExamResult>)> then);

/// An exam that is to be made, until it is answered.
class ExamCreation final : public DeskAttempt, public std::enable_shared_from_this<ExamCreation> {
public:
    ExamCreation(JournaledExamDesk& desk, ExamOrder order, ExamDesk::ExamHandler handler);

    void start();

private:
    void carry_out();
    void on_report(understudy::error_code error, const understudy::OperationReport& report);
    void look_for(ExamWritten written);
    void again();
    void answer(ExamResult result);

    JournaledExamDesk& desk_;
    ExamOrder order_;
    ExamDesk::ExamHandler handler_;
    std::string id_;
    std::string request_;
    /// How many operations of this name came to nothing.
    int used_up_ = 0;
};

} // namespace service
