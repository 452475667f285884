#pragma once

#include <understudy/journal.hpp>
#include <understudy/postgres/command.hpp>
#include <understudy/postgres/detail/journal_state.hpp>
#include <understudy/postgres/journal_ddl.hpp>
#include <understudy/postgres/journal_params.hpp>
#include <understudy/postgres/pool.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace understudy::postgres {

/// A journal in PostgreSQL, for any number of processes: models `Journal`, whose contract each operation keeps. It
/// needs the tables that `journal_ddl` makes, in the pool's schema.
///
/// Settlements are statements of the same database, such as those that `Store::settle_command` makes, and run in the
/// transaction that ends the operations. Every call is one round trip; who joins calls of many callers saves
/// transactions.
///
/// Leases run by the database's clock. A transaction that loses against others is repeated a few times.
///
/// *Errors* of every operation: those of `Pool::async_execute`, with which what was asked may have taken effect if they
/// are `Condition::applied_unknown`; `Errc::contended`; `ClientErrc::bad_answer` where the tables have another shape.
/// `async_begin`, `async_renew` and `async_take_over` also `Errc::lease_lost`: for the others what a lost session held
/// is simply not its own. `async_end` also what a settlement fails with; `async_decide` what `JournalParams::reserve`
/// fails with.
///
/// A handle: copies share one session; another journal, over the same pool or not, is another session.
class Journal {
public:
    using executor_type = Pool::executor_type;
    using settlement_type = Command;

    explicit Journal(Pool pool, JournalParams params = {})
        : state_{std::make_shared<State>(std::move(pool), std::move(params))} {}

    executor_type get_executor() const noexcept { return state_->pool().get_executor(); }
    const Pool& pool() const noexcept { return state_->pool(); }

    /// See `Journal`, as for all that follow.
    template<class Token = boost::asio::deferred_t>
    auto async_begin(std::vector<Intent> intents, Token&& token = {}) {
        return initiate<BeginSignature, std::vector<Admitted>>(
            [](State& state, const auto& call, std::vector<Intent> i) { state.begin(call, std::move(i)); }, token,
            std::move(intents));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_decide(std::vector<Decision> decisions, Token&& token = {}) {
        return initiate<DecideSignature, std::vector<Verdict>>(
            [](State& state, const auto& call, std::vector<Decision> d) { state.decide(call, std::move(d)); }, token,
            std::move(decisions));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_end(std::vector<Ending> endings, std::vector<Command> settlements, Token&& token = {}) {
        return initiate<EndSignature, std::vector<bool>>(
            [](State& state, const auto& call, std::vector<Ending> e, std::vector<Command> s) {
                state.end(call, std::move(e), std::move(s));
            },
            token, std::move(endings), std::move(settlements));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_ask(std::vector<std::string> ids, Token&& token = {}) {
        return initiate<AskSignature, std::vector<bool>>(
            [](State& state, const auto& call, const std::vector<std::string>& i) { state.ask(call, i); }, token,
            std::move(ids));
    }

    /// Forgets some of what is older than `JournalParams::retention`, too.
    template<class Token = boost::asio::deferred_t>
    auto async_renew(Token&& token = {}) {
        return initiate<RenewSignature, std::chrono::milliseconds>(
            [](State& state, const auto& call) { state.renew(call); }, token);
    }

    template<class Token = boost::asio::deferred_t>
    auto async_take_over(std::size_t limit, Token&& token = {}) {
        return initiate<EntriesSignature, std::vector<JournalEntry>>(
            [](State& state, const auto& call, std::size_t l) { state.take_over(call, l); }, token, limit);
    }

    template<class Token = boost::asio::deferred_t>
    auto async_list_dead(std::size_t limit, Token&& token = {}) {
        return initiate<EntriesSignature, std::vector<JournalEntry>>(
            [](State& state, const auto& call, std::size_t l) { state.list_dead(call, l); }, token, limit);
    }

    template<class Token = boost::asio::deferred_t>
    auto async_replay(std::string id, Token&& token = {}) {
        return initiate<FoundSignature, bool>(
            [](State& state, const auto& call, const std::string& i) { state.replay(call, i); }, token, std::move(id));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_drop(std::string id, Token&& token = {}) {
        return initiate<FoundSignature, bool>(
            [](State& state, const auto& call, const std::string& i) { state.drop(call, i); }, token, std::move(id));
    }

    template<class Token = boost::asio::deferred_t>
    auto async_count(Token&& token = {}) {
        return initiate<void(error_code, std::size_t), std::size_t>(
            [](State& state, const auto& call) { state.count(call); }, token);
    }

private:
    using State = detail::JournalState;

    // Nothing can be cancelled.
    template<class Signature, class Answer, class Start, class Token, class... Arguments>
    auto initiate(Start start, Token& token, Arguments... arguments) {
        return boost::asio::async_initiate<Token, Signature>(
            [start](auto handler, std::shared_ptr<State> state, Arguments... given) {
                using Handled = detail::HandledCall<detail::Call<Answer>, decltype(handler)>;
                const std::shared_ptr<detail::Call<Answer>> call =
                    std::make_shared<Handled>(std::move(handler), state->pool().get_executor());
                start(*state, call, std::move(given)...);
            },
            token, state_, std::move(arguments)...);
    }

    std::shared_ptr<State> state_;
};

} // namespace understudy::postgres
