#pragma once

#include <understudy/cron_error.hpp>
#include <understudy/detail/cron_field.hpp>

#include <boost/system/result.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace understudy {

/// A minute as a clock on the wall shows it, in no time zone.
using CivilMinute = std::chrono::local_time<std::chrono::minutes>;

/// Which minutes of the calendar a cron expression means. Immutable; may be used from any thread.
///
/// Five fields, as crontab(5) of Debian's cron (Vixie's) has them: minute 0-59, hour 0-23, day of the month 1-31, month
/// 1-12, day of the week 0-7, where 0 and 7 are both Sunday. A field is a list of `*`, values and ranges (`1-5`); `*`
/// and ranges may have a step (`*/10`, `8-18/2`). Months and days of the week may be written as `JAN` and `SUN`, in any
/// case, in lists and ranges too. `@hourly`, `@daily` or `@midnight`, `@weekly`, `@monthly` and `@yearly` or
/// `@annually` stand for the expressions that they do there.
///
/// Days: a minute must be of the month, and of both the day of the month and the day of the week if one of those fields
/// begins with `*`; if neither does, one of the two is enough.
///
/// Refused, because it reads as something that it does not do: a step after a single value (`5/15`), a step longer than
/// its field (`*/90`), a range that runs backwards. A range may end with Sunday (`FRI-SUN`).
class CronExpression {
public:
    /// Says what is wrong and in which field, if the text is no cron expression.
    static boost::system::result<CronExpression, CronError> parse(std::string_view text) {
        auto words = words_of(text);
        if (words.count == 1 && words.text[0].front() == '@') {
            const auto meaning = meaning_of(words.text[0]);
            if (meaning.empty())
                return CronError{std::string{words.text[0]} +
                                 " is none of @hourly, @daily, @midnight, @weekly, @monthly, "
                                 "@yearly and @annually"};
            words = words_of(meaning);
        }
        if (words.count != words.text.size())
            return CronError{
                "a cron expression has five fields (minute, hour, day-of-month, month, day-of-week), not " +
                std::to_string(words.count)};
        std::array<std::uint64_t, 5> bits{};
        for (std::size_t i = 0; i < bits.size(); ++i) {
            const auto field = detail::CronFieldReader{detail::cron_fields[i]}.read(words.text[i]);
            if (!field)
                return field.error();
            bits[i] = *field;
        }
        const auto starred = [&words](std::size_t field) { return words.text[field].front() == '*'; };
        return CronExpression{bits, !starred(0) && !starred(1), starred(2) || starred(4)};
    }

    /// The first minute after `minute` that is meant; nothing if there is none, as in `0 0 31 2 *`.
    std::optional<CivilMinute> next_after(CivilMinute minute) const {
        using namespace std::chrono;
        const auto from = minute + minutes{1};
        auto day = floor<days>(from);
        if (means_day(year_month_day{day}))
            if (const auto time = next_time(from - day))
                return day + *time;
        day += days{1};
        // The Gregorian calendar repeats itself, days of the week included, after 400 years.
        for (const auto end = day + days{146'097}; day < end;) {
            const year_month_day date{day};
            if (!has(months_, static_cast<unsigned>(date.month())))
                day = local_days{(date.year() / date.month() + months{1}) / 1};
            else if (means_day(date))
                return day + *next_time(minutes{0});
            else
                day += days{1};
        }
        return std::nullopt;
    }

    bool matches(CivilMinute minute) const {
        using namespace std::chrono;
        const auto day = floor<days>(minute);
        const hh_mm_ss time{minute - day};
        return has(minutes_, static_cast<unsigned>(time.minutes().count())) &&
               has(hours_, static_cast<unsigned>(time.hours().count())) && means_day(year_month_day{day});
    }

    /// Neither minute nor hour begins with `*`: what cron(8) treats with care when clocks change.
    bool fixed_time() const noexcept { return fixed_time_; }

private:
    struct Words {
        std::array<std::string_view, 5> text;
        std::size_t count = 0;
    };

    CronExpression(const std::array<std::uint64_t, 5>& bits, bool fixed_time, bool both_days)
        : minutes_{bits[0]}
        , hours_{bits[1]}
        , month_days_{bits[2]}
        , months_{bits[3]} // 7 is Sunday, as 0 is.
        , weekdays_{bits[4] | bits[4] >> 7}
        , fixed_time_{fixed_time}
        , both_days_{both_days} {}

    static Words words_of(std::string_view text) noexcept {
        constexpr std::string_view blanks = " \t";
        Words words;
        for (auto at = text.find_first_not_of(blanks); at != text.npos; at = text.find_first_not_of(blanks, at)) {
            const auto end = std::min(text.find_first_of(blanks, at), text.size());
            if (words.count < words.text.size())
                words.text[words.count] = text.substr(at, end - at);
            ++words.count;
            at = end;
        }
        return words;
    }

    static std::string_view meaning_of(std::string_view name) noexcept {
        constexpr std::pair<std::string_view, std::string_view> meanings[] = {
            {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
            {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}};
        for (const auto& [macro, meaning] : meanings)
            if (detail::same_letters(name, macro))
                return meaning;
        return {};
    }

    static bool has(std::uint64_t bits, unsigned value) noexcept { return (bits >> value & 1) != 0; }

    bool means_day(const std::chrono::year_month_day& date) const {
        const std::chrono::weekday weekday{std::chrono::local_days{date}};
        const auto of_month = has(month_days_, static_cast<unsigned>(date.day()));
        const auto of_week = has(weekdays_, weekday.c_encoding());
        return has(months_, static_cast<unsigned>(date.month())) &&
               (both_days_ ? of_month && of_week : of_month || of_week);
    }

    // The first time of day that is meant, `from` or later.
    std::optional<std::chrono::minutes> next_time(std::chrono::minutes from) const {
        using namespace std::chrono;
        for (auto time = from; time < days{1};) {
            const hh_mm_ss at{time};
            if (!has(hours_, static_cast<unsigned>(at.hours().count())))
                time = at.hours() + hours{1};
            else if (!has(minutes_, static_cast<unsigned>(at.minutes().count())))
                ++time;
            else
                return time;
        }
        return std::nullopt;
    }

    std::uint64_t minutes_;
    std::uint64_t hours_;
    std::uint64_t month_days_;
    std::uint64_t months_;
    std::uint64_t weekdays_;
    bool fixed_time_;
    bool both_days_;
};

} // namespace understudy
