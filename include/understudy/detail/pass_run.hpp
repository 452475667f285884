#pragma once

#include <understudy/detail/backoff.hpp>
#include <understudy/detail/full_pass_machine.hpp>
#include <understudy/detail/incremental_pass_machine.hpp>
#include <understudy/error.hpp>
#include <understudy/listing.hpp>
#include <understudy/pass_report.hpp>
#include <understudy/pass_step.hpp>
#include <understudy/read_options.hpp>
#include <understudy/reconciler_params.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace understudy::detail {

// Carries one pass out, as its machine decides, for as long as its lease holds. Lives until it is over.
template<class Source, class Replica, class Clock, class Machine>
class PassRun : public std::enable_shared_from_this<PassRun<Source, Replica, Clock, Machine>> {
public:
    using R = typename Source::record_type;
    using Make = std::function<Machine(const PassLease&, const Extent<R>&)>;
    using Done = std::function<void(PassReport)>;

    PassRun(Source source, Replica replica, const ReconcilerParams& params, std::string pass, std::string holder,
            Make make, Done done)
        : source_{std::move(source)}
        , replica_{std::move(replica)}
        , params_{params}
        , pass_{std::move(pass)}
        , holder_{std::move(holder)}
        , make_{std::move(make)}
        , done_{std::move(done)}
        , renewal_{replica_.get_executor()}
        , random_{params.seed != 0 ? params.seed : std::random_device{}()} {}

    // `measured`: the machine wants to know how far the source reaches.
    void start(bool measured) {
        const auto sent = Clock::now();
        replica_.async_begin_pass(pass_, holder_, params_.lease,
                                  bound([this, sent, measured](error_code error, PassLease lease) {
                                      if (error)
                                          return report(error);
                                      lease_ = std::move(lease);
                                      lead_from(sent);
                                      renew_later();
                                      if (!measured)
                                          return make(Extent<R>{});
                                      measure([this](const Extent<R>& extent) { make(extent); });
                                  }));
    }

    // It stops where it is; the next one goes on from there.
    void stop(error_code error) {
        if (over_)
            return;
        over_ = true;
        stopped_by_ = error;
        renewal_.cancel();
        if (lease_ && error != Errc::lease_lost)
            return end(position());
        report(error);
    }

    PassReport progress() const {
        auto report = machine_ ? machine_->report() : PassReport{};
        report.duration = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - begun_);
        return report;
    }

private:
    using error_code = boost::system::error_code;
    using Timer = boost::asio::basic_waitable_timer<Clock>;
    using Try = std::function<void()>;

    static std::chrono::nanoseconds now() {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch());
    }

    // A handler that keeps this alive, and is not called once it is over.
    template<class F>
    auto bound(F f) {
        return boost::asio::bind_executor(replica_.get_executor(),
                                          [self = this->shared_from_this(), f = std::move(f)](auto... results) mutable {
                                              if (!self->over_)
                                                  f(std::move(results)...);
                                          });
    }

    ReadOptions options() const {
        ReadOptions how;
        how.priority = Priority::background;
        how.timeout = params_.call_timeout;
        return how;
    }

    void make(const Extent<R>& extent) {
        machine_.emplace(make_(*lease_, extent));
        pump();
    }

    void pump() {
        while (!over_) {
            auto action = machine_->next(now());
            if (!action)
                break;
            std::visit([this](auto&& wanted) { this->perform(std::move(wanted)); }, std::move(*action));
        }
        if (over_)
            return;
        if (const auto error = machine_->error())
            return stop(error);
        if (machine_->done()) {
            over_ = true;
            renewal_.cancel();
            end(machine_->final_position());
        }
    }

    // ---- calls; what fails in a way that passes is tried again

    // `start` starts the call; its handler calls `again` with the error if there is one.
    template<class Start>
    void attempt(Start start, int tries = 1) {
        if (!leads())
            return stop(Errc::lease_lost);
        auto again = [this, start, tries](error_code error) {
            if (error != Condition::retryable || error == Errc::lease_lost || tries >= params_.tries)
                return stop(error);
            auto timer = std::make_shared<Timer>(replica_.get_executor());
            timer->expires_after(backoff(tries - 1, params_.first_pause, params_.longest_pause,
                                         static_cast<std::uint32_t>(random_()) << 1));
            timer->async_wait(bound([this, start, tries, timer](error_code) { attempt(start, tries + 1); }));
        };
        start(again);
    }

    template<class Then>
    void with_ticket(Then then) {
        attempt([this, then](auto again) {
            replica_.async_draw_ticket(bound([then, again](error_code error, Ticket ticket) {
                if (error)
                    return again(error);
                then(ticket);
            }));
        });
    }

    // A call that asks for one page.
    template<class Page, class Start, class Then>
    void page(Start start, Then then) {
        attempt([this, start, then](auto again) {
            start(this->bound([then, again](error_code error, std::vector<Page> pages) {
                if (!error && pages.size() != 1)
                    error = Errc::malformed_answer;
                if (!error)
                    error = pages.front().error;
                if (error)
                    return again(error);
                then(std::move(pages.front()));
            }));
        });
    }

    template<class Then>
    void read(const std::vector<key_t<R>>& keys, Then then) {
        attempt([this, keys, then](auto again) {
            source_.template async_fetch<ById<R>>(
                keys, options(),
                bound([then, again, size = keys.size()](error_code error, const std::vector<Reading<R>>& readings) {
                    if (!error && readings.size() != size)
                        error = Errc::malformed_answer;
                    if (error)
                        return again(error);
                    then(readings);
                }));
        });
    }

    template<class Then>
    void measure(Then then) {
        attempt([this, then](auto again) {
            if constexpr (ChangeSource<Source>)
                source_.async_extent(
                    std::vector{Extreme::latest, Extreme::last}, options(),
                    bound([then, again](error_code error, const std::vector<std::optional<Candidate<R>>>& found) {
                        if (!error && found.size() != 2)
                            error = Errc::malformed_answer;
                        if (error)
                            return again(error);
                        Extent<R> extent;
                        if (found[0])
                            extent.latest = found[0]->version;
                        if (found[1])
                            extent.last = found[1]->id;
                        then(extent);
                    }));
        });
    }

    // ---- actions

    template<class Action>
    void perform(Action action) {
        if constexpr (requires { action.observations; }) {
            step(std::move(action));
        } else if constexpr (std::is_same_v<Machine, FullPassMachine<R>>) {
            if constexpr (requires { action.range; })
                with_ticket([this, action](Ticket ticket) { list(action.range, action.query, ticket); });
            else
                with_ticket([this, action](Ticket ticket) { confirm(action.keys, ticket); });
        } else {
            find(std::move(action));
        }
    }

    void list(std::size_t range, const ListingQuery<R>& query, Ticket ticket) {
        page<ListingPage<R>>(
            [this, query](auto handler) {
                source_.async_list(std::vector<ListingQuery<R>>{query}, options(), std::move(handler));
            },
            [this, range, ticket, asked = now()](ListingPage<R> listed) {
                machine_->on_page(range, ticket, asked, std::move(listed));
                pump();
            });
    }

    void confirm(const std::vector<key_t<R>>& keys, Ticket ticket) {
        read(keys, [this, ticket, asked = now()](const std::vector<Reading<R>>& readings) {
            machine_->on_confirmed(ticket, asked, readings);
            pump();
        });
    }

    void find(typename IncrementalPassMachine<R>::Measure) {
        measure([this](const Extent<R>& extent) {
            machine_->on_extent(extent);
            pump();
        });
    }
    void find(const typename IncrementalPassMachine<R>::Find& wanted) {
        page<ChangesPage<R>>(
            [this, query = wanted.query](auto handler) {
                source_.async_find_changes(std::vector<ChangesQuery<R>>{query}, options(), std::move(handler));
            },
            [this](ChangesPage<R> found) {
                machine_->on_page(std::move(found));
                pump();
            });
    }
    void find(const typename IncrementalPassMachine<R>::Compare& wanted) {
        attempt([this, keys = wanted.keys](auto again) {
            replica_.template async_lookup<ById<R>>(keys, bound([this, again](error_code error, const Rows<R>& rows) {
                                                        if (error)
                                                            return again(error);
                                                        machine_->on_rows(rows);
                                                        pump();
                                                    }));
        });
    }
    void find(const typename IncrementalPassMachine<R>::Read& wanted) {
        with_ticket([this, keys = wanted.keys](Ticket ticket) {
            read(keys, [this, ticket, asked = now()](const std::vector<Reading<R>>& readings) {
                machine_->on_readings(ticket, asked, readings);
                pump();
            });
        });
    }

    // A step, and how much of it was written.
    struct Telling {
        PassStep<R> step;
        std::vector<Applied> outcomes{};
    };

    template<class Step>
    void step(Step action) {
        const auto telling = std::make_shared<Telling>();
        telling->step.position = std::move(action.position);
        telling->step.observations = std::move(action.observations);
        telling->step.hints = std::move(action.hints);
        telling->step.ranges = std::move(action.ranges);
        tell(telling, telling->step.observations.size());
    }

    // Writes the next `count` observations, and then the rest: by halves, if there is one that the replica cannot
    // store, so that it fails alone. What is no observation goes with the last of them.
    void tell(const std::shared_ptr<Telling>& telling, std::size_t count) {
        const auto& whole = telling->step;
        const auto first = whole.observations.begin() + static_cast<std::ptrdiff_t>(telling->outcomes.size());
        const auto part = std::make_shared<PassStep<R>>();
        part->position = whole.position;
        part->observations.assign(first, first + static_cast<std::ptrdiff_t>(count));
        const bool last = part->observations.size() + telling->outcomes.size() == whole.observations.size();
        if (last) {
            part->hints = whole.hints;
            part->ranges = whole.ranges;
        }
        send(part, [this, telling, count, last](error_code refused, PassStepped<R> stepped) {
            auto& outcomes = telling->outcomes;
            if (refused && count == 0)
                return stop(refused);
            if (refused && count > 1)
                return tell(telling, count / 2);
            if (refused) {
                const auto key = telling->step.observations[outcomes.size()].key;
                machine_->on_refused(key, refused);
                telling->step.hints.push_back(key);
                outcomes.push_back(Applied::dropped);
            }
            outcomes.insert(outcomes.end(), stepped.outcomes.begin(), stepped.outcomes.end());
            if (refused || !last)
                return tell(telling, telling->step.observations.size() - outcomes.size());
            stepped.outcomes = std::move(outcomes);
            machine_->on_stepped(stepped);
            pump();
        });
    }

    // `then` is told what became of it, or why the replica will never take it.
    template<class Then>
    void send(const std::shared_ptr<const PassStep<R>>& wanted, Then then) {
        attempt([this, wanted, then](auto again) {
            auto step = *wanted;
            step.pass = pass_;
            step.fence = lease_->fence;
            step.lease = params_.lease;
            replica_.async_step_pass(
                std::move(step),
                bound([this, then, again, sent = Clock::now()](error_code error, PassStepped<R> stepped) {
                    if (error == Condition::retryable || (error && error == Condition::applied_unknown))
                        return again(error);
                    if (!error)
                        lead_from(sent);
                    then(error, std::move(stepped));
                }));
        });
    }

    // ---- the lease

    bool leads() const { return Clock::now() < leads_until_; }
    void lead_from(typename Clock::time_point sent) { leads_until_ = std::max(leads_until_, sent + params_.lease); }

    // A step that says nothing, for the lease alone.
    void renew_later() {
        renewal_.expires_after(params_.lease / 3);
        renewal_.async_wait(bound([this](error_code) {
            renew_later();
            PassStep<R> nothing;
            nothing.position = position();
            send(std::make_shared<const PassStep<R>>(std::move(nothing)), [](error_code, const PassStepped<R>&) {});
        }));
    }

    std::string position() const { return machine_ ? machine_->position() : lease_->position; }

    // ---- the end

    void end(std::string position) {
        replica_.async_end_pass(
            pass_, lease_->fence, std::move(position),
            boost::asio::bind_executor(replica_.get_executor(), [self = this->shared_from_this()](error_code error) {
                self->report(self->stopped_by_ ? self->stopped_by_ : error);
            }));
    }

    void report(error_code error) {
        over_ = true;
        renewal_.cancel();
        auto report = progress();
        report.error = error;
        if (error)
            report.outcome = error == Errc::lease_held ? PassOutcome::led_elsewhere : PassOutcome::interrupted;
        else
            report.outcome = report.failed > 0 || report.braked ? PassOutcome::incomplete : PassOutcome::completed;
        if (const auto done = std::exchange(done_, nullptr))
            done(std::move(report));
    }

    Source source_;
    Replica replica_;
    ReconcilerParams params_;
    std::string pass_;
    std::string holder_;
    Make make_;
    Done done_;
    Timer renewal_;
    std::minstd_rand random_;
    std::optional<PassLease> lease_;
    std::optional<Machine> machine_;
    typename Clock::time_point begun_ = Clock::now();
    typename Clock::time_point leads_until_ = Clock::time_point::min();
    error_code stopped_by_{};
    bool over_ = false;
};

} // namespace understudy::detail
