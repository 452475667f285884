#include <understudy/cron_expression.hpp>
#include <understudy/date_time.hpp>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <ostream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace understudy;
namespace data = boost::unit_test::data;

namespace {

CivilMinute civil_minute(const std::string& text) {
    return CivilMinute{std::chrono::floor<std::chrono::minutes>(parse_timestamp(text + 'Z')->time_since_epoch())};
}

std::string format_minute(CivilMinute minute) {
    auto text = format_timestamp(Timestamp{minute.time_since_epoch()}).substr(0, 16);
    text[10] = ' ';
    return text;
}

CronExpression meant_by(const std::string& text) {
    return CronExpression::parse(text).value();
}

std::vector<std::string> next_of(const std::string& text, const std::string& from, int count) {
    const auto expression = meant_by(text);
    std::vector<std::string> found;
    auto at = civil_minute(from);
    while (count-- > 0) {
        const auto next = expression.next_after(at);
        if (!next) {
            found.emplace_back("never");
            break;
        }
        BOOST_TEST(expression.matches(*next), text);
        found.push_back(format_minute(*next));
        at = *next;
    }
    return found;
}

struct Times {
    std::string text;
    std::string from;
    std::vector<std::string> times;

    friend std::ostream& operator<<(std::ostream& out, const Times& row) {
        return out << row.text << " from " << row.from;
    }
};

// 2026-11-23 is a Monday.
const Times times[] = {
    {"* * * * *", "2026-11-23 10:00", {"2026-11-23 10:01", "2026-11-23 10:02"}},
    {"* * * * *", "2026-12-31 23:59", {"2027-01-01 00:00"}},
    {"0 */2 * * *", "2026-11-23 21:30", {"2026-11-23 22:00", "2026-11-24 00:00"}},
    {"5 4 * * *", "2026-11-23 04:05", {"2026-11-24 04:05"}},
    {"5 4 * * *", "2026-11-23 04:04", {"2026-11-23 04:05"}},
    {"*/20 8-10 * * *", "2026-11-23 10:20", {"2026-11-23 10:40", "2026-11-24 08:00"}},
    {"1,2,40-50/5 0 * * *", "2026-11-23 00:02", {"2026-11-23 00:40", "2026-11-23 00:45", "2026-11-23 00:50"}},
    {"10-59/15 0 * * *", "2026-11-23 00:00", {"2026-11-23 00:10", "2026-11-23 00:25", "2026-11-23 00:40"}},
    // Months and days by name, in any case, in lists and ranges.
    {"0 0 1 jan,JUL *", "2026-11-23 00:00", {"2027-01-01 00:00", "2027-07-01 00:00"}},
    {"0 0 * Nov-dec Sat", "2026-11-23 00:00", {"2026-11-28 00:00", "2026-12-05 00:00"}},
    {"0 0 * * FRI-sun",
     "2026-11-23 00:00",
     {"2026-11-27 00:00", "2026-11-28 00:00", "2026-11-29 00:00", "2026-12-04 00:00"}},
    // Sunday has two numbers.
    {"0 0 * * 0", "2026-11-23 00:00", {"2026-11-29 00:00", "2026-12-06 00:00"}},
    {"0 0 * * 7", "2026-11-23 00:00", {"2026-11-29 00:00", "2026-12-06 00:00"}},
    {"0 0 * * 6-7", "2026-11-23 00:00", {"2026-11-28 00:00", "2026-11-29 00:00", "2026-12-05 00:00"}},
    {"0 0 * * 0-1", "2026-11-23 00:00", {"2026-11-29 00:00", "2026-11-30 00:00", "2026-12-06 00:00"}},
    // Neither of the two fields of days begins with *: one is enough.
    {"30 4 1,15 * 5", "2026-11-23 00:00", {"2026-11-27 04:30", "2026-12-01 04:30", "2026-12-04 04:30"}},
    // One of them does: both.
    {"0 0 */10 * 1", "2026-11-23 00:00", {"2026-12-21 00:00", "2027-01-11 00:00"}},
    {"0 0 13 * */5", "2026-11-23 00:00", {"2026-12-13 00:00", "2027-06-13 00:00", "2027-08-13 00:00"}},
    // A star elsewhere in the list is a list of everything, and not "begins with".
    {"0 0 13,* * 1", "2026-11-23 00:00", {"2026-11-24 00:00", "2026-11-25 00:00"}},
    {"0 0 1-31 * 1", "2026-11-23 00:00", {"2026-11-24 00:00"}},
    // Rare, and never.
    {"0 0 29 2 *", "2026-11-23 00:00", {"2028-02-29 00:00", "2032-02-29 00:00"}},
    {"0 0 29 2 *", "2096-03-01 00:00", {"2104-02-29 00:00"}},
    {"0 0 29 2 */7", "2088-02-29 00:00", {"2128-02-29 00:00"}},
    {"0 0 31 * *", "2026-11-23 00:00", {"2026-12-31 00:00", "2027-01-31 00:00", "2027-03-31 00:00"}},
    {"0 0 31 2 *", "2026-11-23 00:00", {"never"}},
    {"0 0 30,31 2 *", "2026-11-23 00:00", {"never"}},
    {"0 0 31 4,6,9,11 *", "2026-11-23 00:00", {"never"}},
    {"0 0 31 2 0", "2026-11-23 00:00", {"2027-02-07 00:00"}},
    // Macros and blanks.
    {"@hourly", "2026-11-23 10:00", {"2026-11-23 11:00"}},
    {"@Daily", "2026-11-23 10:00", {"2026-11-24 00:00"}},
    {"@midnight", "2026-11-23 10:00", {"2026-11-24 00:00"}},
    {"@weekly", "2026-11-23 10:00", {"2026-11-29 00:00"}},
    {"@monthly", "2026-11-23 10:00", {"2026-12-01 00:00"}},
    {"@yearly", "2026-11-23 10:00", {"2027-01-01 00:00"}},
    {"@annually", "2026-11-23 10:00", {"2027-01-01 00:00"}},
    {"  0\t0  1 1   *  ", "2026-11-23 10:00", {"2027-01-01 00:00"}},
};

struct Refusal {
    std::string text;
    std::string message;

    friend std::ostream& operator<<(std::ostream& out, const Refusal& refusal) { return out << refusal.text; }
};

const std::string not_five = "a cron expression has five fields (minute, hour, day-of-month, month, day-of-week), not ";

const Refusal refusals[] = {
    {"", not_five + "0"},
    {"* * * *", not_five + "4"},
    {"0 * * * * *", not_five + "6"},
    {"@reboot", "@reboot is none of @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually"},
    {"61 * * * *", "minute: 61 is not in 0-59"},
    {"60 * * * *", "minute: 60 is not in 0-59"},
    {"99999999999999999999 * * * *", "minute: 99999999999999999999 is not in 0-59"},
    {"4294967297 * * * *", "minute: 4294967297 is not in 0-59"},
    {"-1 * * * *", "minute: '' is no number"},
    {"* 24 * * *", "hour: 24 is not in 0-23"},
    {"* * 0 * *", "day-of-month: 0 is not in 1-31"},
    {"* * 32 * *", "day-of-month: 32 is not in 1-31"},
    {"* * * 0 *", "month: 0 is not in 1-12"},
    {"* * * 13 *", "month: 13 is not in 1-12"},
    {"* * * * 8", "day-of-week: 8 is not in 0-7"},
    {"x * * * *", "minute: 'x' is no number"},
    {"jan * * * *", "minute: 'jan' is no number"},
    {"* * * january *", "month: 'january' is no number and no name"},
    {"* * * * 1.5", "day-of-week: '1.5' is no number and no name"},
    {"1,,2 * * * *", "minute: an empty element in the list"},
    {"1, * * * *", "minute: an empty element in the list"},
    {"* 20-4 * * *", "hour: 20-4 runs backwards"},
    {"* * * * 5-1", "day-of-week: 5-1 runs backwards"},
    {"* * 5-0 * *", "day-of-month: 0 is not in 1-31"},
    {"5-0 * * * *", "minute: 5-0 runs backwards"},
    {"1-2-3 * * * *", "minute: '2-3' is no number"},
    {"5/15 * * * *", "minute: 5/15: a step needs a range or * before it"},
    {"*/0 * * * *", "minute: a step of 0 is not in 1-60"},
    {"*/90 * * * *", "minute: a step of 90 is not in 1-60"},
    {"*/ * * * *", "minute: '' is no step"},
    {"*/-2 * * * *", "minute: '-2' is no step"},
    {"*/2/3 * * * *", "minute: '2/3' is no step"},
    {"** * * * *", "minute: '**' is no number"},
    {"*-5 * * * *", "minute: '*' is no number"},
    {"? * * * *", "minute: '?' is no number"},
    {"* * L * *", "day-of-month: 'L' is no number"},
    {"* * * * 5#2", "day-of-week: '5#2' is no number and no name"},
};

// Writes a random field, and says which values it means, without reading it.
class RandomField {
public:
    RandomField(std::mt19937& random, int first, int last)
        : random_{random} {
        if (one_in(3)) {
            text = "*";
            if (one_in(3)) {
                const int step = between(2, last - first);
                text += '/' + std::to_string(step);
                add(first, last, step);
            } else {
                add(first, last, 1);
            }
            return;
        }
        for (int elements = between(1, 3); elements > 0; --elements) {
            if (!text.empty())
                text += ',';
            const int low = between(first, last);
            text += std::to_string(low);
            if (one_in(2)) {
                add(low, low, 1);
                continue;
            }
            const int high = between(low, last);
            const int step = one_in(2) ? between(1, last - first) : 1;
            text += '-' + std::to_string(high);
            if (step > 1)
                text += '/' + std::to_string(step);
            add(low, high, step);
        }
    }

    bool has(int value) const noexcept { return means_[static_cast<std::size_t>(value)]; }

    std::string text;

private:
    bool one_in(int chances) { return between(1, chances) == 1; }
    int between(int low, int high) { return low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1)); }
    void add(int low, int high, int step) {
        for (int value = low; value <= high; value += step)
            means_[static_cast<std::size_t>(value)] = true;
    }

    std::mt19937& random_;
    std::array<bool, 60> means_{};
};

// A calendar that is counted by hand, one minute after the other.
struct Calendar {
    int year = 2023, month = 1, day = 1, hour = 0, minute = 0;
    int weekday = 0; // 2023-01-01 was a Sunday.

    int days_of_month() const {
        constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        return days[month - 1] + (month == 2 && year % 4 == 0 ? 1 : 0);
    }
    void advance() {
        if (++minute < 60)
            return;
        minute = 0;
        if (++hour < 24)
            return;
        hour = 0;
        weekday = (weekday + 1) % 7;
        if (++day <= days_of_month())
            return;
        day = 1;
        if (++month <= 12)
            return;
        month = 1;
        ++year;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(cron_expression)

BOOST_DATA_TEST_CASE(means_the_minutes_that_it_says, data::make(times)) {
    BOOST_TEST(next_of(sample.text, sample.from, static_cast<int>(sample.times.size())) == sample.times,
               boost::test_tools::per_element());
}

BOOST_DATA_TEST_CASE(what_is_wrong_is_named, data::make(refusals)) {
    const auto result = CronExpression::parse(sample.text);
    BOOST_TEST_REQUIRE(result.has_error());
    BOOST_TEST(result.error().message == sample.message);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_thrown_if_nobody_looks) {
    BOOST_CHECK_EXCEPTION(CronExpression::parse("61 * * * *").value(), std::invalid_argument,
                          [](const auto& error) { return error.what() == std::string{"minute: 61 is not in 0-59"}; });
}

BOOST_AUTO_TEST_CASE(a_fixed_time_begins_neither_minute_nor_hour_with_a_star) {
    for (const auto* text : {"30 2 * * *", "@daily", "0,30 1-3 1 * *", "0-59 2 * * *"})
        BOOST_TEST(meant_by(text).fixed_time(), text);
    for (const auto* text : {"* * * * *", "0 * * * *", "@hourly", "*/10 2 * * *", "0 */2 * * *"})
        BOOST_TEST(!meant_by(text).fixed_time(), text);
}

// Four years, one of them with a leap day, minute by minute.
BOOST_AUTO_TEST_CASE(random_expressions_mean_what_a_reading_minute_by_minute_finds) {
    std::mt19937 random{20'261'123};
    for (int round = 0; round < 16; ++round) {
        const RandomField minutes{random, 0, 59};
        const RandomField hours{random, 0, 23};
        const RandomField days{random, 1, 31};
        const RandomField months{random, 1, 12};
        const RandomField weekdays{random, 0, 7};
        const auto text = minutes.text + ' ' + hours.text + ' ' + days.text + ' ' + months.text + ' ' + weekdays.text;
        const bool both = days.text[0] == '*' || weekdays.text[0] == '*';

        const auto expression = meant_by(text);
        auto at = civil_minute("2023-01-01 00:00");
        auto next = expression.next_after(at - std::chrono::minutes{1});
        int wrong = 0;
        for (Calendar calendar; calendar.year < 2027 && wrong == 0; calendar.advance(), at += std::chrono::minutes{1}) {
            const bool day = days.has(calendar.day);
            const bool weekday = weekdays.has(calendar.weekday) || (calendar.weekday == 0 && weekdays.has(7));
            const bool meant = minutes.has(calendar.minute) && hours.has(calendar.hour) && months.has(calendar.month) &&
                               (both ? day && weekday : day || weekday);
            wrong += meant != (next == at);
            if (meant)
                next = expression.next_after(at);
        }
        BOOST_TEST(wrong == 0, text << " about " << format_minute(at));
    }
}

BOOST_AUTO_TEST_SUITE_END()
