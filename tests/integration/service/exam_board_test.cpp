#include "exam_board.hpp"

#include "board_database.hpp"
#include "booking_board.hpp"
#include "cached_booking_reader.hpp"
#include "cached_exam_reader.hpp"
#include "exam_board_sql.hpp"
#include "exam_stores.hpp"
#include "integration/postgres/database.hpp"
#include "joined_record_reader.hpp"
#include "migrations.hpp"
#include "pooled_database.hpp"

#include <understudy/postgres/detail/set_sql.hpp>
#include <understudy/postgres/store.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/testing/scripted_source.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace service;
using namespace std::chrono_literals;
using tests::BoardDatabase;
using tests::Database;
using tests::Outcome;
using understudy::Errc;
using understudy::Freshness;
using Ids = std::vector<std::string>;

namespace {

Ids ids_of(const ExamsOnOffer& offer) {
    Ids ids;
    for (const auto& exam : offer.exams)
        ids.push_back(exam.mock_exam_id);
    return ids;
}

template<class T, class Variant>
const T& as(const Variant& result) {
    BOOST_TEST_REQUIRE(std::holds_alternative<T>(result), "alternative " << result.index());
    return std::get<T>(result);
}

AvailableQuestion clinical(bool realtime = false, bool with_counts = true) {
    return {MockType::clinical_skills, realtime, with_counts};
}

} // namespace

BOOST_AUTO_TEST_SUITE(exam_board_suite)

BOOST_AUTO_TEST_CASE(a_covered_board_answers_with_one_statement_and_no_source_call) {
    BoardDatabase db;
    db.exam("1").exam("2", "capacity = 2").exam("3", "capacity = NULL").exam("4", "capacity = 3");
    db.cover_exams();
    for (const auto* id : {"1", "2", "3", "4"})
        db.cover_exam(id);
    db.booking("11", "1").booking("12", "1", "is_active = 'Completed'").booking("13", "1", "is_active = 'Cancelled'");
    db.booking("14", "1", "is_active = NULL").booking("15", "1", "state = 3");
    db.booking("21", "2").booking("22", "2").booking("23", "2");
    const auto before = db.pool().stats().requests;

    const auto offer = as<ExamsOnOffer>(db.available(clinical()));
    BOOST_TEST(db.pool().stats().requests == before + 1);
    BOOST_TEST(db.reader.log.empty());
    BOOST_TEST(offer.provenance.from_replica);
    BOOST_TEST(!offer.provenance.stale);
    BOOST_TEST((ids_of(offer) == Ids{"1", "2", "3", "4"}));
    BOOST_TEST((offer.exams[0].places == Places{12, 2}));
    BOOST_TEST(offer.exams[0].places->available() == 10);
    // More taken than there are: none left, and no fewer than none.
    BOOST_TEST((offer.exams[1].places == Places{2, 3}));
    BOOST_TEST(offer.exams[1].places->available() == 0);
    BOOST_TEST(offer.exams[1].places->full());
    // No capacity, no promise. None taken: counted, not guessed.
    BOOST_TEST((offer.exams[2].places == Places{std::nullopt, 0}));
    BOOST_TEST(offer.exams[2].places->full());
    BOOST_TEST((offer.exams[3].places == Places{3, 0}));
    BOOST_TEST(!offer.exams[3].places->full());
    const auto& first = offer.exams[0];
    BOOST_TEST((first.exam_date == *understudy::parse_date("2026-05-20")));
    BOOST_TEST((first.start_time == understudy::parse_timestamp("2026-05-20T14:00:00Z")));
    BOOST_TEST((first.end_time == understudy::parse_timestamp("2026-05-20T17:00:00Z")));
    BOOST_TEST((first.location == "Mississauga"));
    BOOST_TEST((first.mock_type == MockType::clinical_skills));

    const auto capacity = as<ExamCapacity>(db.capacity("2"));
    BOOST_TEST(capacity.mock_exam_id == "2");
    BOOST_TEST((capacity.places == Places{2, 3}));
    BOOST_TEST(db.reader.log.empty());
}

BOOST_AUTO_TEST_CASE(on_offer_is_what_is_active_of_the_kind_and_not_over) {
    BoardDatabase db;
    db.exam("1", "exam_date = '2026-05-09'")
        .exam("2", "exam_date = '2026-05-10'")
        .exam("3", "exam_date = '2026-05-11'");
    db.exam("4", "is_active = 'false'").exam("5", "is_active = 'scheduled'").exam("6", "mock_type = 'Mini-mock'");
    db.exam("7", "exam_date = NULL").exam("8", "is_active = NULL").exam("9", "state = 3");
    db.cover_exams();
    const auto offered = [&](const char* now) {
        db.now = now;
        return ids_of(as<ExamsOnOffer>(db.available(clinical(false, false))));
    };
    // Midnight in Toronto is 04:00 UTC in May.
    BOOST_TEST((offered("2026-05-10T03:59:59.999Z") == Ids{"1", "2", "3"}));
    BOOST_TEST((offered("2026-05-10T04:00:00.000Z") == Ids{"2", "3"}));
    BOOST_TEST((offered("2026-05-11T03:59:59.999Z") == Ids{"2", "3"}));
    BOOST_TEST((offered("2026-05-11T04:00:00.000Z") == Ids{"3"}));
    BOOST_TEST((offered("2026-05-12T12:00:00.000Z") == Ids{}));
    BOOST_TEST(db.reader.log.empty());
    BOOST_TEST((db.on_offer(MockType::clinical_skills) == Ids{}));
    db.now = "2026-05-10T12:00:00.000Z";
    BOOST_TEST((db.on_offer(MockType::clinical_skills) == Ids{"2", "3"}));
    BOOST_TEST((db.on_offer(MockType::mini_mock) == Ids{"6"}));
}

BOOST_AUTO_TEST_CASE(exams_come_by_date_then_start_then_number) {
    BoardDatabase db;
    db.exam("10", "exam_date = '2026-06-02'").exam("9", "exam_date = '2026-06-02'");
    db.exam("8", "exam_date = '2026-06-02', start_time = NULL");
    db.exam("7", "exam_date = '2026-06-02', start_time = '2026-05-20T12:00:00Z'").exam("6", "exam_date = '2026-06-03'");
    db.cover_exams();
    const auto offer = as<ExamsOnOffer>(db.available(clinical(false, false)));
    BOOST_TEST((ids_of(offer) == Ids{"7", "9", "10", "8", "6"}));
    BOOST_TEST(!offer.exams.front().places.has_value());
}

// D10 for sets: none of these may look like an answer, and each names what has to be read.
BOOST_AUTO_TEST_CASE(d10_what_is_not_covered_clean_and_free_of_doubts_is_read_first) {
    struct Case {
        const char* damage;
        Ids available;
        Ids capacity;
    };
    const Ids exams{"exams"};
    const Ids of_exam{"bookings of 1"};
    const Case cases[] = {
        {"DELETE FROM understudy_sets WHERE kind = 'hubspot_mock_exams.all_exams'", exams, {}},
        {"UPDATE understudy_sets SET as_of = 0, synced_at = NULL, mark = 2 "
         "WHERE kind = 'hubspot_mock_exams.all_exams'",
         exams,
         {}},
        {"UPDATE understudy_sets SET mark = 2 WHERE kind = 'hubspot_mock_exams.all_exams'", exams, {}},
        {"UPDATE hubspot_mock_exams SET as_of = 49 WHERE hubspot_id = '2'", exams, {}},
        {"UPDATE hubspot_mock_exams SET mark = 2 WHERE hubspot_id = '2'", exams, {}},
        {"UPDATE hubspot_mock_exams SET mark = 2 WHERE hubspot_id = '1'", exams, {"exams 1"}},
        {"DELETE FROM understudy_sets WHERE kind = 'hubspot_bookings.bookings_of_exam'", of_exam, of_exam},
        {"UPDATE understudy_sets SET as_of = 0, synced_at = NULL, mark = 2 "
         "WHERE kind = 'hubspot_bookings.bookings_of_exam'",
         of_exam, of_exam},
        {"UPDATE understudy_sets SET mark = 2 WHERE kind = 'hubspot_bookings.bookings_of_exam'", of_exam, of_exam},
        {"UPDATE hubspot_bookings SET mark = 2 WHERE hubspot_id = '11'", of_exam, of_exam},
        {"UPDATE hubspot_bookings SET as_of = 49 WHERE hubspot_id = '11'", of_exam, of_exam},
        // Of another exam's set.
        {"UPDATE hubspot_bookings SET mark = 2 WHERE hubspot_id = '12'", {}, {}},
        // A write of ours on top of what was read is as good as read.
        {"UPDATE hubspot_bookings SET mark = 1 WHERE hubspot_id = '11'", {}, {}},
        {"UPDATE hubspot_mock_exams SET mark = 1 WHERE hubspot_id = '1'", {}, {}},
        {"DELETE FROM hubspot_mock_exams WHERE hubspot_id = '1'", {}, {"exams 1"}},
        {"UPDATE hubspot_mock_exams SET state = 0, synced_at = NULL, mark = 2 WHERE hubspot_id = '1'", {}, {"exams 1"}},
        // Neither waits for the other.
        {"DELETE FROM understudy_sets; DELETE FROM hubspot_mock_exams", exams, {"bookings of 1", "exams 1"}},
    };
    for (const auto& [done, available, capacity] : cases) {
        const auto& damage = done;
        BoardDatabase db;
        db.exam("1").exam("2", "is_active = 'false'").cover_exams();
        db.cover_exam("1");
        db.booking("11", "1").booking("12", "2");
        db.run(damage);
        db.reader.answer = [](const std::string&) { return understudy::error_code{Errc::timed_out}; };
        const auto asked = [&](auto&& ask) {
            db.reader.log.clear();
            const auto result = ask();
            if (!db.reader.log.empty())
                BOOST_TEST((std::holds_alternative<SourceUnavailable>(result) || tests::provenance_of(result).stale),
                           damage);
            return db.reader.log;
        };
        BOOST_TEST(asked([&] { return db.available(clinical()); }) == available, damage << ": available");
        BOOST_TEST(asked([&] { return db.capacity("1"); }) == capacity, damage << ": capacity");
    }
}

BOOST_AUTO_TEST_CASE(an_empty_replica_is_filled_once) {
    BoardDatabase db;
    db.reader.answer = [&](const std::string& asked) {
        if (asked == "exams")
            db.exam("1").exam("2").cover_exams();
        else if (asked == "bookings of 1,2")
            db.booking("11", "1").cover_exam("1").cover_exam("2");
        else if (asked == "exams 3") {
            db.reader.exam("3");
            db.exam("3", "is_active = 'false'");
        } else if (asked == "bookings of 3")
            db.cover_exam("3");
        return understudy::error_code{};
    };
    const auto offer = as<ExamsOnOffer>(db.available(clinical()));
    BOOST_TEST((db.reader.log == Ids{"exams", "bookings of 1,2"}));
    BOOST_TEST(!offer.provenance.from_replica);
    BOOST_TEST(!offer.provenance.stale);
    BOOST_TEST((offer.exams.at(0).places == Places{12, 1}));
    BOOST_TEST((offer.exams.at(1).places == Places{12, 0}));
    BOOST_TEST(as<ExamCapacity>(db.capacity("3")).places.taken == 0);
    BOOST_TEST((db.reader.log == Ids{"exams", "bookings of 1,2", "bookings of 3", "exams 3"}));

    // The second time nothing is read, of empty sets neither.
    BOOST_TEST(as<ExamsOnOffer>(db.available(clinical())).provenance.from_replica);
    BOOST_TEST(as<ExamCapacity>(db.capacity("3")).provenance.from_replica);
    BOOST_TEST(as<ExamCapacity>(db.capacity("2")).places.taken == 0);
    BOOST_TEST(db.reader.log.size() == 4u);
    BOOST_TEST(db.stats().misses == 2u);
    BOOST_TEST(db.stats().hits == 3u);
}

BOOST_AUTO_TEST_CASE(d10_a_failing_source_is_no_empty_list_and_no_free_place) {
    BoardDatabase db;
    const auto error = understudy::error_code{Errc::timed_out};
    db.reader.answer = [&](const std::string&) { return error; };
    BOOST_TEST((as<SourceUnavailable>(db.available(clinical())).error == Errc::timed_out));
    BOOST_TEST((as<SourceUnavailable>(db.capacity("1")).error == Errc::timed_out));
    // The exams are known, the bookings of one of them never were.
    db.exam("1").exam("2").cover_exams().cover_exam("1");
    BOOST_TEST((as<SourceUnavailable>(db.available(clinical())).error == Errc::timed_out));
    BOOST_TEST((as<SourceUnavailable>(db.capacity("2")).error == Errc::timed_out));
    // A change of the exam is known of as well: still nobody counted its bookings.
    db.run("UPDATE hubspot_mock_exams SET mark = 2 WHERE hubspot_id = '2'");
    BOOST_TEST((as<SourceUnavailable>(db.capacity("2")).error == Errc::timed_out));
}

BOOST_AUTO_TEST_CASE(what_was_known_once_stands_in_flagged_stale) {
    BoardDatabase db;
    db.exam("1").cover_exams().cover_exam("1");
    db.booking("11", "1");
    db.run("UPDATE hubspot_bookings SET mark = 2, synced_at = now() - interval '3 hours'");
    db.reader.answer = [](const std::string&) { return understudy::error_code{Errc::unavailable}; };
    const auto offer = as<ExamsOnOffer>(db.available(clinical()));
    BOOST_TEST(offer.provenance.stale);
    BOOST_TEST(offer.provenance.from_replica);
    BOOST_TEST((offer.provenance.age >= 3h));
    BOOST_TEST(offer.exams.at(0).places->taken == 1);
    const auto capacity = as<ExamCapacity>(db.capacity("1"));
    BOOST_TEST(capacity.provenance.stale);
    BOOST_TEST(capacity.places.taken == 1);
    BOOST_TEST((capacity.provenance.age >= 3h));
    // Who demands a recent answer gets none that is not.
    BOOST_TEST((as<SourceUnavailable>(db.available(clinical(true))).error == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(while_the_source_fails_everybody_answers_are_flagged) {
    BoardDatabase db;
    db.exam("1").cover_exams().cover_exam("1");
    db.reader.failing = true;
    BOOST_TEST(as<ExamsOnOffer>(db.available(clinical())).provenance.stale);
    BOOST_TEST(as<ExamCapacity>(db.capacity("1")).provenance.stale);
    BOOST_TEST(db.reader.log.empty());
}

BOOST_AUTO_TEST_CASE(a_set_that_keeps_changing_is_given_up) {
    BoardDatabase db;
    db.reader.answer = [](const std::string&) { return understudy::error_code{}; };
    BOOST_TEST((as<SourceUnavailable>(db.available(clinical())).error == Errc::contended));
    BOOST_TEST(db.reader.log.size() == 6u);
}

BOOST_AUTO_TEST_CASE(realtime_takes_nothing_older_than_a_minute) {
    BoardDatabase db;
    db.exam("1").cover_exams().cover_exam("1");
    db.booking("11", "1");
    BOOST_TEST(as<ExamsOnOffer>(db.available(clinical(true))).provenance.from_replica);
    BOOST_TEST(db.reader.log.empty());
    for (const auto* table : {"hubspot_bookings", "hubspot_mock_exams", "understudy_sets"}) {
        BoardDatabase old;
        old.exam("1").cover_exams().cover_exam("1");
        old.booking("11", "1");
        old.run("UPDATE " + std::string{table} + " SET synced_at = now() - interval '61 seconds'");
        BOOST_TEST((as<ExamsOnOffer>(old.available(clinical())).provenance.age >= 61s), table);
        BOOST_TEST(old.reader.log.empty());
        old.reader.answer = [&](const std::string&) {
            old.run("UPDATE " + std::string{table} + " SET synced_at = now()");
            return understudy::error_code{};
        };
        const auto offer = as<ExamsOnOffer>(old.available(clinical(true)));
        BOOST_TEST(!old.reader.log.empty(), table);
        BOOST_TEST((old.reader.options.freshness == Freshness::bounded(60s)));
        BOOST_TEST(!old.reader.options.stale_if_error);
        BOOST_TEST((offer.provenance.age < 60s));
    }
}

BOOST_AUTO_TEST_CASE(an_exam_that_is_gone_is_not_found_and_a_merged_one_leads_on) {
    BoardDatabase db;
    as<ExamNotFound>(db.capacity("1"));
    BOOST_TEST((db.reader.log == Ids{"bookings of 1", "exams 1"}));
    db.exam("1", "state = 3");
    as<ExamNotFound>(db.capacity("1"));
    // What became of its bookings does not matter.
    db.reader.answer = [&](const std::string& asked) {
        if (asked == "bookings of 2")
            db.cover_exam("2");
        return asked == "bookings of 1" ? understudy::error_code{Errc::timed_out} : understudy::error_code{};
    };
    as<ExamNotFound>(db.capacity("1"));
    db.exam("2").booking("21", "2");
    db.reader.exam("2");
    db.reader.survivors["1"] = "2";
    const auto capacity = as<ExamCapacity>(db.capacity("1"));
    BOOST_TEST(capacity.mock_exam_id == "2");
    BOOST_TEST(capacity.places.taken == 1);
}

BOOST_AUTO_TEST_CASE(a_database_that_is_down_is_told_from_a_source_that_is) {
    BoardDatabase db;
    db.run("DROP TABLE understudy_sets");
    as<ReplicaUnavailable>(db.available(clinical()));
    as<ReplicaUnavailable>(db.capacity("1"));
    BOOST_TEST(db.reader.log.empty());
}

BOOST_AUTO_TEST_CASE(the_tables_are_as_supabase_and_the_rules_expect) {
    BoardDatabase db;
    db.exam("1").booking("1", "1");
    for (const std::string table : {"hubspot_mock_exams", "hubspot_bookings"}) {
        // D9: one unique key. Row level security, and not one policy: denied.
        const auto facts =
            db.run("SELECT (SELECT count(*) FROM pg_index i WHERE i.indisunique AND i.indrelid = c.oid), "
                   "c.relrowsecurity, (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) "
                   "FROM pg_class c WHERE c.oid = '" +
                   table + "'::regclass");
        BOOST_TEST((facts.at(0) == Ids{"1", "t", "0"}), table);
        for (const std::string wrong : {"mark = 3", "state = 6", "state = 4", "state = 0", "merged_into = '2'",
                                        "lag_reads = 4", "lag_reads = 1", "ticket = NULL", "as_of = NULL"})
            BOOST_CHECK_THROW(db.run("UPDATE " + table + " SET " + wrong), std::runtime_error);
    }
}

BOOST_AUTO_TEST_CASE(no_question_scans_a_table_at_100000_bookings) {
    BoardDatabase db;
    // 2,000 exams over years, 100 of them to come; 600 bookings of the fullest.
    db.run(R"(
INSERT INTO hubspot_mock_exams (hubspot_id, mock_exam_name, mock_type, location, exam_date, start_time, end_time,
                                capacity, is_active, version, ticket, as_of, mark, state, synced_at)
SELECT (50000 + i)::text, 'Exam ' || i, (ARRAY['Clinical Skills', 'Situational Judgment', 'Mini-mock',
       'Mock Discussion'])[i % 4 + 1], 'Mississauga', date '2026-06-01' - 1900 + i, now(), now(), 12, 'true',
       1, 50, 50, 0, 1, now()
FROM generate_series(1, 2000) i;
INSERT INTO hubspot_bookings (hubspot_id, booking_id, name, email, is_active, associated_contact_id,
                              associated_mock_exam, version, ticket, as_of, mark, state, synced_at)
SELECT (100000 + i)::text, 'Booking ' || i, 'Ann Lee', 'ann' || i || '@example.org', 'Active', (i % 40000)::text,
       CASE WHEN i <= 600 THEN '51999' ELSE (50001 + i % 1998)::text END, 1, 50, 50, 0, 1, now()
FROM generate_series(1, 100000) i;
INSERT INTO understudy_sets (kind, parent, ticket, as_of, mark, synced_at)
SELECT 'hubspot_bookings.bookings_of_exam', hubspot_id, 51, 50, 0, now() FROM hubspot_mock_exams
UNION ALL SELECT 'hubspot_bookings.bookings_of_contact', i::text, 51, 50, 0, now() FROM generate_series(0, 39999) i
UNION ALL SELECT 'hubspot_mock_exams.all_exams', '', 51, 50, 0, now();
ANALYZE)");
    const auto offer = as<ExamsOnOffer>(db.available(clinical()));
    BOOST_TEST(offer.exams.size() == 31u);
    BOOST_TEST(offer.provenance.from_replica);
    BOOST_TEST(as<ExamCapacity>(db.capacity("51999")).places.taken == 600);

    const ExamBoardSql sql{db.schema()};
    // A list takes two look-ups of the caches.
    const understudy::postgres::detail::TableSql<Booking> bookings{db.schema()};
    const auto set = understudy::postgres::detail::SetSql<BookingsOfContact>{bookings}.lookup();
    const auto exams =
        understudy::postgres::detail::TableSql<MockExam>{db.schema()}.lookup<understudy::ById<MockExam>>();
    const std::pair<const std::string&, const char*> questions[] = {
        {set, "'{17,18}', '{NULL,NULL}', '{NULL,NULL}'"},
        {exams, "'{50017,50018}'"},
        {sql.capacity(), "'51999'"},
        {sql.available(), "'Clinical Skills', '2026-06-01', true"},
        {sql.on_offer(), "'Clinical Skills', '2026-06-01'"},
    };
    for (const auto* mode : {"force_custom_plan", "force_generic_plan"})
        for (const auto& [statement, arguments] : questions) {
            db.run(std::string{"DEALLOCATE ALL; SET plan_cache_mode = "} + mode + "; PREPARE ask AS " + statement);
            std::string plan;
            for (const auto& line : db.run(std::string{"EXPLAIN (ANALYZE) EXECUTE ask ("} + arguments + ")"))
                plan += line.at(0) + "\n";
            BOOST_TEST(plan.find("Seq Scan") == std::string::npos, plan);
            BOOST_TEST_MESSAGE(mode << ": " << plan.substr(plan.rfind("Execution Time")));
        }
}

BOOST_AUTO_TEST_CASE(scheduled_exams_are_due_from_their_moment_on) {
    BoardDatabase board;
    const auto scheduled = [&](const std::string& id, const std::string& when, const std::string& more = {}) {
        board.exam(id, "is_active = 'scheduled', scheduled_activation_datetime = '" + when + "'" + more);
    };
    scheduled("1", "2026-05-10T16:00:00Z");
    scheduled("2", "2026-05-10T11:59:00-04:00");
    scheduled("3", "2026-05-10T16:00:00.001Z");
    scheduled("4", "2020-01-01T00:00:00Z", "");
    scheduled("5", "2020-01-01T00:00:00Z");
    board.run("UPDATE hubspot_mock_exams SET is_active = CASE hubspot_id WHEN '4' THEN 'true' ELSE 'false' END "
              "WHERE hubspot_id IN ('4', '5')");
    scheduled("6", "2020-01-01T00:00:00Z", ", state = 3");
    scheduled("7", "2026-05-10T12:00:00Z", ", exam_date = NULL");
    board.exam("8", "is_active = 'scheduled'");
    BOOST_TEST((board.due() == std::vector<std::string>{"7", "2", "1"}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(exam_reading_suite)

namespace {

template<class R>
using ScriptedSource = understudy::testing::ScriptedSource<R, std::chrono::steady_clock>;
template<class R>
using Cache = understudy::ReadThroughCache<understudy::postgres::Store<R>, ScriptedSource<R>>;

MockExam exam(const std::string& id, std::int32_t capacity = 12) {
    MockExam exam;
    exam.hubspot_id = id;
    exam.mock_type = "Clinical Skills";
    exam.exam_date = understudy::parse_date("2026-05-20");
    exam.is_active = "true";
    exam.capacity = capacity;
    exam.total_bookings = 77;
    return exam;
}

Booking booking(const std::string& id, const std::string& exam, const std::string& contact,
                const std::string& status = "Active") {
    Booking booking;
    booking.hubspot_id = id;
    booking.is_active = status;
    booking.associated_mock_exam = exam;
    booking.associated_contact_id = contact;
    return booking;
}

struct Migrated : Database {
    Migrated() {
        if (const auto report = migrate(params); !report.ok())
            throw std::runtime_error{report.problem};
    }
};

/// The whole of it over a real replica: caches, stores, boards; the source alone is a script.
struct Reading {
    Migrated db;
    ScriptedSource<MockExam> exams{db.io.get_executor()};
    ScriptedSource<Booking> bookings{db.io.get_executor()};
    understudy::postgres::Store<MockExam> exam_rows{*db.pool};
    understudy::postgres::Store<Booking> booking_rows{*db.pool};
    Cache<MockExam> exam_cache{exam_rows, exams};
    Cache<Booking> booking_cache{booking_rows, bookings};
    CachedExamReader<Cache<MockExam>> exam_reader{exam_cache};
    CachedBookingReader<Cache<Booking>> booking_reader{booking_cache};
    JoinedRecordReader reader{exam_reader, booking_reader, [] { return false; }};
    ExamBoard board{pooled_database(*db.pool), reader, ReadingParams{}, LocalCalendar{},
                    [] { return *understudy::parse_timestamp("2026-05-10T16:00:00Z"); }};
    BookingBoard booking_board{reader, ReadingParams{}};

    std::size_t calls() const { return exams.calls().size() + bookings.calls().size(); }

    template<class Result, class Ask>
    Result wait(Ask&& ask) {
        Outcome<Result> outcome;
        ask([handler = outcome.handler()](Result result) mutable { handler(std::move(result)); });
        return std::get<0>(outcome.wait(db.io));
    }
    ExamsOnOffer available() {
        return std::get<ExamsOnOffer>(wait<AvailableResult>([&](auto handler) {
            board.available({MockType::clinical_skills, false, true}, handler);
        }));
    }
    CapacityResult capacity(const std::string& id) {
        return wait<CapacityResult>([&](auto handler) { board.capacity(id, handler); });
    }
    std::int64_t taken(const std::string& id) { return std::get<ExamCapacity>(capacity(id)).places.taken; }
    BookingPage list(const std::string& contact) {
        return std::get<BookingPage>(
            wait<BookingsResult>([&](auto handler) { booking_board.list({contact}, handler); }));
    }
    void hint_exam_set(const std::string& id) {
        Outcome<understudy::error_code> done;
        booking_rows.async_hint_sets<BookingsOfExam>({id}, done.handler());
        BOOST_TEST(!std::get<0>(done.wait(db.io)).failed());
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(d10_a_cold_exam_is_counted_right_at_once_whatever_its_size) {
    Reading world;
    int next = 1000;
    for (const int size : {0, 1, 100, 101, 600}) {
        const auto id = std::to_string(size + 1);
        world.exams.put(exam(id, 50));
        for (int i = 0; i < size; ++i)
            world.bookings.put(booking(std::to_string(++next), id, "c" + std::to_string(i)));
        world.bookings.put(booking(std::to_string(++next), id, "c", "Cancelled"));
    }
    for (const int size : {0, 1, 100, 101, 600})
        BOOST_TEST(world.taken(std::to_string(size + 1)) == size);
    const auto before = world.calls();
    for (const int size : {0, 1, 100, 101, 600})
        BOOST_TEST(world.taken(std::to_string(size + 1)) == size);
    BOOST_TEST(world.calls() == before);
}

BOOST_AUTO_TEST_CASE(a_cold_board_takes_two_calls_and_a_warm_one_none) {
    Reading world;
    for (int i = 0; i < 30; ++i) {
        world.exams.put(exam(std::to_string(100 + i)));
        world.bookings.put(booking(std::to_string(500 + i), std::to_string(100 + i), "7"));
    }
    auto offer = world.available();
    BOOST_TEST(offer.exams.size() == 30u);
    for (const auto& one : offer.exams)
        BOOST_TEST(one.places->taken == 1);
    BOOST_TEST(world.calls() == 2u);
    BOOST_TEST(!offer.provenance.from_replica);
    BOOST_TEST(world.available().provenance.from_replica);
    BOOST_TEST(world.calls() == 2u);
}

BOOST_AUTO_TEST_CASE(a_list_that_is_empty_is_asked_for_once) {
    Reading world;
    BOOST_TEST(world.list("7").total_bookings == 0);
    BOOST_TEST(world.calls() == 1u);
    BOOST_TEST(world.list("7").total_bookings == 0);
    BOOST_TEST(world.calls() == 1u);
    world.exams.put(exam("1"));
    world.bookings.put(booking("11", "1", "8"));
    const auto page = world.list("8");
    BOOST_TEST_REQUIRE(page.bookings.size() == 1u);
    BOOST_TEST(page.bookings[0].exam.has_value());
    BOOST_TEST(world.calls() == 3u);
}

BOOST_AUTO_TEST_CASE(what_changes_at_the_source_shows_after_a_hint) {
    Reading world;
    world.exams.put(exam("1"));
    world.exams.put(exam("2"));
    world.bookings.put(booking("11", "1", "7"));
    world.bookings.put(booking("12", "1", "7"));
    BOOST_TEST(world.taken("1") == 2);
    BOOST_TEST(world.taken("2") == 0);
    // One more, one gone, one moved to the other exam.
    world.bookings.put(booking("13", "1", "7"));
    world.bookings.put(booking("14", "1", "7"));
    world.bookings.archive("11");
    world.bookings.put(booking("12", "2", "7"));
    BOOST_TEST(world.taken("1") == 2);
    world.hint_exam_set("1");
    world.hint_exam_set("2");
    BOOST_TEST(world.taken("1") == 2);
    BOOST_TEST(world.taken("2") == 1);
    BOOST_TEST(world.list("7").total_bookings == 3);
}

BOOST_AUTO_TEST_CASE(d10_a_source_that_fails_is_never_an_empty_set) {
    Reading world;
    world.exams.put(exam("1"));
    world.bookings.put(booking("11", "1", "7"));
    world.bookings.fail_always(Errc::timed_out);
    BOOST_TEST(std::holds_alternative<SourceUnavailable>(world.capacity("1")));
    world.bookings.fail_always({});
    BOOST_TEST(world.taken("1") == 1);
    world.bookings.fail_always(Errc::timed_out);
    world.hint_exam_set("1");
    const auto stale = std::get<ExamCapacity>(world.capacity("1"));
    BOOST_TEST(stale.places.taken == 1);
    BOOST_TEST(stale.provenance.stale);
    BOOST_TEST(std::holds_alternative<ExamNotFound>(world.capacity("2")));
}

BOOST_AUTO_TEST_CASE(records_come_back_from_the_replica_as_the_source_gave_them) {
    Reading world;
    auto discussion = exam("1");
    discussion.mock_type = "Mock Discussion";
    discussion.mock_exam_name = "Évaluation";
    discussion.mock_set = "B";
    discussion.location = "Montréal";
    discussion.start_time = understudy::parse_timestamp("2026-05-20T14:00:00.250Z");
    discussion.end_time = understudy::parse_timestamp("2026-05-20T17:00:00Z");
    discussion.scheduled_activation_datetime = understudy::parse_timestamp("2026-05-01T04:00:00Z");
    discussion.prerequisite_exam_ids = {"17", "4", "with \"quotes\", {braces} and \\"};
    auto whole = booking("11", "1", "7");
    whole.booking_id = "Mock Discussion-S1-May 20, 2026";
    whole.name = "Ann";
    whole.email = "ann@example.org";
    whole.token_used = "Mock Discussion Token";
    whole.idempotency_key = "key";
    whole.attending_location = "montreal";
    whole.dominant_hand = true;
    whole.attendance = "Yes";
    whole.token_refunded = false;
    whole.token_refunded_at = understudy::parse_timestamp("2026-05-21T00:00:00.001Z");
    whole.token_refund_admin = "admin";
    world.exams.put(discussion);
    world.exams.put(exam("2"));
    world.bookings.put(whole);
    for (int i = 0; i < 2; ++i) {
        Outcome<understudy::error_code, std::vector<understudy::Reading<MockExam>>> exams;
        world.exam_cache.async_get_many({"1", "2"}, {}, exams.handler());
        auto& readings = std::get<1>(exams.wait(world.db.io));
        BOOST_TEST((readings.at(0).record == discussion));
        BOOST_TEST((readings.at(1).record == exam("2")));
        Outcome<understudy::error_code, understudy::Reading<Booking>> one;
        world.booking_cache.async_get("11", {}, one.handler());
        BOOST_TEST((std::get<1>(one.wait(world.db.io)).record == whole));
    }
    BOOST_TEST(world.calls() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
