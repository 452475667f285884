#pragma once

#include "exam_desk.hpp"
#include "local_calendar.hpp"
#include "record_reader.hpp"
#include "record_writer.hpp"
#include "type_writer.hpp"
#include "wall_clock.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace service {

/// Carries out what admins ask of exams and of students' credits as operations, each decided under the lock of its
/// record from what the source says of it then.
///
/// An exam bears no name of its last write, so a change that was not answered is sent again: what it says is absolute,
/// and nobody else writes the exam meanwhile. A creation is never sent twice: if nobody knows whether it took effect,
/// it becomes a dead letter, which whoever asks for the same exam joins until somebody has looked.
///
/// Belongs to the executor of its reader and writers, and outlives what is asked of it.
class JournaledExamDesk final : public ExamDesk {
public:
    using Now = std::function<understudy::Timestamp()>;

    /// `timeout` is how long an asker waits; what was sent by then goes on.
    JournaledExamDesk(RecordReader& reader, RecordWriter& writer, TypeWriter<MockExam>& exams,
                      std::chrono::milliseconds timeout, LocalCalendar calendar = LocalCalendar{},
                      Now now = &wall_clock_now);

    void create(ExamOrder order, ExamHandler handler) override;
    void change(std::string exam_id, ExamChange change, ExamHandler handler) override;
    void remove(std::string exam_id, ExamHandler handler) override;
    void activate(std::string exam_id, ExamHandler handler) override;
    void set_tokens(std::string contact_id, std::vector<TokenCount> tokens, TokensHandler handler) override;

private:
    friend class ExamAttempt;
    friend class ExamCreation;
    friend class TokensAttempt;

    // The exams that it is to require are there.
    void change_with(std::string exam_id, ExamChange change, ExamHandler handler);

    RecordReader& reader_;
    RecordWriter& writer_;
    TypeWriter<MockExam>& exams_;
    std::chrono::milliseconds timeout_;
    LocalCalendar calendar_;
    Now now_;
};

} // namespace service
