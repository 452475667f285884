#pragma once

#include <understudy/read_options.hpp>
#include <understudy/relation.hpp>
#include <understudy/set_reading.hpp>
#include <understudy/set_row.hpp>
#include <understudy/store.hpp>

#include <boost/system/error_code.hpp>

#include <concepts>
#include <utility>
#include <vector>

namespace understudy {

// Sets: all records that answer to one value of an index that is not unique, such as the orders of a customer.
//
// A missing row is a miss; a set without rows may be an answer or a hole. So a replica answers for a set only when the
// set is *covered*: when the source's whole answer was applied. The rule, in terms of tickets:
//
// - Every row keeps, beside its ticket, the ticket that was drawn before the read which its columns come from: `as_of`.
// - A set that was read with ticket t is covered as of t, once all its members were applied with t, unless anything was
//   learned of the set since t was drawn.
// - The members of a covered set are the live rows that name it. A row as of a read that began before the set's is in
//   doubt: the source's answer lacked it, or it came in late. It is read by id before it is shown, and never removed
//   for being absent from a list.
//
// Membership is thus decided by rows alone, each guarded by its own ticket, and nothing has to be locked together.

/// The signature with which `async_fetch_set` completes: one reading for each value, in the order asked.
template<Record R>
using FetchSetSignature = void(boost::system::error_code, std::vector<SetReading<R>>);

/// The signatures of a replica's operations on sets.
template<Record R>
using LookupSetSignature = void(boost::system::error_code, SetRows<R>);
using CoverSignature = void(boost::system::error_code, std::vector<Covered>);

/// A store that reads whole sets.
///
///     store.async_fetch_set<By>(std::vector<By::value_type>, ReadOptions, token) -> FetchSetSignature<R>
///
/// Every member of a set is complete, and was read after the call was made; if one cannot be read, the set fails. The
/// error code says that the whole call failed, and the vector is then empty.
///
/// *Cancellation*: terminal, partial and total; the handler then gets `operation_aborted`.
template<class S, class By>
concept SetSource = IndexTag<By> &&(!By::is_unique) &&
                    std::copy_constructible<S>&& requires(
                        S& store, std::vector<typename By::value_type> values, ReadOptions options,
                        detail::ArchetypeHandler<FetchSetSignature<typename By::record_type>> handler) {
    store.get_executor();
    store.template async_fetch_set<By>(std::move(values), options, handler);
};

/// A replica that knows which sets it holds completely.
///
///     replica.async_look_up_sets<By>(std::vector<SetQuery<By>>, token)       -> LookupSetSignature<R>
///     replica.async_cover<By>(std::vector<Coverage<By>>, token)              -> CoverSignature
///     replica.async_hint_sets<By>(std::vector<By::value_type>, token)        -> DoneSignature
///
/// `async_look_up_sets` returns rows of one moment, and draws a ticket after that moment if any is not current.
///
/// `async_cover` is called after the members were applied, as observations with the coverage's ticket and `confirm`.
/// Iff its ticket is later than the set's, and the row of every member either names the set or is as of that ticket or
/// a later one, the set becomes clean, gets a new ticket, and is as of the coverage's ticket. (A member that was hinted
/// at while the set was read has a row that says neither: its observation was dropped.)
///
/// `async_hint_sets` says that a set may have changed: it gets a new ticket and is dirty. Its rows stay.
///
/// An applied observation makes its row as of the observation's ticket; so does one that finds the row clean and equal,
/// if `confirm` is set. A hint changes nothing of that.
template<class S, class By>
concept SetReplica =
    IndexTag<By> &&(!By::is_unique) &&
    Replica<S>&& requires(S& replica, std::vector<SetQuery<By>> queries, std::vector<Coverage<By>> coverages,
                          std::vector<typename By::value_type> values,
                          detail::ArchetypeHandler<LookupSetSignature<typename By::record_type>> on_rows,
                          detail::ArchetypeHandler<CoverSignature> on_covered,
                          detail::ArchetypeHandler<DoneSignature> on_done) {
    replica.template async_look_up_sets<By>(std::move(queries), on_rows);
    replica.template async_cover<By>(std::move(coverages), on_covered);
    replica.template async_hint_sets<By>(std::move(values), on_done);
};

} // namespace understudy
