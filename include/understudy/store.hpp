#pragma once

#include <understudy/index.hpp>
#include <understudy/observation.hpp>
#include <understudy/read_options.hpp>
#include <understudy/reading.hpp>
#include <understudy/row.hpp>

#include <boost/system/error_code.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <vector>

namespace understudy {

// A store is a handle: copying it is cheap, and copies share one state. A store object belongs to one executor; every
// call is made from there, and every handler runs there unless it has an executor of its own.

/// The signature with which `async_fetch` completes: one reading for each value, in the order asked. The error code
/// says that the whole call failed, and the vector is then empty; what failed for one value alone is in its reading.
template<Record R>
using FetchSignature = void(boost::system::error_code, std::vector<Reading<R>>);

/// The signature with which `async_search` completes: the candidates for each value, in the order asked.
template<Record R>
using SearchSignature = void(boost::system::error_code, std::vector<std::vector<Candidate<R>>>);

/// The signatures of a replica's operations.
template<Record R>
using LookupSignature = void(boost::system::error_code, Rows<R>);
template<Record R>
using ApplySignature = void(boost::system::error_code, std::vector<Applied>);
using TicketSignature = void(boost::system::error_code, Ticket);
using DoneSignature = void(boost::system::error_code);

namespace detail {

// A handler of any signature, for asking in a concept whether an operation exists.
template<class Signature>
struct ArchetypeHandler;
template<class... Args>
struct ArchetypeHandler<void(Args...)> {
    void operator()(Args...) const {}
};

} // namespace detail

/// A store that reads by the values of one index.
///
///     store.async_fetch<By>(std::vector<By::value_type>, ReadOptions, token) -> FetchSignature<R>
///
/// Values may be repeated. There is no bound on their number: the store splits as its server requires.
///
/// *Cancellation*: terminal, partial and total; the handler then gets `operation_aborted`.
template<class S, class By>
concept FetchableBy = IndexTag<By> && std::copy_constructible<S> &&
    requires(S& store, std::vector<typename By::value_type> values, ReadOptions options,
             detail::ArchetypeHandler<FetchSignature<typename By::record_type>> handler) {
    store.get_executor();
    store.template async_fetch<By>(std::move(values), options, handler);
};

/// A store that finds candidates by the values of one index; see `Candidate` for what they are worth.
///
///     store.async_search<By>(std::vector<By::value_type>, ReadOptions, token) -> SearchSignature<R>
template<class S, class By>
concept SearchableBy = IndexTag<By> && std::copy_constructible<S> &&
    requires(S& store, std::vector<typename By::value_type> values, ReadOptions options,
             detail::ArchetypeHandler<SearchSignature<typename By::record_type>> handler) {
    store.get_executor();
    store.template async_search<By>(std::move(values), options, handler);
};

/// A store whose by-id reads say what is true now. `S::record_type` is what it stores.
template<class S>
concept Source = Record<typename S::record_type> && FetchableBy<S, ById<typename S::record_type>>;

/// A store that follows a source by the rules of the consistency protocol.
///
///     replica.async_lookup<By>(std::vector<By::value_type>, token)      -> LookupSignature<R>
///     replica.async_apply(std::vector<Observation<R>>, token)           -> ApplySignature<R>
///     replica.async_note_absent<By>(std::vector<By::value_type>, Ticket, std::chrono::milliseconds elapsed, token)
///                                                                       -> ApplySignature<R>
///     replica.async_hint(std::vector<key_t<R>>, token)                  -> DoneSignature
///     replica.async_draw_ticket(token)                                  -> TicketSignature
///
/// `async_lookup` by an index other than the id answers with the row of the live record that answers to the value, the
/// one learned last if there are several; failing that, with a row of state `absent` if it was noted that none does,
/// its `age` the time since; failing that with an unknown row.
///
/// `async_apply` decides each observation by itself, in one transaction, and answers in the order given; where one key
/// is observed twice, the observation with the later ticket counts and the other is `dropped`. Applying a live record
/// removes the notes of absence that it contradicts.
///
/// `async_note_absent` remembers that no record answers to a value, as was said at most `elapsed` ago; `dropped` where
/// a live record that answers to it, or a note with a later ticket, is there. Only replicas that are looked up by other
/// indexes than the id need it.
///
/// `async_hint` says that something may have changed: the row gets a new ticket and is dirty. It never changes a value.
template<class S>
concept Replica = Record<typename S::record_type> && std::copy_constructible<S> &&
    requires(S& replica, std::vector<key_t<typename S::record_type>> keys,
             std::vector<Observation<typename S::record_type>> observations,
             detail::ArchetypeHandler<LookupSignature<typename S::record_type>> on_rows,
             detail::ArchetypeHandler<ApplySignature<typename S::record_type>> on_applied,
             detail::ArchetypeHandler<DoneSignature> on_done, detail::ArchetypeHandler<TicketSignature> on_ticket) {
    replica.get_executor();
    replica.template async_lookup<ById<typename S::record_type>>(keys, on_rows);
    replica.async_apply(std::move(observations), on_applied);
    replica.async_hint(std::move(keys), on_done);
    replica.async_draw_ticket(on_ticket);
};

/// A replica that can look up without waiting, as one in memory can; `std::nullopt` means "ask asynchronously".
///
///     replica.try_lookup<By>(const By::value_type&) -> std::optional<Row<R>>
template<class S, class By>
concept SynchronousReplica = Replica<S> && requires(S& replica, const typename By::value_type& value) {
    { replica.template try_lookup<By>(value) } -> std::same_as<std::optional<Row<typename S::record_type>>>;
};

/// How many values of an index one call to the store's server can carry; stores that split say so with
/// `static constexpr std::size_t max_batch<By>()`.
template<class S, class By>
constexpr std::size_t max_batch_of() {
    if constexpr (requires { S::template max_batch<By>(); })
        return S::template max_batch<By>();
    else
        return static_cast<std::size_t>(-1);
}

} // namespace understudy
