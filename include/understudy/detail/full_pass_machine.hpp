#pragma once

#include <understudy/detail/key_span.hpp>
#include <understudy/detail/observations_of.hpp>
#include <understudy/detail/pass_errors.hpp>
#include <understudy/detail/pass_position.hpp>
#include <understudy/error.hpp>
#include <understudy/listing.hpp>
#include <understudy/pass_options.hpp>
#include <understudy/pass_step.hpp>
#include <understudy/reconciler_params.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace understudy::detail {

// Decides a full pass. Ranges of keys are listed side by side, and divided where much is left; each page is applied
// before its range goes on. When every range has been read to its end, and not before, the rows that no page named are
// read by id, unless there are too many of them.
//
//     next() -> List | Step | Confirm -> on_page, on_stepped, on_confirmed
template<Record R>
class FullPassMachine {
public:
    using Instant = std::chrono::nanoseconds;

    struct List {
        std::size_t range;
        ListingQuery<R> query;
    };
    struct Step {
        std::string position; // without the step
        std::vector<Observation<R>> observations;
        std::vector<key_t<R>> hints;
        std::vector<ListedRange<R>> ranges;
    };
    struct Confirm {
        std::vector<key_t<R>> keys;
    };
    using Action = std::variant<List, Step, Confirm>;

    // `last`: the greatest key, as far as one knows; without it the list is read from the first page to the last.
    FullPassMachine(const ReconcilerParams& params, const PassOptions& options, std::size_t live_rows,
                    std::optional<key_t<R>> last, std::optional<FullPosition<R>> position = {})
        : params_{params}
        , last_{std::move(last)} {
        const auto share = static_cast<std::size_t>(params.most_deleted_share * static_cast<double>(live_rows));
        most_deletes_ = std::max({params.most_deletes, share, options.allow_deletes});
        if (position) {
            report_ = position->report;
            report_.resumed = !position->done();
            missing_ = std::move(position->missing);
            if (!last_)
                last_ = std::move(position->last);
            for (auto& range : position->ranges)
                add({std::move(range), 0, false});
        } else {
            add({});
        }
        report_.kind = PassKind::full;
    }

    std::optional<Action> next(Instant now) {
        if (error_)
            return std::nullopt;
        if (!stepping_ && !(ready_.empty() && confirmed_.empty()))
            return step(now);
        divide();
        for (auto& [id, range] : ranges_)
            if (!range.busy) {
                range.busy = true;
                return List{id, {range.keys.from}};
            }
        if (!listed() || stepping_ || confirming_ || missing_.empty())
            return std::nullopt;
        if (report_.deletes_wanted > most_deletes_) {
            report_.braked = true;
            missing_.clear();
            return std::nullopt;
        }
        confirming_ = true;
        const auto count = std::min(missing_.size(), confirm_batch);
        return Confirm{{missing_.begin(), missing_.begin() + static_cast<std::ptrdiff_t>(count)}};
    }

    // A page that was read, asked for at `asked` with a ticket that was drawn before.
    void on_page(std::size_t range, Ticket ticket, Instant asked, ListingPage<R> page) {
        if (!ascends(page, ranges_.at(range).keys.from)) {
            error_ = Errc::malformed_answer;
            return;
        }
        ready_.push_back({range, ticket, asked, std::move(page)});
    }

    void on_stepped(const PassStepped<R>& stepped) {
        stepping_ = false;
        for (std::size_t i = 0; i < stepped.outcomes.size() && i < in_step_.size(); ++i) {
            report_.changed += stepped.outcomes[i] == Applied::applied ? 1 : 0;
            const bool gone = in_step_[i] != State::live;
            report_.deletes_done += gone && confirmed_in_step_ > 0 && accounted_for(stepped.outcomes[i]) ? 1 : 0;
        }
        missing_.erase(missing_.begin(), missing_.begin() + static_cast<std::ptrdiff_t>(confirmed_in_step_));
        confirming_ = confirming_ && confirmed_in_step_ == 0;
        confirmed_in_step_ = 0;
        report_.deletes_wanted += stepped.missing.size();
        for (const auto& key : stepped.missing)
            if (missing_.size() <= most_deletes_)
                missing_.push_back(key);
        for (const auto& page : std::exchange(stepped_, {}))
            advance(page);
    }

    // The replica cannot store what was observed of a key.
    void on_refused(const key_t<R>& key, boost::system::error_code error) {
        note_failure<R>(report_, key, error, params_.most_errors);
    }

    // What became of the keys of a `Confirm`: one reading for each.
    void on_confirmed(Ticket ticket, Instant asked, const std::vector<Reading<R>>& readings) {
        for (std::size_t i = 0; i < readings.size(); ++i)
            if (readings[i].found() && readings[i].id == missing_[i])
                --report_.deletes_wanted;
        confirmed_.push_back({ticket, asked, readings});
    }

    bool done() const noexcept { return listed() && !stepping_ && missing_.empty() && confirmed_.empty(); }

    // Why it cannot go on.
    boost::system::error_code error() const noexcept { return error_; }

    // Counts.
    const PassReport& report() const noexcept { return report_; }

    std::string position() const {
        FullPosition<R> position;
        position.last = last_;
        position.missing = missing_;
        position.report = report_;
        for (const auto& [id, range] : ranges_)
            position.ranges.push_back(range.keys);
        return text_of(position);
    }

    // Nothing is left: the next pass begins anew.
    std::string final_position() const { return position(); }

private:
    static constexpr std::size_t confirm_batch = 100;

    struct Range {
        KeyRange<R> keys{};
        // How far apart the keys are that begin two pages; 0 while that is unknown.
        std::uint64_t span = 0;
        bool busy = false;
    };
    struct Ready {
        std::size_t range;
        Ticket ticket;
        Instant asked;
        ListingPage<R> page;
    };
    struct Confirmed {
        Ticket ticket;
        Instant asked;
        std::vector<Reading<R>> readings;
    };

    void add(Range range) { ranges_.emplace(ranges_made_++, std::move(range)); }

    // Certified: every range has been read to its end.
    bool listed() const noexcept { return ranges_.empty() && ready_.empty() && !error_; }

    static bool accounted_for(Applied outcome) { return outcome == Applied::applied || outcome == Applied::unchanged; }

    static bool ascends(const ListingPage<R>& page, const std::optional<key_t<R>>& from) {
        const key_t<R>* before = nullptr;
        for (const auto& [id, reading] : page.records) {
            if (before ? !key_less<R>(*before, id) : (from && key_less<R>(id, *from)))
                return false;
            before = &id;
        }
        const auto* least = before ? before : from ? &*from : nullptr;
        return !page.next || !least || key_less<R>(*least, *page.next);
    }

    static std::chrono::milliseconds since(Instant asked, Instant now) {
        return std::chrono::ceil<std::chrono::milliseconds>(now - asked);
    }

    static bool within(const key_t<R>& key, const std::optional<key_t<R>>& until) {
        return !until || key_less<R>(key, *until);
    }

    Step step(Instant now) {
        Step step;
        step.position = position();
        for (const auto& ready : ready_) {
            const auto& keys = ranges_.at(ready.range).keys;
            ListedRange<R> listed{keys.from, keys.until, ready.ticket, {}};
            if (ready.page.next && within(*ready.page.next, keys.until))
                listed.until = ready.page.next;
            for (const auto& [id, reading] : ready.page.records) {
                if (!within(id, keys.until))
                    break;
                listed.keys.push_back(id);
                if (reading.failed())
                    fail(step, id, reading.error);
                else
                    observe(step.observations, id, reading, ready.ticket, since(ready.asked, now));
            }
            ++report_.pages;
            report_.records += listed.keys.size();
            step.ranges.push_back(std::move(listed));
        }
        stepped_ = std::exchange(ready_, {});
        for (const auto& confirmed : std::exchange(confirmed_, {})) {
            for (std::size_t i = 0; i < confirmed.readings.size(); ++i)
                if (confirmed.readings[i].failed())
                    fail(step, missing_[i], confirmed.readings[i].error);
                else
                    observe(step.observations, missing_[i], confirmed.readings[i], confirmed.ticket,
                            since(confirmed.asked, now));
            confirmed_in_step_ += confirmed.readings.size();
        }
        in_step_.clear();
        for (const auto& observation : step.observations)
            in_step_.push_back(observation.state);
        stepping_ = true;
        return step;
    }

    // What could not be read now is read later, by whoever reads marked rows.
    void fail(Step& step, const key_t<R>& key, boost::system::error_code error) {
        note_failure<R>(report_, key, error, params_.most_errors);
        step.hints.push_back(key);
    }

    void advance(const Ready& ready) {
        auto& range = ranges_.at(ready.range);
        const auto& page = ready.page;
        if (!page.next || !within(*page.next, range.keys.until)) {
            ranges_.erase(ready.range);
            return;
        }
        const auto& first = range.keys.from        ? *range.keys.from
                            : page.records.empty() ? *page.next
                                                   : page.records[0].first;
        const auto begin = key_number<R>(first);
        const auto end = key_number<R>(*page.next);
        range.span = begin && end && *begin < *end ? *end - *begin : 0;
        range.keys.from = page.next;
        range.busy = false;
    }

    // So that all chains have something to do. What the page under way will hold is left to it.
    void divide() {
        while (ranges_.size() < params_.chains) {
            Range* widest = nullptr;
            std::uint64_t most = 0;
            std::uint64_t middle = 0;
            for (auto& [id, range] : ranges_) {
                const auto& end = range.keys.until ? range.keys.until : last_;
                const auto to = end && range.keys.from && range.span > 0 ? key_number<R>(*end) : std::nullopt;
                const auto from = to ? key_number<R>(*range.keys.from) : std::nullopt;
                if (!from || *from + range.span >= *to)
                    continue;
                const auto begin = *from + range.span;
                const auto pages = (*to - begin) / range.span;
                if (pages < params_.pages_worth_dividing || pages <= most)
                    continue;
                widest = &range;
                most = pages;
                middle = begin + (*to - begin) / 2;
            }
            auto key = widest ? key_of_number<R>(middle) : std::nullopt;
            if (!key)
                return;
            Range rest{{key, widest->keys.until}, widest->span, false};
            widest->keys.until = std::move(key);
            add(std::move(rest));
        }
    }

    ReconcilerParams params_;
    std::size_t most_deletes_ = 0;
    std::optional<key_t<R>> last_;
    std::map<std::size_t, Range> ranges_;
    std::size_t ranges_made_ = 0;
    std::vector<Ready> ready_;
    std::vector<Ready> stepped_;
    std::vector<State> in_step_; // of its observations
    std::vector<key_t<R>> missing_;
    std::vector<Confirmed> confirmed_;
    std::size_t confirmed_in_step_ = 0;
    bool stepping_ = false;
    bool confirming_ = false;
    boost::system::error_code error_{};
    PassReport report_{};
};

} // namespace understudy::detail
