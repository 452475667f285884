#include "log.hpp"

#include <boost/test/unit_test.hpp>

using namespace service;

BOOST_AUTO_TEST_SUITE(log_suite)

BOOST_AUTO_TEST_CASE(an_event_is_one_line_whatever_is_in_it) {
    const auto line = [](LogFormat format) {
        return format_log_line(format, "2026-01-02T03:04:05.678Z", LogLevel::warning, "request",
                               {{"status", 503}, {"ms", 1.5}, {"late", true}, {"reason", "line\nbreak \"here\""}});
    };
    BOOST_TEST(line(LogFormat::text) == "time=2026-01-02T03:04:05.678Z level=warning event=request status=503 ms=1.5 "
                                        "late=true reason=\"line\\nbreak \\\"here\\\"\"");
    BOOST_TEST(line(LogFormat::json) ==
               R"({"time":"2026-01-02T03:04:05.678Z","level":"warning","event":"request","status":503,"ms":1.5,)"
               R"("late":true,"reason":"line\nbreak \"here\""})");
}

BOOST_AUTO_TEST_CASE(texts_that_would_break_a_line_apart_are_quoted) {
    const auto value = [](std::string_view text) {
        const auto line = format_log_line(LogFormat::text, "t", LogLevel::info, "e", {{"v", text}});
        return line.substr(line.find(" v=") + 3);
    };
    BOOST_TEST(value("plain-1.2:3/x") == "plain-1.2:3/x");
    BOOST_TEST(value("") == "\"\"");
    BOOST_TEST(value("a=b") == "\"a=b\"");
    BOOST_TEST(value("a b") == "\"a b\"");
    BOOST_TEST(value("\x1b[31m") == "\"\\u001b[31m\"");
}

BOOST_AUTO_TEST_CASE(a_log_wants_its_level_and_above) {
    const Log log{LogLevel::warning, LogFormat::text};
    BOOST_TEST(!log.wants(LogLevel::info));
    BOOST_TEST(log.wants(LogLevel::warning));
    BOOST_TEST(log.wants(LogLevel::error));
    BOOST_TEST(!Log::silent().wants(LogLevel::error));
}

BOOST_AUTO_TEST_SUITE_END()
