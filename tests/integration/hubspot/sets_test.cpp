#include "bench.hpp"
#include "booking.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <numeric>
#include <set>

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

constexpr const char* exam_type = "2-50158913";
constexpr const char* booking_type = "2-50158943";

std::string exam_of(int number) {
    return std::to_string(400'000'000'000 + number);
}

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
            // All three were under way at once.
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

BOOST_AUTO_TEST_SUITE_END()
