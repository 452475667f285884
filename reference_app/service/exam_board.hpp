#pragma once

#include "config.hpp"
#include "exam_board_sql.hpp"
#include "exam_directory.hpp"
#include "local_calendar.hpp"
#include "record_reader.hpp"
#include "replica_database.hpp"
#include "wall_clock.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace service {

/// How an `ExamBoard` answered its questions.
struct ExamBoardStats {
    /// At once, from the replica.
    std::uint64_t hits = 0;
    /// After something was read.
    std::uint64_t misses = 0;
    /// Flagged stale.
    std::uint64_t stale_answers = 0;
    /// Not at all.
    std::uint64_t failures = 0;
};

/// Questions about exams and their places, answered by the database as sets: one statement says what the answer is and
/// whether it may be believed. What may not is read from the source, and the question asked again, a few times at most.
/// While the source fails, an answer of which everything was known once is given flagged stale, unless the asker
/// demands a recent one; nothing is made up for what was never known.
///
/// Belongs to the database's executor, and outlives the questions.
class ExamBoard final : public ExamDirectory {
public:
    using Now = std::function<understudy::Timestamp()>;
    using IdsHandler = std::function<void(understudy::error_code, std::vector<std::string>)>;

    ExamBoard(ReplicaDatabase database, RecordReader& reader, const ReadingParams& params,
              LocalCalendar calendar = LocalCalendar{}, Now now = &wall_clock_now);

    void available(AvailableQuestion question, AvailableHandler handler) override;
    void capacity(std::string exam_id, CapacityHandler handler) override;

    /// The exams of a kind that are on offer as the replica knows them now, next first.
    void on_offer(MockType type, IdsHandler handler);
    /// The scheduled exams whose time is up by then as the replica knows them now.
    void due(understudy::Timestamp by, IdsHandler handler);

    const ExamBoardStats& stats() const noexcept { return stats_; }

private:
    template<class Answer>
    friend class Inquiry;
    using StatementPtr = ReplicaDatabase::StatementPtr;

    void list_ids(const StatementPtr& statement, understudy::postgres::Parameters parameters, IdsHandler handler);
    understudy::Date today() const { return calendar_.today(now_()); }

    ReplicaDatabase database_;
    RecordReader& reader_;
    ReadingParams params_;
    LocalCalendar calendar_;
    Now now_;
    StatementPtr available_;
    StatementPtr capacity_;
    StatementPtr on_offer_;
    StatementPtr due_;
    ExamBoardStats stats_;
};

} // namespace service
