#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/error.hpp>
#include <understudy/memory/table.hpp>
#include <understudy/pass_step.hpp>
#include <understudy/settlement.hpp>
#include <understudy/store.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace understudy::memory {

/// A replica in memory: a tier in front of slower ones, the embedded default, and the reference for every other
/// replica.
///
/// A handle: copies share one table. Use it from its executor only; handlers are posted there. `Clock` is monotonic and
/// measures the age of rows.
template<Record R, class Clock = std::chrono::steady_clock>
class Store {
public:
    using record_type = R;
    using executor_type = boost::asio::any_io_executor;

    explicit Store(executor_type executor, Params params = {})
        : executor_{std::move(executor)}
        , table_{std::make_shared<Table<R>>(params)} {}

    executor_type get_executor() const noexcept { return executor_; }

    /// The row of a value, at once.
    template<IndexTag By = ById<R>>
    std::optional<Row<R>> try_lookup(const typename By::value_type& value) {
        return table_->template look_up<By>(value, now());
    }

    /// See `Replica`. Never fails.
    template<IndexTag By = ById<R>, class Token = boost::asio::deferred_t>
    auto async_lookup(std::vector<typename By::value_type> values, Token&& token = {}) {
        return posted<LookupSignature<R>>(
            [table = table_, values = std::move(values)] {
                return rows_of<Rows<R>>(*table, values,
                                        [&](const auto& value) { return table->template look_up<By>(value, now()); });
            },
            std::forward<Token>(token));
    }

    /// See `Replica`. Never fails.
    template<class Token = boost::asio::deferred_t>
    auto async_apply(std::vector<Observation<R>> observations, Token&& token = {}) {
        return posted<ApplySignature<R>>(
            [table = table_, observations = std::move(observations)] { return table->apply(observations, now()); },
            std::forward<Token>(token));
    }

    /// See `Replica`. Never fails.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_note_absent(std::vector<typename By::value_type> values, Ticket ticket,
                           std::chrono::milliseconds elapsed, Token&& token = {}) {
        return posted<ApplySignature<R>>(
            [table = table_, values = std::move(values), ticket, elapsed] {
                std::vector<Applied> outcomes;
                outcomes.reserve(values.size());
                for (const auto& value : values)
                    outcomes.push_back(table->template note_absent<By>(value, ticket, now() - elapsed));
                return outcomes;
            },
            std::forward<Token>(token));
    }

    /// See `Replica`. Never fails.
    template<class Token = boost::asio::deferred_t>
    auto async_hint(std::vector<key_t<R>> keys, Token&& token = {}) {
        return posted<DoneSignature>(
            [table = table_, keys = std::move(keys)] {
                for (const auto& key : keys)
                    table->hint(key);
            },
            std::forward<Token>(token));
    }

    /// See `SetReplica`. Never fails.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_look_up_sets(std::vector<SetQuery<By>> queries, Token&& token = {}) {
        return posted<LookupSetSignature<R>>(
            [table = table_, queries = std::move(queries)] {
                return rows_of<SetRows<R>>(
                    *table, queries, [&](const auto& query) { return table->template look_up_set<By>(query, now()); });
            },
            std::forward<Token>(token));
    }

    /// See `SetReplica`. Never fails.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_cover(std::vector<Coverage<By>> coverages, Token&& token = {}) {
        return posted<CoverSignature>(
            [table = table_, coverages = std::move(coverages)] {
                std::vector<Covered> outcomes;
                outcomes.reserve(coverages.size());
                for (const auto& coverage : coverages)
                    outcomes.push_back(table->template cover<By>(coverage, now()));
                return outcomes;
            },
            std::forward<Token>(token));
    }

    /// See `SetReplica`. Never fails.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    auto async_hint_sets(std::vector<typename By::value_type> values, Token&& token = {}) {
        return posted<DoneSignature>(
            [table = table_, values = std::move(values)] {
                for (const auto& value : values)
                    table->template hint_set<By>(value);
            },
            std::forward<Token>(token));
    }

    /// See `SettlingReplica`. Never fails.
    template<class Token = boost::asio::deferred_t>
    auto async_settle(std::vector<Settlement<R>> settlements, Token&& token = {}) {
        return posted<SettleSignature>(
            [table = table_, settlements = std::move(settlements)] { return table->settle(settlements, now()); },
            std::forward<Token>(token));
    }

    /// See `SettlingReplica`. Never fails; goes over all rows.
    template<class Token = boost::asio::deferred_t>
    auto async_find_marked(std::size_t limit, Token&& token = {}) {
        return posted<MarkedSignature<R>>([table = table_, limit] { return table->find_marked(limit); },
                                          std::forward<Token>(token));
    }

    /// See `ReconcilableReplica`. Goes over all rows.
    template<class Token = boost::asio::deferred_t>
    auto async_begin_pass(std::string pass, std::string holder, std::chrono::milliseconds lease, Token&& token = {}) {
        return answered<PassLeaseSignature>(
            [table = table_, pass = std::move(pass), holder = std::move(holder), lease](PassLease& granted) {
                if (!table->passes().begin(pass, holder, lease, now(), granted))
                    return make_error_code(Errc::lease_held);
                granted.live_rows = table->live_rows();
                return boost::system::error_code{};
            },
            std::forward<Token>(token));
    }

    /// See `ReconcilableReplica`. Goes over all rows for every range.
    template<class Token = boost::asio::deferred_t>
    auto async_step_pass(PassStep<R> step, Token&& token = {}) {
        return answered<PassStepSignature<R>>(
            [table = table_, step = std::move(step)](PassStepped<R>& stepped) {
                if (!table->passes().holds(step.pass, step.fence, now()))
                    return make_error_code(Errc::lease_lost);
                table->passes().note(step.pass, step.position, now() + step.lease);
                stepped.outcomes = table->apply(step.observations, now());
                for (const auto& key : step.hints)
                    table->hint(key);
                for (const auto& range : step.ranges) {
                    const auto missing = table->missing_of(range);
                    stepped.missing.insert(stepped.missing.end(), missing.begin(), missing.end());
                }
                return boost::system::error_code{};
            },
            std::forward<Token>(token));
    }

    /// See `ReconcilableReplica`.
    template<class Token = boost::asio::deferred_t>
    auto async_end_pass(std::string pass, std::uint64_t fence, std::string position, Token&& token = {}) {
        return boost::asio::async_initiate<Token, DoneSignature>(
            [executor = executor_, table = table_](auto handler, const std::string& ended, std::uint64_t with,
                                                   std::string left) {
                const bool held = table->passes().holds(ended, with, now());
                if (held)
                    table->passes().note(ended, std::move(left), now());
                boost::asio::post(executor,
                                  boost::asio::append(std::move(handler), held ? boost::system::error_code{}
                                                                               : make_error_code(Errc::lease_lost)));
            },
            token, std::move(pass), fence, std::move(position));
    }

    /// See `Replica`. Never fails.
    template<class Token = boost::asio::deferred_t>
    auto async_draw_ticket(Token&& token = {}) {
        return posted<TicketSignature>([table = table_] { return table->draw_ticket(); }, std::forward<Token>(token));
    }

    /// The rows themselves, for callers that need no waiting.
    Table<R>& table() noexcept { return *table_; }

private:
    static std::chrono::nanoseconds now() {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch());
    }

    // What the table says of each of those, and a ticket if any of it is not current.
    template<class Result, class Asked, class LookUp>
    static Result rows_of(Table<R>& table, const std::vector<Asked>& asked, LookUp look_up) {
        Result result;
        result.rows.reserve(asked.size());
        bool current = true;
        for (const auto& one : asked) {
            result.rows.push_back(look_up(one));
            current = current && result.rows.back().current();
        }
        if (!current)
            result.ticket = table.draw_ticket();
        return result;
    }

    // Runs `work` when the operation is started, not when it is made.
    template<class Signature, class Work, class Token>
    auto posted(Work work, Token&& token) {
        return boost::asio::async_initiate<Token, Signature>(
            [executor = executor_](auto handler, Work started) {
                const boost::system::error_code success{};
                if constexpr (std::is_void_v<decltype(started())>) {
                    started();
                    boost::asio::post(executor, boost::asio::append(std::move(handler), success));
                } else {
                    boost::asio::post(executor, boost::asio::append(std::move(handler), success, started()));
                }
            },
            token, std::move(work));
    }

    // As `posted`, for work that may fail: it fills the answer in and returns why not.
    template<class Signature, class Work, class Token>
    auto answered(Work work, Token&& token) {
        return boost::asio::async_initiate<Token, Signature>(
            [executor = executor_](auto handler, Work started) {
                typename AnswerOf<Signature>::type answer{};
                const auto error = started(answer);
                boost::asio::post(executor, boost::asio::append(std::move(handler), error, std::move(answer)));
            },
            token, std::move(work));
    }

    template<class Signature>
    struct AnswerOf;
    template<class Answer>
    struct AnswerOf<void(boost::system::error_code, Answer)> {
        using type = Answer;
    };

    executor_type executor_;
    std::shared_ptr<Table<R>> table_;
};

} // namespace understudy::memory
