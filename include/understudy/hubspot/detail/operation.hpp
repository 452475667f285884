#pragma once

#include <understudy/detail/erased_handler.hpp>
#include <understudy/hubspot/client.hpp>
#include <understudy/hubspot/detail/calls.hpp>
#include <understudy/hubspot/detail/definitions.hpp>
#include <understudy/read_options.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

namespace understudy::hubspot::detail {

/// What the copies of a store share, whatever they store.
struct StoreState {
    StoreState(Client given, std::string object_type)
        : client{std::move(given)}
        , type{std::move(object_type)}
        , definitions{std::make_shared<Definitions>(client, type)} {}

    Client client;
    std::string type;
    std::shared_ptr<Definitions> definitions;
};

/// Makes the calls that a machine asks for, several at once, where the client lives. Every call but the first takes a
/// permit.
class Operation : public std::enable_shared_from_this<Operation> {
public:
    Operation(std::shared_ptr<StoreState> state, const ReadOptions& options)
        : state_{std::move(state)}
        , options_{options}
        , deadline_{std::chrono::steady_clock::now() + options.timeout} {}
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    virtual ~Operation() = default;

    void start(boost::asio::cancellation_slot slot) {
        slot_ = slot;
        if (slot_.is_connected())
            slot_.assign([weak = weak_from_this()](boost::asio::cancellation_type) {
                if (const auto self = weak.lock())
                    self->cancel();
            });
        run();
        starting_ = false;
    }

protected:
    virtual Machine& machine() = 0;
    /// Calls the handler; `aborted` if the operation was cancelled.
    virtual void complete(bool aborted) = 0;

    void report_problems() {
        for (auto& problem : machine().take_problems()) {
            if (problem.operation.empty())
                problem.operation = std::string{machine().verb()} + " " + state_->type;
            state_->client.report(problem);
        }
    }

private:
    // Leaves connections to others.
    static constexpr std::size_t most_calls = 12;

    void run() {
        if (running_ || done_)
            return;
        running_ = true;
        std::optional<AnyCall> call;
        while (!done_ && in_flight_ < most_calls && (call = machine().next()))
            make(std::move(*call));
        running_ = false;
        if (done_)
            return;
        report_problems();
        if (in_flight_ == 0)
            finish(false);
    }

    void finish(bool aborted) {
        done_ = true;
        const auto end = [self = shared_from_this(), aborted] {
            if (self->slot_.is_connected())
                self->slot_.clear();
            self->complete(aborted);
        };
        // Not from inside the initiating function, nor from inside the one that cancels.
        if (starting_ || aborted)
            boost::asio::post(state_->client.get_executor(), end);
        else
            end();
    }

    void cancel() {
        if (done_)
            return;
        finish(true);
        const auto signals = std::exchange(signals_, {});
        for (const auto& signal : signals)
            signal->emit(boost::asio::cancellation_type::terminal);
    }

    void make(AnyCall call) {
        ++in_flight_;
        const auto& permit = state_->client.permit();
        if (!std::exchange(called_, true) || !permit)
            return send(std::move(call));
        const auto bucket = std::holds_alternative<Search>(call) ? RateBucket::search : RateBucket::window;
        auto waiting = std::make_shared<AnyCall>(std::move(call));
        auto options = options_;
        options.timeout = left();
        permit(bucket, options, [self = shared_from_this(), waiting](error_code error) {
            boost::asio::dispatch(self->state_->client.get_executor(), [self, waiting, error]() mutable {
                if (self->done_)
                    return;
                if (!error)
                    return self->send(std::move(*waiting));
                // However the permit failed: what was not sent has no effect.
                const bool writes =
                    std::holds_alternative<WriteBatch>(*waiting) || std::holds_alternative<Connect>(*waiting);
                if (writes && error == Condition::applied_unknown)
                    error = Errc::deadline_exceeded;
                std::visit([&](const auto& refused) { refused.answer(error, {}); }, *waiting);
                self->answered();
            });
        });
    }

    template<class Result>
    auto receive(Answer<Result> answer) {
        auto signal = std::make_shared<boost::asio::cancellation_signal>();
        signals_.insert(signal);
        const auto slot = signal->slot();
        return boost::asio::bind_cancellation_slot(
            slot, [self = shared_from_this(), signal, answer = std::move(answer)](error_code error, Result result) {
                self->signals_.erase(signal);
                if (self->done_)
                    return;
                answer(error, std::move(result));
                self->answered();
            });
    }

    void send(AnyCall call) {
        std::visit([this](auto& made) { send(made, left()); }, call);
    }

    template<class Call>
    const std::string& type_of(const Call& call) const noexcept {
        return call.type.empty() ? state_->type : call.type;
    }

    void send(ReadBatch& call, std::chrono::milliseconds rest) {
        state_->client.async_batch_read(type_of(call), call.inputs, call.query, rest, receive(std::move(call.answer)));
    }
    void send(ReadOne& call, std::chrono::milliseconds rest) {
        state_->client.async_read(type_of(call), call.input, call.query, rest, receive(std::move(call.answer)));
    }
    void send(ReadDefinitions& call, std::chrono::milliseconds rest) {
        state_->definitions->async_get(rest, {state_->client.get_executor(), receive(std::move(call.answer))});
    }
    void send(ReadPage& call, std::chrono::milliseconds rest) {
        state_->client.async_list(state_->type, call.query, rest, receive(std::move(call.answer)));
    }
    void send(ReadAssociations& call, std::chrono::milliseconds rest) {
        state_->client.async_batch_associations(call.from, call.to, call.inputs, rest, receive(std::move(call.answer)));
    }
    void send(ReadAssociationPage& call, std::chrono::milliseconds rest) {
        state_->client.async_associations(call.from, call.id, call.to, call.after, rest,
                                          receive(std::move(call.answer)));
    }
    void send(Search& call, std::chrono::milliseconds rest) {
        state_->client.async_search(state_->type, std::move(call.body), rest, receive(std::move(call.answer)));
    }

    void send(WriteBatch& call, std::chrono::milliseconds rest) {
        auto& client = state_->client;
        switch (call.what) {
        case Writing::update:
            return client.async_batch_update(state_->type, call.inputs, rest, receive(std::move(call.answer)));
        case Writing::create:
            return client.async_batch_create(state_->type, call.inputs, rest, receive(std::move(call.answer)));
        case Writing::archive:
            return client.async_batch_archive(state_->type, call.inputs, rest, receive(std::move(call.answer)));
        }
    }

    void send(Connect& call, std::chrono::milliseconds rest) {
        auto& client = state_->client;
        auto handler = receive(std::move(call.answer));
        if (call.connect)
            client.async_batch_connect(state_->type, call.to, call.type, call.pairs, rest, std::move(handler));
        else
            client.async_batch_disconnect(state_->type, call.to, call.type, call.pairs, rest, std::move(handler));
    }

    void answered() {
        --in_flight_;
        run();
    }

    std::chrono::milliseconds left() const {
        const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
        return std::max(rest, std::chrono::milliseconds{0});
    }

    std::shared_ptr<StoreState> state_;
    ReadOptions options_;
    std::chrono::steady_clock::time_point deadline_;
    boost::asio::cancellation_slot slot_{};
    std::set<std::shared_ptr<boost::asio::cancellation_signal>> signals_;
    std::size_t in_flight_ = 0;
    bool called_ = false;
    bool starting_ = true;
    bool running_ = false;
    bool done_ = false;
};

/// A machine, its driver and who waits for its result. `M::signature` says what that is.
template<class M>
class MachineOperation final : public Operation {
public:
    using Handler = understudy::detail::ErasedHandler<typename M::signature>;

    template<class... Args>
    MachineOperation(std::shared_ptr<StoreState> state, const ReadOptions& options, Handler handler, Args&&... args)
        : Operation{std::move(state), options}
        , machine_{std::forward<Args>(args)...}
        , handler_{std::move(handler)} {}

private:
    Machine& machine() override { return machine_; }

    void complete(bool aborted) override {
        if (aborted)
            return handler_(boost::asio::error::operation_aborted, {});
        auto result = machine_.result();
        report_problems();
        handler_(machine_.error(), std::move(result));
    }

    M machine_;
    Handler handler_;
};

/// Starts an operation with a handler whose type is forgotten: compiled once for each machine.
template<class M, class... Args>
void start_machine(const std::shared_ptr<StoreState>& state, const ReadOptions& options,
                   typename MachineOperation<M>::Handler handler, const Args&... args) {
    const auto slot = handler.get_cancellation_slot();
    std::make_shared<MachineOperation<M>>(state, options, std::move(handler), args...)->start(slot);
}

/// Runs a machine that is made of `args`.
template<class M, class Token, class... Args>
auto async_run(const std::shared_ptr<StoreState>& state, const ReadOptions& options, Token&& token, Args... args) {
    return boost::asio::async_initiate<Token, typename M::signature>(
        [](auto handler, const std::shared_ptr<StoreState>& started_by, const ReadOptions& how, const auto&... given) {
            start_machine<M>(started_by, how, {started_by->client.get_executor(), std::move(handler)}, given...);
        },
        token, state, options, std::move(args)...);
}

} // namespace understudy::hubspot::detail
