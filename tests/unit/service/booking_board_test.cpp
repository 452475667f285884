#include "booking_board.hpp"

#include "scripted_reader.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace service;
using namespace std::chrono_literals;
using understudy::Errc;
using understudy::Freshness;
using Ids = std::vector<std::string>;
using Booked = understudy::SetReading<Booking>;
using Exam = understudy::Reading<MockExam>;

namespace {

struct Fixture {
    ScriptedReader reader;
    ReadingParams params;
    std::string now = "2026-05-10T16:00:00.000Z";
    BookingBoard board{reader, params, LocalCalendar{}, [this] { return *understudy::parse_timestamp(now); }};

    BookingsResult list(BookingsQuestion question = {"101"}) {
        std::optional<BookingsResult> result;
        board.list(std::move(question), [&](BookingsResult answer) {
            BOOST_TEST(!result.has_value());
            result = std::move(answer);
        });
        return result.value();
    }
    BookingResult get(const std::string& id) {
        std::optional<BookingResult> result;
        board.get(id, [&](BookingResult answer) {
            BOOST_TEST(!result.has_value());
            result = std::move(answer);
        });
        return result.value();
    }
    MockExam& exam_on(const std::string& id, std::string_view date) {
        auto& exam = reader.exam(id);
        exam.exam_date = date.empty() ? std::nullopt : understudy::parse_date(date);
        return exam;
    }
};

template<class T, class Variant>
T as(const Variant& result) {
    BOOST_TEST_REQUIRE(std::holds_alternative<T>(result), "alternative " << result.index());
    return std::get<T>(result);
}

Ids ids_of(const BookingPage& page) {
    Ids ids;
    for (const auto& booking : page.bookings)
        ids.push_back(booking.id);
    return ids;
}

void check_ids(const BookingPage& page, const Ids& expected) {
    BOOST_TEST(ids_of(page) == expected, boost::test_tools::per_element());
}

const ExamFacts facts{MockType::clinical_skills, understudy::parse_date("2026-05-20"),
                      understudy::parse_timestamp("2026-05-20T14:00:00Z"),
                      understudy::parse_timestamp("2026-05-20T17:00:00Z"), "Mississauga"};

} // namespace

BOOST_FIXTURE_TEST_SUITE(booking_board_suite, Fixture)

BOOST_AUTO_TEST_CASE(a_list_takes_the_set_and_each_of_its_exams_once) {
    reader.exam("1");
    reader.exam("2");
    reader.booking("11", "1");
    reader.booking("12", "2");
    reader.booking("13", "1");
    reader.booking("14", "");
    reader.booking("15", "2").associated_contact_id = "102";
    const auto page = as<BookingPage>(list());
    check_ids(page, {"13", "12", "11", "14"});
    BOOST_TEST((reader.log == Ids{"bookings of contact 101", "exams 1,2"}));
    BOOST_TEST((reader.options.freshness == params.freshness));
    BOOST_TEST(reader.options.stale_if_error);
    BOOST_TEST((reader.options.priority == understudy::Priority::interactive));
    BOOST_TEST((page.provenance == Provenance{true, 0ms, false}));
}

BOOST_AUTO_TEST_CASE(nothing_booked_is_an_answer_and_asks_for_no_exam) {
    reader.booking("11", "1");
    const auto page = as<BookingPage>(list({"102"}));
    BOOST_TEST(page.bookings.empty());
    BOOST_TEST(page.total_bookings == 0);
    BOOST_TEST(page.total_pages() == 0);
    BOOST_TEST((reader.log == Ids{"bookings of contact 102"}));
    // Nor do bookings without one.
    reader.booking("12", "").associated_contact_id = "103";
    check_ids(as<BookingPage>(list({"103"})), {"12"});
    BOOST_TEST((reader.log == Ids{"bookings of contact 102", "bookings of contact 103"}));
}

BOOST_AUTO_TEST_CASE(lists_are_ordered_totally_and_paged) {
    exam_on("1", "2026-05-10");
    exam_on("2", "2026-05-09");
    exam_on("3", "2026-06-01");
    exam_on("4", "");
    exam_on("6", "2026-05-10").is_active = "false";
    reader.booking("9", "1");
    reader.booking("10", "1").is_active = "Cancelled";
    reader.booking("11", "2");
    reader.booking("12", "3");
    reader.booking("13", "4");
    // Its exam is gone.
    reader.booking("14", "5");
    reader.booking("15", "6");
    reader.booking("16", "");
    reader.booking("17", "3").associated_contact_id = "999";
    const auto listed = [&](BookingFilter filter, std::int64_t page = 1, std::int64_t limit = 20) {
        auto result = as<BookingPage>(list({"101", filter, page, limit}));
        BOOST_TEST(result.current_page == page);
        BOOST_TEST(result.limit == limit);
        return result;
    };
    // Noon in Toronto on the tenth; its first moment, 04:00 UTC in May; and its last, when UTC has the eleventh.
    for (const auto* moment : {"2026-05-10T16:00:00.000Z", "2026-05-10T04:00:00.000Z", "2026-05-11T03:59:59.999Z"}) {
        now = moment;
        check_ids(listed(BookingFilter::all), {"12", "15", "10", "9", "11", "16", "14", "13"});
        check_ids(listed(BookingFilter::upcoming), {"9", "10", "15", "12"});
        check_ids(listed(BookingFilter::past), {"11"});
    }
    now = "2026-05-10T03:59:59.999Z";
    check_ids(listed(BookingFilter::upcoming), {"11", "9", "10", "15", "12"});
    check_ids(listed(BookingFilter::past), {});
    now = "2026-05-11T04:00:00.000Z";
    check_ids(listed(BookingFilter::upcoming), {"12"});
    check_ids(listed(BookingFilter::past), {"15", "10", "9", "11"});
    BOOST_TEST(listed(BookingFilter::past, 1, 3).total_bookings == 4);
    BOOST_TEST(listed(BookingFilter::past, 1, 3).has_next());

    const auto second = listed(BookingFilter::all, 2, 3);
    check_ids(second, {"9", "11", "16"});
    BOOST_TEST(second.total_bookings == 8);
    BOOST_TEST(second.total_pages() == 3);
    BOOST_TEST(second.has_next());
    BOOST_TEST(second.has_previous());
    check_ids(listed(BookingFilter::all, 3, 3), {"14", "13"});
    BOOST_TEST(!listed(BookingFilter::all, 3, 3).has_next());
    check_ids(listed(BookingFilter::all, 2, 4), {"11", "16", "14", "13"});
    for (const auto behind : {std::int64_t{4}, std::numeric_limits<std::int64_t>::max()}) {
        BOOST_TEST(listed(BookingFilter::all, behind, 3).bookings.empty());
        BOOST_TEST(listed(BookingFilter::all, behind, 3).total_bookings == 8);
    }
}

BOOST_AUTO_TEST_CASE(a_booking_shows_its_exams_facts) {
    reader.exam("1");
    auto& booked = reader.booking("11", "1");
    booked.booking_id = "Clinical Skills-S1-May 20, 2026";
    booked.name = "Ann Lee";
    booked.email = "ann@example.org";
    booked.is_active = "Active";
    booked.attendance = "No";
    booked.dominant_hand = false;
    booked.attending_location = "calgary";
    auto& odd = reader.booking("12", "2");
    odd.is_active = "Odd";
    reader.exam("3").mock_type = "Odd";
    reader.booking("13", "3").is_active = "Cancelled";
    const auto page = as<BookingPage>(list());
    check_ids(page, {"13", "11", "12"});
    const auto& first = page.bookings[1];
    BOOST_TEST((first.booking_id == "Clinical Skills-S1-May 20, 2026"));
    BOOST_TEST((first.name == "Ann Lee"));
    BOOST_TEST((first.email == "ann@example.org"));
    BOOST_TEST((first.status == BookingStatus::Active));
    BOOST_TEST((first.attendance == Attendance::No));
    BOOST_TEST((first.dominant_hand == false));
    BOOST_TEST((first.attending_location == "calgary"));
    BOOST_TEST((first.contact_id == "101"));
    BOOST_TEST((first.mock_exam_id == "1"));
    BOOST_TEST((first.exam == facts));
    const auto& second = page.bookings[2];
    BOOST_TEST(!second.exam.has_value());
    BOOST_TEST(!second.status.has_value());
    BOOST_TEST(!second.attendance.has_value());
    BOOST_TEST((second.mock_exam_id == "2"));
    BOOST_TEST((page.bookings[0].status == BookingStatus::Cancelled));
    BOOST_TEST((page.bookings[0].exam && !page.bookings[0].exam->mock_type));

    const auto found = as<FoundBooking>(get("11"));
    BOOST_TEST((found.booking == first));
    BOOST_TEST(found.provenance.from_replica);
}

BOOST_AUTO_TEST_CASE(a_booking_of_a_merged_exam_shows_the_survivor) {
    reader.exam("2");
    exam_on("9", "2026-01-01");
    reader.survivors["1"] = "2";
    reader.booking("11", "1");
    reader.booking("12", "2");
    reader.booking("13", "9");
    const auto page = as<BookingPage>(list());
    check_ids(page, {"12", "11", "13"});
    BOOST_TEST((reader.log.back() == "exams 1,2,9"));
    BOOST_TEST((page.bookings[1].mock_exam_id == "1"));
    BOOST_TEST((page.bookings[1].exam == facts));
    BOOST_TEST((page.bookings[0].exam == facts));
    BOOST_TEST((page.bookings[2].exam->exam_date == understudy::parse_date("2026-01-01")));
    const auto found = as<FoundBooking>(get("11"));
    BOOST_TEST((found.booking == page.bookings[1]));
}

BOOST_AUTO_TEST_CASE(an_answer_is_as_old_and_as_stale_as_its_worst_part) {
    reader.exam("1");
    reader.exam("2");
    reader.booking("11", "1");
    reader.booking("12", "2");
    struct Part {
        std::chrono::milliseconds age{0};
        bool stale = false;
        std::uint8_t tier = 0;
    };
    struct Row {
        Part set, one, other;
        bool failing;
        Provenance expected;
    };
    const Row rows[] = {
        {{3s}, {1s}, {2s}, false, {true, 3s, false}},
        {{3s}, {1s}, {7s}, false, {true, 7s, false}},
        {{0s}, {0s}, {0s}, false, {true, 0s, false}},
        {{3s, true}, {}, {}, false, {true, 3s, true}},
        {{}, {3s, true}, {}, false, {true, 3s, true}},
        {{}, {}, {3s, true}, false, {true, 3s, true}},
        {{0s, false, 1}, {5s}, {}, false, {false, 5s, false}},
        {{}, {0s, false, 1}, {}, false, {false, 0s, false}},
        {{}, {}, {0s, false, 1}, false, {false, 0s, false}},
        // While the source fails, nothing from the replica alone can be confirmed.
        {{}, {}, {}, true, {true, 0s, true}},
        {{}, {}, {0s, false, 1}, true, {false, 0s, false}},
    };
    const auto set_to = [](auto& reading, const Part& part) {
        reading.age = part.age;
        reading.stale = part.stale;
        reading.tier = part.tier;
    };
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        const auto& row = rows[i];
        reader.failing = row.failing;
        reader.on_set = [&](Booked& set) { set_to(set, row.set); };
        reader.on_exam = [&](Exam& exam) { set_to(exam, exam.id == "1" ? row.one : row.other); };
        const auto page = as<BookingPage>(list());
        BOOST_TEST((page.provenance == row.expected), "row " << i);
        // What a list shows of it does not depend on how it is filtered.
        const auto past = as<BookingPage>(list({"101", BookingFilter::past}));
        BOOST_TEST(past.bookings.empty());
        BOOST_TEST((past.provenance == row.expected), "row " << i);
        BOOST_TEST(
            (as<FoundBooking>(get("12")).provenance.stale == (row.other.stale || (row.failing && !row.other.tier))),
            "row " << i);
    }
}

// D10 for sets: what could not be read is never "none", and never shown in part.
BOOST_AUTO_TEST_CASE(d10_no_failure_is_a_shorter_list_or_one_without_facts) {
    reader.exam("1");
    reader.exam("2");
    reader.booking("11", "1");
    reader.booking("12", "2");
    const auto error = [&] { return as<SourceUnavailable>(list()).error; };
    reader.answer = [](const std::string&) { return understudy::error_code{Errc::timed_out}; };
    BOOST_TEST((error() == Errc::timed_out));
    BOOST_TEST(reader.log.size() == 1u);
    reader.answer = [](const std::string& asked) {
        return asked.starts_with("exams") ? understudy::error_code{Errc::rate_limited} : understudy::error_code{};
    };
    BOOST_TEST((error() == Errc::rate_limited));
    BOOST_TEST((as<SourceUnavailable>(list()).retry_after == 10s));
    reader.answer = {};
    // One exam of two; and whatever says that it failed, and not why.
    reader.on_exam = [](Exam& exam) {
        if (exam.id == "2")
            exam = Exam::failure(Errc::unavailable);
    };
    BOOST_TEST((error() == Errc::unavailable));
    BOOST_TEST((as<SourceUnavailable>(list({"101", BookingFilter::past})).error == Errc::unavailable));
    reader.on_exam = [](Exam& exam) { exam = {}; };
    BOOST_TEST(error().failed());
    reader.on_exam = {};
    reader.on_set = [](Booked& set) {
        set.members.clear();
        set.known = false;
    };
    BOOST_TEST(error().failed());
    reader.on_set = {};
    BOOST_TEST(as<BookingPage>(list()).total_bookings == 2);
}

BOOST_AUTO_TEST_CASE(an_exam_that_may_be_back_leaves_its_booking_flagged) {
    reader.booking("11", "1");
    reader.absent_is_old = true;
    const auto page = as<BookingPage>(list());
    check_ids(page, {"11"});
    BOOST_TEST(!page.bookings[0].exam.has_value());
    BOOST_TEST(page.provenance.stale);
    BOOST_TEST(as<FoundBooking>(get("11")).provenance.stale);
}

BOOST_AUTO_TEST_CASE(one_booking_is_found_absent_or_not_known) {
    reader.booking("11", "1");
    reader.booking("12", "2");
    reader.booking("13", "");
    reader.exam("1");
    BOOST_TEST((as<FoundBooking>(get("11")).booking.exam == facts));
    BOOST_TEST((reader.log == Ids{"booking 11", "exams 1"}));
    BOOST_TEST(!as<FoundBooking>(get("13")).booking.exam.has_value());
    BOOST_TEST(reader.log.back() == "booking 13");
    // The exam is gone.
    BOOST_TEST(!as<FoundBooking>(get("12")).booking.exam.has_value());
    as<BookingNotFound>(get("14"));
    reader.failing = true;
    BOOST_TEST(as<FoundBooking>(get("11")).provenance.stale);
    reader.exam_error = Errc::timed_out;
    BOOST_TEST((as<SourceUnavailable>(get("11")).error == Errc::timed_out));
    reader.booking_error = Errc::rate_limited;
    BOOST_TEST((as<SourceUnavailable>(get("13")).retry_after == 10s));
    reader.booking_error = {};
    reader.absent_is_old = true;
    as<SourceUnavailable>(get("14"));
}

BOOST_AUTO_TEST_CASE(the_time_left_is_passed_on) {
    reader.exam("1");
    reader.booking("11", "1");
    std::vector<std::chrono::milliseconds> times;
    reader.answer = [&](const std::string&) {
        times.push_back(reader.options.timeout);
        const auto until = std::chrono::steady_clock::now() + 2ms;
        while (std::chrono::steady_clock::now() < until) {
        }
        return understudy::error_code{};
    };
    as<BookingPage>(list());
    BOOST_TEST_REQUIRE(times.size() == 2u);
    BOOST_TEST((times[0] <= params.timeout));
    BOOST_TEST((times[0] > 0ms));
    BOOST_TEST((times[1] <= times[0] - 1ms));
}

BOOST_AUTO_TEST_SUITE_END()
