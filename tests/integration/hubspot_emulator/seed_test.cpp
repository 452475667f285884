#include "emulated_portal.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

using namespace hubspot_emulator;

BOOST_AUTO_TEST_SUITE(seed)

BOOST_AUTO_TEST_CASE(is_a_function_of_the_number) {
    EmulatedPortal portal;
    for (int i : {1, 3, 16, 40}) {
        auto expected = portal.get("/_control/seeded/contact/" + std::to_string(i));
        auto read = portal.get(contacts_path + "/" + text(expected, "id") +
                               "?properties=student_id,email,sj_credits,cs_credits,sjmini_credits,"
                               "mock_discussion_token,shared_mock_credits");
        for (const auto* name : {"student_id", "email", "sj_credits", "cs_credits", "sjmini_credits",
                                 "mock_discussion_token", "shared_mock_credits"})
            BOOST_TEST(text(read, "properties", name) == text(expected, name), name);
    }
    // (31 i + 17 field + 13 seed) mod 16
    BOOST_TEST(!seeded_credits(13, 0, 1)); // 0
    BOOST_TEST(seeded_credits(11, 0, 1).value() == "");
    BOOST_TEST(seeded_credits(10, 0, 1).value() == "0");
    BOOST_TEST(seeded_credits(1, 0, 1).value() == "8");
    BOOST_TEST(seeded_credits(14, 0, 1).value() == "11");
    portal.get("/_control/seeded/contact/41");
    BOOST_TEST(portal.status == 404);
}

BOOST_AUTO_TEST_CASE(holds_the_rules_of_bookings) {
    auto settings = EmulatedPortal::quick();
    settings.seed.contacts = 300;
    settings.seed.exams = 100;
    settings.seed.bookings = 900;
    EmulatedPortal portal(settings);
    auto& types = portal.emulator.store().types;
    const auto value = [&](TypeIndex type, const Record& record, const char* name) {
        const auto* found = record.values.find(*types[type].properties.find(name));
        return found ? *found : std::string();
    };
    std::map<Id, int> taken;
    std::set<std::string> active;
    for (const auto& [id, booking] : types[bookings_type].records) {
        BOOST_REQUIRE(booking.edges.size() == 2u);
        auto cancelled = value(bookings_type, booking, "is_active") == "Cancelled";
        if (!cancelled)
            ++taken[booking.edges[1].to];
        auto key = value(bookings_type, booking, "student_id") + value(bookings_type, booking, "mock_type") +
                   value(bookings_type, booking, "exam_date");
        BOOST_TEST((cancelled || active.insert(key).second), key);
        BOOST_TEST(value(bookings_type, booking, "booking_id")
                       .starts_with(value(bookings_type, booking, "mock_type") + "-" +
                                    value(bookings_type, booking, "student_id") + "-"));
    }
    auto full = 0;
    for (const auto& [id, exam] : types[exams_type].records) {
        BOOST_TEST(value(exams_type, exam, "total_bookings") == std::to_string(taken[id]));
        BOOST_TEST(std::stoi(value(exams_type, exam, "capacity")) >= taken[id]);
        full += std::stoi(value(exams_type, exam, "capacity")) == taken[id];
    }
    BOOST_TEST(full > 0);
}

BOOST_AUTO_TEST_CASE(any_size_will_do) {
    for (int contacts : {0, 1, 7})
        for (int exams : {0, 1, 9}) {
            auto settings = EmulatedPortal::quick();
            settings.seed.contacts = contacts;
            settings.seed.exams = exams;
            settings.seed.bookings = 5;
            EmulatedPortal portal(settings);
            auto expected = contacts > 0 && exams > 0 ? 5u : 0u;
            BOOST_TEST(portal.get(bookings_path).at("results").as_array().size() == expected);
        }
}

BOOST_AUTO_TEST_SUITE_END()
