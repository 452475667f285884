#pragma once

#include <understudy/detail/observations_of.hpp>
#include <understudy/detail/pass_errors.hpp>
#include <understudy/detail/pass_position.hpp>
#include <understudy/listing.hpp>
#include <understudy/pass_step.hpp>
#include <understudy/reconciler_params.hpp>
#include <understudy/row.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace understudy::detail {

// Decides an incremental pass. A window is all that the source's index holds from a stamp on; it is paged by key, which
// never changes, so that nothing moves between pages, however many records share a stamp. What it names newer than the
// row is read by id.
//
// What enters the index while a window of several pages is read may have a key that was passed already. So the next
// window, of this pass or of the next one, begins before the latest stamp that this window's first page had: before it
// by the overlap, for an index that lags; less so the longer nothing later was seen.
//
//     next() -> Measure | Find | Compare | Read | Step -> on_extent, on_page, on_rows, on_readings, on_stepped
template<Record R>
class IncrementalPassMachine {
public:
    using Instant = std::chrono::nanoseconds;

    struct Measure {};
    struct Find {
        ChangesQuery<R> query;
    };
    struct Compare {
        std::vector<key_t<R>> keys;
    };
    struct Read {
        std::vector<key_t<R>> keys;
    };
    struct Step {
        std::string position; // without the step
        std::vector<Observation<R>> observations;
        std::vector<key_t<R>> hints;
        std::vector<ListedRange<R>> ranges{};
    };
    using Action = std::variant<Measure, Find, Compare, Read, Step>;

    // Without a position it begins with what changes from now on. `quiet`: for so long the position's latest stamp has
    // been known; what has an earlier one is in the index after that time, if it lags no more than is thought.
    explicit IncrementalPassMachine(const ReconcilerParams& params, std::optional<IncrementalPosition<R>> position = {},
                                    std::chrono::milliseconds quiet = {})
        : params_{params}
        , quiet_{quiet.count()}
        , stage_{position ? Stage::find : Stage::measure} {
        if (position)
            position_ = std::move(*position);
        auto& report = position_.report;
        report.kind = PassKind::incremental;
        report.resumed = position_.after.has_value();
        if (!report.resumed)
            begin();
    }

    std::optional<Action> next(Instant now) {
        switch (std::exchange(stage_, stage_ == Stage::done ? Stage::done : Stage::waiting)) {
        case Stage::measure:
            return Measure{};
        case Stage::find:
            return Find{{position_.since, position_.after}};
        case Stage::compare: {
            std::vector<key_t<R>> keys;
            for (const auto& candidate : page_.candidates)
                keys.push_back(candidate.id);
            return Compare{std::move(keys)};
        }
        case Stage::read:
            return Read{wanted_};
        case Stage::step:
            return step(now);
        default:
            return std::nullopt;
        }
    }

    void on_extent(const Extent<R>& extent) {
        position_.since = position_.anchor = extent.latest;
        stage_ = Stage::done;
    }

    void on_page(ChangesPage<R> page) {
        page_ = std::move(page);
        auto& report = position_.report;
        ++report.pages;
        ++pages_of_window_;
        report.records += page_.candidates.size();
        if (!position_.after)
            for (const auto& candidate : page_.candidates)
                position_.next_anchor = std::max(position_.next_anchor, candidate.version);
        stage_ = page_.candidates.empty() ? Stage::step : Stage::compare;
    }

    // The replica's rows of the candidates.
    void on_rows(const Rows<R>& found) {
        wanted_.clear();
        for (std::size_t i = 0; i < found.rows.size() && i < page_.candidates.size(); ++i) {
            const auto& candidate = page_.candidates[i];
            const auto& row = found.rows[i];
            if (row.state == State::live && candidate.version <= row.version)
                continue;
            wanted_.push_back(candidate.id);
            news_ = true;
            // It was not in the index yet when later stamps were.
            if (candidate.version < position_.anchor && (row.state == State::live || row.state == State::unknown))
                late_ = std::max(late_, milliseconds_between(candidate.version, position_.anchor));
        }
        stage_ = wanted_.empty() ? Stage::step : Stage::read;
    }

    // What was read by id, with a ticket that was drawn before.
    void on_readings(Ticket ticket, Instant asked, const std::vector<Reading<R>>& readings) {
        ticket_ = ticket;
        asked_ = asked;
        readings_ = readings;
        stage_ = Stage::step;
    }

    void on_stepped(const PassStepped<R>& stepped) {
        auto& report = position_.report;
        for (const auto outcome : stepped.outcomes)
            report.changed += outcome == Applied::applied ? 1 : 0;
        position_.after = page_.next;
        stage_ = Stage::find;
        if (!position_.after)
            end_window();
    }

    // The replica cannot store what was observed of a key.
    void on_refused(const key_t<R>& key, boost::system::error_code error) {
        note_failure<R>(position_.report, key, error, params_.most_errors);
    }

    bool done() const noexcept { return stage_ == Stage::done; }
    const PassReport& report() const noexcept { return position_.report; }
    // Why it cannot go on: it always can.
    static boost::system::error_code error() noexcept { return {}; }
    std::string position() const { return text_of(position_); }
    // What the next pass goes by.
    std::string final_position() const { return position(); }

private:
    enum class Stage : std::uint8_t { measure, find, compare, read, step, waiting, done };

    static std::int64_t milliseconds_between(Version earlier, Version later) {
        return static_cast<std::int64_t>(later) - static_cast<std::int64_t>(earlier);
    }
    static Version minus(Version version, std::int64_t milliseconds) {
        const auto stamp = static_cast<std::int64_t>(version);
        return Version{std::max<std::int64_t>(stamp - milliseconds, 0)};
    }

    void begin() {
        position_.report = {};
        position_.overlap = std::clamp<std::int64_t>(position_.overlap, params_.shortest_overlap.count(),
                                                     params_.longest_overlap.count());
        begin_window();
    }

    void begin_window() {
        position_.since = quiet_ < position_.overlap ? minus(position_.anchor, position_.overlap - quiet_)
                                                     : minus(position_.anchor, -1);
        position_.next_anchor = position_.anchor;
        pages_of_window_ = 0;
        news_ = false;
    }

    Step step(Instant now) {
        Step step;
        step.position = position();
        const auto elapsed = std::chrono::ceil<std::chrono::milliseconds>(now - asked_);
        for (std::size_t i = 0; i < readings_.size() && i < wanted_.size(); ++i) {
            if (readings_[i].failed()) {
                note_failure<R>(position_.report, wanted_[i], readings_[i].error, params_.most_errors);
                step.hints.push_back(wanted_[i]);
            } else {
                observe(step.observations, wanted_[i], readings_[i], ticket_, elapsed);
            }
        }
        readings_.clear();
        return step;
    }

    void end_window() {
        position_.overlap = std::clamp<std::int64_t>(std::max(2 * late_, position_.overlap - position_.overlap / 16),
                                                     params_.shortest_overlap.count(), params_.longest_overlap.count());
        if (position_.next_anchor != position_.anchor)
            quiet_ = 0;
        position_.anchor = position_.next_anchor;
        const bool again = pages_of_window_ > 1 && news_ && ++windows_ < params_.most_windows;
        begin_window();
        stage_ = again ? Stage::find : Stage::done;
    }

    ReconcilerParams params_;
    IncrementalPosition<R> position_{};
    std::int64_t quiet_;
    Stage stage_;
    ChangesPage<R> page_{};
    std::vector<key_t<R>> wanted_;
    Ticket ticket_ = no_ticket;
    Instant asked_{0};
    std::vector<Reading<R>> readings_;
    std::int64_t late_ = 0;
    std::size_t pages_of_window_ = 0;
    std::size_t windows_ = 0;
    bool news_ = false; // in this window
};

} // namespace understudy::detail
