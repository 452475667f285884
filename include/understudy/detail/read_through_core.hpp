#pragma once

#include <understudy/detail/fill_machine.hpp>
#include <understudy/detail/flight_table.hpp>
#include <understudy/detail/is_cache.hpp>
#include <understudy/detail/read_machine.hpp>
#include <understudy/detail/set_fill_machine.hpp>
#include <understudy/detail/set_read_machine.hpp>
#include <understudy/read_through_params.hpp>
#include <understudy/read_through_stats.hpp>
#include <understudy/store.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <typeindex>
#include <utility>
#include <vector>

namespace understudy::detail {

// What the copies of one ReadThroughCache share: both stores, the flights, and the fills, which belong to the cache and
// outlive every caller.
template<class Primary, class Fallback, class Clock>
class ReadThroughCore : public std::enable_shared_from_this<ReadThroughCore<Primary, Fallback, Clock>> {
public:
    using R = typename Primary::record_type;
    using Executor = boost::asio::any_io_executor;
    using Timer = boost::asio::basic_waitable_timer<Clock>;
    using FlightPtr = std::shared_ptr<Flight<Landing<R>>>;
    using SetFlightPtr = std::shared_ptr<Flight<SetLanding<R>>>;

    ReadThroughCore(Primary first, Fallback second, const ReadThroughParams& with)
        : primary{std::move(first)}
        , fallback{std::move(second)}
        , params{with}
        , sees_every_write{with.sees_every_write.value_or(!is_cache<Fallback>())}
        , executor{primary.get_executor()}
        , idle_{executor} {
        idle_.expires_at(Timer::time_point::max());
    }

    template<IndexTag By>
    FlightTable<typename By::value_type, Landing<R>>& flights() {
        return table<FlightTable<typename By::value_type, Landing<R>>>(flights_[typeid(By)]);
    }
    template<IndexTag By>
    FlightTable<typename By::value_type, SetLanding<R>>& set_flights() {
        return table<FlightTable<typename By::value_type, SetLanding<R>>>(set_flights_[typeid(By)]);
    }

    template<IndexTag By>
    typename ReadMachine<By>::Step board(ReadMachine<By>& machine,
                                         const std::shared_ptr<FlightWaiter<Landing<R>>>& waiter,
                                         const ReadOptions& options) {
        typename ReadMachine<By>::Begun begun;
        const auto step = machine.board(flights<ById<R>>(), flights<By>(), closed, room(), waiter, begun);
        const bool confirm = options.freshness != Freshness::fresh();
        fill<ById<R>>(std::move(begun.ids), options, confirm);
        fill<By>(std::move(begun.values), options, confirm);
        // The load of a store that throws has landed already: nobody would wake the reader.
        return pending(step, machine);
    }

    template<IndexTag By, class Waiter>
    typename SetReadMachine<By>::Step board(SetReadMachine<By>& machine, const std::shared_ptr<Waiter>& waiter,
                                            const ReadOptions& options) {
        typename SetReadMachine<By>::Begun begun;
        const auto step = machine.board(flights<ById<R>>(), set_flights<By>(), closed, room(), waiter, waiter, begun);
        fill<ById<R>>(std::move(begun.ids), options, true);
        fill_sets<By>(std::move(begun.values), options);
        // The load of a store that throws has landed already: nobody would wake the reader.
        return pending(step, machine);
    }

    // Loads records that nobody waits for.
    void prefetch(const std::vector<key_t<R>>& ids, Ticket ticket, const ReadOptions& options) {
        auto& table = flights<ById<R>>();
        Loads<key_t<R>, Landing<R>> begun;
        begun.ticket = ticket;
        for (const auto& id : ids)
            if (!closed && begun.keys.size() < room() && !table.joinable(id, no_ticket, Priority::background))
                begun.begin(table, id, options.priority);
        fill<ById<R>>(std::move(begun), options, true);
    }

    bool idle() const noexcept { return fills_ == 0; }

    // Wakes when no fill is left.
    template<class Handler>
    void idle_wait(Handler&& handler) {
        if (idle())
            boost::asio::post(executor, std::forward<Handler>(handler));
        else
            idle_.async_wait(std::forward<Handler>(handler));
    }

    Primary primary;
    Fallback fallback;
    const ReadThroughParams params;
    const bool sees_every_write;
    ReadThroughStats stats;
    Executor executor;
    bool closed = false;

private:
    template<class Machine, class Flights>
    struct FillOf {
        Machine machine;
        Flights flights;
        typename Clock::time_point begun;
        bool landed = false;

        std::chrono::milliseconds elapsed() const {
            return std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - begun);
        }
    };
    template<IndexTag By>
    using Fill = FillOf<FillMachine<By>, std::vector<FlightPtr>>;
    template<IndexTag By>
    using SetFill = FillOf<SetFillMachine<By>, std::vector<SetFlightPtr>>;

    template<class Table>
    static Table& table(std::shared_ptr<void>& slot) {
        if (!slot)
            slot = std::make_shared<Table>();
        return *static_cast<Table*>(slot.get());
    }

    template<class Step, class Machine>
    static Step pending(Step step, const Machine& machine) {
        return step == Step::wait ? machine.resume() : step;
    }

    ReadOptions count_fill(std::size_t values, const ReadOptions& reader) {
        ++stats.fills;
        ++fills_;
        in_flight_ += values;
        ReadOptions options;
        options.priority = reader.priority;
        options.timeout = params.fill_timeout;
        return options;
    }

    std::size_t room() const noexcept {
        return params.max_in_flight > in_flight_ ? params.max_in_flight - in_flight_ : 0;
    }

    template<IndexTag By>
    void fill(Loads<typename By::value_type, Landing<R>> loads, const ReadOptions& reader, bool confirm) {
        if (loads.keys.empty())
            return;
        const ReadOptions options = count_fill(loads.keys.size(), reader);
        auto state = std::make_shared<Fill<By>>(
            Fill<By>{FillMachine<By>{loads.keys, loads.ticket, confirm}, std::move(loads.flights), Clock::now()});
        auto on_read = [self = this->shared_from_this(), state](boost::system::error_code error,
                                                                std::vector<Reading<R>> readings) {
            if (error)
                state->machine.on_read_failed(error);
            else
                state->machine.on_readings(std::move(readings), state->elapsed());
            self->populate(state);
        };
        guarded(state, [&] {
            fallback.template async_fetch<By>(std::move(loads.keys), options,
                                              boost::asio::bind_executor(executor, std::move(on_read)));
        });
    }

    // A fill applies first, then answers.
    template<IndexTag By>
    void populate(const std::shared_ptr<Fill<By>>& state) {
        auto observations = state->machine.take_observations();
        if (observations.empty())
            return note(state);
        auto on_applied = [self = this->shared_from_this(), state](boost::system::error_code error,
                                                                   std::vector<Applied> outcomes) {
            if (error || !state->machine.on_applied(outcomes))
                ++self->stats.populate_failures;
            self->note(state);
        };
        guarded(state, [&] {
            primary.async_apply(std::move(observations), boost::asio::bind_executor(executor, std::move(on_applied)));
        });
    }

    template<IndexTag By>
    void note(const std::shared_ptr<Fill<By>>& state) {
        if constexpr (!is_by_id<By>) {
            if (state->machine.has_absences()) {
                auto on_noted = [self = this->shared_from_this(), state](boost::system::error_code error,
                                                                         std::vector<Applied> outcomes) {
                    if (error || !state->machine.on_noted(outcomes))
                        ++self->stats.populate_failures;
                    self->land(state);
                };
                guarded(state, [&] {
                    primary.template async_note_absent<By>(state->machine.take_absences(), state->machine.ticket(),
                                                           state->machine.absence_age(),
                                                           boost::asio::bind_executor(executor, std::move(on_noted)));
                });
                return;
            }
        }
        land(state);
    }

    // As for records, but every member is applied before the set is called covered.
    template<IndexTag By>
    void fill_sets(Loads<typename By::value_type, SetLanding<R>> loads, const ReadOptions& reader) {
        if (loads.keys.empty())
            return;
        const ReadOptions options = count_fill(loads.keys.size(), reader);
        auto state = std::make_shared<SetFill<By>>(
            SetFill<By>{SetFillMachine<By>{loads.keys, loads.ticket}, std::move(loads.flights), Clock::now()});
        auto on_read = [self = this->shared_from_this(), state](boost::system::error_code error,
                                                                std::vector<SetReading<R>> readings) {
            if (error)
                state->machine.on_read_failed(error);
            else
                state->machine.on_readings(std::move(readings), state->elapsed());
            self->populate_sets(state);
        };
        guarded(state, [&] {
            fallback.template async_fetch_set<By>(std::move(loads.keys), options,
                                                  boost::asio::bind_executor(executor, std::move(on_read)));
        });
    }

    template<IndexTag By>
    void populate_sets(const std::shared_ptr<SetFill<By>>& state) {
        auto observations = state->machine.take_observations();
        if (observations.empty())
            return cover(state);
        auto on_applied = [self = this->shared_from_this(), state](boost::system::error_code error,
                                                                   const std::vector<Applied>& outcomes) {
            if (error) {
                ++self->stats.populate_failures;
                return self->land(state);
            }
            state->machine.on_applied(outcomes);
            self->cover(state);
        };
        guarded(state, [&] {
            primary.async_apply(std::move(observations), boost::asio::bind_executor(executor, std::move(on_applied)));
        });
    }

    template<IndexTag By>
    void cover(const std::shared_ptr<SetFill<By>>& state) {
        auto coverages = state->machine.take_coverages(state->elapsed());
        if (coverages.empty())
            return land(state);
        auto on_covered = [self = this->shared_from_this(), state](boost::system::error_code error,
                                                                   const std::vector<Covered>& outcomes) {
            if (error || !state->machine.on_covered(outcomes))
                ++self->stats.populate_failures;
            self->land(state);
        };
        guarded(state, [&] {
            primary.template async_cover<By>(std::move(coverages),
                                             boost::asio::bind_executor(executor, std::move(on_covered)));
        });
    }

    // A store that throws fails this load; left alone, its keys could never be loaded again.
    template<class State, class Start>
    void guarded(const std::shared_ptr<State>& state, Start start) {
        try {
            start();
        } catch (...) {
            state->machine.on_read_failed(Errc::unavailable);
            land(state);
        }
    }

    template<IndexTag By>
    void land(const std::shared_ptr<Fill<By>>& state) {
        land(*state, flights<By>());
    }
    template<IndexTag By>
    void land(const std::shared_ptr<SetFill<By>>& state) {
        land(*state, set_flights<By>());
    }
    template<class State, class Table>
    void land(State& state, Table& table) {
        if (std::exchange(state.landed, true))
            return;
        for (std::size_t i = 0; i < state.flights.size(); ++i)
            table.end(state.machine.values()[i], state.flights[i]);
        for (std::size_t i = 0; i < state.flights.size(); ++i)
            state.flights[i]->land(state.machine.landings()[i]);
        in_flight_ -= state.flights.size();
        if (--fills_ == 0)
            idle_.cancel();
    }

    std::map<std::type_index, std::shared_ptr<void>> flights_;
    std::map<std::type_index, std::shared_ptr<void>> set_flights_;
    std::size_t fills_ = 0;
    std::size_t in_flight_ = 0; // values
    Timer idle_;
};

} // namespace understudy::detail
