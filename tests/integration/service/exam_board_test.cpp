#include "exam_board.hpp"

#include "board_database.hpp"
#include "exam_board_sql.hpp"

#include <boost/test/unit_test.hpp>

#include <iostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace service;
using namespace std::chrono_literals;
using tests::BoardDatabase;
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

Ids ids_of(const BookingPage& page) {
    Ids ids;
    for (const auto& booking : page.bookings)
        ids.push_back(booking.id);
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
        Ids list;
    };
    const Ids exams{"exams"};
    const Ids of_exam{"bookings of 1"};
    const Ids of_contact{"bookings of contact 101"};
    const Case cases[] = {
        {"DELETE FROM understudy_sets WHERE kind = 'hubspot_mock_exams.all_exams'", exams, {}, {}},
        {"UPDATE understudy_sets SET as_of = 0, synced_at = NULL, mark = 2 "
         "WHERE kind = 'hubspot_mock_exams.all_exams'",
         exams,
         {},
         {}},
        {"UPDATE understudy_sets SET mark = 2 WHERE kind = 'hubspot_mock_exams.all_exams'", exams, {}, {}},
        {"UPDATE hubspot_mock_exams SET as_of = 49 WHERE hubspot_id = '2'", exams, {}, {}},
        {"UPDATE hubspot_mock_exams SET mark = 2 WHERE hubspot_id = '2'", exams, {}, {}},
        {"UPDATE hubspot_mock_exams SET mark = 2 WHERE hubspot_id = '1'", exams, {"exams 1"}, {"exams 1"}},
        {"DELETE FROM understudy_sets WHERE kind = 'hubspot_bookings.bookings_of_exam'", of_exam, of_exam, {}},
        {"UPDATE understudy_sets SET as_of = 0, synced_at = NULL, mark = 2 "
         "WHERE kind = 'hubspot_bookings.bookings_of_exam'",
         of_exam,
         of_exam,
         {}},
        {"UPDATE understudy_sets SET mark = 2 WHERE kind = 'hubspot_bookings.bookings_of_exam'", of_exam, of_exam, {}},
        {"DELETE FROM understudy_sets WHERE kind = 'hubspot_bookings.bookings_of_contact'", {}, {}, of_contact},
        {"UPDATE understudy_sets SET as_of = 0, synced_at = NULL, mark = 2 "
         "WHERE kind = 'hubspot_bookings.bookings_of_contact'",
         {},
         {},
         of_contact},
        {"UPDATE understudy_sets SET mark = 2 WHERE kind = 'hubspot_bookings.bookings_of_contact'", {}, {}, of_contact},
        {"UPDATE hubspot_bookings SET mark = 2 WHERE hubspot_id = '11'", of_exam, of_exam, of_contact},
        {"UPDATE hubspot_bookings SET as_of = 49 WHERE hubspot_id = '11'", of_exam, of_exam, of_contact},
        // Of neither set.
        {"UPDATE hubspot_bookings SET mark = 2 WHERE hubspot_id = '12'", {}, {}, {}},
        // A write of ours on top of what was read is as good as read.
        {"UPDATE hubspot_bookings SET mark = 1 WHERE hubspot_id = '11'", {}, {}, {}},
        {"UPDATE hubspot_mock_exams SET mark = 1 WHERE hubspot_id = '1'", {}, {}, {}},
        {"DELETE FROM hubspot_mock_exams WHERE hubspot_id = '1'", {}, {"exams 1"}, {"exams 1"}},
        {"UPDATE hubspot_mock_exams SET state = 0, synced_at = NULL, mark = 2 WHERE hubspot_id = '1'",
         {},
         {"exams 1"},
         {"exams 1"}},
    };
    for (const auto& [damage, available, capacity, list] : cases) {
        BoardDatabase db;
        db.exam("1").exam("2", "is_active = 'false'").cover_exams();
        db.cover_exam("1").cover_contact("101");
        db.booking("11", "1", "associated_contact_id = '101'").booking("12", "2");
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
        BOOST_TEST(asked([&] { return db.list({"101"}); }) == list, damage << ": list");
    }
}

BOOST_AUTO_TEST_CASE(an_empty_replica_is_filled_once) {
    BoardDatabase db;
    db.reader.answer = [&](const std::string& asked) {
        if (asked == "exams")
            db.exam("1").exam("2").cover_exams();
        else if (asked == "bookings of 1,2")
            db.booking("11", "1", "associated_contact_id = '101'").cover_exam("1").cover_exam("2");
        else if (asked == "bookings of contact 101")
            db.cover_contact("101");
        else if (asked == "bookings of contact 102")
            db.cover_contact("102");
        return understudy::error_code{};
    };
    const auto offer = as<ExamsOnOffer>(db.available(clinical()));
    BOOST_TEST((db.reader.log == Ids{"exams", "bookings of 1,2"}));
    BOOST_TEST(!offer.provenance.from_replica);
    BOOST_TEST(!offer.provenance.stale);
    BOOST_TEST((offer.exams.at(0).places == Places{12, 1}));
    BOOST_TEST((offer.exams.at(1).places == Places{12, 0}));
    BOOST_TEST(as<BookingPage>(db.list({"101"})).total_bookings == 1);
    BOOST_TEST(as<BookingPage>(db.list({"102"})).total_bookings == 0);
    BOOST_TEST(db.reader.log.size() == 4u);

    // The second time nothing is read, of empty sets neither.
    BOOST_TEST(as<ExamsOnOffer>(db.available(clinical())).provenance.from_replica);
    BOOST_TEST(as<BookingPage>(db.list({"102"})).provenance.from_replica);
    BOOST_TEST(as<BookingPage>(db.list({"102"})).bookings.empty());
    BOOST_TEST(as<ExamCapacity>(db.capacity("2")).places.taken == 0);
    BOOST_TEST(db.reader.log.size() == 4u);
    BOOST_TEST(db.stats().misses == 3u);
    BOOST_TEST(db.stats().hits == 4u);
}

BOOST_AUTO_TEST_CASE(exams_of_bookings_that_were_just_read_are_read_too) {
    BoardDatabase db;
    db.reader.answer = [&](const std::string& asked) {
        if (asked == "bookings of contact 101")
            db.booking("11", "1", "associated_contact_id = '101'").cover_contact("101");
        else if (asked == "exams 1")
            db.exam("1");
        return understudy::error_code{};
    };
    const auto page = as<BookingPage>(db.list({"101"}));
    BOOST_TEST((db.reader.log == Ids{"bookings of contact 101", "exams 1"}));
    BOOST_TEST(page.bookings.at(0).exam.has_value());
}

BOOST_AUTO_TEST_CASE(d10_a_failing_source_is_no_empty_list_and_no_free_place) {
    BoardDatabase db;
    const auto error = understudy::error_code{Errc::timed_out};
    db.reader.answer = [&](const std::string&) { return error; };
    BOOST_TEST((as<SourceUnavailable>(db.available(clinical())).error == Errc::timed_out));
    BOOST_TEST((as<SourceUnavailable>(db.list({"101"})).error == Errc::timed_out));
    BOOST_TEST((as<SourceUnavailable>(db.capacity("1")).error == Errc::timed_out));
    // The exams are known, the bookings of one of them never were.
    db.exam("1").exam("2").cover_exams().cover_exam("1");
    BOOST_TEST((as<SourceUnavailable>(db.available(clinical())).error == Errc::timed_out));
    BOOST_TEST((as<SourceUnavailable>(db.capacity("2")).error == Errc::timed_out));
    // A change of the exam is known of as well: still nobody counted its bookings.
    db.run("UPDATE hubspot_mock_exams SET mark = 2 WHERE hubspot_id = '2'");
    BOOST_TEST((as<SourceUnavailable>(db.capacity("2")).error == Errc::timed_out));
    // Nobody ever said what exam this booking is of.
    db.booking("11", "17", "associated_contact_id = '101'").cover_contact("101");
    BOOST_TEST((as<SourceUnavailable>(db.list({"101"})).error == Errc::timed_out));
}

BOOST_AUTO_TEST_CASE(what_was_known_once_stands_in_flagged_stale) {
    BoardDatabase db;
    db.exam("1").cover_exams().cover_exam("1").cover_contact("101");
    db.booking("11", "1", "associated_contact_id = '101'");
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
    const auto page = as<BookingPage>(db.list({"101"}));
    BOOST_TEST(page.provenance.stale);
    BOOST_TEST(page.total_bookings == 1);
    // Who demands a recent answer gets none that is not.
    BOOST_TEST((as<SourceUnavailable>(db.available(clinical(true))).error == Errc::unavailable));
}

BOOST_AUTO_TEST_CASE(while_the_source_fails_everybody_answers_are_flagged) {
    BoardDatabase db;
    db.exam("1").cover_exams().cover_exam("1").cover_contact("101");
    db.reader.failing = true;
    BOOST_TEST(as<ExamsOnOffer>(db.available(clinical())).provenance.stale);
    BOOST_TEST(as<ExamCapacity>(db.capacity("1")).provenance.stale);
    BOOST_TEST(as<BookingPage>(db.list({"101"})).provenance.stale);
    BOOST_TEST(db.reader.log.empty());
}

BOOST_AUTO_TEST_CASE(a_set_that_keeps_changing_is_given_up) {
    BoardDatabase db;
    db.reader.answer = [](const std::string&) { return understudy::error_code{}; };
    BOOST_TEST((as<SourceUnavailable>(db.list({"101"})).error == Errc::contended));
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

BOOST_AUTO_TEST_CASE(lists_are_ordered_totally_and_paged) {
    BoardDatabase db;
    db.exam("1", "exam_date = '2026-05-10'")
        .exam("2", "exam_date = '2026-05-09'")
        .exam("3", "exam_date = '2026-06-01'");
    db.exam("4", "exam_date = NULL").exam("5", "state = 3").exam("6", "exam_date = '2026-05-10', is_active = 'false'");
    const std::string mine = "associated_contact_id = '101'";
    db.booking("9", "1", mine).booking("10", "1", mine + ", is_active = 'Cancelled'").booking("11", "2", mine);
    db.booking("12", "3", mine).booking("13", "4", mine).booking("14", "5", mine).booking("15", "6", mine);
    db.booking("16", "1", mine + ", associated_mock_exam = NULL").booking("17", "3");
    db.booking("18", "1", mine + ", state = 3");
    db.cover_contact("101");
    const auto listed = [&](BookingFilter filter, std::int64_t page = 1, std::int64_t limit = 20) {
        const auto result = as<BookingPage>(db.list({"101", filter, page, limit}));
        BOOST_TEST(result.current_page == page);
        return result;
    };
    // Noon in Toronto on the tenth; and its last moment, when UTC has the eleventh.
    for (const auto* now : {"2026-05-10T16:00:00.000Z", "2026-05-11T03:59:59.999Z"}) {
        db.now = now;
        BOOST_TEST((ids_of(listed(BookingFilter::all)) == Ids{"12", "15", "10", "9", "11", "16", "14", "13"}));
        BOOST_TEST((ids_of(listed(BookingFilter::upcoming)) == Ids{"9", "10", "15", "12"}));
        BOOST_TEST((ids_of(listed(BookingFilter::past)) == Ids{"11"}));
    }
    db.now = "2026-05-11T04:00:00.000Z";
    BOOST_TEST((ids_of(listed(BookingFilter::upcoming)) == Ids{"12"}));
    BOOST_TEST((ids_of(listed(BookingFilter::past)) == Ids{"15", "10", "9", "11"}));

    const auto second = listed(BookingFilter::all, 2, 3);
    BOOST_TEST((ids_of(second) == Ids{"9", "11", "16"}));
    BOOST_TEST(second.total_bookings == 8);
    BOOST_TEST(second.total_pages() == 3);
    BOOST_TEST(second.has_next());
    BOOST_TEST(second.has_previous());
    BOOST_TEST((ids_of(listed(BookingFilter::all, 3, 3)) == Ids{"14", "13"}));
    BOOST_TEST(!listed(BookingFilter::all, 3, 3).has_next());
    const auto behind = listed(BookingFilter::all, 4, 3);
    BOOST_TEST(behind.bookings.empty());
    BOOST_TEST(behind.total_bookings == 8);
    BOOST_TEST(listed(BookingFilter::all, std::numeric_limits<std::int64_t>::max(), 100).bookings.empty());

    // What changes in a row that decides no order moves no row to another page.
    db.run("UPDATE hubspot_bookings SET name = 'Other', ticket = ticket + 100 WHERE hubspot_id IN ('9', '12', '14')");
    BOOST_TEST((ids_of(listed(BookingFilter::all, 1, 4)) == Ids{"12", "15", "10", "9"}));
    BOOST_TEST((ids_of(listed(BookingFilter::all, 2, 4)) == Ids{"11", "16", "14", "13"}));
    BOOST_TEST(db.reader.log.empty());
}

BOOST_AUTO_TEST_CASE(a_booking_shows_its_exams_facts) {
    BoardDatabase db;
    db.exam("1").exam("2", "state = 2");
    db.booking("11", "1", "associated_contact_id = '101', dominant_hand = false, attendance = 'No'");
    db.booking("12", "2", "associated_contact_id = '101', is_active = 'Odd', attendance = NULL");
    db.cover_contact("101");
    const auto page = as<BookingPage>(db.list({"101"}));
    BOOST_TEST_REQUIRE(page.bookings.size() == 2u);
    const auto& first = page.bookings[0];
    BOOST_TEST((first.booking_id == "Clinical Skills-S1-May 20, 2026"));
    BOOST_TEST((first.name == "Ann Lee"));
    BOOST_TEST((first.email == "ann@example.org"));
    BOOST_TEST((first.status == BookingStatus::Active));
    BOOST_TEST((first.attendance == Attendance::No));
    BOOST_TEST((first.dominant_hand == false));
    BOOST_TEST((first.attending_location == "calgary"));
    BOOST_TEST((first.contact_id == "101"));
    BOOST_TEST((first.mock_exam_id == "1"));
    const ExamFacts facts{MockType::clinical_skills, understudy::parse_date("2026-05-20"),
                          understudy::parse_timestamp("2026-05-20T14:00:00Z"),
                          understudy::parse_timestamp("2026-05-20T17:00:00Z"), "Mississauga"};
    BOOST_TEST((first.exam == facts));
    const auto& second = page.bookings[1];
    BOOST_TEST(!second.exam.has_value());
    BOOST_TEST(!second.status.has_value());
    BOOST_TEST(!second.attendance.has_value());
    BOOST_TEST((second.mock_exam_id == "2"));

    db.reader.booking("11", "1");
    db.reader.exam("1");
    const auto found = as<FoundBooking>(db.get("11"));
    BOOST_TEST(found.booking.id == "11");
    BOOST_TEST((found.booking.exam == facts));
    BOOST_TEST((found.booking.contact_id == "101"));
    BOOST_TEST(found.provenance.from_replica);
}

BOOST_AUTO_TEST_CASE(one_booking_is_found_absent_or_not_known) {
    BoardDatabase db;
    db.reader.booking("11", "1");
    db.reader.booking("12", "2");
    db.reader.booking("13", "");
    db.reader.exam("1");
    BOOST_TEST(as<FoundBooking>(db.get("11")).booking.exam.has_value());
    BOOST_TEST(!as<FoundBooking>(db.get("13")).booking.exam.has_value());
    // The exam is gone.
    BOOST_TEST(!as<FoundBooking>(db.get("12")).booking.exam.has_value());
    as<BookingNotFound>(db.get("14"));
    db.reader.failing = true;
    BOOST_TEST(as<FoundBooking>(db.get("11")).provenance.stale);
    db.reader.exam_error = Errc::timed_out;
    BOOST_TEST((as<SourceUnavailable>(db.get("11")).error == Errc::timed_out));
    db.reader.booking_error = Errc::rate_limited;
    BOOST_TEST((as<SourceUnavailable>(db.get("13")).retry_after == 10s));
    db.reader.booking_error = {};
    db.reader.absent_is_old = true;
    as<SourceUnavailable>(db.get("14"));
}

BOOST_AUTO_TEST_CASE(an_exam_that_is_gone_is_not_found_and_a_merged_one_leads_on) {
    BoardDatabase db;
    as<ExamNotFound>(db.capacity("1"));
    BOOST_TEST((db.reader.log == Ids{"exams 1"}));
    db.exam("1", "state = 3");
    as<ExamNotFound>(db.capacity("1"));
    db.exam("2").cover_exam("2").booking("21", "2");
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
    as<ReplicaUnavailable>(db.list({"101"}));
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
    BOOST_TEST(as<BookingPage>(db.list({"17"})).total_bookings == 3);

    const ExamBoardSql sql{db.schema()};
    const std::pair<const std::string&, const char*> questions[] = {
        {sql.capacity(), "'51999'"},
        {sql.available(), "'Clinical Skills', '2026-06-01', true"},
        {sql.bookings(), "'17', 'all', '2026-06-01', 20, 0"},
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

BOOST_AUTO_TEST_SUITE_END()
