#pragma once

#include <understudy/cron_expression.hpp>
#include <understudy/date_time.hpp>
#include <understudy/detail/cron_firings.hpp>
#include <understudy/time_zone.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>

namespace understudy {

/// When something is to be done next: at an interval, by a cron expression in a time zone, or never.
///
/// A value without a clock and without a memory: the same question has the same answer, so one may ask again whenever
/// something else woke one up. As safe to use from several threads as its time zone is.
class Schedule {
public:
    static Schedule never() { return Schedule{Never{}}; }

    /// An interval after the last start. Throws `std::invalid_argument` unless it is positive.
    static Schedule every(std::chrono::milliseconds interval) {
        if (interval <= std::chrono::milliseconds{0})
            throw std::invalid_argument{"a schedule's interval must be positive"};
        return Schedule{Every{interval}};
    }

    /// The minutes that the expression means there.
    ///
    /// When clocks are put forward or back by less than three hours it does what cron(8) of Debian documents. An
    /// expression of a fixed time (neither minute nor hour begins with `*`) of which one or more minutes are left out
    /// is due once, at the moment of the change; minutes that come twice count the first time. Any other goes by the
    /// clock as it is: minutes that are left out are, and those that come twice count twice.
    static Schedule cron(CronExpression expression, TimeZone zone) {
        return Schedule{Cron{std::move(expression), std::move(zone)}};
    }

    /// The same, but each time later by less than `most`, so that those who share a source do not all ask it at once.
    /// How much later follows from `seed` and the time alone. Nothing is left out or overtaken: what a cron expression
    /// means stays before the next time that it means. Throws `std::invalid_argument` if `most` is negative.
    Schedule jittered(std::chrono::milliseconds most, std::uint64_t seed) const {
        if (most < std::chrono::milliseconds{0})
            throw std::invalid_argument{"a schedule's jitter must not be negative"};
        auto copy = *this;
        copy.jitter_ = most;
        copy.seed_ = seed;
        return copy;
    }

    /// When it is due, or nothing if never. `last` is what this returned the last time that it was acted upon, or when
    /// that was begun.
    ///
    /// An interval: counted from `last`, or from `now` if there is none; not before `now`, which is the answer when the
    /// time has passed. If the clock was set back to more than an interval before `last`, it is due now.
    ///
    /// A cron expression: the first time after `now`; those that were missed are not made up for. If the clock was set
    /// back to before `last`, nothing up to `last` is due again as long as it was by less than a minute or, for an
    /// expression of a fixed time, by less than three hours; after a larger change the new time is taken as it is, and
    /// minutes that it shows again are due again. So a clock that is set back holds nothing up for longer than that.
    /// Without `last`, whatever is after `now` is due.
    std::optional<Timestamp> next(Timestamp now, std::optional<Timestamp> last = std::nullopt) const {
        return std::visit([&](const auto& kind) { return next(kind, now, last); }, kind_);
    }

private:
    struct Never {};
    struct Every {
        std::chrono::milliseconds interval;
    };
    struct Cron {
        CronExpression expression;
        TimeZone zone;
    };
    using Kind = std::variant<Never, Every, Cron>;

    explicit Schedule(Kind kind)
        : kind_{std::move(kind)} {}

    std::optional<Timestamp> next(const Never&, Timestamp, std::optional<Timestamp>) const { return std::nullopt; }

    std::optional<Timestamp> next(const Every& every, Timestamp now, std::optional<Timestamp> last) const {
        if (last && *last - now > every.interval)
            return now;
        const auto from = last.value_or(now);
        return std::max(now, from + every.interval + delay(from, jitter_));
    }

    std::optional<Timestamp> next(const Cron& cron, Timestamp now, std::optional<Timestamp> last) const {
        using namespace std::chrono;
        const auto patience =
            cron.expression.fixed_time() ? milliseconds{detail::clock_correction} : milliseconds{minutes{1}};
        const auto from = last && *last > now && *last - now < patience ? *last : now;
        const detail::CronFirings firings{cron.expression, cron.zone};
        // What was meant before `from` may have been put off until after it.
        auto meant = firings.next_after(from - jitter_);
        while (meant) {
            const auto following = jitter_ == milliseconds{0} ? std::nullopt : firings.next_after(*meant);
            const auto due = *meant + delay(*meant, following ? std::min(jitter_, *following - *meant) : jitter_);
            if (due > from)
                return due;
            meant = following;
        }
        return std::nullopt;
    }

    // Less than `most`, the same for the same time; the mixing is that of SplitMix64 (Steele, Lea, Flood, "Fast
    // splittable pseudorandom number generators", OOPSLA 2014).
    std::chrono::milliseconds delay(Timestamp time, std::chrono::milliseconds most) const noexcept {
        if (most <= std::chrono::milliseconds{0})
            return std::chrono::milliseconds{0};
        auto z = (seed_ ^ static_cast<std::uint64_t>(time.time_since_epoch().count())) + 0x9E37'79B9'7F4A'7C15;
        z = (z ^ z >> 30) * 0xBF58'476D'1CE4'E5B9;
        z = (z ^ z >> 27) * 0x94D0'49BB'1331'11EB;
        z ^= z >> 31;
        return std::chrono::milliseconds{static_cast<std::int64_t>(z % static_cast<std::uint64_t>(most.count()))};
    }

    Kind kind_;
    std::chrono::milliseconds jitter_{0};
    std::uint64_t seed_ = 0;
};

} // namespace understudy
