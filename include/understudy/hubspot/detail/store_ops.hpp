#pragma once

#include <understudy/hubspot/client.hpp>
#include <understudy/hubspot/detail/definitions.hpp>
#include <understudy/hubspot/detail/fetch_machine.hpp>
#include <understudy/hubspot/detail/search_machine.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/dispatch.hpp>
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

/// What the operations of a store have in common: a deadline, and handlers that run where the store lives.
class StoreOp {
protected:
    StoreOp(std::shared_ptr<StoreState> state, std::chrono::milliseconds timeout)
        : state_{std::move(state)}
        , timeout_{timeout} {}

    template<class Self>
    void begin(Self& self) {
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        deadline_ = std::chrono::steady_clock::now() + timeout_;
    }

    std::chrono::milliseconds left() const {
        const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
        return std::max(rest, std::chrono::milliseconds{0});
    }

    template<class Self>
    auto ours(Self& self) {
        const auto executor = state_->client.get_executor();
        return boost::asio::bind_executor(executor, std::move(self));
    }

    template<class Self>
    static bool is_cancelled(Self& self) {
        return self.cancelled() != boost::asio::cancellation_type::none;
    }

    std::shared_ptr<StoreState> state_;
    std::chrono::milliseconds timeout_;
    std::chrono::steady_clock::time_point deadline_{};
    bool started_ = false;
    bool finished_ = false;
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
        if (finished_)
            return complete(self);
        begin(self);
        act(self, machine_->start(), true);
    }

    template<class Self>
    void operator()(Self& self, error_code error, BatchAnswer answer) {
        if (is_cancelled(self))
            return finish(self, false);
        act(self, machine_->on_batch(error, std::move(answer)));
    }

    template<class Self>
    void operator()(Self& self, error_code error, std::optional<Object> object) {
        if (is_cancelled(self))
            return finish(self, false);
        act(self, machine_->on_single(error, std::move(object)));
    }

    template<class Self>
    void operator()(Self& self, error_code error, Definitions::Names names) {
        if (is_cancelled(self))
            return finish(self, false);
        act(self, machine_->on_definitions(error, names.get()));
    }

private:
    template<class Self>
    void act(Self& self, typename Machine::Action action, bool at_start = false) {
        for (auto& problem : machine_->take_problems()) {
            problem.operation = "read " + state_->type;
            state_->client.report(problem);
        }
        auto client = state_->client;
        const auto state = state_;
        switch (action) {
        case Machine::Action::batch: {
            const auto inputs = machine_->batch_inputs();
            const auto rest = left();
            return client.async_batch_read(state->type, inputs, query(), rest, ours(self));
        }
        case Machine::Action::single: {
            const auto input = machine_->single_input();
            const auto rest = left();
            return client.async_read(state->type, input, query(), rest, ours(self));
        }
        case Machine::Action::definitions: {
            const auto rest = left();
            return state->definitions->async_get(rest, ours(self));
        }
        case Machine::Action::done:
            return finish(self, at_start);
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
    void finish(Self& self, bool at_start) {
        finished_ = true;
        const auto executor = state_->client.get_executor();
        if (at_start)
            boost::asio::post(executor, std::move(self));
        else
            boost::asio::dispatch(std::move(self));
    }

    template<class Self>
    void complete(Self& self) {
        if (is_cancelled(self))
            return self.complete(boost::asio::error::operation_aborted, {});
        if (const auto error = machine_->error())
            return self.complete(error, {});
        auto readings = machine_->readings();
        self.complete({}, std::move(readings));
    }

    std::unique_ptr<Machine> machine_;
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
        if (finished_) {
            auto candidates = error_ ? std::vector<std::vector<Candidate<R>>>{} : machine_->candidates();
            return self.complete(error_, std::move(candidates));
        }
        begin(self);
        next(self, true);
    }

    template<class Self>
    void operator()(Self& self, error_code error, Page page) {
        error_ = is_cancelled(self) ? error_code{boost::asio::error::operation_aborted} : error;
        if (!error_)
            error_ = machine_->on_page(page);
        next(self, false);
    }

private:
    template<class Self>
    void next(Self& self, bool at_start) {
        const auto state = state_;
        if (!error_ && !machine_->done()) {
            auto client = state->client;
            auto body = machine_->body();
            const auto rest = left();
            return client.async_search(state->type, std::move(body), rest, ours(self));
        }
        finished_ = true;
        if (at_start)
            boost::asio::post(state->client.get_executor(), std::move(self));
        else
            boost::asio::dispatch(std::move(self));
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
        if (finished_)
            return self.complete(error_, std::move(missing_));
        begin(self);
        const auto state = state_;
        auto client = state->client;
        client.async_properties(state->type, timeout_, ours(self));
    }

    template<class Self>
    void operator()(Self& self, error_code error, const std::vector<PropertyDefinition>& definitions) {
        error_ = error;
        PropertyNames names;
        for (const auto& definition : definitions)
            names.insert(definition.name);
        std::erase_if(missing_, [&](const auto& name) { return error || names.contains(name); });
        if (!missing_.empty()) {
            error_ = Errc::schema_mismatch;
            ErrorDetail detail;
            detail.operation = "check the properties of " + state_->type;
            detail.error = error_;
            detail.reason = "not defined in the account";
            detail.properties = missing_;
            state_->client.report(detail);
        }
        finished_ = true;
        boost::asio::dispatch(std::move(self));
    }

private:
    std::vector<std::string> missing_;
    error_code error_{};
};

} // namespace understudy::hubspot::detail
