#include "exam_creation.hpp"

#include "digest.hpp"
#include "write_trouble.hpp"

#include <understudy/record_json.hpp>

#include <boost/json/serialize.hpp>

#include <utility>

namespace service {
namespace {

using understudy::Errc;
using understudy::error_code;
using understudy::Reading;

constexpr std::string_view exam_write = "exam";

} // namespace

ExamCreation::ExamCreation(JournaledExamDesk& desk, ExamOrder order, ExamDesk::ExamHandler handler)
    : DeskAttempt{desk.timeout_}
    , desk_{desk}
    , order_{std::move(order)}
    , handler_{std::move(handler)} {
    request_ = digest_of({boost::json::serialize(understudy::to_json(order_.exam))});
    id_ = order_.idempotency_key.empty() ? digest_of({"exam", request_})
                                         : digest_of({"exam key", order_.idempotency_key});
}

void find_required(RecordReader& reader, std::vector<std::string> ids, const understudy::ReadOptions& options,
                   std::function<void(std::optional<ExamResult>)> then) {
    if (ids.empty())
        return then(std::nullopt);
    reader.read_exams(std::move(ids), options,
                      [then = std::move(then)](error_code error, const std::vector<Reading<MockExam>>& exams) {
                          InvalidExam invalid;
                          for (const auto& exam : exams) {
                              if (!error && exam.failed())
                                  error = exam.error ? exam.error : make_error_code(Errc::unavailable);
                              if (exam.absent())
                                  invalid.errors.push_back("prerequisite_exam_ids: there is no exam " + exam.id);
                          }
                          if (error)
                              return then(trouble_of<ExamResult>(error, ExamRefusal::refused));
                          if (!invalid.errors.empty())
                              return then(ExamResult{std::move(invalid)});
                          then(std::nullopt);
                      });
}

void ExamCreation::start() {
    find_required(desk_.reader_, order_.exam.prerequisite_exam_ids, options(),
                  [self = shared_from_this()](std::optional<ExamResult> trouble) {
                      if (trouble)
                          return self->answer(std::move(*trouble));
                      self->carry_out();
                  });
}

void ExamCreation::carry_out() {
    WriteOperation operation;
    operation.id = used_up_ == 0 ? id_ : id_ + "-" + std::to_string(used_up_ + 1);
    operation.kind = "create exam";
    operation.request = request_;
    operation.timeout = remaining();
    const auto self = shared_from_this();
    desk_.writer_.carry_out(
        std::move(operation),
        [self](const RecordWriter::Decided& decided) {
            understudy::Plan plan;
            plan.writes.push_back(self->desk_.exams_.create(std::string{exam_write}, self->order_.exam));
            decided({}, std::move(plan));
        },
        [self](error_code error, const understudy::OperationReport& report) { self->on_report(error, report); });
}

void ExamCreation::on_report(error_code error, const understudy::OperationReport& report) {
    if (error == Errc::different_request)
        return answer(ExamRefusal::key_reused);
    if (error && report.repeated && report.state == understudy::OperationState::undone)
        return again();
    if (error)
        return answer(trouble_of<ExamResult>(error, ExamRefusal::refused));
    ExamWritten written{order_.exam, report.repeated, report.replica_pending};
    if (const auto* step = report.step(exam_write))
        written.exam.hubspot_id = step->key;
    if (written.repeated && order_.idempotency_key.empty())
        return look_for(std::move(written));
    answer(std::move(written));
}

// An exam that was deleted since may be made again.
void ExamCreation::look_for(ExamWritten written) {
    desk_.exams_.read({written.exam.hubspot_id}, options(),
                      [self = shared_from_this(), written](error_code error, const auto& exams) {
                          if (error)
                              return self->answer(trouble_of<ExamResult>(error, ExamRefusal::refused));
                          if (!exams.front().found())
                              return self->again();
                          self->answer(written);
                      });
}

// The name of the operation is used up.
void ExamCreation::again() {
    constexpr int most = 100;
    if (++used_up_ > most)
        return answer(unavailable(Errc::contended));
    carry_out();
}

void ExamCreation::answer(ExamResult result) {
    std::exchange(handler_, {})(std::move(result));
}

} // namespace service
