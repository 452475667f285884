#pragma once

#include <understudy/detail/erased_handler.hpp>
#include <understudy/hubspot/client.hpp>
#include <understudy/hubspot/detail/definitions.hpp>
#include <understudy/hubspot/detail/fetch_machine.hpp>
#include <understudy/hubspot/detail/search_machine.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace understudy::hubspot::detail {

/// What the copies of a store share.
struct StoreState {
    Client client;
    std::string type;
    std::shared_ptr<Definitions> definitions;
};

/// What the operations of a store have in common. They run where the client lives.
class StoreOp {
protected:
    StoreOp(std::shared_ptr<StoreState> state, std::chrono::milliseconds timeout)
        : state_{std::move(state)}
        , timeout_{timeout} {}

    bool begun() const noexcept { return begun_; }

    template<class Self>
    void begin(Self& self) {
        begun_ = true;
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        deadline_ = std::chrono::steady_clock::now() + timeout_;
    }

    std::chrono::milliseconds left() const {
        const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
        return std::max(rest, std::chrono::milliseconds{0});
    }

    // Comes back to where nothing was asked, but not from inside the initiating function.
    template<class Self>
    void later(Self& self) {
        const auto executor = state_->client.get_executor();
        boost::asio::post(executor, std::move(self));
    }

    // Whether the next call is one that nobody took a permit for; asks for it then, and comes back with an error code.
    template<class Self>
    bool waits_for_permit(Self& self, RateBucket bucket) {
        const auto permit = state_->client.permit();
        if (calls_++ == 0 || !permit)
            return false;
        const auto executor = state_->client.get_executor();
        const auto rest = left();
        auto waiting = std::make_shared<understudy::detail::ErasedHandler<void(error_code)>>(executor, std::move(self));
        permit(bucket, rest, [waiting](error_code error) { (*waiting)(error); });
        return true;
    }

    template<class Self>
    static bool is_cancelled(Self& self) {
        return self.cancelled() != boost::asio::cancellation_type::none;
    }

    std::shared_ptr<StoreState> state_;
    std::chrono::milliseconds timeout_;
    std::chrono::steady_clock::time_point deadline_{};
    // Whether an answer has arrived: until then a handler must not be called.
    bool answered_ = false;

private:
    bool begun_ = false;
    int calls_ = 0;
};

template<HubspotRecord R, IndexTag By>
class FetchOp : StoreOp {
    using Machine = FetchMachine<R, By>;

public:
    FetchOp(std::shared_ptr<StoreState> state, std::chrono::milliseconds timeout,
            const std::vector<typename By::value_type>& values)
        : StoreOp{std::move(state), timeout}
        , machine_{std::make_unique<Machine>(values)} {}

    template<class Self>
    void operator()(Self& self) {
        if (begun())
            return finish(self);
        begin(self);
        act(self, machine_->start());
    }

    template<class Self>
    void operator()(Self& self, error_code error, BatchAnswer answer) {
        answered_ = true;
        if (is_cancelled(self))
            return finish(self);
        act(self, machine_->on_batch(error, std::move(answer)));
    }

    template<class Self>
    void operator()(Self& self, error_code error, std::optional<Object> object) {
        answered_ = true;
        if (is_cancelled(self))
            return finish(self);
        act(self, machine_->on_single(error, std::move(object)));
    }

    template<class Self>
    void operator()(Self& self, error_code error, Definitions::Names names) {
        answered_ = true;
        if (is_cancelled(self))
            return finish(self);
        act(self, machine_->on_definitions(error, names.get()));
    }

    // The permit for a further call, or none.
    template<class Self>
    void operator()(Self& self, error_code error) {
        if (is_cancelled(self))
            return finish(self);
        if (!error)
            return ask(self);
        switch (next_) {
        case Machine::Action::batch:
            return act(self, machine_->on_batch(error, {}));
        case Machine::Action::single:
            return act(self, machine_->on_single(error, {}));
        case Machine::Action::definitions:
            return act(self, machine_->on_definitions(error, nullptr));
        case Machine::Action::done:
            return finish(self);
        }
    }

private:
    template<class Self>
    void act(Self& self, typename Machine::Action action) {
        for (auto& problem : machine_->take_problems()) {
            problem.operation = "read " + state_->type;
            state_->client.report(problem);
        }
        if (action == Machine::Action::done)
            return answered_ ? finish(self) : later(self);
        next_ = action;
        if (!waits_for_permit(self, RateBucket::window))
            ask(self);
    }

    template<class Self>
    void ask(Self& self) {
        auto client = state_->client;
        const auto state = state_;
        switch (next_) {
        case Machine::Action::batch: {
            const auto inputs = machine_->batch_inputs();
            const auto rest = left();
            return client.async_batch_read(state->type, inputs, query(), rest, std::move(self));
        }
        case Machine::Action::single: {
            const auto input = machine_->single_input();
            const auto rest = left();
            return client.async_read(state->type, input, query(), rest, std::move(self));
        }
        case Machine::Action::definitions: {
            const auto rest = left();
            const auto executor = client.get_executor();
            return state->definitions->async_get(rest, {executor, std::move(self)});
        }
        case Machine::Action::done:
            return;
        }
    }

    static ReadQuery query() {
        ReadQuery query{property_names<R>(), {}};
        if constexpr (Machine::by_id)
            query.properties.emplace_back(merged_ids_property);
        else
            query.id_property = property_name<By::member>();
        return query;
    }

    template<class Self>
    void finish(Self& self) {
        if (is_cancelled(self))
            return self.complete(boost::asio::error::operation_aborted, {});
        if (const auto error = machine_->error())
            return self.complete(error, {});
        auto readings = machine_->readings();
        self.complete({}, std::move(readings));
    }

    std::unique_ptr<Machine> machine_;
    typename Machine::Action next_ = Machine::Action::done;
};

template<HubspotRecord R, IndexTag By>
class SearchOp : StoreOp {
    using Machine = SearchMachine<R, By>;

public:
    SearchOp(std::shared_ptr<StoreState> state, std::chrono::milliseconds timeout,
             const std::vector<typename By::value_type>& values)
        : StoreOp{std::move(state), timeout}
        , machine_{std::make_unique<Machine>(values)} {}

    template<class Self>
    void operator()(Self& self) {
        if (begun())
            return finish(self);
        begin(self);
        next(self);
    }

    template<class Self>
    void operator()(Self& self, error_code error, const Page& page) {
        answered_ = true;
        error_ = is_cancelled(self) ? error_code{boost::asio::error::operation_aborted} : error;
        if (!error_)
            error_ = machine_->on_page(page);
        next(self);
    }

    // The permit for a further call, or none.
    template<class Self>
    void operator()(Self& self, error_code error) {
        error_ = is_cancelled(self) ? error_code{boost::asio::error::operation_aborted} : error;
        if (error_)
            return finish(self);
        ask(self);
    }

private:
    template<class Self>
    void next(Self& self) {
        if (error_ || machine_->done())
            return answered_ ? finish(self) : later(self);
        if (!waits_for_permit(self, RateBucket::search))
            ask(self);
    }

    template<class Self>
    void ask(Self& self) {
        const auto state = state_;
        auto client = state->client;
        auto body = machine_->body();
        const auto rest = left();
        client.async_search(state->type, std::move(body), rest, std::move(self));
    }

    template<class Self>
    void finish(Self& self) {
        auto candidates = error_ ? std::vector<std::vector<Candidate<R>>>{} : machine_->candidates();
        self.complete(error_, std::move(candidates));
    }

    std::unique_ptr<Machine> machine_;
    error_code error_{};
};

/// Which of a record type's properties the account does not define.
class CheckOp : StoreOp {
public:
    CheckOp(std::shared_ptr<StoreState> state, std::chrono::milliseconds timeout, std::vector<std::string> needed)
        : StoreOp{std::move(state), timeout}
        , missing_{std::move(needed)} {}

    template<class Self>
    void operator()(Self& self) {
        begin(self);
        const auto state = state_;
        auto client = state->client;
        client.async_properties(state->type, timeout_, std::move(self));
    }

    template<class Self>
    void operator()(Self& self, error_code error, const std::vector<PropertyDefinition>& definitions) {
        PropertyNames names;
        for (const auto& definition : definitions)
            names.insert(definition.name);
        std::erase_if(missing_, [&](const auto& name) { return error || names.contains(name); });
        if (!missing_.empty()) {
            error = Errc::schema_mismatch;
            ErrorDetail detail;
            detail.operation = "check the properties of " + state_->type;
            detail.error = error;
            detail.reason = "not defined in the account";
            detail.properties = missing_;
            state_->client.report(detail);
        }
        self.complete(error, std::move(missing_));
    }

private:
    std::vector<std::string> missing_;
};

/// Starts an operation with a handler whose type is forgotten: see `ErasedHandler`.
template<class Op, class... Results>
void start_op(const std::shared_ptr<StoreState>& state, Op op,
              understudy::detail::ErasedHandler<void(boost::system::error_code, Results...)> handler) {
    using Handler = understudy::detail::ErasedHandler<void(boost::system::error_code, Results...)>;
    boost::asio::async_compose<Handler, void(boost::system::error_code, Results...)>(std::move(op), handler,
                                                                                     state->client.get_executor());
}

template<class Signature>
struct result_of;
template<class Result>
struct result_of<void(boost::system::error_code, Result)> {
    using type = Result;
};

template<class Signature, class Op, class Token>
auto async_op(const std::shared_ptr<StoreState>& state, Op op, Token&& token) {
    return boost::asio::async_initiate<Token, Signature>(
        [](auto handler, const std::shared_ptr<StoreState>& started_by, Op started) {
            using Handler =
                understudy::detail::ErasedHandler<void(boost::system::error_code, typename result_of<Signature>::type)>;
            start_op(started_by, std::move(started), Handler{started_by->client.get_executor(), std::move(handler)});
        },
        token, state, std::move(op));
}

} // namespace understudy::hubspot::detail
