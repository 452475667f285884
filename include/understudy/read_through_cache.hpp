#pragma once

#include <understudy/covered_sets.hpp>
#include <understudy/detail/drain_operation.hpp>
#include <understudy/detail/erased_handler.hpp>
#include <understudy/detail/exists_operation.hpp>
#include <understudy/detail/read_operation.hpp>
#include <understudy/detail/read_through_core.hpp>
#include <understudy/detail/set_read_operation.hpp>
#include <understudy/detail/single_read_operation.hpp>
#include <understudy/read_through_params.hpp>
#include <understudy/read_through_stats.hpp>
#include <understudy/set_page.hpp>
#include <understudy/store.hpp>

#include <boost/asio/deferred.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace understudy {

/// Reads from a fast replica first, and on a miss from the source behind it, whose answer it stores before it gives it.
///
///     ReadThroughCache credits{replica, source};
///     Reading<Contact> answer = co_await credits.async_get("17", {}, use_awaitable);
///     if (answer.found()) …
///
/// What it keeps, whatever the timing:
/// - Nothing that was read before a write, a hint or a delete was learned of ever replaces what was learned.
/// - Readers of one value share one load, unless something was learned of it since the load began.
/// - A load belongs to the cache: a reader that gives up or is cancelled disturbs nobody.
/// - Found, absent and failed never mix. While the source fails, readers that allow it get the older row, flagged
/// stale.
///
/// `Primary` models `Replica`, `Fallback` models `Source`; a cache is itself a `Source`, so tiers nest. `Clock` is
/// monotonic and drives deadlines.
///
/// A handle: copies share one cache. *Thread safety*: use it, and all its copies, from the executor of the primary
/// only. *Lifetime*: loads under way keep what they need alive; `async_drain` waits for them.
template<class Primary, class Fallback, class Clock = std::chrono::steady_clock>
requires Replica<Primary>
class ReadThroughCache {
    using Core = detail::ReadThroughCore<Primary, Fallback, Clock>;

public:
    using record_type = typename Primary::record_type;
    using R = record_type;
    using executor_type = boost::asio::any_io_executor;
    static constexpr bool is_cache = true;

    static_assert(std::is_same_v<record_type, typename Fallback::record_type>,
                  "the primary and the fallback of a ReadThroughCache store different record types");
    static_assert(Source<Fallback>, "the fallback of a ReadThroughCache must model understudy::Source");

    ReadThroughCache(Primary primary, Fallback fallback, const ReadThroughParams& params = {})
        : core_{std::make_shared<Core>(std::move(primary), std::move(fallback), params)} {}

    executor_type get_executor() const noexcept { return core_->executor; }

    /// The answer, if the primary can give it at once; never waits, never loads. What is not found or not fresh enough,
    /// and every primary that cannot look up synchronously, gives `std::nullopt`: use `async_get`.
    template<IndexTag By = ById<R>>
    std::optional<Reading<R>> try_get(const typename By::value_type& value, const ReadOptions& options = {}) {
        if constexpr (SynchronousReplica<Primary, By>) {
            std::optional<Row<R>> row = core_->primary.template try_lookup<By>(value);
            if (!row)
                return std::nullopt;
            switch (detail::judge(*row, options.freshness, core_->params, core_->sees_every_write)) {
            case detail::Verdict::hit:
                ++core_->stats.hits;
                return detail::reading_of(std::move(*row));
            case detail::Verdict::negative_hit:
                ++core_->stats.negative_hits;
                return detail::reading_of(std::move(*row));
            default:
                return std::nullopt;
            }
        } else {
            return std::nullopt;
        }
    }

    /// Reads one record by its id, or by a value of a unique index: `async_get<ByEmail>("a@b.c")`.
    ///
    /// *Handler*: `void(error_code, Reading<R>)`. Without an error the reading is found or absent. *Errors*: what the
    /// fallback failed with; `Errc::deadline_exceeded` after `options.timeout`; `Errc::contended` or
    /// `Errc::source_lagging` when the key kept changing; `Errc::overloaded`; `Errc::shutting_down`; all of them only
    /// if no older row may stand in. A primary that fails is no error: the fallback answers.
    ///
    /// *Cancellation*: terminal, partial and total. A load that was begun goes on.
    template<IndexTag By = ById<R>, class Token = boost::asio::deferred_t>
    auto async_get(typename By::value_type value, const ReadOptions& options = {}, Token&& token = {}) {
        static_assert(By::is_unique, "only a unique index can be read by; see async_exists");
        return detail::start_operation<void(boost::system::error_code, Reading<R>)>(
            core_->executor,
            [cache = *this, value = std::move(value), options] {
                return detail::SingleReadOperation<ReadThroughCache, By>{cache, value, options};
            },
            std::forward<Token>(token));
    }

    /// Reads many records by their ids. As `async_fetch`.
    template<class Token = boost::asio::deferred_t>
    auto async_get_many(std::vector<key_t<R>> keys, const ReadOptions& options = {}, Token&& token = {}) {
        return async_fetch<ById<R>>(std::move(keys), options, std::forward<Token>(token));
    }

    /// Reads many records by the values of one index; each is found, absent or failed by itself.
    ///
    /// *Handler*: `FetchSignature<R>`; the error code is `operation_aborted` or success. *Cancellation*: as
    /// `async_get`.
    template<IndexTag By = ById<R>, class Token = boost::asio::deferred_t>
    auto async_fetch(std::vector<typename By::value_type> values, const ReadOptions& options = {}, Token&& token = {}) {
        static_assert(By::is_unique, "only a unique index can be read by; see async_exists");
        return detail::start_operation<FetchSignature<R>>(
            core_->executor,
            [core = core_, values = std::move(values), options] {
                return detail::ReadOperation<Core, detail::RecordRead<By>>{core, values, options};
            },
            std::forward<Token>(token));
    }

    /// Whether any record is known to answer to a value of an index that the source can only search. A search lags, so
    /// this is good for choosing between two refusals ("no such student" or "not with this address") and for nothing
    /// else. What a search names is loaded in the background, what it does not find is noted.
    ///
    /// *Handler*: `void(error_code, bool)`. *Errors and cancellation*: as `async_get`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires SearchableBy<Fallback, By>
    auto async_exists(typename By::value_type value, const ReadOptions& options = {}, Token&& token = {}) {
        static_assert(!By::is_unique, "a record is read by a unique index, with async_get: a search proves no absence");
        return detail::start_operation<void(boost::system::error_code, bool)>(
            core_->executor,
            [core = core_, value = normalised<By>(std::move(value)), options] {
                return detail::ExistsOperation<Core, By>{core, value, options};
            },
            std::forward<Token>(token));
    }

    /// Reads a set: all records that answer to one value of an index that is not unique, such as a customer's orders
    /// (see `Relation`). It is answered from the primary when the primary holds it completely, an empty one too;
    /// otherwise it is read from the fallback once, whoever asks.
    ///
    ///     SetReading<Order> orders = co_await cache.async_get_set<OrdersOfCustomer>("17", {}, use_awaitable);
    ///
    /// Freshness is that of the set and of all its members; a member that the primary is not sure of is read by id
    /// before the set is answered.
    ///
    /// *Handler*: `void(error_code, SetReading<R>)`. Without an error the members are known, and maybe none; a set that
    /// could not be read is an error, or its older members flagged stale if `options` allow. *Errors and cancellation*:
    /// as `async_get`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires SetReplica<Primary, By> && SetSource<Fallback, By>
    auto async_get_set(typename By::value_type value, const ReadOptions& options = {}, Token&& token = {}) {
        SetQuery<By> query;
        query.value = std::move(value);
        return read_set(std::move(query), options, std::forward<Token>(token));
    }

    /// Reads a page of a set; the set is loaded whole if the primary does not hold it. As `async_get_set`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires SetReplica<Primary, By> && SetSource<Fallback, By>
    auto async_get_page(typename By::value_type value, const SetPage<R>& page, const ReadOptions& options = {},
                        Token&& token = {}) {
        SetQuery<By> query;
        query.value = std::move(value);
        query.after = page.after;
        query.limit = std::max<std::size_t>(page.limit, 1);
        return read_set(std::move(query), options, std::forward<Token>(token));
    }

    /// Reads many sets; each is found or failed by itself.
    ///
    /// *Handler*: `FetchSetSignature<R>`; the error code is `operation_aborted` or success. *Cancellation*: as
    /// `async_get`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires SetReplica<Primary, By> && SetSource<Fallback, By>
    auto async_fetch_set(std::vector<typename By::value_type> values, const ReadOptions& options = {},
                         Token&& token = {}) {
        return async_read_sets(queries_of<By>(std::move(values), whole_set), options, std::forward<Token>(token));
    }

    /// Makes sure that the primary holds many sets, each as fresh as `options` want, for a question to the primary that
    /// goes over all of them at once, such as a count. The readings carry no members: only whether the set is known,
    /// stale, how old, and why not. A set that could be read but not stored has failed
    /// (`Errc::replica_unavailable`). As `async_fetch_set`.
    template<IndexTag By, class Token = boost::asio::deferred_t>
    requires SetReplica<Primary, By> && SetSource<Fallback, By>
    auto async_cover(std::vector<typename By::value_type> values, const ReadOptions& options = {}, Token&& token = {}) {
        return async_read_sets(queries_of<By>(std::move(values), 0), options, std::forward<Token>(token));
    }

    /// Begins no new load from now on and completes when none is under way. Readers that would need a load get an older
    /// row or `Errc::shutting_down`.
    ///
    /// *Handler*: `void(error_code)`. *Cancellation*: terminal, partial and total; the cache stays closed.
    template<class Token = boost::asio::deferred_t>
    auto async_drain(Token&& token = {}) {
        return detail::start_operation<DoneSignature>(
            core_->executor, [core = core_] { return detail::DrainOperation<Core>{core}; }, std::forward<Token>(token));
    }

    /// What was done so far.
    const ReadThroughStats& stats() const noexcept { return core_->stats; }

private:
    template<class Cache, IndexTag By>
    friend class detail::SetReadOperation;

    template<IndexTag By>
    static std::vector<SetQuery<By>> queries_of(std::vector<typename By::value_type> values, std::size_t limit) {
        std::vector<SetQuery<By>> queries(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            queries[i].value = std::move(values[i]);
            queries[i].limit = limit;
        }
        return queries;
    }

    template<IndexTag By, class Token>
    auto async_read_sets(std::vector<SetQuery<By>> queries, const ReadOptions& options, Token&& token) {
        return detail::start_operation<FetchSetSignature<R>>(
            core_->executor,
            [core = core_, queries = std::move(queries), options] {
                return detail::ReadOperation<Core, detail::SetRead<By>>{core, queries, options};
            },
            std::forward<Token>(token));
    }

    template<IndexTag By, class Token>
    auto read_set(SetQuery<By> query, const ReadOptions& options, Token&& token) {
        return detail::start_operation<void(boost::system::error_code, SetReading<R>)>(
            core_->executor,
            [cache = *this, query = std::move(query), options] {
                return detail::SetReadOperation<ReadThroughCache, By>{cache, query, options};
            },
            std::forward<Token>(token));
    }

    std::shared_ptr<Core> core_;
};

template<class Primary, class Fallback>
ReadThroughCache(Primary, Fallback) -> ReadThroughCache<Primary, Fallback>;
template<class Primary, class Fallback>
ReadThroughCache(Primary, Fallback, ReadThroughParams) -> ReadThroughCache<Primary, Fallback>;

} // namespace understudy
