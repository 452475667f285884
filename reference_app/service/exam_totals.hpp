#pragma once

#include "mock_exam.hpp"
#include "record_reader.hpp"
#include "record_writer.hpp"
#include "type_writer.hpp"

#include <understudy/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace service {

/// What the replica knows of the number of an exam's bookings.
struct ExamTotal {
    std::string exam_id;
    /// The marks that say that it may have changed; opaque.
    std::string marks;
    /// Whether there is such an exam.
    bool live = false;
    /// Whether the rest may be believed.
    bool current = false;
    /// Bookings that take a place.
    std::int64_t counted = 0;
    /// What the exam itself says.
    std::optional<std::int64_t> shown;
};

enum class TotalStep : std::uint8_t {
    forget, // there is nothing to do
    write,  // the exam says something else
    wait,   // until more is known
};

TotalStep step_for(const ExamTotal& total) noexcept;

/// The marks of exams whose number of bookings may have changed: made in the transactions that change bookings, so that
/// none is lost. See `migrations/0008_exam_totals.sql`. Each handler is called once, from the same thread, never from
/// inside the call.
class TotalsLedger {
public:
    using TotalsHandler = std::function<void(understudy::error_code, std::vector<ExamTotal>)>;
    using Done = std::function<void(understudy::error_code)>;

    virtual ~TotalsLedger() = default;

    /// Marked exams, up to `limit` marks, those marked first.
    virtual void due(std::size_t limit, TotalsHandler handler) = 0;
    /// One exam, without marks.
    virtual void look_up(std::string exam_id, TotalsHandler handler) = 0;
    virtual void forget(std::string marks, Done done) = 0;
};

/// Brings `total_bookings` of exams up to date at the source, after those are answered who changed it; many changes of
/// one exam are one write, and many exams one call. A mark goes when what it stands for is at the source, so a crash
/// loses nothing. Counted and written under the exam's lock: of two processes the later one counts what the former
/// wrote. (A request whose answer is lost is simply repeated. Should it land after a later one, the exam is wrong until
/// its next booking: places are counted, never taken from there.)
///
/// Belongs to the executor of what it asks, and outlives what it asked.
class ExamTotals {
public:
    ExamTotals(TotalsLedger& ledger, RecordReader& reader, RecordWriter& writer, TypeWriter<MockExam>& exams,
               std::chrono::milliseconds timeout);

    /// Looks for what is due, unless it is still busy with what was due before.
    void run();
    /// Looks for nothing more.
    void stop() { stopped_ = true; }

private:
    void begin(const std::vector<ExamTotal>& totals);
    void write(const ExamTotal& total);
    void ended(const std::string& marks, understudy::error_code error);
    void expect_one_more() { ++pending_; }
    void arrived();

    TotalsLedger& ledger_;
    RecordReader& reader_;
    RecordWriter& writer_;
    TypeWriter<MockExam>& exams_;
    std::chrono::milliseconds timeout_;
    /// Marks of what is done.
    std::string done_;
    std::size_t pending_ = 0;
    bool busy_ = false;
    bool stopped_ = false;
};

} // namespace service
