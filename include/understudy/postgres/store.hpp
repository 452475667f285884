#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/pass_step.hpp>
#include <understudy/postgres/command.hpp>
#include <understudy/postgres/detail/store_state.hpp>
#include <understudy/settlement.hpp>
#include <understudy/store.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::postgres {

/// A replica in a PostgreSQL table (see `TableTraits` for its shape), by the rules of the consistency protocol. Models
/// `Replica`, `SettlingReplica`, `SetReplica` for relations, and `ReconcilableReplica` with the tables of `pass_ddl`;
/// each operation keeps its contract.
///
/// Look-ups of many callers leave as one statement of at most `max_batch` values: an idle store sends at the end of the
/// event loop's turn, and what arrives while a statement is out leaves with the next one. The ticket for those that are
/// no hit is drawn in the same round trip. Look-ups of sets, of each relation by itself, leave in the same way. Applies
/// of several callers share a statement too, and so a transaction; every other call has a statement of its own.
///
/// *Errors* of every operation: those of `Pool::async_execute`; `ClientErrc::bad_answer` where the table has another
/// shape than the record; `Errc::contended` when a statement kept losing against other transactions;
/// `Errc::overloaded` above `max_waiting`. A value that PostgreSQL cannot store fails the call that brought it, and
/// nobody else's.
///
/// *Cancellation* of every operation: terminal, partial and total; the handler gets `operation_aborted` at once, and
/// whoever shares the statement is not disturbed. What was sent already may still take effect.
///
/// A handle: copies share one state. Not thread-safe; it belongs to its pool's executor.
template<Mirrored R>
class Store {
public:
    using record_type = R;
    using executor_type = Pool::executor_type;

    explicit Store(Pool pool, StoreParams params = {})
        : state_{std::make_shared<State>(std::move(pool), params)} {}

    executor_type get_executor() const noexcept { return state_->pool().get_executor(); }
    const Pool& pool() const noexcept { return state_->pool(); }

    /// See `Replica`.
    template<IndexTag By = ById<R>, class Token = boost::asio::deferred_t>
    auto async_lookup(std::vector<typename By::value_type> values, Token&& token = {}) {
        return initiate<LookupSignature<R>, detail::LookupCall<Rows<R>>>(
            [](State& state, auto call, std::vector<typename By::value_type> v) {
                state.template look_up<By>(std::move(call), std::move(v));
            },
            token, std::move(values));
    }

    /// See `Replica`.
    template<class Token = boost::asio::deferred_t>
    auto async_apply(std::vector<Observation<R>> observations, Token&& token = {}) {
        return initiate<ApplySignature<R>, typename State::ApplyCall>(
            [](State& state, auto call, std::vector<Observation<R>> o) { state.apply(std::move(call), std::move(o)); },
            token, std::move(observations));
    }

    /// See `Replica`. `By` must be one of the table's `indexes`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_note_absent(std::vector<typename By::value_type> values, Ticket ticket,
                           std::chrono::milliseconds elapsed, Token&& token = {}) {
        static_assert(boost::mp11::mp_contains<typename detail::table_indexes<R>::type, By>::value,
                      "absences are noted by the indexes that TableTraits lists: a record that is applied takes back "
                      "only those");
        return initiate<ApplySignature<R>, typename State::NoteCall>(
            [ticket, elapsed](State& state, auto call, std::vector<typename By::value_type> v) {
                state.template note_absent<By>(std::move(call), std::move(v), ticket, elapsed);
            },
            token, std::move(values));
    }

    /// See `Replica`.
    template<class Token = boost::asio::deferred_t>
    auto async_hint(std::vector<key_t<R>> keys, Token&& token = {}) {
        return initiate<DoneSignature, typename State::HintCall>(
            [](State& state, auto call, std::vector<key_t<R>> k) { state.hint(std::move(call), std::move(k)); }, token,
            std::move(keys));
    }

    /// See `Replica`.
    template<class Token = boost::asio::deferred_t>
    auto async_draw_ticket(Token&& token = {}) {
        return initiate<TicketSignature, typename State::TicketCall>(
            [](State& state, auto call, int) { state.draw_ticket(std::move(call)); }, token, 0);
    }

    /// See `SetReplica`. A call with more than `max_batch` sets, or one that has to wait, may see each of its sets at a
    /// moment of its own; its ticket is drawn after all of them.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_look_up_sets(std::vector<SetQuery<By>> queries, Token&& token = {}) {
        return initiate<LookupSetSignature<R>, detail::LookupCall<SetRows<R>>>(
            [](State& state, auto call, std::vector<SetQuery<By>> q) {
                state.template sets<By>().look_up(std::move(call), std::move(q));
            },
            token, std::move(queries));
    }

    /// See `SetReplica`. Of several coverages of one set the latest counts, the others are dropped.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_cover(std::vector<Coverage<By>> coverages, Token&& token = {}) {
        return initiate<CoverSignature, typename detail::SetDesk<By>::CoverCall>(
            [](State& state, auto call, std::vector<Coverage<By>> c) {
                state.template sets<By>().cover(std::move(call), std::move(c));
            },
            token, std::move(coverages));
    }

    /// See `SetReplica`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_hint_sets(std::vector<typename By::value_type> values, Token&& token = {}) {
        return initiate<DoneSignature, typename detail::SetDesk<By>::HintCall>(
            [](State& state, auto call, std::vector<typename By::value_type> v) {
                state.template sets<By>().hint(std::move(call), std::move(v));
            },
            token, std::move(values));
    }

    /// See `SettlingReplica`. Of several settlements of one key in one call the first alone may be shown. Where
    /// `TableTraits` lists indexes or relations whose values come from several members, an update counts for the values
    /// that its patch makes by itself.
    template<class Token = boost::asio::deferred_t>
    auto async_settle(std::vector<Settlement<R>> settlements, Token&& token = {}) {
        return initiate<SettleSignature, typename detail::SettleDesk<R>::SettleCall>(
            [](State& state, auto call, const std::vector<Settlement<R>>& s) {
                state.settling().settle(std::move(call), s);
            },
            token, std::move(settlements));
    }

    /// What `async_settle` runs, for a `Journal` in the same database to run in a transaction of its own. It answers
    /// with one row for each settlement. A value that PostgreSQL cannot store fails the whole transaction.
    Command settle_command(const std::vector<Settlement<R>>& settlements) {
        return state_->settling().command(settlements);
    }

    /// See `SettlingReplica`.
    template<class Token = boost::asio::deferred_t>
    auto async_find_marked(std::size_t limit, Token&& token = {}) {
        return initiate<MarkedSignature<R>, typename detail::SettleDesk<R>::MarkedCall>(
            [](State& state, auto call, std::size_t l) { state.settling().find_marked(call, l); }, token, limit);
    }

    /// See `ReconcilableReplica`. Counts the live rows one by one.
    template<class Token = boost::asio::deferred_t>
    auto async_begin_pass(std::string pass, std::string holder, std::chrono::milliseconds lease, Token&& token = {}) {
        return initiate<PassLeaseSignature, typename detail::PassDesk<R>::BeginCall>(
            [holder = std::move(holder), lease](State& state, auto call, const std::string& p) {
                state.passes().begin(call, p, holder, lease);
            },
            token, std::move(pass));
    }

    /// See `ReconcilableReplica`. A transaction of its own; one more for those that lost against other transactions,
    /// with what they did not do.
    template<class Token = boost::asio::deferred_t>
    auto async_step_pass(PassStep<R> step, Token&& token = {}) {
        return initiate<PassStepSignature<R>, typename detail::PassDesk<R>::StepCall>(
            [](State& state, auto call, PassStep<R> s) { state.passes().step(std::move(call), std::move(s)); }, token,
            std::move(step));
    }

    /// See `ReconcilableReplica`.
    template<class Token = boost::asio::deferred_t>
    auto async_end_pass(std::string pass, std::uint64_t fence, std::string position, Token&& token = {}) {
        return initiate<DoneSignature, typename detail::PassDesk<R>::EndCall>(
            [pass = std::move(pass), fence](State& state, auto call, const std::string& p) {
                state.passes().end(call, pass, fence, p);
            },
            token, std::move(position));
    }

private:
    using State = detail::StoreState<R>;

    template<class Signature, class Call, class Start, class Token, class Argument>
    auto initiate(Start start, Token& token, Argument argument) {
        return boost::asio::async_initiate<Token, Signature>(
            [start](auto handler, std::shared_ptr<State> state, Argument a) {
                auto call = detail::make_call<Call>(std::move(handler), state->pool().get_executor());
                start(*state, std::move(call), std::move(a));
            },
            token, state_, std::move(argument));
    }

    std::shared_ptr<State> state_;
};

} // namespace understudy::postgres
