#include "warm_up.hpp"

#include "scripted_reader.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace service;
using understudy::Errc;

namespace {

/// A warm-up over so many exams of two kinds.
struct Warming {
    explicit Warming(std::size_t clinical, std::size_t mini = 0) {
        for (std::size_t i = 0; i < clinical; ++i)
            offered[MockType::clinical_skills].push_back("c" + std::to_string(i));
        for (std::size_t i = 0; i < mini; ++i)
            offered[MockType::mini_mock].push_back("m" + std::to_string(i));
    }

    std::map<MockType, std::vector<std::string>> offered;
    ScriptedReader reader;
    std::vector<WarmUpProgress> seen;
    WarmUp warm_up{reader, [this](MockType type, const WarmUp::IdsHandler& handler) { handler({}, offered[type]); },
                   [this](const WarmUpProgress& progress) { seen.push_back(progress); }};
};

} // namespace

BOOST_AUTO_TEST_SUITE(warm_up_suite)

BOOST_AUTO_TEST_CASE(exams_come_first_then_their_bookings_in_steps) {
    Warming warming{101, 100};
    warming.warm_up.start();
    BOOST_TEST_REQUIRE(warming.reader.log.size() == 4u);
    BOOST_TEST(warming.reader.log[0] == "exams");
    BOOST_TEST(warming.reader.log[1].starts_with("bookings of c0,c1,"));
    BOOST_TEST(warming.reader.log[2].starts_with("bookings of c100,m0,"));
    BOOST_TEST(warming.reader.log[3] == "bookings of m99");
    BOOST_TEST((warming.reader.options.priority == understudy::Priority::background));
    BOOST_TEST_REQUIRE(warming.seen.size() == 4u);
    const std::size_t done[] = {0, 100, 200, 201};
    for (std::size_t i = 0; i < 4; ++i) {
        BOOST_TEST(warming.seen[i].done == done[i]);
        BOOST_TEST(warming.seen[i].total == 201u);
        BOOST_TEST(warming.seen[i].ended == (i == 3));
        BOOST_TEST(!warming.seen[i].error.failed());
    }
}

BOOST_AUTO_TEST_CASE(nothing_on_offer_is_done_at_once) {
    Warming warming{0};
    warming.warm_up.start();
    BOOST_TEST((warming.reader.log == std::vector<std::string>{"exams"}));
    BOOST_TEST_REQUIRE(warming.seen.size() == 1u);
    BOOST_TEST(warming.seen[0].ended);
    BOOST_TEST(warming.seen[0].total == 0u);
}

BOOST_AUTO_TEST_CASE(a_step_that_fails_is_counted_and_the_next_is_made) {
    Warming warming{150};
    warming.reader.answer = [](const std::string& asked) {
        return asked.starts_with("bookings of c0,") ? understudy::error_code{Errc::timed_out}
                                                    : understudy::error_code{};
    };
    warming.warm_up.start();
    const auto& last = warming.seen.back();
    BOOST_TEST(last.ended);
    BOOST_TEST(last.done == 50u);
    BOOST_TEST(last.failed == 100u);
    BOOST_TEST((last.error == Errc::timed_out));
}

BOOST_AUTO_TEST_CASE(without_the_exams_it_ends) {
    Warming warming{5};
    warming.reader.answer = [](const std::string&) { return understudy::error_code{Errc::unavailable}; };
    warming.warm_up.start();
    BOOST_TEST_REQUIRE(warming.seen.size() == 1u);
    BOOST_TEST(warming.seen[0].ended);
    BOOST_TEST((warming.seen[0].error == Errc::unavailable));
    BOOST_TEST((warming.reader.log == std::vector<std::string>{"exams"}));
}

BOOST_AUTO_TEST_CASE(a_stop_begins_nothing_more) {
    Warming warming{500};
    warming.reader.answer = [&](const std::string& asked) {
        if (asked.starts_with("bookings"))
            warming.warm_up.stop();
        return understudy::error_code{};
    };
    warming.warm_up.start();
    BOOST_TEST(warming.reader.log.size() == 2u);
    BOOST_TEST(!warming.seen.back().ended);
}

BOOST_AUTO_TEST_SUITE_END()
