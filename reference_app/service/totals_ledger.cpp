#include "totals_ledger.hpp"

#include "exam_stores.hpp"

#include <understudy/postgres/connect_params.hpp>
#include <understudy/postgres/error.hpp>

#include <string_view>
#include <utility>

namespace service {
namespace {

namespace postgres = understudy::postgres;
using understudy::error_code;

// The states and marks that the tables hold; see `understudy::State` and `understudy::Mark`.
static_assert(static_cast<int>(understudy::State::live) == 1 && static_cast<int>(understudy::Mark::dirty) == 2);

// What the rows say of the exams in `due`.
constexpr std::string_view totals_of_due = R"(
SELECT due.exam_id, due.marks, coalesce(e.state IN (0, 1), true),
       coalesce(e.state = 1 AND e.mark <> 2 AND s.as_of > 0 AND s.mark <> 2 AND c.doubts = 0, false),
       c.taken, e.total_bookings::bigint
FROM due
LEFT JOIN {exams} e ON e.hubspot_id = due.exam_id COLLATE "C"
LEFT JOIN LATERAL (
  SELECT s.as_of, s.mark FROM {sets} s
  WHERE s.kind = '{bookings_table}.{kind}' AND s.parent = due.exam_id COLLATE "C" LIMIT 1
) s ON true
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE b.is_active IN ('Active', 'Completed')) AS taken,
         count(*) FILTER (WHERE b.mark = 2 OR b.as_of < s.as_of) AS doubts
  FROM {bookings} b WHERE b.state = 1 AND b.associated_mock_exam = due.exam_id COLLATE "C"
) c)";

constexpr std::string_view due_question = R"(
WITH marks AS MATERIALIZED (SELECT m.seq, m.exam_id FROM {marks} m ORDER BY m.seq LIMIT $1),
due AS MATERIALIZED (SELECT m.exam_id, string_agg(m.seq::text, ',') AS marks FROM marks m GROUP BY m.exam_id))";

constexpr std::string_view look_up_question = R"(
WITH due AS MATERIALIZED (SELECT $1::text AS exam_id, '' AS marks))";

constexpr std::string_view forgetting = "DELETE FROM {marks} m WHERE m.seq = ANY (string_to_array($1, ',')::bigint[])";

std::string filled(std::string_view schema, std::string text) {
    const std::pair<std::string_view, std::string> names[] = {
        {"{exams}", postgres::qualified(schema, postgres::TableTraits<MockExam>::table)},
        {"{bookings}", postgres::qualified(schema, postgres::TableTraits<Booking>::table)},
        {"{sets}", postgres::qualified(schema, "understudy_sets")},
        {"{marks}", postgres::qualified(schema, "exam_totals_due")},
        {"{bookings_table}", std::string{postgres::TableTraits<Booking>::table}},
        {"{kind}", std::string{BookingsOfExam::name}},
    };
    for (const auto& [name, value] : names)
        for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size()))
            text.replace(at, name.size(), value);
    return text;
}

class SqlLedger final : public TotalsLedger {
public:
    explicit SqlLedger(ReplicaDatabase database)
        : database_{std::move(database)}
        , due_{statement(std::string{due_question} + std::string{totals_of_due})}
        , look_up_{statement(std::string{look_up_question} + std::string{totals_of_due})}
        , forget_{statement(std::string{forgetting})} {}

    void due(std::size_t limit, TotalsHandler handler) override {
        ask(due_, postgres::Parameters::of(static_cast<std::int64_t>(limit)), std::move(handler));
    }
    void look_up(std::string exam_id, TotalsHandler handler) override {
        ask(look_up_, postgres::Parameters::of(exam_id), std::move(handler));
    }
    void forget(std::string marks, Done done) override {
        const postgres::ExecuteOptions options;
        database_.execute(forget_, postgres::Parameters::of(marks), options,
                          [done = std::move(done)](error_code error, const postgres::Result&) { done(error); });
    }

private:
    using Statement = ReplicaDatabase::StatementPtr;

    Statement statement(std::string text) const {
        return std::make_shared<const postgres::Statement>(filled(database_.schema, std::move(text)));
    }

    void ask(const Statement& statement, postgres::Parameters parameters, TotalsHandler handler) {
        const postgres::ExecuteOptions options;
        database_.execute(statement, std::move(parameters), options,
                          [handler = std::move(handler)](error_code error, const postgres::Result& result) {
                              std::vector<ExamTotal> totals(error ? 0 : result.rows());
                              for (std::size_t row = 0; row < totals.size() && !error; ++row)
                                  if (!read(result, row, totals[row]))
                                      error = postgres::ClientErrc::bad_answer;
                              handler(error, std::move(totals));
                          });
    }

    static bool read(const postgres::Result& result, std::size_t row, ExamTotal& total) {
        return result.get(row, 0, total.exam_id) && result.get(row, 1, total.marks) && result.get(row, 2, total.live) &&
               result.get(row, 3, total.current) && result.get(row, 4, total.counted) &&
               result.get(row, 5, total.shown);
    }

    ReplicaDatabase database_;
    Statement due_;
    Statement look_up_;
    Statement forget_;
};

} // namespace

std::unique_ptr<TotalsLedger> totals_in(ReplicaDatabase database) {
    return std::make_unique<SqlLedger>(std::move(database));
}

} // namespace service
