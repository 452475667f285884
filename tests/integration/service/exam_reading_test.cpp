#include "booking_board.hpp"
#include "cached_booking_reader.hpp"
#include "cached_exam_reader.hpp"
#include "exam_board.hpp"
#include "exam_stores.hpp"
#include "integration/postgres/database.hpp"
#include "joined_record_reader.hpp"
#include "migrations.hpp"

#include <understudy/postgres/store.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/testing/scripted_source.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace service;
using tests::Database;
using tests::Outcome;
using understudy::Errc;

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
    ExamBoard board{*db.pool, reader, ReadingParams{}, LocalCalendar{},
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

BOOST_AUTO_TEST_SUITE(exam_reading_suite)

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
