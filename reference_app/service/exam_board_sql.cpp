#include "exam_board_sql.hpp"

#include "exam_stores.hpp"

#include <understudy/observation.hpp>
#include <understudy/postgres/connect_params.hpp>

#include <array>
#include <utility>

namespace service {
namespace {

namespace postgres = understudy::postgres;

// The states and marks that the tables hold; see `understudy::State` and `understudy::Mark`.
static_assert(static_cast<int>(understudy::State::unknown) == 0 && static_cast<int>(understudy::State::live) == 1 &&
              static_cast<int>(understudy::Mark::dirty) == 2);

template<class R, class By>
std::string kind_of() {
    return "'" + std::string{postgres::TableTraits<R>::table} + "." + std::string{By::name} + "'";
}

// What is known of an exam's bookings; `q.id` is the exam. (The limit keeps the planner from joining with all sets.)
constexpr std::string_view bookings_of_exam = R"(
LEFT JOIN LATERAL (
  SELECT s.as_of, s.mark, s.synced_at FROM {sets} s WHERE s.kind = {bookings_of_exam} AND s.parent = q.id LIMIT 1
) s ON true
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE b.is_active IN ('Active', 'Completed')) AS taken,
         count(*) FILTER (WHERE b.mark = 2 OR b.as_of < s.as_of) AS doubts, min(b.synced_at) AS oldest
  FROM {bookings} b WHERE b.state = 1 AND b.associated_mock_exam = q.id{if_counting}
) c)";

constexpr std::string_view counted = R"(
  coalesce(s.as_of > 0, false) AS covered, coalesce(s.as_of > 0 AND s.mark <> 2 AND c.doubts = 0, false) AS current,
  {age least(s.synced_at, c.oldest)} AS counted_ago, c.taken)";

constexpr std::string_view capacity_question = R"(
SELECT coalesce(e.state = 1, false), coalesce(e.mark <> 2, false), e.capacity, {age e.synced_at},{counted}
FROM (VALUES ($1::text)) q (id)
LEFT JOIN {exams} e ON e.hubspot_id = q.id{counts})";

// An exam that is dirty, or as of an earlier read, may be on offer now whatever its row says.
constexpr std::string_view available_question = R"(
WITH whole AS MATERIALIZED (
  SELECT s.as_of, s.synced_at, coalesce(s.as_of > 0 AND s.mark <> 2, false)
         AND NOT EXISTS (SELECT FROM {exams} e WHERE e.state = 1 AND e.mark = 2)
         AND coalesce((SELECT min(e.as_of) FROM {exams} e WHERE e.state = 1) >= s.as_of, true) AS current
  FROM (VALUES (1)) one (row) LEFT JOIN {sets} s ON s.kind = {all_exams} AND s.parent = ''
),
offered AS MATERIALIZED (
  SELECT e.hubspot_id AS id, e.exam_date, e.start_time, e.end_time, e.location, e.capacity, e.synced_at
  FROM {exams} e
  WHERE e.state = 1 AND e.is_active = 'true' AND e.mock_type = $1::text AND e.exam_date >= $2::date
),
board AS (
  SELECT q.*,{counted}
  FROM offered q{counts}
)
SELECT coalesce(w.as_of > 0, false), w.current, {age least(w.synced_at, (SELECT min(o.synced_at) FROM offered o))},
       b.id, b.exam_date, b.start_time, b.end_time, b.location, b.capacity, b.covered, b.current, b.counted_ago, b.taken
FROM whole w LEFT JOIN board b ON true
ORDER BY b.exam_date, b.start_time NULLS LAST, length(b.id), b.id COLLATE "C")";

constexpr std::string_view on_offer_question = R"(
SELECT e.hubspot_id::text FROM {exams} e
WHERE e.state = 1 AND e.is_active = 'true' AND e.mock_type = $1::text AND e.exam_date >= $2::date
ORDER BY e.exam_date, e.hubspot_id)";

// A row that is dirty is looked at again by whoever activates it.
constexpr std::string_view due_question = R"(
SELECT e.hubspot_id::text FROM {exams} e
WHERE e.state = 1 AND e.is_active = 'scheduled' AND e.scheduled_activation_datetime <= $1::timestamptz
ORDER BY e.scheduled_activation_datetime, e.hubspot_id)";

void replace(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

// `{age x}` becomes the milliseconds since `x`.
void spell_ages(std::string& text) {
    constexpr std::string_view begin = "{age ";
    for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin)) {
        const auto end = text.find('}', at);
        const auto moment = text.substr(at + begin.size(), end - at - begin.size());
        text.replace(at, end + 1 - at, "(extract(epoch FROM now() - " + moment + ") * 1000)::bigint");
    }
}

std::string spelled(std::string_view schema, std::string_view statement, std::string_view if_counting) {
    const std::array<std::pair<std::string_view, std::string>, 8> names{{
        {"{counts}", std::string{bookings_of_exam}},
        {"{counted}", std::string{counted}},
        {"{if_counting}", std::string{if_counting}},
        {"{exams}", postgres::qualified(schema, postgres::TableTraits<MockExam>::table)},
        {"{bookings}", postgres::qualified(schema, postgres::TableTraits<Booking>::table)},
        {"{sets}", postgres::qualified(schema, "understudy_sets")},
        {"{all_exams}", kind_of<MockExam, AllExams>()},
        {"{bookings_of_exam}", kind_of<Booking, BookingsOfExam>()},
    }};
    std::string text{statement};
    for (const auto& [name, value] : names)
        replace(text, name, value);
    spell_ages(text);
    return text;
}

} // namespace

ExamBoardSql::ExamBoardSql(std::string_view schema)
    : capacity_{spelled(schema, capacity_question, "")}
    , available_{spelled(schema, available_question, " AND $3::boolean")}
    , on_offer_{spelled(schema, on_offer_question, "")}
    , due_{spelled(schema, due_question, "")} {}

} // namespace service
