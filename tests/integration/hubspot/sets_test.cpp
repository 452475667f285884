#include "bench.hpp"
#include "booking.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>

using namespace understudy;
using namespace std::chrono_literals;

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

BOOST_AUTO_TEST_SUITE(hubspot_sets)

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

BOOST_AUTO_TEST_SUITE_END()
