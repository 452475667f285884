#include "bench.hpp"
#include "booking.hpp"

#include <understudy/budgeted.hpp>
#include <understudy/coalescing.hpp>
#include <understudy/guarded.hpp>
#include <understudy/memory/store.hpp>
#include <understudy/periodic_reconciler.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

using namespace understudy;
using namespace std::chrono_literals;

namespace {

using Store = hubspot::Store<Contact>;

static_assert(Source<Store>);
static_assert(FetchableBy<Store, ByEmail>);
static_assert(SearchableBy<Store, ByStudentId>);

} // namespace

BOOST_AUTO_TEST_SUITE(hubspot_store)

BOOST_AUTO_TEST_CASE(reads_by_id_in_both_versions_of_the_api) {
    Bench bench;
    for (const auto* version : {"2026-09", "v3"})
        BOOST_TEST_CONTEXT(version) {
            bench.params.api_version = version;
            const auto [ec, readings] = bench.fetch(bench.store(), {id_of(7), id_of(3), "1", id_of(7), "x"});
            BOOST_REQUIRE(!ec);
            BOOST_REQUIRE(readings.size() == 5);
            BOOST_TEST(readings[0].found());
            BOOST_TEST(readings[0].id == id_of(7));
            BOOST_TEST(readings[0].record.email.value() == email_of(7));
            BOOST_TEST(readings[0].record.student_id.value() == student_of(7));
            BOOST_CHECK(readings[0].version != no_version);
            BOOST_TEST(readings[1].record.more_emails.value() == "old100003@example.com;older100003@example.com");
            BOOST_TEST(readings[2].absent());
            BOOST_CHECK(readings[3].record == readings[0].record);
            BOOST_TEST(readings[4].absent());
        }
    BOOST_TEST(bench.calls("batch_read") == 2);
    BOOST_TEST(bench.details.empty());
}

BOOST_AUTO_TEST_CASE(reads_by_email_in_any_case_and_by_further_addresses) {
    Bench bench;
    for (const auto* version : {"2026-09", "v3"})
        BOOST_TEST_CONTEXT(version) {
            bench.params.api_version = version;
            const auto [ec, readings] =
                bench.fetch<ByEmail>(bench.store(), {"STUDENT100005@Example.com", "older100003@example.com",
                                                     "nobody@example.com", email_of(5), "old100003@example.com"});
            BOOST_REQUIRE(!ec);
            BOOST_REQUIRE(readings.size() == 5);
            BOOST_TEST(readings[0].id == id_of(5));
            BOOST_TEST(readings[1].id == id_of(3));
            BOOST_TEST(readings[2].absent());
            BOOST_TEST(readings[3].id == id_of(5));
            BOOST_TEST(readings[4].id == id_of(3));
        }
    BOOST_TEST(bench.calls("batch_read") == 2);
    BOOST_TEST(bench.calls("read") == 0);
}

BOOST_AUTO_TEST_CASE(what_the_portal_holds_is_what_is_read) {
    Bench bench;
    std::vector<std::string> ids;
    for (int i = 1; i <= 100; ++i)
        ids.push_back(id_of(i));
    const auto [ec, readings] = bench.fetch(bench.store(), ids);
    BOOST_REQUIRE(!ec);
    int empty = 0;
    for (int i = 1; i <= 100; ++i) {
        const auto seeded = bench.emulator.control("GET", "seeded/contact/" + std::to_string(i));
        const auto& expected = seeded.at("sj_credits");
        const auto& credits = readings[static_cast<std::size_t>(i - 1)].record.sj_credits;
        if (expected.is_null() || expected.as_string().empty()) {
            BOOST_TEST(!credits);
            ++empty;
        } else {
            BOOST_TEST(credits.value() == std::stoi(std::string{expected.as_string()}));
        }
    }
    BOOST_TEST(empty > 0);
}

BOOST_AUTO_TEST_CASE(two_hundred_and_fifty_are_three_calls) {
    Bench bench;
    std::vector<std::string> ids;
    for (int i = 1; i <= 250; ++i)
        ids.push_back(i % 50 == 0 ? std::to_string(i) : id_of(i));
    const auto [ec, readings] = bench.fetch(bench.store(), ids);
    BOOST_REQUIRE(!ec);
    BOOST_REQUIRE(readings.size() == 250);
    for (int i = 1; i <= 250; ++i) {
        const auto& reading = readings[static_cast<std::size_t>(i - 1)];
        BOOST_TEST(reading.found() == (i % 50 != 0));
        BOOST_TEST(reading.absent() == (i % 50 == 0));
        BOOST_TEST(reading.id == ids[static_cast<std::size_t>(i - 1)]);
    }
    BOOST_TEST(bench.calls("batch_read") == 3);
    BOOST_TEST(bench.client().stats().connections_made == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_asked_is_answered_without_a_call) {
    Bench bench;
    const auto [ec, readings] = bench.fetch(bench.store(), {});
    BOOST_TEST(!ec);
    BOOST_TEST(readings.empty());
    BOOST_TEST(bench.calls("batch_read") == 0);
}

BOOST_AUTO_TEST_CASE(merged_archived_and_erased_records) {
    for (const bool preserve : {false, true}) {
        Bench bench;
        bench.emulator.change({{"preserve_primary_id", preserve}});
        auto merge = [&](std::string primary, std::string other) {
            const boost::json::value body{{"type", "0-1"}, {"primary", primary}, {"other", other}};
            return std::string{bench.emulator.control("POST", "merge", body).at("id").as_string()};
        };
        const auto first = merge(id_of(11), id_of(12));
        const auto survivor = merge(first, id_of(13)); // a chain
        BOOST_TEST((first == id_of(11)) == preserve);
        bench.emulator.control("DELETE", "records/0-1/" + id_of(14));
        bench.emulator.control("POST", "records/0-1/" + id_of(15) + "/erase");

        const auto [ec, readings] =
            bench.fetch(bench.store(), {id_of(11), id_of(12), id_of(13), id_of(14), id_of(15), id_of(16)});
        BOOST_REQUIRE(!ec);
        for (std::size_t i = 0; i < 3; ++i) {
            BOOST_TEST(readings[i].found());
            BOOST_TEST(readings[i].id == survivor);
            BOOST_TEST(readings[i].record.id == survivor);
        }
        BOOST_TEST(readings[3].absent());
        BOOST_TEST(readings[4].absent());
        BOOST_TEST(readings[5].found());
        const auto [alone_ec, alone] = bench.fetch(bench.store(), {id_of(12)});
        BOOST_REQUIRE(!alone_ec);
        BOOST_TEST(alone[0].id == survivor);
    }
}

BOOST_AUTO_TEST_CASE(inputs_that_the_batch_swallows_are_read_by_themselves) {
    Bench bench;
    bench.emulator.fault({{"action", "drop_results"}, {"kind", "batch_read"}, {"count", 2}, {"times", 1}});
    const auto [ec, readings] = bench.fetch(bench.store(), {id_of(1), id_of(2), id_of(3), id_of(4)});
    BOOST_REQUIRE(!ec);
    for (const auto& reading : readings)
        BOOST_TEST(reading.found());
    BOOST_TEST(bench.calls("read") == 2);

    bench.emulator.fault({{"action", "drop_results"}, {"kind", "batch_read"}, {"count", 1}, {"times", 1}});
    const auto [email_ec, by_email] = bench.fetch<ByEmail>(bench.store(), {email_of(1)});
    BOOST_REQUIRE(!email_ec);
    BOOST_TEST(by_email[0].id == id_of(1));
    BOOST_TEST(bench.calls("read") == 3);
}

BOOST_AUTO_TEST_CASE(I13_further_calls_of_one_fetch_ask_for_a_permit_each) {
    Bench bench;
    std::vector<RateBucket> asked;
    error_code verdict;
    ReadOptions background;
    background.priority = Priority::background;
    bench.params.permit = [&](RateBucket bucket, const ReadOptions& options, std::function<void(error_code)> answer) {
        asked.push_back(bucket);
        BOOST_TEST((options.priority == Priority::background));
        BOOST_TEST((options.timeout > 0ms && options.timeout <= 30s));
        boost::asio::post(bench.io, [answer = std::move(answer), verdict] { answer(verdict); });
    };
    bench.emulator.fault({{"action", "drop_results"}, {"kind", "batch_read"}, {"count", 2}, {"times", 2}});
    const auto [ec, readings] = bench.fetch(bench.store(), {id_of(1), id_of(2), id_of(3)}, background);
    BOOST_REQUIRE(!ec);
    for (const auto& reading : readings)
        BOOST_TEST(reading.found());
    BOOST_TEST(asked.size() == 2U);

    verdict = Errc::rate_limited;
    const auto [refused_ec, refused] = bench.fetch(bench.store(), {id_of(1), id_of(2), id_of(3)}, background);
    BOOST_REQUIRE(!refused_ec);
    BOOST_TEST(refused[0].found() + refused[1].found() + refused[2].found() == 1);
    for (const auto& reading : refused)
        BOOST_TEST((reading.found() || reading.error == error_code{Errc::rate_limited}));
    BOOST_TEST(bench.calls("read") == 2);
}

BOOST_AUTO_TEST_CASE(D2_a_property_taken_away_while_running_is_named_and_never_a_value) {
    Bench bench;
    auto store = bench.store();
    BOOST_TEST(std::get<1>(bench.fetch(store, {id_of(1)})).at(0).found());

    bench.emulator.control("PATCH", "properties/0-1/sj_credits", {{"name", "sj_balance"}});
    const auto [ec, readings] = bench.fetch(store, {id_of(1), "1"});
    BOOST_REQUIRE(!ec);
    BOOST_TEST(readings[0].failed());
    BOOST_TEST(readings[0].error == error_code{Errc::schema_mismatch});
    BOOST_TEST(readings[1].absent());
    BOOST_TEST(bench.calls("property_list") == 1);
    BOOST_REQUIRE(!bench.details.empty());
    BOOST_TEST(bench.details.back().properties == std::vector<std::string>{"sj_credits"});

    const auto [check_ec, missing] =
        bench.run<std::vector<std::string>>([&](auto handler) { store.async_check_properties(5s, handler); });
    BOOST_TEST(check_ec == error_code{Errc::schema_mismatch});
    BOOST_TEST(missing == std::vector<std::string>{"sj_credits"});

    bench.emulator.control("PATCH", "properties/0-1/sj_balance", {{"name", "sj_credits"}});
    BOOST_TEST(std::get<1>(bench.fetch(store, {id_of(1)})).at(0).found());
    BOOST_TEST(!std::get<0>(
        bench.run<std::vector<std::string>>([&](auto handler) { store.async_check_properties(5s, handler); })));
}

BOOST_AUTO_TEST_CASE(D2_a_part_of_a_record_is_not_taken_for_the_whole) {
    Bench bench;
    bench.emulator.fault({{"action", "drop_properties"}, {"kind", "batch_read"}, {"properties", {"sj_credits"}}});
    const auto [ec, readings] = bench.fetch(bench.store(), {id_of(1), id_of(2)});
    BOOST_REQUIRE(!ec);
    for (const auto& reading : readings)
        BOOST_TEST(reading.error == error_code{Errc::incomplete_record});
    BOOST_TEST(bench.details.back().properties == std::vector<std::string>{"sj_credits"});
}

BOOST_AUTO_TEST_CASE(an_absent_property_that_is_still_defined_is_no_value_where_nulls_are_left_out) {
    Bench bench;
    // An account as the 2026-09 guide describes it.
    bench.emulator.fault(
        {{"action", "drop_properties"},
         {"kind", "batch_read"},
         {"properties", {"sj_credits", "shared_mock_credits", "hs_additional_emails", "ndecc_exam_date"}}});
    auto store = bench.store();
    const auto [ec, readings] = bench.fetch(store, {id_of(1), id_of(2)});
    BOOST_REQUIRE(!ec);
    BOOST_TEST(readings[0].found());
    BOOST_TEST(!readings[0].record.sj_credits);
    BOOST_TEST(readings[0].record.email.value() == email_of(1));
    BOOST_TEST(bench.calls("property_list") == 1);

    // Those whose answers arrive while the definitions are on their way share the next load.
    bench.emulator.control("POST", "counters/reset");
    bench.emulator.fault({{"action", "hold"}, {"kind", "property_list"}, {"times", 1}});
    int done = 0;
    const auto start = [&](int number) {
        store.async_fetch({id_of(number)}, {}, [&](error_code error, const std::vector<Reading<Contact>>& got) {
            BOOST_TEST(!error);
            BOOST_TEST(got.at(0).found());
            ++done;
        });
    };
    bench.io.restart();
    start(1);
    while (bench.calls("property_list") < 1)
        bench.io.poll();
    for (int i = 2; i <= 9; ++i)
        start(i);
    while (bench.emulator.counters().at("answered").as_int64() < 9)
        bench.io.poll();
    bench.io.poll();
    bench.emulator.control("POST", "release");
    while (done < 9)
        bench.io.run_one();
    BOOST_TEST(bench.calls("property_list") <= 3);
}

BOOST_AUTO_TEST_CASE(definitions_that_cannot_be_had_fail_the_record) {
    Bench bench;
    bench.emulator.fault({{"action", "drop_properties"}, {"kind", "batch_read"}, {"properties", {"sj_credits"}}});
    bench.emulator.fault({{"action", "status"}, {"status", 503}, {"kind", "property_list"}});
    const auto [ec, readings] = bench.fetch(bench.store(), {id_of(1)});
    BOOST_REQUIRE(!ec);
    BOOST_TEST(readings[0].error == error_code{Errc::unavailable});
    bench.emulator.clear_faults();
    bench.emulator.fault({{"action", "drop_properties"}, {"kind", "batch_read"}, {"properties", {"sj_credits"}}});
    bench.emulator.fault({{"action", "timeout"}, {"kind", "property_list"}});
    ReadOptions hurried;
    hurried.timeout = 100ms;
    const auto [late_ec, late] = bench.fetch(bench.store(), {id_of(1)}, hurried);
    BOOST_REQUIRE(!late_ec);
    BOOST_TEST(late[0].error == error_code{Errc::timed_out});
}

BOOST_AUTO_TEST_CASE(D10_every_failure_of_the_server_is_a_failure) {
    const struct {
        boost::json::value fault;
        Errc error;
    } table[] = {
        {{{"action", "rate_limit"}, {"policy", "ten_secondly_rolling"}}, Errc::rate_limited},
        {{{"action", "rate_limit"}, {"policy", "daily"}}, Errc::rate_limited},
        {{{"action", "expired_token"}}, Errc::unauthorized},
        {{{"action", "no_credentials"}}, Errc::unauthorized},
        {{{"action", "missing_scope"}}, Errc::forbidden},
        {{{"action", "status"}, {"status", 414}}, Errc::unavailable},
        {{{"action", "status"}, {"status", 423}}, Errc::unavailable},
        {{{"action", "status"}, {"status", 477}, {"retry_after", 60}}, Errc::unavailable},
        {{{"action", "status"}, {"status", 500}}, Errc::unavailable},
        {{{"action", "status"}, {"status", 502}}, Errc::unavailable},
        {{{"action", "status"}, {"status", 503}}, Errc::unavailable},
        {{{"action", "status"}, {"status", 504}}, Errc::timed_out},
        {{{"action", "status"}, {"status", 524}}, Errc::timed_out},
        {{{"action", "status"}, {"status", 530}}, Errc::unauthorized},
        {{{"action", "status"}, {"status", 200}, {"body", "<html>"}}, Errc::malformed_answer},
        {{{"action", "status"}, {"status", 200}, {"body", "{}"}}, Errc::malformed_answer},
        {{{"action", "status"}, {"status", 200}, {"body", "{\"results\":[7]}"}}, Errc::malformed_answer},
        {{{"action", "status"}, {"status", 404}, {"body", "<html>"}}, Errc::unavailable},
        {{{"action", "reset"}}, Errc::unavailable},
        {{{"action", "reset"}, {"when", "after"}}, Errc::unavailable},
        {{{"action", "half_answer"}}, Errc::unavailable},
        {{{"action", "timeout"}}, Errc::timed_out},
    };
    Bench bench;
    auto store = bench.store();
    ReadOptions options;
    options.timeout = 300ms;
    for (const auto& row : table)
        BOOST_TEST_CONTEXT(boost::json::serialize(row.fault)) {
            bench.emulator.fault(row.fault);
            bench.details.clear();
            const auto [ec, readings] = bench.fetch(store, {id_of(1)}, options);
            BOOST_TEST(ec == error_code{row.error});
            BOOST_TEST(readings.empty());
            BOOST_REQUIRE(!bench.details.empty());
            BOOST_TEST(bench.details[0].error == ec);
            BOOST_TEST(bench.details[0].operation == "batch read 0-1");
            BOOST_TEST(hubspot::to_line(bench.details[0]).find("pat-na1") == std::string::npos);
            bench.emulator.clear_faults();
            const auto [by_email_ec, found] = bench.fetch<ByEmail>(store, {email_of(1)});
            BOOST_REQUIRE(!by_email_ec);
            BOOST_TEST(found[0].found());
        }
}

BOOST_AUTO_TEST_CASE(a_single_read_that_fails_fails_its_row_only) {
    Bench bench;
    bench.emulator.fault({{"action", "drop_results"}, {"kind", "batch_read"}, {"count", 1}});
    bench.emulator.fault({{"action", "status"}, {"status", 404}, {"kind", "read"}, {"body", "<html>"}});
    const auto [ec, readings] = bench.fetch(bench.store(), {id_of(1), id_of(2)});
    BOOST_REQUIRE(!ec);
    BOOST_TEST(readings[0].found() + readings[1].found() == 1);
    BOOST_TEST(readings[0].failed() + readings[1].failed() == 1);
}

BOOST_AUTO_TEST_CASE(a_wrong_token_is_said_and_not_repeated) {
    Bench bench;
    bench.params.access_token = "pat-na1-wrong";
    const auto [ec, readings] = bench.fetch(bench.store(), {id_of(1)});
    BOOST_TEST(ec == error_code{Errc::unauthorized});
    for (const auto& detail : bench.details)
        BOOST_TEST(hubspot::to_line(detail).find("pat-na1-wrong") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(limits_are_reported) {
    Bench bench;
    auto store = bench.store();
    bench.fetch(store, {id_of(1)});
    BOOST_REQUIRE(!bench.rates.empty());
    BOOST_CHECK(bench.rates[0].bucket == RateBucket::window);
    BOOST_TEST(bench.rates[0].limit.value() == 100);
    BOOST_TEST(bench.rates[0].remaining.value() == 99);
    BOOST_TEST(bench.rates[0].interval.count() == 10'000);

    bench.emulator.change({{"limit", 1}});
    bench.rates.clear();
    BOOST_TEST(std::get<0>(bench.fetch(store, {id_of(1)})) == error_code{Errc::rate_limited});
    BOOST_REQUIRE(!bench.rates.empty());
    const auto& refusal = bench.rates.back();
    BOOST_TEST(refusal.refused);
    BOOST_CHECK(refusal.bucket == RateBucket::window);
    BOOST_TEST(refusal.retry_after->count() == 10'000);

    bench.emulator.change({{"searches", 0}});
    bench.rates.clear();
    const auto search = bench.run<std::vector<std::vector<Candidate<Contact>>>>(
        [&](auto handler) { store.template async_search<ByStudentId>({"S100001"}, {}, handler); });
    BOOST_TEST(std::get<0>(search) == error_code{Errc::rate_limited});
    BOOST_CHECK(bench.rates.back().bucket == RateBucket::search);
    BOOST_TEST(bench.rates.back().refused);
}

BOOST_AUTO_TEST_CASE(searches_for_many_students) {
    Bench bench;
    std::vector<std::string> students;
    for (int i = 1; i <= 150; ++i)
        students.push_back(student_of(i));
    students.push_back("S999999");
    students.push_back("s100001");
    for (const auto* version : {"2026-09", "v3"}) {
        bench.params.api_version = version;
        auto store = bench.store();
        const auto [ec, found] = bench.run<std::vector<std::vector<Candidate<Contact>>>>(
            [&](auto handler) { store.template async_search<ByStudentId>(students, {}, handler); });
        BOOST_REQUIRE(!ec);
        BOOST_REQUIRE(found.size() == 152);
        for (int i = 1; i <= 150; ++i) {
            BOOST_REQUIRE(found[static_cast<std::size_t>(i - 1)].size() == 1);
            BOOST_TEST(found[static_cast<std::size_t>(i - 1)][0].id == id_of(i));
            BOOST_CHECK(found[static_cast<std::size_t>(i - 1)][0].version != no_version);
        }
        BOOST_TEST(found[150].empty());
        BOOST_TEST(found[151].size() == 1);
    }
    BOOST_TEST(bench.calls("search") == 4);
}

BOOST_AUTO_TEST_CASE(a_hit_that_is_none_any_more_is_left_out) {
    Bench bench;
    bench.emulator.catch_up();
    bench.emulator.control("POST", "index", {{"frozen", true}});
    bench.emulator.control("PATCH", "records/0-1/" + id_of(1), {{"properties", {{"student_id", "S777"}}}});
    auto store = bench.store();
    const auto [ec, found] = bench.run<std::vector<std::vector<Candidate<Contact>>>>([&](auto handler) {
        store.template async_search<ByStudentId>({student_of(1), "S777"}, {}, handler);
    });
    BOOST_REQUIRE(!ec);
    // The index knows the contact by its old number; the contact says that it has another, which was asked for too.
    BOOST_TEST(found[0].empty());
    BOOST_TEST(found[1].size() == 1);
    const auto [alone_ec, alone] = bench.run<std::vector<std::vector<Candidate<Contact>>>>(
        [&](auto handler) { store.template async_search<ByStudentId>({student_of(1)}, {}, handler); });
    BOOST_REQUIRE(!alone_ec);
    BOOST_TEST(alone[0].empty());
}

BOOST_AUTO_TEST_CASE(cancelled_by_itself) {
    for (const auto type : {boost::asio::cancellation_type::terminal, boost::asio::cancellation_type::partial,
                            boost::asio::cancellation_type::total}) {
        Bench bench;
        auto store = bench.store();
        bench.emulator.fault({{"action", "hold"}});
        boost::asio::cancellation_signal signal;
        std::optional<error_code> result;
        store.async_fetch({id_of(1)}, {},
                          boost::asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, const auto& readings) {
                              BOOST_TEST(readings.empty());
                              result = ec;
                          }));
        while (bench.emulator.counters().at("held").as_int64() < 1)
            bench.io.poll();
        signal.emit(type);
        while (!result)
            bench.io.run_one();
        BOOST_TEST(*result == boost::asio::error::operation_aborted);
        BOOST_TEST(bench.details.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_slow_server_is_waited_for) {
    Bench bench;
    bench.emulator.change({{"latency_ms", 100}});
    const auto before = std::chrono::steady_clock::now();
    BOOST_TEST(std::get<1>(bench.fetch(bench.store(), {id_of(1)})).at(0).found());
    BOOST_TEST((std::chrono::steady_clock::now() - before >= 100ms));
}

BOOST_AUTO_TEST_CASE(pending_reads_may_be_thrown_away) {
    auto bench = std::make_unique<Bench>();
    bench->emulator.fault({{"action", "hold"}});
    bench->store().async_fetch({id_of(1)}, {}, [](error_code, const std::vector<Reading<Contact>>&) {});
    while (bench->emulator.counters().at("held").as_int64() < 1)
        bench->io.poll();
    bench.reset();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hubspot_sets)

namespace {

using Bookings = hubspot::Store<Booking>;
using Exams = hubspot::Store<MockExam>;
using Texts = std::vector<std::string>;

static_assert(Source<Bookings> && Source<Exams>);
static_assert(SetSource<Bookings, BookingsOfContact> && SetSource<Bookings, BookingsOfExam>);
static_assert(SetSource<Exams, AllExams>);
static_assert(!SetSource<Exams, BookingsOfExam> && !SetSource<Bookings, AllExams>);
static_assert(!SetSource<hubspot::Store<Contact>, ByStudentId>);
// A link is no property: it cannot be searched for, nor looked up.
static_assert(!FetchableBy<Bookings, BookingsOfExam> && !SearchableBy<Bookings, BookingsOfExam>);
static_assert(max_batch_of<Bookings, BookingsOfExam>() == 1000 && max_batch_of<Bookings, ById<Booking>>() == 100);

Texts numbered(std::string (*id)(int), int count) {
    Texts ids;
    for (int i = 1; i <= count; ++i)
        ids.push_back(id(i));
    return ids;
}

// A portal without bookings but those that a test makes.
struct Portal : Bench {
    Portal()
        : Bench{{"--contacts", "200", "--exams", "120", "--bookings", "0", "--index-lag-ms", "0",
                 "--index-lag-jitter-ms", "0", "--limit", "1000000"}} {}

    Bookings bookings() { return Bookings{client()}; }
    Exams exams() { return Exams{client()}; }

    // So many bookings, which take the contacts and the exams in turn.
    Texts book(int count, const Texts& contacts, const Texts& exams) {
        boost::json::object order{{"count", count},
                                  {"properties", {{"name", "booking {id}"}, {"is_active", "Active"}}}};
        boost::json::array ends;
        if (!contacts.empty())
            ends.push_back({{"type", "0-1"}, {"ids", boost::json::array(contacts.begin(), contacts.end())}});
        if (!exams.empty())
            ends.push_back({{"type", exam_type}, {"ids", boost::json::array(exams.begin(), exams.end())}});
        order["associations"] = std::move(ends);
        Texts ids;
        const auto made = emulator.control("POST", records("bulk"), order);
        for (const auto& id : made.at("ids").as_array())
            ids.emplace_back(id.as_string());
        return ids;
    }
    static std::string records(std::string what) { return std::string{"records/"} + booking_type + "/" + what; }
    void associate(const std::string& booking, const char* type, const std::string& id) {
        emulator.control("POST", "associations",
                         {{"from", {{"type", booking_type}, {"id", booking}}}, {"to", {{"type", type}, {"id", id}}}});
    }

    template<class By, class S>
    auto sets(S store, std::vector<typename By::value_type> values, ReadOptions options = {}) {
        using R = typename By::record_type;
        emulator.control("POST", "counters/reset");
        return run<std::vector<SetReading<R>>>(
            [&](auto handler) { store.template async_fetch_set<By>(std::move(values), options, handler); });
    }
    template<class R>
    auto read(hubspot::Store<R> store, Texts ids) {
        emulator.control("POST", "counters/reset");
        return run<std::vector<Reading<R>>>([&](auto handler) { store.async_fetch(std::move(ids), {}, handler); });
    }
    std::int64_t all_calls() { return emulator.counters().at("calls").to_number<std::int64_t>(); }
};

Texts ids_of(const SetReading<Booking>& set) {
    Texts ids;
    for (const auto& member : set.members)
        ids.push_back(member.id);
    return ids;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_booking_is_read_with_its_contact_and_its_exam) {
    Portal portal;
    const auto made = portal.book(3, {id_of(7), id_of(8)}, {exam_of(3)});
    const auto lonely = portal.book(1, {}, {});
    for (const auto* version : {"2026-09", "v3"})
        BOOST_TEST_CONTEXT(version) {
            portal.params.api_version = version;
            const auto [ec, readings] = portal.read(portal.bookings(), {made[0], made[1], lonely[0], "1"});
            BOOST_REQUIRE(!ec);
            BOOST_TEST(readings[0].record.name.value() == "booking " + made[0]);
            BOOST_TEST(readings[0].record.associated_contact_id.value() == id_of(7));
            BOOST_TEST(readings[1].record.associated_contact_id.value() == id_of(8));
            BOOST_TEST(readings[1].record.associated_mock_exam.value() == exam_of(3));
            BOOST_TEST(readings[2].found());
            BOOST_TEST(!readings[2].record.associated_contact_id);
            BOOST_TEST(!readings[2].record.associated_mock_exam);
            BOOST_TEST(readings[3].absent());
            BOOST_TEST(portal.all_calls() == 3);
            BOOST_TEST(portal.details.empty());
        }
}

BOOST_AUTO_TEST_CASE(sets_of_any_size) {
    Portal portal;
    const std::vector<int> sizes{0, 1, 100, 101, 600};
    std::vector<Texts> made;
    for (int i = 0; i < static_cast<int>(sizes.size()); ++i)
        made.push_back(portal.book(sizes[static_cast<std::size_t>(i)], numbered(id_of, 50), {exam_of(i + 1)}));
    for (const auto* version : {"2026-09", "v3"})
        BOOST_TEST_CONTEXT(version) {
            portal.params.api_version = version;
            const auto [ec, sets] = portal.sets<BookingsOfExam>(
                portal.bookings(), {exam_of(1), exam_of(2), exam_of(3), exam_of(4), exam_of(5), "1", "x", exam_of(2)});
            BOOST_REQUIRE(!ec);
            BOOST_REQUIRE(sets.size() == 8);
            for (std::size_t i = 0; i < sizes.size(); ++i) {
                BOOST_TEST(sets[i].found());
                BOOST_TEST(ids_of(sets[i]) == made[i]);
                for (const auto& member : sets[i].members) {
                    BOOST_TEST(member.record.associated_mock_exam.value() == exam_of(static_cast<int>(i) + 1));
                    BOOST_TEST(member.record.associated_contact_id.has_value());
                }
            }
            BOOST_TEST((sets[5].found() && sets[5].members.empty()));
            BOOST_TEST((sets[6].found() && sets[6].members.empty()));
            BOOST_TEST(sets[7].members.size() == 1u);
            // The lists, and the rest of the long one; the members; their contacts.
            BOOST_TEST(portal.calls("association_batch_read") == 1 + 1);
            BOOST_TEST(portal.calls("association_list") == 1);
            BOOST_TEST(portal.calls("batch_read") == 9);
            BOOST_TEST(portal.all_calls() == 12);
        }
}

BOOST_AUTO_TEST_CASE(calls_are_as_few_as_they_can_be) {
    Portal portal;
    const auto contacts = numbered(id_of, 100);
    const auto exams = numbered(exam_of, 100);
    const auto first = portal.book(250, contacts, {exam_of(101)});
    const auto [of_contacts_ec, of_contacts] = portal.sets<BookingsOfContact>(portal.bookings(), contacts);
    BOOST_REQUIRE(!of_contacts_ec);
    std::size_t members = 0;
    for (std::size_t i = 0; i < contacts.size(); ++i) {
        members += of_contacts[i].members.size();
        for (const auto& member : of_contacts[i].members) {
            BOOST_TEST(member.record.associated_contact_id.value() == contacts[i]);
            BOOST_TEST(member.record.associated_mock_exam.value() == exam_of(101));
        }
    }
    BOOST_TEST(members == 250u);
    BOOST_TEST(portal.all_calls() == 1 + 3 + 1);
    BOOST_TEST(portal.calls("batch_read") == 3);

    portal.book(1000, contacts, exams);
    const auto [of_exams_ec, of_exams] = portal.sets<BookingsOfExam>(portal.bookings(), exams);
    BOOST_REQUIRE(!of_exams_ec);
    for (const auto& set : of_exams)
        BOOST_TEST(set.members.size() == 10u);
    BOOST_TEST(portal.all_calls() == 1 + 10 + 1);

    // By id: a call for the properties of each hundred, one for each link.
    const auto [by_id_ec, by_id] = portal.read(portal.bookings(), first);
    BOOST_REQUIRE(!by_id_ec);
    BOOST_TEST(std::ranges::all_of(by_id, &Reading<Booking>::found));
    BOOST_TEST(portal.all_calls() == 3 + 1 + 1);
}

BOOST_AUTO_TEST_CASE(calls_that_do_not_wait_for_each_other_are_under_way_together) {
    Portal portal;
    const auto made = portal.book(250, numbered(id_of, 100), {exam_of(1)});
    auto store = portal.bookings();
    const auto under_way = [&](std::int64_t calls) {
        while (portal.emulator.counters().at("held").as_int64() < calls)
            portal.io.poll();
    };
    int done = 0;
    portal.io.restart();
    portal.emulator.fault({{"action", "hold"}});
    store.async_fetch({made[0]}, {}, [&](error_code ec, const auto&) { done += !ec; });
    under_way(3); // properties and two links
    portal.emulator.control("POST", "release");
    while (done < 1)
        portal.io.run_one();

    store.async_fetch_set<BookingsOfContact>(numbered(id_of, 100), {},
                                             [&](error_code ec, const auto&) { done += !ec; });
    under_way(1); // the lists
    portal.emulator.control("POST", "release");
    under_way(4); // three hundreds of members and their other link
    portal.emulator.control("POST", "release");
    while (done < 2)
        portal.io.run_one();
}

BOOST_AUTO_TEST_CASE(all_exams_with_their_prerequisites) {
    const auto type_of = [](int number) { return number % 4 == 3; };
    for (const int exams : {100, 3, 2, 0, 120}) {
        Bench bench{{"--contacts", "0", "--exams", std::to_string(exams), "--bookings", "0"}};
        for (const auto* version : {"2026-09", "v3"}) {
            bench.params.api_version = version;
            bench.emulator.control("POST", "counters/reset");
            Exams store{bench.client()};
            const auto [ec, sets] = bench.run<std::vector<SetReading<MockExam>>>(
                [&](auto handler) { store.async_fetch_set<AllExams>({Everything{}}, {}, handler); });
            BOOST_REQUIRE(!ec);
            BOOST_REQUIRE(sets.size() == 1);
            BOOST_REQUIRE(sets[0].found());
            BOOST_REQUIRE(sets[0].members.size() == static_cast<std::size_t>(exams));
            for (int i = 1; i <= exams; ++i) {
                const auto& exam = sets[0].members[static_cast<std::size_t>(i - 1)];
                BOOST_TEST(exam.id == exam_of(i));
                BOOST_TEST((exam.record.mock_type == "Mock Discussion") == type_of(i));
                const Texts expected = i % 8 == 3 && i > 3 ? Texts{exam_of(i - 3), exam_of(i - 2)}
                                       : i == 3            ? Texts{exam_of(1)}
                                                           : Texts{};
                BOOST_TEST(exam.record.prerequisite_exam_ids == expected);
            }
            BOOST_TEST(bench.calls("list") == (exams > 100 ? 2 : 1));
            // Only where there is a Mock Discussion.
            BOOST_TEST(bench.calls("association_batch_read") == (exams >= 3 ? 1 : 0));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_server_that_takes_a_hundred_only) {
    Portal portal;
    portal.book(240, numbered(id_of, 120), {exam_of(1)});
    portal.emulator.change({{"association_batch", 100}});
    for (const auto* version : {"2026-09", "v3"}) {
        portal.params.api_version = version;
        auto store = portal.bookings();
        for (const bool again : {false, true}) {
            const auto [ec, sets] = portal.sets<BookingsOfContact>(store, numbered(id_of, 120));
            BOOST_REQUIRE(!ec);
            for (const auto& set : sets)
                BOOST_TEST(set.members.size() == 2u);
            // Lists of 120 contacts, exams of 240 bookings, and the one refusal, which is remembered.
            BOOST_TEST(portal.calls("association_batch_read") == 2 + 3 + !again);
            BOOST_TEST(portal.calls("batch_read") == 3);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_parent_that_is_refused_fails_its_own_set_alone) {
    Portal portal;
    portal.book(240, numbered(id_of, 120), {exam_of(1)});
    portal.emulator.fault({{"kind", "association_batch_read"},
                           {"body_contains", '"' + id_of(37) + '"'},
                           {"action", "status"},
                           {"status", 400}});
    const auto [ec, sets] = portal.sets<BookingsOfContact>(portal.bookings(), numbered(id_of, 120));
    BOOST_REQUIRE(!ec);
    for (std::size_t i = 0; i < 120; ++i)
        if (i == 36)
            BOOST_TEST(sets[i].error == error_code{Errc::refused});
        else
            BOOST_TEST(sets[i].members.size() == 2u);
    // All, in hundreds, and twice for each halving of one of these; then the exams of the members.
    BOOST_TEST(portal.calls("association_batch_read") <= 1 + 2 + 14 + 1);
}

BOOST_AUTO_TEST_CASE(D10_what_fails_in_the_middle_covers_nothing) {
    Portal portal;
    portal.book(600, numbered(id_of, 50), {exam_of(1)});
    const auto few = portal.book(3, {id_of(60)}, {exam_of(2)});
    const struct {
        boost::json::value fault;
        bool long_one;
        bool short_one;
    } table[] = {
        {{{"kind", "association_list"}}, false, true},
        {{{"kind", "association_batch_read"}, {"path", "2-50158943/0-1"}}, false, false},
        {{{"kind", "batch_read"}, {"body_contains", few[0]}}, true, false},
        {{{"kind", "batch_read"}, {"skip", 3}}, false, true},
    };
    for (const auto& row : table)
        for (const int status : {503, 400})
            BOOST_TEST_CONTEXT(boost::json::serialize(row.fault) << " " << status) {
                auto fault = row.fault.as_object();
                fault["action"] = "status";
                fault["status"] = status;
                portal.emulator.fault(fault);
                const auto [ec, sets] =
                    portal.sets<BookingsOfExam>(portal.bookings(), {exam_of(1), exam_of(2), exam_of(3)});
                portal.emulator.clear_faults();
                BOOST_REQUIRE(!ec);
                for (std::size_t i = 0; i < 2; ++i) {
                    const auto& set = sets[i];
                    BOOST_TEST((set.found() ? set.members.size() == (i == 0 ? 600u : 3u) : set.members.empty()));
                    BOOST_TEST(set.found() == !set.error);
                }
                if (status == 503 && !row.long_one)
                    BOOST_TEST(sets[0].error == error_code{Errc::unavailable});
                if (status == 503 && !row.short_one)
                    BOOST_TEST(sets[1].error == error_code{Errc::unavailable});
                BOOST_TEST((sets[2].found() && sets[2].members.empty()));
            }
    portal.emulator.fault({{"kind", "association_batch_read"}, {"action", "rate_limit"}});
    const auto [ec, sets] = portal.sets<BookingsOfExam>(portal.bookings(), {exam_of(1)});
    BOOST_TEST(ec == error_code{Errc::rate_limited});
    BOOST_TEST(sets.empty());
}

BOOST_AUTO_TEST_CASE(D10_a_page_of_all_exams_that_fails_fails_them_all) {
    Bench bench{{"--contacts", "0", "--exams", "250", "--bookings", "0"}};
    Exams store{bench.client()};
    const auto all = [&] {
        return bench.run<std::vector<SetReading<MockExam>>>(
            [&](auto handler) { store.async_fetch_set<AllExams>({Everything{}}, {}, handler); });
    };
    bench.emulator.fault({{"kind", "list"}, {"skip", 2}, {"action", "status"}, {"status", 500}, {"times", 1}});
    const auto [ec, sets] = all();
    BOOST_REQUIRE(!ec);
    BOOST_TEST(sets.at(0).error == error_code{Errc::unavailable});
    BOOST_TEST(sets[0].members.empty());
    bench.emulator.fault({{"kind", "association_batch_read"}, {"action", "half_answer"}, {"times", 1}});
    BOOST_TEST(std::get<1>(all()).at(0).failed());
    bench.emulator.fault({{"kind", "list"}, {"action", "status"}, {"status", 503}, {"times", 1}});
    BOOST_TEST(std::get<0>(all()) == error_code{Errc::unavailable});
    BOOST_TEST(std::get<1>(all()).at(0).members.size() == 250u);
}

BOOST_AUTO_TEST_CASE(lost_lists_are_asked_for_by_themselves) {
    Portal portal;
    const auto made = portal.book(8, numbered(id_of, 4), {exam_of(1)});
    portal.emulator.fault({{"kind", "association_batch_read"}, {"action", "drop_results"}, {"count", 2}});
    const auto [ec, sets] = portal.sets<BookingsOfContact>(portal.bookings(), numbered(id_of, 5));
    BOOST_REQUIRE(!ec);
    for (std::size_t i = 0; i < 5; ++i) {
        BOOST_TEST(sets[i].found());
        BOOST_TEST(sets[i].members.size() == (i < 4 ? 2u : 0u));
        for (const auto& member : sets[i].members)
            BOOST_TEST(member.record.associated_mock_exam.value() == exam_of(1));
    }
    BOOST_TEST(portal.calls("association_list") == 4);
}

BOOST_AUTO_TEST_CASE(members_that_are_archived_or_merged_meanwhile) {
    Portal portal;
    auto made = portal.book(6, {id_of(1)}, {exam_of(1)});
    auto store = portal.bookings();
    portal.emulator.fault({{"kind", "batch_read"}, {"action", "hold"}, {"times", 1}});
    std::optional<std::vector<SetReading<Booking>>> sets;
    store.async_fetch_set<BookingsOfContact>({id_of(1)}, {}, [&](error_code ec, std::vector<SetReading<Booking>> got) {
        BOOST_TEST(!ec);
        sets = std::move(got);
    });
    while (portal.emulator.counters().at("held").as_int64() < 1)
        portal.io.poll();
    portal.emulator.control("DELETE", Portal::records(made[0]));
    const boost::json::value merge{{"type", booking_type}, {"primary", made[1]}, {"other", made[2]}};
    const auto merged = portal.emulator.control("POST", "merge", merge);
    const std::string survivor{merged.at("id").as_string()};
    portal.emulator.control("POST", "release");
    while (!sets)
        portal.io.run_one();
    BOOST_REQUIRE(sets->at(0).found());
    Texts expected{made.begin() + 3, made.end()};
    expected.push_back(survivor);
    std::ranges::sort(expected);
    BOOST_TEST(ids_of(sets->at(0)) == expected);
    for (const auto& member : sets->at(0).members) {
        BOOST_TEST(member.record.associated_contact_id.value() == id_of(1));
        BOOST_TEST(member.record.associated_mock_exam.value() == exam_of(1));
    }
}

BOOST_AUTO_TEST_CASE(a_booking_with_two_exams_belongs_to_the_one_with_the_smaller_id) {
    Portal portal;
    const auto made = portal.book(2, {id_of(1)}, {exam_of(5)});
    portal.associate(made[0], exam_type, exam_of(4));
    const auto [ec, readings] = portal.read(portal.bookings(), made);
    BOOST_REQUIRE(!ec);
    BOOST_TEST(readings[0].record.associated_mock_exam.value() == exam_of(4));
    BOOST_TEST(readings[1].record.associated_mock_exam.value() == exam_of(5));
    BOOST_REQUIRE(portal.details.size() == 1);
    BOOST_TEST(portal.details[0].operation == "read 2-50158943");
    BOOST_TEST(hubspot::to_line(portal.details[0]).find("error") == std::string::npos);

    const auto [set_ec, sets] = portal.sets<BookingsOfExam>(portal.bookings(), {exam_of(5), exam_of(4)});
    BOOST_REQUIRE(!set_ec);
    BOOST_TEST(ids_of(sets[0]) == Texts{made[1]});
    BOOST_TEST(ids_of(sets[1]) == Texts{made[0]});
    BOOST_TEST(portal.all_calls() == 1 + 1 + 1 + 1);
}

BOOST_AUTO_TEST_CASE(other_portals_have_other_ids) {
    Bench bench{{"--contacts", "5", "--exams", "5", "--bookings", "5", "--exam-type", "2-1", "--booking-type", "2-2",
                 "--booking-to-contact", "31", "--booking-to-exam", "33"}};
    hubspot::ObjectParams<Booking> params;
    params.object_type = "2-2";
    params.link<&Booking::associated_contact_id>().type_id = 31;
    params.link<&Booking::associated_mock_exam>() = {.to = "2-1", .type_id = 33};
    Bookings store{bench.client(), params};
    BOOST_TEST(store.object_type() == "2-2");
    const auto [ec, readings] =
        bench.run<std::vector<Reading<Booking>>>([&](auto handler) { store.async_fetch({id_of(3)}, {}, handler); });
    BOOST_REQUIRE(!ec);
    BOOST_TEST(readings[0].record.associated_contact_id.value() == id_of(3));
    BOOST_TEST(readings[0].record.associated_mock_exam.has_value());
    const auto [set_ec, sets] = bench.run<std::vector<SetReading<Booking>>>(
        [&](auto handler) { store.async_fetch_set<BookingsOfContact>({id_of(3)}, {}, handler); });
    BOOST_REQUIRE(!set_ec);
    BOOST_TEST(ids_of(sets.at(0)) == Texts{id_of(3)});
    BOOST_CHECK(sets[0].members[0].record == readings[0].record);
}

BOOST_AUTO_TEST_CASE(I13_every_call_but_the_first_asks_for_a_permit) {
    Portal portal;
    portal.book(250, numbered(id_of, 100), {exam_of(1)});
    std::size_t asked = 0;
    std::size_t granted = 100;
    portal.params.permit = [&](RateBucket bucket, const ReadOptions& options, std::function<void(error_code)> answer) {
        BOOST_TEST((bucket == RateBucket::window));
        BOOST_TEST((options.priority == Priority::interactive));
        // At once or later.
        if (const error_code verdict = asked++ < granted ? error_code{} : error_code{Errc::rate_limited}; asked % 2)
            answer(verdict);
        else
            boost::asio::post(portal.io, [answer = std::move(answer), verdict] { answer(verdict); });
    };
    auto store = portal.bookings();
    const auto [ec, sets] = portal.sets<BookingsOfContact>(store, numbered(id_of, 100));
    BOOST_REQUIRE(!ec);
    BOOST_TEST(std::ranges::all_of(sets, &SetReading<Booking>::found));
    BOOST_TEST(asked == 4u);
    BOOST_TEST(portal.all_calls() == 5);
    for (granted = 0; granted < 4; ++granted) {
        asked = 0;
        const auto [refused_ec, refused] = portal.sets<BookingsOfContact>(store, numbered(id_of, 100));
        BOOST_REQUIRE(!refused_ec);
        for (const auto& set : refused)
            BOOST_TEST((set.found() || set.error == error_code{Errc::rate_limited}));
        BOOST_TEST(std::ranges::any_of(refused, &SetReading<Booking>::failed));
        BOOST_TEST(portal.all_calls() == static_cast<std::int64_t>(granted) + 1);
    }
}

BOOST_AUTO_TEST_CASE(sets_are_cancelled_and_time_out) {
    for (const auto* kind : {"association_batch_read", "batch_read"})
        for (const auto type : {boost::asio::cancellation_type::terminal, boost::asio::cancellation_type::partial,
                                boost::asio::cancellation_type::total}) {
            Portal portal;
            portal.book(150, numbered(id_of, 10), {exam_of(1)});
            auto store = portal.bookings();
            portal.emulator.fault({{"action", "hold"}, {"kind", kind}});
            boost::asio::cancellation_signal signal;
            std::optional<error_code> result;
            store.async_fetch_set<BookingsOfContact>(
                numbered(id_of, 10), {},
                boost::asio::bind_cancellation_slot(signal.slot(), [&](error_code ec, const auto& sets) {
                    BOOST_TEST(sets.empty());
                    result = ec;
                }));
            while (portal.emulator.counters().at("held").as_int64() < 1)
                portal.io.poll();
            boost::asio::post(portal.io, [&] {
                signal.emit(type);
                BOOST_TEST(!result); // not from inside
            });
            while (!result)
                portal.io.run_one();
            BOOST_TEST(*result == boost::asio::error::operation_aborted);
            BOOST_TEST(portal.details.empty());

            ReadOptions hurried;
            hurried.timeout = 150ms;
            const auto [ec, sets] = portal.sets<BookingsOfContact>(store, {id_of(1), id_of(2)}, hurried);
            BOOST_TEST((ec == error_code{Errc::timed_out} || sets.at(0).error == error_code{Errc::timed_out}));
        }
}

BOOST_AUTO_TEST_CASE(sets_under_way_may_be_thrown_away) {
    for (const auto* kind : {"association_batch_read", "batch_read"}) {
        auto portal = std::make_unique<Portal>();
        portal->book(150, numbered(id_of, 10), {exam_of(1)});
        portal->emulator.fault({{"action", "hold"}, {"kind", kind}});
        boost::asio::cancellation_signal signal;
        portal->bookings().async_fetch_set<BookingsOfContact>(
            numbered(id_of, 10), {},
            boost::asio::bind_cancellation_slot(signal.slot(), [](error_code, const auto&) {}));
        while (portal->emulator.counters().at("held").as_int64() < 1)
            portal->io.poll();
        portal.reset();
    }
}

// ---- reconciliation

namespace {

template<class R>
using Listed = Coalescing<Guarded<Budgeted<hubspot::Store<R>>>>;

static_assert(ListableSource<Listed<Contact>> && ChangeSource<Listed<Contact>>);

/// An account, a replica of one type of its records, and what keeps the one like the other within the account's limits.
template<class R>
struct Reconciled {
    explicit Reconciled(Bench& on, int searches = 5)
        : bench{on}
        , budget{on.io.get_executor(), limits(searches)}
        , replica{on.io.get_executor()}
        , sync{source(), replica, {}, seeded()} {}

    static RateBudgetParams limits(int searches) {
        RateBudgetParams params;
        params.searches = searches;
        return params;
    }
    static ReconcilerParams seeded() {
        ReconcilerParams params;
        params.seed = 1;
        return params;
    }

    Listed<R> source() {
        auto& params = bench.params;
        params.on_rate = budget.observer();
        params.permit = [granted = budget](RateBucket bucket, const ReadOptions& options,
                                           std::function<void(error_code)> answer) mutable {
            granted.async_acquire(bucket, options.priority, options.timeout, std::move(answer));
        };
        return Listed<R>{Guarded{Budgeted{hubspot::Store<R>{bench.client()}, budget}}};
    }

    PassReport pass(PassKind kind) {
        std::optional<PassReport> report;
        sync.async_run_pass(kind, {}, [&](PassReport ended) { report = std::move(ended); });
        bench.io.restart();
        while (!report && bench.io.run_one() > 0) {
        }
        BOOST_REQUIRE(report);
        BOOST_TEST(report->success(), report->error.message());
        return *report;
    }

    boost::json::value truth(const std::string& id) {
        const std::string type{hubspot::ObjectTraits<R>::object_type};
        return bench.emulator.control("GET", "records/" + type + "/" + id);
    }

    // Follows what was merged into what.
    Row<R> row(const std::string& id) {
        auto row = *replica.try_lookup(id);
        while (row.state == State::merged)
            row = *replica.try_lookup(row.merged_into);
        return row;
    }

    // What the account says of a record, the replica says too.
    template<class Same>
    void check(const std::string& id, Same same) {
        const boost::json::value real = truth(id);
        const auto state = std::string_view{real.at("state").as_string()};
        const auto own = *replica.try_lookup(id);
        BOOST_TEST_CONTEXT(id << " is " << state) {
            if (state == "live") {
                BOOST_TEST(own.current());
                // A stamp that moved alone is not written down.
                BOOST_TEST(static_cast<std::int64_t>(own.version) <= real.at("updatedAtMs").to_number<std::int64_t>());
                same(own.record, real.at("properties").as_object(), real.at("associations").as_array());
            } else if (state == "merged") {
                BOOST_TEST((own.state == State::merged || own.state == State::unknown));
                if (own.state == State::merged)
                    BOOST_TEST(row(id).current());
            } else {
                BOOST_TEST((own.state != State::live));
            }
        }
    }

    Bench& bench;
    RateBudget budget;
    memory::Store<R> replica;
    PeriodicReconciler<Listed<R>, memory::Store<R>> sync;
};

void same_contact(const Contact& contact, const boost::json::object& properties, const boost::json::array&) {
    const auto same = [&](const auto& value, const char* name) {
        const auto* real = properties.if_contains(name);
        using T = std::remove_cvref_t<decltype(*value)>;
        const std::string text{real ? std::string_view{real->as_string()} : ""};
        BOOST_TEST(value.has_value() == (real && !(text.empty() && !std::same_as<T, std::string>)), name);
        if constexpr (std::same_as<T, std::string>) {
            if (value)
                BOOST_TEST(*value == text, name);
        } else if (value) {
            BOOST_TEST(std::to_string(*value) == text, name);
        }
    };
    same(contact.student_id, "student_id");
    same(contact.email, "email");
    same(contact.more_emails, "hs_additional_emails");
    same(contact.sj_credits, "sj_credits");
    same(contact.shared_mock_credits, "shared_mock_credits");
    same(contact.ndecc_exam_date, "ndecc_exam_date");
}

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace

BOOST_AUTO_TEST_CASE(I10_a_replica_of_2500_contacts_follows_the_account) {
    Bench bench{{"--contacts", "2500", "--exams", "8", "--bookings", "0", "--searches", "25"}};
    Reconciled<Contact> mirror{bench, 25};
    auto& emulator = bench.emulator;
    const auto edit = [&](const std::string& id, const char* credits, std::int64_t stamp) {
        emulator.control("PATCH", "records/0-1/" + id,
                         {{"properties", {{"sj_credits", credits}}}, {"updatedAt", std::to_string(stamp)}});
    };
    const auto merge = [&](const std::string& primary, const std::string& other) {
        const boost::json::value body{{"type", "0-1"}, {"primary", primary}, {"other", other}};
        return std::string{emulator.control("POST", "merge", body).at("id").as_string()};
    };
    std::vector<std::string> ids;
    for (int i = 1; i <= 2'500; ++i)
        ids.push_back(id_of(i));
    const auto check_all = [&] {
        for (const auto& id : ids)
            mirror.check(id, same_contact);
    };
    for (int i = 1; i <= 3; ++i) // are not there when it begins
        emulator.control("DELETE", "records/0-1/" + id_of(2'400 + i));

    const auto first = mirror.pass(PassKind::full);
    BOOST_TEST(first.records == 2'497U);
    BOOST_TEST(first.changed == 2'497U);
    BOOST_TEST(first.deletes_wanted == 0U);
    // 25 full pages and, of each further of the twelve chains, one that is not full.
    const auto lists = bench.calls("list");
    BOOST_TEST_MESSAGE("full pass: " << lists << " lists, " << bench.calls("search") << " searches");
    BOOST_TEST(lists >= 25);
    BOOST_TEST(lists <= 25 + 12);
    BOOST_TEST(bench.calls("batch_read") == 0);
    check_all();

    // The index has heard of nothing yet.
    emulator.control("POST", "index", {{"frozen", true}});
    const auto stamp = now_ms();
    for (int i = 1; i <= 40; ++i)
        edit(id_of(i * 7), "31", stamp + i);
    BOOST_TEST(mirror.pass(PassKind::incremental).changed == 0U);
    emulator.catch_up();
    BOOST_TEST(mirror.pass(PassKind::incremental).changed == 40U);
    // It hears late of something that is a minute older than what it heard of before.
    edit(id_of(1'000), "32", stamp - 60'000);
    BOOST_TEST(mirror.pass(PassKind::incremental).changed == 0U);
    emulator.catch_up();
    BOOST_TEST(mirror.pass(PassKind::incremental).changed == 1U);
    check_all();

    // 1,200 with one stamp are six pages of candidates.
    emulator.control("POST", "limits/reset");
    emulator.control("POST", "counters/reset");
    for (int i = 1; i <= 1'200; ++i)
        edit(id_of(i), "33", stamp + 1'000);
    emulator.catch_up();
    const auto bulk = mirror.pass(PassKind::incremental);
    BOOST_TEST(bulk.changed == 1'200U);
    BOOST_TEST(bench.calls("batch_read") == 12);
    BOOST_TEST_MESSAGE("1,200 with one stamp: " << bench.calls("search") << " searches, " << bench.calls("batch_read")
                                                << " reads");
    BOOST_TEST(bench.calls("search") <= 21); // of three windows

    // Deletes, merges of merged ones, and what comes back: names of new records are not known to anybody before.
    for (int i = 1; i <= 20; ++i)
        emulator.control("DELETE", "records/0-1/" + id_of(i * 100));
    emulator.control("POST", "records/0-1/" + id_of(55) + "/erase");
    emulator.control("POST", "records/0-1/" + id_of(2'401) + "/restore");
    const auto pair = merge(id_of(11), id_of(12));
    ids.push_back(pair);
    ids.push_back(merge(pair, id_of(13)));
    ids.push_back(merge(ids.back(), id_of(14)));
    emulator.control("POST", "counters/reset");
    const auto last = mirror.pass(PassKind::full);
    BOOST_TEST(last.deletes_done == 20U + 1U + 4U);
    BOOST_TEST(!last.braked);
    BOOST_TEST_MESSAGE("full pass with 25 deletes: " << bench.calls("list") << " lists, " << bench.calls("search")
                                                     << " searches, " << bench.calls("batch_read") << " reads");
    check_all();
    BOOST_TEST(mirror.row(id_of(11)).id == ids.back());
    BOOST_TEST(mirror.row(id_of(14)).id == ids.back());

    // Nothing happens any more.
    emulator.catch_up();
    BOOST_TEST(mirror.pass(PassKind::full).changed == 0U);
    BOOST_TEST(emulator.counters().at("status_429").to_number<int>() == 0);
    BOOST_TEST(mirror.budget.stats().refused_by_server == 0U);
}

BOOST_AUTO_TEST_CASE(I10_links_are_reconciled_too) {
    Bench bench{{"--contacts", "20", "--exams", "24", "--bookings", "250", "--index-lag-ms", "0",
                 "--index-lag-jitter-ms", "0", "--calculated-lag-ms", "0"}};
    auto& emulator = bench.emulator;
    const auto linked = [](const boost::json::array& associations, std::string_view type, std::int64_t type_id) {
        std::vector<std::string> found;
        for (const auto& one : associations)
            if (one.at("type").as_string() == boost::json::string_view{type.data(), type.size()} &&
                one.at("typeId").to_number<std::int64_t>() == type_id)
                found.emplace_back(one.at("id").as_string());
        std::ranges::sort(found);
        return found;
    };
    const auto one = [](const std::optional<std::string>& link) {
        return link ? std::vector<std::string>{*link} : std::vector<std::string>{};
    };
    const auto check_bookings = [&](Reconciled<Booking>& mirror) {
        for (int i = 1; i <= 250; ++i)
            mirror.check(id_of(i), [&](const Booking& booking, const auto& properties, const auto& associations) {
                BOOST_TEST(booking.idempotency_key.value() ==
                           std::string_view{properties.at("idempotency_key").as_string()});
                BOOST_TEST(one(booking.associated_contact_id) == linked(associations, "0-1", 1277));
                BOOST_TEST(one(booking.associated_mock_exam) == linked(associations, exam_type, 1277));
            });
    };
    Reconciled<Booking> bookings{bench};
    BOOST_TEST(bookings.pass(PassKind::full).changed == 250U);
    BOOST_TEST_MESSAGE("250 bookings: " << bench.calls("list") << " lists, " << bench.calls("association_batch_read")
                                        << " batches of links");
    BOOST_TEST(bench.calls("association_batch_read") == 2 * bench.calls("list"));
    check_bookings(bookings);

    const auto associate = [&](int booking, const std::string& to_type, const std::string& to, bool remove) {
        emulator.control("POST", "associations",
                         {{"from", {{"type", booking_type}, {"id", id_of(booking)}}},
                          {"to", {{"type", to_type}, {"id", to}}},
                          {"typeId", 1277},
                          {"remove", remove}});
    };
    const auto before = bookings.row(id_of(9)).record;
    associate(9, exam_type, before.associated_mock_exam.value(), true);
    associate(9, "0-1", before.associated_contact_id.value(), true);
    associate(9, "0-1", id_of(20), false);
    BOOST_TEST(bookings.pass(PassKind::incremental).changed >= 1U);
    BOOST_TEST(!bookings.row(id_of(9)).record.associated_mock_exam);
    BOOST_TEST(bookings.row(id_of(9)).record.associated_contact_id.value() == id_of(20));
    check_bookings(bookings);

    // It has a budget of its own.
    emulator.control("POST", "limits/reset");
    Reconciled<MockExam> exams{bench};
    BOOST_TEST(exams.pass(PassKind::full).changed == 24U);
    int required = 0;
    for (int i = 1; i <= 24; ++i)
        exams.check(exam_of(i), [&](const MockExam& exam, const auto&, const auto& associations) {
            required += static_cast<int>(exam.prerequisite_exam_ids.size());
            if (exam.mock_type == "Mock Discussion")
                BOOST_TEST(exam.prerequisite_exam_ids == linked(associations, exam_type, 1340));
        });
    BOOST_TEST(required == 5);
    BOOST_TEST(emulator.counters().at("status_429").to_number<int>() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
