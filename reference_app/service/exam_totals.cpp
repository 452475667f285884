#include "exam_totals.hpp"

#include <limits>
#include <utility>

namespace service {

using understudy::Errc;
using understudy::error_code;

namespace {

constexpr std::size_t most_marks = 1000;

} // namespace

TotalStep step_for(const ExamTotal& total) noexcept {
    if (!total.live)
        return TotalStep::forget;
    if (!total.current)
        return TotalStep::wait;
    // Nobody wrote a number, and there is none to write.
    const bool same = total.shown.value_or(0) == total.counted;
    return same || total.counted > std::numeric_limits<std::int32_t>::max() ? TotalStep::forget : TotalStep::write;
}

ExamTotals::ExamTotals(TotalsLedger& ledger, RecordReader& reader, RecordWriter& writer, TypeWriter<MockExam>& exams,
                       std::chrono::milliseconds timeout)
    : ledger_{ledger}
    , reader_{reader}
    , writer_{writer}
    , exams_{exams}
    , timeout_{timeout} {}

void ExamTotals::run() {
    if (busy_ || stopped_)
        return;
    busy_ = true;
    ledger_.due(most_marks, [this](error_code error, const std::vector<ExamTotal>& totals) {
        if (error || totals.empty() || stopped_)
            busy_ = false;
        else
            begin(totals);
    });
}

void ExamTotals::begin(const std::vector<ExamTotal>& totals) {
    expect_one_more();
    std::vector<std::string> unknown;
    for (const auto& total : totals) {
        switch (step_for(total)) {
        case TotalStep::forget:
            expect_one_more();
            ended(total.marks, {});
            break;
        case TotalStep::write:
            write(total);
            break;
        case TotalStep::wait:
            unknown.push_back(total.exam_id);
            break;
        }
    }
    if (!unknown.empty()) {
        understudy::ReadOptions options;
        options.priority = understudy::Priority::background;
        options.timeout = timeout_;
        expect_one_more();
        reader_.cover_bookings_of_exams(unknown, options, [this](error_code) { arrived(); });
        expect_one_more();
        reader_.read_exams(std::move(unknown), options, [this](error_code, const auto&) { arrived(); });
    }
    arrived();
}

void ExamTotals::write(const ExamTotal& total) {
    expect_one_more();
    WriteOperation operation;
    operation.kind = "count bookings";
    operation.locks = {exams_.lock_of(total.exam_id)};
    operation.timeout = timeout_;
    auto decide = [this, exam_id = total.exam_id](const RecordWriter::Decided& decided) {
        ledger_.look_up(exam_id, [this, decided](error_code error, const std::vector<ExamTotal>& now) {
            if (error || now.size() != 1)
                return decided(error ? error : make_error_code(Errc::malformed_answer), {});
            const auto& exam = now.front();
            const auto step = step_for(exam);
            if (step != TotalStep::write)
                return decided(step == TotalStep::forget ? Errc::refused : Errc::contended, {});
            understudy::Patch<MockExam> patch;
            patch.set<&MockExam::total_bookings>(static_cast<std::int32_t>(exam.counted));
            understudy::Plan plan;
            plan.writes.push_back(exams_.change("total", exam.exam_id, patch, std::nullopt));
            plan.writes.back().repeatable = true;
            decided({}, std::move(plan));
        });
    };
    writer_.carry_out(std::move(operation), std::move(decide),
                      [this, marks = total.marks](error_code error, const auto&) { ended(marks, error); });
}

// What the source refuses it would refuse again.
void ExamTotals::ended(const std::string& marks, error_code error) {
    if (!error || error == understudy::Condition::refused || error == Errc::schema_mismatch ||
        error == Errc::record_merged)
        done_ += (done_.empty() ? "" : ",") + marks;
    arrived();
}

void ExamTotals::arrived() {
    if (--pending_ > 0)
        return;
    if (done_.empty()) {
        busy_ = false;
        return;
    }
    ledger_.forget(std::exchange(done_, {}), [this](error_code) { busy_ = false; });
}

} // namespace service
