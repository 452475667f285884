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

    // Lets a machine board, and begins the loads that it asks for. The load of a store that throws has landed when this
    // returns: nobody would wake the reader.
    template<IndexTag By>
    Boarding::Step board(ReadMachine<By>& machine, const std::shared_ptr<FlightWaiter<Landing<R>>>& waiter,
                         const ReadOptions& options) {
        Begun<By, Landing<R>> begun;
        machine.board(flights<ById<R>>(), flights<By>(), closed, room(), waiter, begun);
        const bool confirm = options.freshness != Freshness::fresh();
        fill<ById<R>>(std::move(begun.ids), options, confirm);
        fill<By>(std::move(begun.values), options, confirm);
        return machine.resume();
    }

    template<IndexTag By, class Waiter>
    Boarding::Step board(SetReadMachine<By>& machine, const std::shared_ptr<Waiter>& waiter,
                         const ReadOptions& options) {
        Begun<By, SetLanding<R>> begun;
        machine.board(flights<ById<R>>(), set_flights<By>(), closed, room(), waiter, waiter, begun);
        fill<ById<R>>(std::move(begun.ids), options, true);
        fill_sets<By>(std::move(begun.values), options);
        return machine.resume();
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
    // One load of values: read from the fallback, stored in the primary, then landed.
    template<class Machine, class L>
    struct LoadBy {
        Machine machine;
        std::vector<std::shared_ptr<Flight<L>>> flights;
        typename Clock::time_point begun = Clock::now();
        bool landed = false;

        std::chrono::milliseconds elapsed() const {
            return std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - begun);
        }
    };
    template<IndexTag By>
    using Fill = LoadBy<FillMachine<By>, Landing<R>>;
    template<IndexTag By>
    using SetFill = LoadBy<SetFillMachine<By>, SetLanding<R>>;

    template<class Table>
    static Table& table(std::shared_ptr<void>& slot) {
        if (!slot)
            slot = std::make_shared<Table>();
        return *static_cast<Table*>(slot.get());
    }

    std::size_t room() const noexcept {
        return params.max_in_flight > in_flight_ ? params.max_in_flight - in_flight_ : 0;
    }

    template<IndexTag By>
    void fill(Loads<typename By::value_type, Landing<R>> loads, const ReadOptions& reader, bool confirm) {
        if (loads.keys.empty())
            return;
        auto load = std::make_shared<Fill<By>>(
            Fill<By>{FillMachine<By>{loads.keys, loads.ticket, confirm}, std::move(loads.flights)});
        read(load, reader, [&](const ReadOptions& options, auto on_read) {
            fallback.template async_fetch<By>(std::move(loads.keys), options, std::move(on_read));
        });
    }

    template<IndexTag By>
    void fill_sets(Loads<typename By::value_type, SetLanding<R>> loads, const ReadOptions& reader) {
        if (loads.keys.empty())
            return;
        auto load = std::make_shared<SetFill<By>>(
            SetFill<By>{SetFillMachine<By>{loads.keys, loads.ticket}, std::move(loads.flights)});
        read(load, reader, [&](const ReadOptions& options, auto on_read) {
            fallback.template async_fetch_set<By>(std::move(loads.keys), options, std::move(on_read));
        });
    }

    template<class Load, class Fetch>
    void read(const std::shared_ptr<Load>& load, const ReadOptions& reader, Fetch fetch) {
        ++stats.fills;
        ++fills_;
        in_flight_ += load->flights.size();
        ReadOptions options;
        options.priority = reader.priority;
        options.timeout = params.fill_timeout;
        using Answer = typename decltype(load->machine)::Answer;
        auto on_read = [self = this->shared_from_this(), load](boost::system::error_code error,
                                                               std::vector<Answer> readings) {
            if (error)
                load->machine.on_read_failed(error);
            else
                load->machine.on_readings(std::move(readings), load->elapsed());
            self->populate(load);
        };
        guarded(load, [&] { fetch(options, boost::asio::bind_executor(executor, std::move(on_read))); });
    }

    // A fill applies first, then answers.
    template<class Load>
    void populate(const std::shared_ptr<Load>& load) {
        auto observations = load->machine.take_observations();
        if (observations.empty())
            return conclude(load);
        auto on_applied = [self = this->shared_from_this(), load](boost::system::error_code error,
                                                                  const std::vector<Applied>& outcomes) {
            if (error || !load->machine.on_applied(outcomes))
                ++self->stats.populate_failures;
            self->conclude(load);
        };
        guarded(load, [&] {
            primary.async_apply(std::move(observations), boost::asio::bind_executor(executor, std::move(on_applied)));
        });
    }

    // What nobody answers to is noted.
    template<IndexTag By>
    void conclude(const std::shared_ptr<Fill<By>>& load) {
        if constexpr (!is_by_id<By>) {
            if (load->machine.has_absences()) {
                auto on_noted = [self = this->shared_from_this(), load](boost::system::error_code error,
                                                                        std::vector<Applied> outcomes) {
                    if (error || !load->machine.on_noted(outcomes))
                        ++self->stats.populate_failures;
                    self->land(load);
                };
                guarded(load, [&] {
                    primary.template async_note_absent<By>(load->machine.take_absences(), load->machine.ticket(),
                                                           load->machine.absence_age(),
                                                           boost::asio::bind_executor(executor, std::move(on_noted)));
                });
                return;
            }
        }
        land(load);
    }

    // A set is covered once all its members are applied.
    template<IndexTag By>
    void conclude(const std::shared_ptr<SetFill<By>>& load) {
        auto coverages = load->machine.take_coverages(load->elapsed());
        if (coverages.empty())
            return land(load);
        auto on_covered = [self = this->shared_from_this(), load](boost::system::error_code error,
                                                                  const std::vector<Covered>& outcomes) {
            if (error || !load->machine.on_covered(outcomes))
                ++self->stats.populate_failures;
            self->land(load);
        };
        guarded(load, [&] {
            primary.template async_cover<By>(std::move(coverages),
                                             boost::asio::bind_executor(executor, std::move(on_covered)));
        });
    }

    // A store that throws fails this load; left alone, its keys could never be loaded again.
    template<class Load, class Start>
    void guarded(const std::shared_ptr<Load>& load, Start start) {
        try {
            start();
        } catch (...) {
            load->machine.on_read_failed(Errc::unavailable);
            land(load);
        }
    }

    template<IndexTag By>
    void land(const std::shared_ptr<Fill<By>>& load) {
        land(*load, flights<By>());
    }
    template<IndexTag By>
    void land(const std::shared_ptr<SetFill<By>>& load) {
        land(*load, set_flights<By>());
    }
    template<class Load, class Table>
    void land(Load& load, Table& table) {
        if (std::exchange(load.landed, true))
            return;
        for (std::size_t i = 0; i < load.flights.size(); ++i)
            table.end(load.machine.values()[i], load.flights[i]);
        for (std::size_t i = 0; i < load.flights.size(); ++i)
            load.flights[i]->land(load.machine.landings()[i]);
        in_flight_ -= load.flights.size();
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
