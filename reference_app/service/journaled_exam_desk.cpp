#include "journaled_exam_desk.hpp"

#include "exam_attempt.hpp"
#include "exam_creation.hpp"
#include "exam_rules.hpp"
#include "tokens_attempt.hpp"

#include <memory>
#include <utility>

namespace service {
namespace {

using Judged = std::variant<ExamAttempt::Write, ExamResult>;

ExamAttempt::Write write_of(const TypeWriter<MockExam>& exams, const char* name, const MockExam& exam,
                            const understudy::Patch<MockExam>& patch) {
    ExamAttempt::Write write{{exams.change(name, exam.hubspot_id, patch, {})}, exam, {}};
    write.steps.back().repeatable = true;
    patch.apply_to(write.after);
    return write;
}

// The values that an exam has of what is to be written; of a patch, or of links.
template<class Values>
Values values_before(const Values& written, const MockExam& exam) {
    Values before;
    written.for_each([&](auto member, const auto&) {
        if constexpr (Values::template takes<member.pointer>)
            before.template set<member.pointer>(exam.*member.pointer);
    });
    return before;
}

// What is changed beside each other is taken back together.
ExamAttempt::Write write_of(const TypeWriter<MockExam>& exams, const MockExam& exam, const ExamChange& change) {
    if (change.links.empty())
        return write_of(exams, "edit", exam, change.patch);
    ExamAttempt::Write write{{}, exam, {}};
    const auto& id = exam.hubspot_id;
    if (!change.patch.empty()) {
        write.steps.push_back(exams.change("edit", id, change.patch, values_before(change.patch, exam)));
        write.steps.back().repeatable = true;
    }
    write.steps.push_back(exams.associate("require", id, change.links, values_before(change.links, exam)));
    change.patch.apply_to(write.after);
    change.links.apply_to(write.after);
    return write;
}

} // namespace

JournaledExamDesk::JournaledExamDesk(RecordReader& reader, RecordWriter& writer, TypeWriter<MockExam>& exams,
                                     std::chrono::milliseconds timeout, LocalCalendar calendar, Now now)
    : reader_{reader}
    , writer_{writer}
    , exams_{exams}
    , timeout_{timeout}
    , calendar_{calendar}
    , now_{std::move(now)} {}

void JournaledExamDesk::create(ExamOrder order, ExamHandler handler) {
    std::make_shared<ExamCreation>(*this, std::move(order), std::move(handler))->start();
}

void JournaledExamDesk::change(std::string exam_id, ExamChange change, ExamHandler handler) {
    MockExam asked;
    change.links.apply_to(asked);
    understudy::ReadOptions options;
    options.stale_if_error = false;
    options.priority = understudy::Priority::write;
    options.timeout = timeout_;
    find_required(reader_, asked.prerequisite_exam_ids, options,
                  [this, exam_id = std::move(exam_id), change = std::move(change),
                   handler = std::move(handler)](std::optional<ExamResult> trouble) {
                      if (trouble)
                          return handler(std::move(*trouble));
                      change_with(exam_id, change, handler);
                  });
}

void JournaledExamDesk::change_with(std::string exam_id, ExamChange change, ExamHandler handler) {
    auto judge = [this, change = std::move(change)](const MockExam& exam) -> Judged {
        const auto& patch = change.patch;
        auto write = write_of(exams_, exam, change);
        InvalidExam invalid{new_problems(exam, write.after, calendar_)};
        if (patch.has<&MockExam::scheduled_activation_datetime>() && write.after.is_active != exam_scheduled)
            invalid.errors.emplace_back(activation_without_schedule);
        if (!invalid.errors.empty())
            return ExamResult{std::move(invalid)};
        // Fewer places than before, or as many as somebody should have had a look at.
        if (patch.has<&MockExam::capacity>() && (!exam.capacity || *write.after.capacity < *exam.capacity))
            write.places = *write.after.capacity;
        return write;
    };
    std::make_shared<ExamAttempt>(*this, "edit exam", std::move(exam_id), std::move(judge),
                                  ExamRefusal::capacity_below_bookings, std::move(handler))
        ->carry_out();
}

void JournaledExamDesk::remove(std::string exam_id, ExamHandler handler) {
    auto judge = [this](const MockExam& exam) -> Judged {
        return ExamAttempt::Write{{exams_.archive("delete", exam.hubspot_id)}, exam, 0};
    };
    std::make_shared<ExamAttempt>(*this, "delete exam", std::move(exam_id), std::move(judge), ExamRefusal::has_bookings,
                                  std::move(handler))
        ->carry_out();
}

void JournaledExamDesk::activate(std::string exam_id, ExamHandler handler) {
    auto judge = [this](const MockExam& exam) -> Judged {
        const auto& at = exam.scheduled_activation_datetime;
        if (exam.is_active != exam_scheduled || !at || *at > now_())
            return ExamResult{ExamRefusal::not_due};
        understudy::Patch<MockExam> patch;
        patch.set<&MockExam::is_active>(std::string{exam_active});
        return write_of(exams_, "activate", exam, patch);
    };
    std::make_shared<ExamAttempt>(*this, "activate exam", std::move(exam_id), std::move(judge), ExamRefusal::refused,
                                  std::move(handler))
        ->carry_out();
}

void JournaledExamDesk::set_tokens(std::string contact_id, std::vector<TokenCount> tokens, TokensHandler handler) {
    std::make_shared<TokensAttempt>(*this, std::move(contact_id), std::move(tokens), std::move(handler))->carry_out();
}

} // namespace service
