#pragma once

#include <understudy/detail/backoff.hpp>
#include <understudy/detail/plan_text.hpp>
#include <understudy/error.hpp>
#include <understudy/journal.hpp>
#include <understudy/observation.hpp>
#include <understudy/operation_params.hpp>
#include <understudy/plan.hpp>
#include <understudy/writable_source.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace understudy::detail {

// What became of one write that was sent, in words that belong to no record type.
struct StepOutcome {
    WriteState state = WriteState::unknown;
    error_code error{};
    std::string key{};
    Version version = no_version;
    // Drawn before the write was sent; `no_ticket` if it took effect at another time.
    Ticket ticket = no_ticket;
    // The record was there already, made by an earlier request for the same creation.
    bool recognised = false;
    // See `WriteOutcome::complete`.
    bool complete = false;
};

// One write of an operation, on its way.
struct OperationStep {
    enum class State : std::uint8_t {
        pending, // to be sent
        out,     // sent, no answer yet
        asked,   // being looked for at the source
        landed,
        refused,
        unknown, // sent, and no answer will come
        skipped, // not needed any more
    };

    PlannedWrite write{};
    // The name that the write leaves at the source.
    std::string operation{};
    bool takes_back = false;
    State state = State::pending;
    std::string key{};
    Version version = no_version;
    Ticket ticket = no_ticket;
    bool complete = false;
    error_code error{};
    // It was sent, and what became of that is not known for sure.
    bool in_doubt = false;
    std::chrono::nanoseconds sent_at{0};
    std::chrono::nanoseconds sent_until{0};
    // Requests that may yet land though a later one of the same write took effect: a creation's, if the record is gone
    // by then, an update's in any case.
    int loose = 0;
    std::chrono::nanoseconds not_before{std::chrono::nanoseconds::min()};
};

// Carries out the decided plan of one operation: what to send, what to look for, when to try again, what to take back,
// and how it ends. Time counts from any fixed point of a monotonic clock.
class OperationMachine {
public:
    using Instant = std::chrono::nanoseconds;
    using Step = OperationStep;

    struct Next {
        enum class Act : std::uint8_t {
            wait,   // until an answer comes, or `at`
            send,   // `steps`
            find,   // `steps`
            record, // the plan changed direction: journal `text()`, then go on
            end,    // as `state`, because of `cause`
        };
        Act act = Act::wait;
        std::vector<std::size_t> steps{};
        Instant at = Instant::max();
        OperationState state = OperationState::done;
        std::string cause{};
    };

    // A plan that was just decided.
    OperationMachine(std::string id, JournaledPlan journaled, const OperationParams& params, Instant now,
                     std::uint32_t seed)
        : id_{std::move(id)}
        , plan_{std::move(journaled)}
        , params_{params}
        , give_up_at_{now + params.give_up_after}
        , guard_until_{plan_.guard ? now + params.landing_limit : Instant::min()}
        , random_{seed} {
        for (const auto& write : plan_.plan.writes)
            steps_.push_back({write, id_ + "/" + write.name});
    }

    // A plan that somebody else may have carried out in part, who was last heard of `silent_for` ago.
    static OperationMachine recovered(std::string id, JournaledPlan journaled, const OperationParams& params,
                                      Instant now, std::chrono::milliseconds silent_for, std::uint32_t seed) {
        const auto landed = journaled.landed;
        OperationMachine machine{std::move(id), std::move(journaled), params, now, seed};
        machine.guard_until_ -= machine.plan_.guard ? Instant{silent_for} : Instant{0};
        for (auto& step : machine.steps_) {
            step.sent_until = now - silent_for;
            step.loose = step.write.action == WriteAction::create ? 2 : is_sent_again(step.write);
        }
        if (machine.plan_.undoing)
            machine.add_counter_steps();
        for (auto& step : machine.steps_) {
            const auto known = landed.find(step.write.name);
            if (!step.takes_back && known != landed.end()) {
                step.state = Step::State::landed;
                step.key = known->second;
            } else if (!step.takes_back && machine.plan_.undoing) {
                step.state = Step::State::skipped;
            } else {
                step.state = Step::State::unknown;
                step.in_doubt = true;
                step.sent_until = now - silent_for;
            }
        }
        return machine;
    }

    const std::string& id() const noexcept { return id_; }
    const Plan& plan() const noexcept { return plan_.plan; }
    const std::deque<Step>& steps() const noexcept { return steps_; }
    // For the journal.
    std::string text() const {
        auto journaled = plan_;
        journaled.landed = keys();
        return text_of(journaled);
    }
    // What begins when all of it took effect.
    std::vector<PlannedWrite> followers() const {
        std::vector<PlannedWrite> all;
        for (const auto& write : plan_.plan.followers)
            all.push_back(with_keys(write, keys()));
        return all;
    }

    // Whether nothing of the plan took effect, or ever will.
    bool untouched() const noexcept {
        return std::ranges::all_of(steps_, [](const Step& step) {
            return (step.state == Step::State::pending && !step.in_doubt) || step.state == Step::State::refused ||
                   step.state == Step::State::skipped;
        });
    }
    // Whether all of it took effect.
    bool landed() const noexcept {
        return !plan_.undoing &&
               std::ranges::all_of(steps_, [](const Step& step) { return step.state == Step::State::landed; });
    }
    // Whether nobody else may write a step's record for now: a request that is still under way would make a record
    // again that was archived, or write over what came after it.
    bool loose(const Step& step, Instant now) const noexcept {
        return step.loose > 0 && now < step.sent_until + params_.landing_limit;
    }
    // The last thing that went wrong.
    const error_code& trouble() const noexcept { return trouble_; }

    // Nobody waits any more: if nothing was sent yet, nothing shall be.
    void abandon() noexcept { abandoned_ = true; }

    // What is to be done now. Steps that it returns count as under way.
    Next next(Instant now) {
        if (std::ranges::any_of(steps_, [](const Step& step) { return under_way(step); }))
            return {};
        if (!plan_.undoing) {
            if (const auto* refused = first(Step::State::refused)) {
                for (auto& step : steps_)
                    if (step.state == Step::State::pending && !step.in_doubt)
                        step.state = Step::State::skipped;
                // What is not known yet may have to be taken back too.
                if (std::ranges::none_of(steps_, &Step::in_doubt))
                    return turn_back(*refused);
            } else if (landed()) {
                if (now < guard_until_)
                    return waiting(guard_until_);
                return ending(OperationState::done, {});
            } else if (untouched() && (abandoned_ || now >= give_up_at_)) {
                return ending(OperationState::undone, trouble_ ? trouble_.message() : "given up before it was sent");
            }
        } else if (const auto* refused = first(Step::State::refused); refused && refused->takes_back) {
            return ending(OperationState::dead, "'" + refused->write.name + "' was refused: " +
                                                    refused->error.message() + "; " + *plan_.undoing);
        } else if (std::ranges::all_of(steps_, [](const Step& step) { return settled(step); })) {
            return ending(OperationState::undone, *plan_.undoing);
        }
        if (now >= give_up_at_)
            return ending(OperationState::dead, "not finished in time: " + trouble_.message());
        return go_on(now);
    }

    void on_outcome(std::size_t at, StepOutcome outcome, Instant now) {
        Step& step = steps_[at];
        step.error = outcome.error;
        step.version = outcome.version;
        step.ticket = outcome.ticket;
        step.complete = outcome.complete && !outcome.recognised;
        if (!outcome.key.empty())
            step.key = std::move(outcome.key);
        switch (outcome.state) {
        case WriteState::applied:
            step.state = Step::State::landed;
            step.in_doubt = false;
            step.loose -= outcome.recognised && step.loose == 1 ? 1 : 0;
            step.error = {};
            failures_ = 0;
            return;
        case WriteState::refused:
            if (step.in_doubt && !proves_absence(step)) {
                step.state = Step::State::unknown;
                step.not_before = step.sent_until + params_.landing_limit;
                put_off(now);
                break;
            }
            step.state = Step::State::refused;
            step.in_doubt = false;
            break;
        case WriteState::merged:
            step.state = Step::State::refused;
            step.in_doubt = false;
            step.error = Errc::record_merged;
            break;
        case WriteState::unsent:
            step.state = Step::State::pending;
            put_off(now);
            break;
        case WriteState::unknown:
            step.state = Step::State::unknown;
            // What was in doubt goes on being looked for at the pace that was reached.
            searches_ = step.in_doubt ? searches_ : 0;
            step.in_doubt = true;
            step.sent_until = now;
            step.loose += step.write.action == WriteAction::create || is_sent_again(step.write);
            put_off(now);
            break;
        }
        if (step.error)
            trouble_ = step.error;
    }

    // `key`: of the record that a creation made.
    void on_found(std::size_t at, Landed landed, Instant asked, const std::string& key = {}) {
        Step& step = steps_[at];
        step.state = Step::State::unknown;
        if (landed == Landed::yes) {
            step.state = Step::State::landed;
            step.in_doubt = false;
            step.key = key.empty() ? step.write.key : key;
            step.ticket = no_ticket;
            // It was never sent again while it could still land.
            step.loose = 0;
        } else if (landed == Landed::no && asked >= step.sent_until + params_.landing_limit) {
            step.state = Step::State::pending;
            step.in_doubt = false;
        } else {
            trouble_ = Errc::outcome_unknown;
        }
    }

private:
    std::map<std::string, std::string> keys() const {
        auto known = plan_.landed;
        for (const auto& step : steps_)
            if (step.state == Step::State::landed && !step.takes_back)
                known[step.write.name] = step.key;
        return known;
    }

    // Whether it is sent again while an earlier request may land. An archiving that lands late finds nothing to do.
    static bool is_sent_again(const PlannedWrite& write) noexcept {
        return write.repeatable && (write.action == WriteAction::update || write.action == WriteAction::associate);
    }
    static bool under_way(const Step& step) noexcept {
        return step.state == Step::State::out || step.state == Step::State::asked;
    }
    static bool settled(const Step& step) noexcept {
        return step.state == Step::State::landed || step.state == Step::State::skipped ||
               (step.state == Step::State::refused && !step.takes_back);
    }

    // A refusal says nothing about an earlier request that may land yet, nor, if a value is taken by nobody knows whom,
    // about one that has.
    bool proves_absence(const Step& step) const noexcept {
        const bool taken = step.write.action == WriteAction::create && step.error == Errc::conflict && step.key.empty();
        return !taken && step.sent_at >= step.sent_until + params_.landing_limit;
    }

    const Step* first(Step::State state) const noexcept {
        const auto it = std::ranges::find_if(steps_, [&](const Step& step) { return step.state == state; });
        return it == steps_.end() ? nullptr : &*it;
    }

    static Next waiting(Instant until) {
        Next next;
        next.at = until;
        return next;
    }
    static Next ending(OperationState state, std::string cause) {
        Next next;
        next.act = Next::Act::end;
        next.state = state;
        next.cause = std::move(cause);
        return next;
    }

    void put_off(Instant now) {
        not_before_ = now + backoff(failures_++, params_.first_pause, params_.longest_pause,
                                    std::uniform_int_distribution<std::uint32_t>{}(random_));
    }

    // A write was refused: what took effect is taken back, the rest is not sent.
    Next turn_back(const Step& refused) {
        std::string cause = "'" + refused.write.name + "' was refused: " + refused.error.message();
        for (const auto& step : steps_) {
            if (step.state == Step::State::landed && !step.write.undo)
                return ending(OperationState::dead,
                              cause + "; '" + step.write.name + "' took effect and cannot be taken back");
        }
        plan_.undoing = std::move(cause);
        for (const auto& step : steps_)
            if (step.state == Step::State::landed)
                plan_.landed[step.write.name] = step.key;
        add_counter_steps();
        if (plan_.landed.empty())
            return ending(OperationState::undone, *plan_.undoing);
        Next next;
        next.act = Next::Act::record;
        return next;
    }

    void add_counter_steps() {
        for (const auto& write : plan_.plan.writes) {
            const auto landed = plan_.landed.find(write.name);
            if (landed == plan_.landed.end())
                continue;
            Step step;
            step.write.name = write.name + "/undo";
            step.write.record = write.record;
            step.write.key = landed->second;
            if (write.action == WriteAction::update || write.action == WriteAction::associate) {
                step.write.action = write.action;
                step.write.values = write.undo.value_or("{}");
                step.write.repeatable = write.repeatable;
            } else {
                step.write.action = WriteAction::archive;
                step.write.repeatable = true;
            }
            step.operation = id_ + "/" + step.write.name;
            step.takes_back = true;
            for (const auto& made : steps_)
                if (made.write.name == write.name && made.loose > 0)
                    step.not_before = made.sent_until + params_.landing_limit;
            steps_.push_back(std::move(step));
        }
    }

    // Sends what is to be sent, and looks for what may have landed.
    Next go_on(Instant now) {
        Next next;
        for (auto& step : steps_)
            if (step.state == Step::State::unknown && step.write.repeatable)
                step.state = Step::State::pending;
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            if (steps_[i].state != Step::State::pending)
                continue;
            const auto at = std::max(steps_[i].not_before, not_before_);
            if (now >= at)
                next.steps.push_back(i);
            else
                next.at = std::min(next.at, at);
        }
        if (next.steps.empty()) {
            auto looked = look(now);
            looked.at = std::min(looked.at, next.at);
            return looked;
        }
        for (const auto at : next.steps)
            steps_[at].sent_at = now;
        next.act = Next::Act::send;
        return under_way(std::move(next), Step::State::out);
    }

    Next look(Instant now) {
        Next next;
        if (!first(Step::State::unknown))
            return next;
        if (now < search_at_) {
            next.at = search_at_;
            return next;
        }
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            const Step& step = steps_[i];
            if (step.state != Step::State::unknown)
                continue;
            if (step.write.action == WriteAction::update || step.write.findable)
                next.steps.push_back(i);
            else if (now >= step.sent_until + params_.landing_limit)
                return ending(OperationState::dead, "nobody knows whether '" + step.write.name +
                                                        "' took effect, and it must not be sent twice");
        }
        // The last question is asked right when nothing can land any more; the ones before it may find out earlier.
        ++searches_;
        search_at_ = now + backoff(searches_, params_.first_pause, params_.longest_pause, 0xFFFFFFFF);
        for (const auto& step : steps_)
            if (step.state == Step::State::unknown && now < step.sent_until + params_.landing_limit)
                search_at_ = std::min(search_at_, step.sent_until + Instant{params_.landing_limit});
        if (next.steps.empty()) {
            next.at = search_at_;
            return next;
        }
        next.act = Next::Act::find;
        return under_way(std::move(next), Step::State::asked);
    }

    Next under_way(Next next, Step::State state) {
        for (const auto at : next.steps)
            steps_[at].state = state;
        return next;
    }

    std::string id_;
    JournaledPlan plan_;
    OperationParams params_;
    Instant give_up_at_;
    Instant guard_until_;
    std::minstd_rand random_;
    std::deque<Step> steps_;
    Instant not_before_ = Instant::min();
    Instant search_at_ = Instant::min();
    int failures_ = 0;
    int searches_ = 0;
    bool abandoned_ = false;
    error_code trouble_{};
};

} // namespace understudy::detail
