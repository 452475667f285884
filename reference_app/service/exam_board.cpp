#include "exam_board.hpp"

#include <understudy/postgres/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

namespace service {
namespace {

namespace postgres = understudy::postgres;
using namespace std::chrono_literals;
using postgres::Parameters;
using postgres::Result;
using understudy::Errc;
using understudy::error_code;
using understudy::Freshness;
using understudy::Reading;
using understudy::ReadOptions;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How often the source is asked for one answer: sets and exams may be found too old one after the other, and may change
// meanwhile.
constexpr int max_rounds = 6;
constexpr auto realtime_age = 60s;

/// What has to be read before the answer may be believed.
struct Needs {
    bool all_exams = false;
    std::vector<std::string> bookings_of_exams;
    std::vector<std::string> exams;
    /// Something is missing or suspected to have changed, not merely old.
    bool hinted = false;

    bool none() const { return !all_exams && bookings_of_exams.empty() && exams.empty(); }
};

template<class Answer>
struct Finding {
    Answer answer{};
    /// Of the oldest thing that the answer rests on.
    milliseconds age{0};
    /// Everything that the answer rests on was known once.
    bool complete = true;
    Needs needs{};

    /// Notes a set or row that the answer rests on; returns whether it has to be read.
    bool rests_on(const Freshness& limit, bool known, bool current, std::optional<std::int64_t> ms) {
        const milliseconds since{std::max<std::int64_t>(ms.value_or(0), 0)};
        if (known)
            age = std::max(age, since);
        complete = complete && known;
        const bool hinted = !known || !current;
        needs.hinted = needs.hinted || hinted;
        return hinted || !limit.accepts(false, since);
    }
};

/// The columns of one row, from left to right.
class Columns {
public:
    Columns(const Result& result, std::size_t row, std::size_t first = 0)
        : result_{result}
        , row_{row}
        , column_{first} {}

    template<class T>
    T take() {
        T value{};
        good_ = result_.get(row_, column_++, value) && good_;
        return value;
    }
    bool good() const { return good_; }

private:
    const Result& result_;
    std::size_t row_;
    std::size_t column_;
    bool good_ = true;
};

using Text = std::optional<std::string>;
using Count = std::optional<std::int64_t>;
using Moment = std::optional<understudy::Timestamp>;
using Number = std::optional<std::int32_t>;

bool read_capacity(const Result& result, const Freshness& limit, Finding<ExamCapacity>& found) {
    Columns columns{result, 0};
    const auto live = columns.take<bool>();
    const auto exam_current = columns.take<bool>();
    auto& places = found.answer.places;
    places.capacity = columns.take<Number>();
    const auto exam_age = columns.take<Count>();
    const auto covered = columns.take<bool>();
    const auto current = columns.take<bool>();
    const auto age = columns.take<Count>();
    places.taken = columns.take<std::int64_t>();
    const auto& id = found.answer.mock_exam_id;
    if (found.rests_on(limit, live, exam_current, exam_age))
        found.needs.exams = {id};
    if (found.rests_on(limit, covered, current, age))
        found.needs.bookings_of_exams = {id};
    return columns.good();
}

bool read_available(const Result& result, const Freshness& limit, const AvailableQuestion& question,
                    Finding<ExamsOnOffer>& found) {
    bool good = result.rows() > 0;
    for (std::size_t row = 0; row < result.rows() && good; ++row) {
        Columns columns{result, row};
        const auto covered = columns.take<bool>();
        const auto current = columns.take<bool>();
        const auto age = columns.take<Count>();
        if (row == 0)
            found.needs.all_exams = found.rests_on(limit, covered, current, age);
        const auto id = columns.take<Text>();
        if (!id)
            return columns.good();
        ExamOnOffer exam;
        exam.mock_exam_id = *id;
        exam.mock_type = question.mock_type;
        exam.exam_date = columns.take<understudy::Date>();
        exam.start_time = columns.take<Moment>();
        exam.end_time = columns.take<Moment>();
        exam.location = columns.take<Text>();
        exam.capacity = columns.take<Number>();
        const auto counted = columns.take<bool>();
        const auto counts = columns.take<bool>();
        const auto counted_ago = columns.take<Count>();
        const auto taken = columns.take<std::int64_t>();
        if (question.with_counts) {
            exam.places = Places{exam.capacity, taken};
            if (found.rests_on(limit, counted, counts, counted_ago))
                found.needs.bookings_of_exams.push_back(*id);
        }
        found.answer.exams.push_back(std::move(exam));
        good = columns.good();
    }
    return good;
}

} // namespace

/// One question on its way.
template<class Answer>
class Inquiry : public std::enable_shared_from_this<Inquiry<Answer>> {
public:
    using Read = std::function<bool(const Result&, const Freshness&, Finding<Answer>&)>;
    using Readings = std::vector<Reading<MockExam>>;
    enum class Turn : std::uint8_t { none, ended, moved };

    ExamBoard& board;
    ExamBoard::StatementPtr statement;
    Parameters parameters;
    Read read;
    std::function<void(Answer)> answer;
    std::function<void(SourceUnavailable)> fail;
    std::function<void(ReplicaUnavailable)> refuse;
    /// What was read of exams; says whether that ends the question, or makes it one about another exam.
    std::function<Turn(const Readings&)> on_exams = [](const Readings&) { return Turn::none; };
    bool realtime = false;

    template<class Result>
    Inquiry(ExamBoard& of, ExamBoard::StatementPtr by, Parameters with, Read how,
            const std::function<void(Result)>& handler)
        : board{of}
        , statement{std::move(by)}
        , parameters{std::move(with)}
        , read{std::move(how)}
        , answer{handler}
        , fail{handler}
        , refuse{handler}
        , deadline_{Clock::now() + of.params_.timeout} {}

    void ask() {
        postgres::ExecuteOptions options;
        options.read_only = true;
        board.database_.execute(
            statement, parameters, options,
            [self = this->shared_from_this()](error_code error, const Result& result) { self->judge(error, result); });
    }

private:
    void judge(error_code error, const Result& result) {
        Finding<Answer> found;
        const auto limit = this->limit();
        if (!error && !read(result, limit, found))
            error = postgres::ClientErrc::bad_answer;
        if (error) {
            ++board.stats_.failures;
            return refuse(ReplicaUnavailable{error});
        }
        if (found.needs.none())
            return give(std::move(found), rounds_ == 0, rounds_ == 0 && board.reader_.source_fails());
        if (!failed_ && rounds_ == max_rounds)
            failed_ = Errc::contended;
        if (!failed_ && remaining() <= 0ms)
            failed_ = Errc::deadline_exceeded;
        if (!failed_)
            return refresh(std::move(found.needs), limit);
        if (found.complete && !realtime)
            return give(std::move(found), true, true);
        ++board.stats_.failures;
        fail(unavailable(failed_));
    }

    void give(Finding<Answer> found, bool from_replica, bool stale) {
        auto& stats = board.stats_;
        ++(stale ? stats.stale_answers : from_replica ? stats.hits : stats.misses);
        found.answer.provenance = {from_replica, found.age, stale};
        answer(std::move(found.answer));
    }

    Freshness limit() const {
        const auto usual = board.params_.freshness;
        return realtime && usual.accepts(false, realtime_age) ? Freshness::bounded(realtime_age) : usual;
    }

    milliseconds remaining() const { return std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now()); }

    void refresh(Needs needs, const Freshness& limit) {
        ++rounds_;
        ReadOptions options;
        options.freshness = needs.hinted ? Freshness::fresh() : limit;
        // Whether an older answer will do is decided over the whole of it.
        options.stale_if_error = false;
        options.timeout = remaining();
        // One more than there are, until all are begun.
        waiting_ = 1;
        turn_ = Turn::none;
        auto& reader = board.reader_;
        if (needs.all_exams)
            reader.cover_exams(options, next());
        if (!needs.bookings_of_exams.empty())
            reader.cover_bookings_of_exams(std::move(needs.bookings_of_exams), options, next());
        if (!needs.exams.empty())
            reader.read_exams(std::move(needs.exams), options,
                              [done = next(), self = this->shared_from_this()](error_code error, Readings readings) {
                                  for (const auto& reading : readings)
                                      if (!error && reading.failed())
                                          error = reading.error;
                                  if (!error)
                                      self->turn_ = self->on_exams(readings);
                                  done(error);
                              });
        arrived({});
    }

    RecordReader::Done next() {
        ++waiting_;
        return [self = this->shared_from_this()](error_code error) { self->arrived(error); };
    }

    void arrived(error_code error) {
        if (error && !failed_)
            failed_ = error;
        if (--waiting_ > 0 || turn_ == Turn::ended)
            return;
        // Only the bookings of the exam that is no longer asked about can have failed.
        if (turn_ == Turn::moved)
            failed_ = {};
        ask();
    }

    Clock::time_point deadline_;
    int rounds_ = 0;
    int waiting_ = 0;
    Turn turn_ = Turn::none;
    error_code failed_;
};

ExamBoard::ExamBoard(ReplicaDatabase database, RecordReader& reader, const ReadingParams& params,
                     LocalCalendar calendar, Now now)
    : database_{std::move(database)}
    , reader_{reader}
    , params_{params}
    , calendar_{calendar}
    , now_{std::move(now)} {
    const ExamBoardSql sql{database_.schema};
    available_ = std::make_shared<const postgres::Statement>(sql.available());
    capacity_ = std::make_shared<const postgres::Statement>(sql.capacity());
    on_offer_ = std::make_shared<const postgres::Statement>(sql.on_offer());
    due_ = std::make_shared<const postgres::Statement>(sql.due());
}

void ExamBoard::available(AvailableQuestion question, AvailableHandler handler) {
    const auto inquiry = std::make_shared<Inquiry<ExamsOnOffer>>(
        *this, available_,
        Parameters::of(std::string{service::name_of(question.mock_type)}, today(), question.with_counts),
        [question](const Result& result, const Freshness& limit, Finding<ExamsOnOffer>& found) {
            return read_available(result, limit, question, found);
        },
        handler);
    inquiry->realtime = question.realtime;
    inquiry->ask();
}

void ExamBoard::capacity(std::string exam_id, CapacityHandler handler) {
    const auto id = std::make_shared<std::string>(std::move(exam_id));
    const auto inquiry = std::make_shared<Inquiry<ExamCapacity>>(
        *this, capacity_, Parameters::of(*id),
        [id](const Result& result, const Freshness& limit, Finding<ExamCapacity>& found) {
            found.answer.mock_exam_id = *id;
            return read_capacity(result, limit, found);
        },
        handler);
    using Turn = Inquiry<ExamCapacity>::Turn;
    inquiry->on_exams = [id, handler, weak = inquiry->weak_from_this()](const std::vector<Reading<MockExam>>& exams) {
        if (exams.empty())
            return Turn::none;
        if (exams.front().absent()) {
            handler(ExamNotFound{});
            return Turn::ended;
        }
        const auto asked = weak.lock();
        if (!asked || exams.front().id == *id)
            return Turn::none;
        // The exam was merged into another, which is now the one that is asked about.
        *id = exams.front().id;
        asked->parameters = Parameters::of(*id);
        return Turn::moved;
    };
    inquiry->ask();
}

void ExamBoard::on_offer(MockType type, IdsHandler handler) {
    list_ids(on_offer_, Parameters::of(std::string{service::name_of(type)}, today()), std::move(handler));
}

void ExamBoard::due(understudy::Timestamp by, IdsHandler handler) {
    list_ids(due_, Parameters::of(by), std::move(handler));
}

void ExamBoard::list_ids(const StatementPtr& statement, Parameters parameters, IdsHandler handler) {
    postgres::ExecuteOptions options;
    options.read_only = true;
    database_.execute(statement, std::move(parameters), options,
                      [handler = std::move(handler)](error_code error, const Result& result) {
                          std::vector<std::string> ids(error ? 0 : result.rows());
                          for (std::size_t row = 0; row < ids.size() && !error; ++row)
                              if (!result.get(row, 0, ids[row]))
                                  error = postgres::ClientErrc::bad_answer;
                          handler(error, std::move(ids));
                      });
}

} // namespace service
