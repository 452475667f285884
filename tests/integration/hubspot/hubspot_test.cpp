#include "bench.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
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

BOOST_AUTO_TEST_SUITE(hubspot_client)

BOOST_AUTO_TEST_CASE(all_calls_in_both_versions) {
    Bench bench;
    for (const auto* version : {"2026-09", "v3"})
        BOOST_TEST_CONTEXT(version) {
            bench.params.api_version = version;
            auto client = bench.client();
            const auto [account_ec, account] =
                bench.run<hubspot::Account>([&](auto handler) { client.async_account(5s, handler); });
            BOOST_TEST(!account_ec);
            BOOST_TEST(account.portal_id == 20858235);

            hubspot::ReadQuery query{{"email"}, {}};
            const auto [read_ec, object] = bench.run<std::optional<hubspot::Object>>(
                [&](auto handler) { client.async_read("0-1", id_of(2), query, 5s, handler); });
            BOOST_TEST(!read_ec);
            BOOST_TEST(object.value().properties.at("email").as_string() == email_of(2));
            query.id_property = "email";
            const auto [by_email_ec, by_email] = bench.run<std::optional<hubspot::Object>>(
                [&](auto handler) { client.async_read("0-1", email_of(3), query, 5s, handler); });
            BOOST_TEST(!by_email_ec);
            BOOST_TEST(by_email.value().id == id_of(3));
            for (const auto* nobody : {"nobody@example.com", "a/b?c"}) {
                const auto [none_ec, none] = bench.run<std::optional<hubspot::Object>>(
                    [&](auto handler) { client.async_read("0-1", nobody, query, 5s, handler); });
                BOOST_TEST(!none_ec);
                BOOST_TEST(!none);
            }

            hubspot::ListQuery list{{"email"}, 100, {}};
            std::size_t listed = 0;
            for (int pages = 0; pages < 10; ++pages) {
                const auto [ec, page] =
                    bench.run<hubspot::Page>([&](auto handler) { client.async_list("0-1", list, 5s, handler); });
                BOOST_REQUIRE(!ec);
                listed += page.objects.size();
                if (!page.after)
                    break;
                list.after = *page.after;
            }
            BOOST_TEST(listed == 400u);

            const auto [to_contact_ec, to_contact] = bench.run<std::optional<hubspot::Associations>>(
                [&](auto handler) { client.async_associations("2-50158943", id_of(5), "0-1", "", 5s, handler); });
            BOOST_TEST(!to_contact_ec);
            BOOST_REQUIRE(to_contact.value().to.size() == 1);
            BOOST_TEST(to_contact->to[0].to_id == id_of(5));
            BOOST_TEST(to_contact->to[0].types.at(0).type_id == 1277);
            const auto [nobody_ec, nobody] = bench.run<std::optional<hubspot::Associations>>(
                [&](auto handler) { client.async_associations("2-50158943", "1", "0-1", "", 5s, handler); });
            BOOST_TEST(!nobody_ec);
            BOOST_TEST(!nobody);
            const auto [batch_ec, batch] = bench.run<hubspot::AssociationsAnswer>([&](auto handler) {
                client.async_batch_associations("2-50158943", "0-1", {id_of(5), id_of(6)}, 5s, handler);
            });
            BOOST_TEST(!batch_ec);
            BOOST_TEST(batch.results.size() == 2u);

            const auto [unknown_ec, unknown] = bench.run<std::vector<hubspot::PropertyDefinition>>(
                [&](auto handler) { client.async_properties("2-1", 5s, handler); });
            BOOST_TEST(unknown_ec.failed());
            BOOST_TEST(bool(unknown_ec != Condition::retryable));
        }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hubspot_tls)

namespace {

std::string reason_of_refusal(Bench& bench) {
    const auto ec = std::get<0>(bench.fetch(bench.store(), {id_of(1)}));
    BOOST_TEST(ec == error_code{Errc::unavailable});
    BOOST_REQUIRE(!bench.details.empty());
    BOOST_TEST(bench.calls("batch_read") == 0);
    return bench.details.back().reason;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_certificate_that_is_trusted) {
    Bench bench{small, true};
    bench.params.base_url = bench.emulator.tls_url();
    bench.params.ca_file = bench.emulator.certificate();
    auto store = bench.store();
    for (int i = 1; i <= 3; ++i)
        BOOST_TEST(std::get<1>(bench.fetch(store, {id_of(i)})).at(0).found());
    bench.emulator.fault({{"action", "half_answer"}, {"times", 1}});
    BOOST_TEST(std::get<0>(bench.fetch(store, {id_of(1)})) == error_code{Errc::unavailable});
    BOOST_TEST(std::get<1>(bench.fetch(store, {id_of(1)})).at(0).found());
    // A kept connection that breaks is replaced.
    bench.emulator.fault({{"action", "reset"}, {"times", 1}});
    BOOST_TEST(std::get<1>(bench.fetch(store, {id_of(1)})).at(0).found());

    bench.params.base_url = "https://localhost:" + std::to_string(bench.emulator.tls_port());
    BOOST_TEST(std::get<1>(bench.fetch(bench.store(), {id_of(1)})).at(0).found());
}

BOOST_AUTO_TEST_CASE(a_certificate_of_an_unknown_authority) {
    Bench bench{small, true};
    bench.params.base_url = bench.emulator.tls_url();
    const auto reason = reason_of_refusal(bench);
    BOOST_TEST(reason.find("securing") != std::string::npos);
    BOOST_TEST(reason.find("self-signed certificate") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_certificate_that_expired) {
    auto options = small;
    options.push_back("--tls-expired");
    Bench bench{options, true};
    bench.params.base_url = bench.emulator.tls_url();
    bench.params.ca_file = bench.emulator.certificate();
    BOOST_TEST(reason_of_refusal(bench).find("certificate has expired") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_host) {
    Bench bench{small, true, "127.0.0.2"};
    bench.params.base_url = bench.emulator.tls_url();
    bench.params.ca_file = bench.emulator.certificate();
    BOOST_TEST(reason_of_refusal(bench).find("IP address mismatch") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_server_that_speaks_no_tls) {
    Bench bench;
    bench.params.base_url.insert(4, "s");
    BOOST_TEST(reason_of_refusal(bench).find("securing") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
