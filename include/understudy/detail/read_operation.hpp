#pragma once

#include <understudy/detail/deadline.hpp>
#include <understudy/detail/read_kind.hpp>
#include <understudy/detail/read_through_core.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

// Drives the machine of a kind of read (see read_kind.hpp): turns its steps into operations of the two stores.
template<class Core, class Kind>
class ReadOperation {
public:
    using R = typename Kind::R;
    using Machine = typename Kind::Machine;
    using Step = typename Machine::Step;
    using Timer = typename Core::Timer;
    using Clock = typename Timer::clock_type;

    ReadOperation(std::shared_ptr<Core> core, std::vector<typename Kind::Request> requests, const ReadOptions& options)
        : call_{std::make_shared<Call>(std::move(core), std::move(requests), options)} {}

    template<class Self>
    void operator()(Self& self) {
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        if (call_->machine.start() == Step::finish)
            return post_empty(self);
        take(self, Step::look_up);
    }

    template<class Self>
    void operator()(Self& self, boost::system::error_code error, typename Kind::Found rows) {
        call_->end_guard();
        if (is_cancelled(self))
            return;
        take(self, error ? call_->machine.on_lookup_failed(error) : call_->machine.on_rows(std::move(rows)));
    }

    template<class Self>
    void operator()(Self& self, boost::system::error_code error, Ticket ticket) {
        call_->end_guard();
        if (is_cancelled(self))
            return;
        take(self, error ? call_->machine.on_lookup_failed(error) : call_->machine.on_ticket(ticket));
    }

    template<class Self>
    void operator()(Self& self, boost::system::error_code error, std::vector<typename Kind::Answer> readings) {
        if (is_cancelled(self))
            return;
        take(self, call_->machine.on_readings(error, std::move(readings)));
    }

    // The timer: the last flight landed, the deadline passed, or the operation was cancelled.
    template<class Self>
    void operator()(Self& self, boost::system::error_code) {
        if (call_->empty)
            return self.complete({}, {});
        if (is_cancelled(self))
            return;
        const Step step = call_->machine.resume();
        take(self, step == Step::wait && call_->is_late() ? call_->machine.on_deadline() : step);
    }

private:
    struct Call final : FlightWaiter<Landing<R>>, FlightWaiter<SetLanding<R>> {
        Call(std::shared_ptr<Core> with, std::vector<typename Kind::Request> requests, const ReadOptions& how)
            : core{std::move(with)}
            , options{how}
            , machine{std::move(requests), options, core->params, core->sees_every_write, core->stats}
            , deadline{deadline_after<Clock>(how.timeout)}
            , timer{core->executor}
            , guard{core->executor} {}

        void on_landed(std::size_t slot, const Landing<R>& landing) override { landed(slot, landing); }
        void on_landed(std::size_t slot, const SetLanding<R>& landing) override { landed(slot, landing); }

        template<class L>
        void landed(std::size_t slot, const L& landing) {
            if constexpr (requires { machine.on_landed(slot, landing); })
                if (machine.on_landed(slot, landing))
                    timer.cancel();
        }

        bool is_late() const { return Clock::now() >= deadline; }

        void end_guard() {
            ++lookups;
            guard.cancel();
        }

        std::shared_ptr<Core> core;
        ReadOptions options;
        Machine machine;
        typename Clock::time_point deadline;
        Timer timer;
        // Ends a question to the primary that takes too long; `lookups` tells it which one it was set for.
        Timer guard;
        boost::asio::cancellation_signal end_lookup;
        std::uint64_t lookups = 0;
        bool empty = false;
    };

    template<class Self>
    bool is_cancelled(Self& self) {
        if (self.cancelled() == boost::asio::cancellation_type::none)
            return false;
        self.complete(boost::asio::error::operation_aborted, {});
        return true;
    }

    template<class Self>
    void post_empty(Self& self) {
        call_->empty = true;
        call_->timer.expires_after(typename Timer::duration{0});
        auto& timer = call_->timer;
        timer.async_wait(std::move(self));
    }

    template<class Self>
    void take(Self& self, Step step) {
        const auto call = call_;
        // What is there is given even late; nothing new is begun.
        if (step != Step::finish && step != Step::wait && step != Step::look_up && call->is_late())
            step = call->machine.on_deadline();
        if (step == Step::board)
            step = call->core->board(call->machine, call, call->options);
        if (step == Step::ask_directly && call->core->closed)
            step = call->machine.on_readings(Errc::shutting_down, {});
        switch (step) {
        case Step::look_up:
            Kind::look_up(call->core->primary, call->machine, guarded(self, call));
            return;
        case Step::draw_ticket:
            call->core->primary.async_draw_ticket(guarded(self, call));
            return;
        case Step::wait:
            call->timer.expires_at(call->deadline);
            call->timer.async_wait(std::move(self));
            return;
        case Step::ask_directly:
            Kind::ask(call->core->fallback, call->machine, remaining(*call), std::move(self));
            return;
        case Step::board:
        case Step::finish:
            self.complete({}, call->machine.take_readings());
            return;
        }
    }

    // The operation as the handler of a question to the primary, which is cancelled when its time is up or when the
    // operation is.
    template<class Self>
    static auto guarded(Self& self, const std::shared_ptr<Call>& call) {
        const std::weak_ptr<Call> weak{call};
        call->guard.expires_at(std::min(call->deadline, deadline_after<Clock>(call->core->params.lookup_timeout)));
        call->guard.async_wait([weak, lookup = call->lookups](boost::system::error_code error) {
            const auto alive = weak.lock();
            if (!error && alive && alive->lookups == lookup)
                alive->end_lookup.emit(boost::asio::cancellation_type::terminal);
        });
        auto outer = self.get_cancellation_state().slot();
        if (outer.is_connected())
            outer.assign([weak](boost::asio::cancellation_type type) {
                if (const auto alive = weak.lock())
                    alive->end_lookup.emit(type);
            });
        return boost::asio::bind_cancellation_slot(call->end_lookup.slot(), std::move(self));
    }

    static ReadOptions remaining(const Call& call) {
        ReadOptions options = call.options;
        options.timeout = time_until<Clock>(call.deadline);
        return options;
    }

    std::shared_ptr<Call> call_;
};

} // namespace understudy::detail
