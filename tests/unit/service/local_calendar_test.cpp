#include "local_calendar.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>

using namespace service;
using understudy::format_date;
using understudy::format_timestamp;
using understudy::parse_date;
using understudy::parse_timestamp;

namespace {

/// The zone that the machine is in, as far as the C library goes.
class MachineZone {
public:
    explicit MachineZone(const char* zone) {
        if (const char* before = std::getenv("TZ"))
            before_ = before;
        setenv("TZ", zone, 1);
        tzset();
    }
    ~MachineZone() {
        if (before_)
            setenv("TZ", before_->c_str(), 1);
        else
            unsetenv("TZ");
        tzset();
    }

private:
    std::optional<std::string> before_;
};

constexpr const char* machine_zones[] = {"UTC", "America/Toronto", "Asia/Tokyo", "Pacific/Kiritimati",
                                         "Pacific/Pago_Pago"};

struct Today {
    const char* moment;
    const char* day;
};

// Toronto is five hours behind UTC in winter and four in summer; in 2026 the clocks go forward on 8 March at 07:00 UTC
// and back on 1 November at 06:00 UTC (IANA time zone database, 2025b).
constexpr Today todays[] = {
    {"2026-01-15T04:59:59.999Z", "2026-01-14"},
    {"2026-01-15T05:00:00.000Z", "2026-01-15"},
    {"2026-07-15T03:59:59.999Z", "2026-07-14"},
    {"2026-07-15T04:00:00.000Z", "2026-07-15"},
    {"2026-07-14T23:30:00.000Z", "2026-07-14"},
    {"2026-01-01T04:59:59.999Z", "2025-12-31"},
    {"2026-01-01T05:00:00.000Z", "2026-01-01"},
    {"2028-02-29T04:59:59.999Z", "2028-02-28"},
    {"2028-03-01T04:59:59.999Z", "2028-02-29"},
    // Spring: midnight before the change is at 05:00, the one after it at 04:00.
    {"2026-03-08T04:59:59.999Z", "2026-03-07"},
    {"2026-03-08T05:00:00.000Z", "2026-03-08"},
    {"2026-03-08T06:59:59.999Z", "2026-03-08"},
    {"2026-03-08T07:00:00.000Z", "2026-03-08"},
    {"2026-03-09T03:59:59.999Z", "2026-03-08"},
    {"2026-03-09T04:00:00.000Z", "2026-03-09"},
    // Autumn, the other way round; between 05:00 and 07:00 the clocks show one o'clock twice.
    {"2026-11-01T03:59:59.999Z", "2026-10-31"},
    {"2026-11-01T04:00:00.000Z", "2026-11-01"},
    {"2026-11-01T05:30:00.000Z", "2026-11-01"},
    {"2026-11-01T06:30:00.000Z", "2026-11-01"},
    {"2026-11-02T04:59:59.999Z", "2026-11-01"},
    {"2026-11-02T05:00:00.000Z", "2026-11-02"},
};

struct Day {
    const char* day;
    const char* begins;
    const char* ends;
    int hours;
};

constexpr Day days[] = {
    {"2026-01-15", "2026-01-15T05:00:00.000Z", "2026-01-16T05:00:00.000Z", 24},
    {"2026-07-15", "2026-07-15T04:00:00.000Z", "2026-07-16T04:00:00.000Z", 24},
    {"2026-03-08", "2026-03-08T05:00:00.000Z", "2026-03-09T04:00:00.000Z", 23},
    {"2026-11-01", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z", 25},
    {"2026-12-31", "2026-12-31T05:00:00.000Z", "2027-01-01T05:00:00.000Z", 24},
    {"2028-02-29", "2028-02-29T05:00:00.000Z", "2028-03-01T05:00:00.000Z", 24},
};

} // namespace

BOOST_AUTO_TEST_SUITE(local_calendar_suite)

BOOST_AUTO_TEST_CASE(d16_today_is_torontos_on_a_machine_in_any_zone) {
    for (const auto* zone : machine_zones) {
        const MachineZone machine{zone};
        const LocalCalendar toronto;
        for (const auto& [moment, day] : todays)
            BOOST_TEST(format_date(toronto.today(*parse_timestamp(moment))) == day, zone << ' ' << moment);
    }
}

BOOST_AUTO_TEST_CASE(d16_days_begin_and_end_at_torontos_midnight) {
    for (const auto* zone : machine_zones) {
        const MachineZone machine{zone};
        const LocalCalendar toronto;
        for (const auto& [text, begins, ends, hours] : days) {
            const auto day = *parse_date(text);
            BOOST_TEST(format_timestamp(toronto.start_of_day(day)) == begins, zone << ' ' << text);
            BOOST_TEST(format_timestamp(toronto.end_of_day(day)) == ends, zone << ' ' << text);
            BOOST_TEST((toronto.end_of_day(day) - toronto.start_of_day(day) == std::chrono::hours{hours}));
            BOOST_TEST((toronto.today(toronto.start_of_day(day)) == day));
            BOOST_TEST((toronto.today(toronto.end_of_day(day) - std::chrono::milliseconds{1}) == day));
        }
    }
}

// Clocks that change at midnight: a day without its first hour, and a day whose midnight comes twice.
BOOST_AUTO_TEST_CASE(days_of_other_places_begin_at_their_first_moment) {
    const LocalCalendar beirut{"Asia/Beirut"};
    BOOST_TEST(format_timestamp(beirut.start_of_day(*parse_date("2022-03-27"))) == "2022-03-26T22:00:00.000Z");
    const LocalCalendar havana{"America/Havana"};
    BOOST_TEST(format_timestamp(havana.start_of_day(*parse_date("2025-11-02"))) == "2025-11-02T04:00:00.000Z");
    BOOST_TEST((havana.end_of_day(*parse_date("2025-11-02")) - havana.start_of_day(*parse_date("2025-11-02")) ==
                std::chrono::hours{25}));
}

BOOST_AUTO_TEST_CASE(a_zone_that_is_missing_is_named) {
    try {
        const LocalCalendar nowhere{"America/Nowhere"};
        BOOST_FAIL("found");
    } catch (const std::runtime_error& error) {
        const std::string text = error.what();
        BOOST_TEST(text.find("America/Nowhere") != std::string::npos, text);
        BOOST_TEST(text.find("tzdata") != std::string::npos, text);
    }
}

BOOST_AUTO_TEST_SUITE_END()
