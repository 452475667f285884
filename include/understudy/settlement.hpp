#pragma once

#include <understudy/observation.hpp>
#include <understudy/patch.hpp>
#include <understudy/store.hpp>
#include <understudy/write_action.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace understudy {

/// A write that took effect at the source, to be shown by a replica before anybody is told of it.
template<Record R>
struct Settlement {
    key_t<R> key{};
    WriteAction action = WriteAction::update;
    /// Drawn before the write was sent; `no_ticket` if nobody knows any more when that was.
    Ticket ticket = no_ticket;
    /// The source's stamp after the write, if its answer carried one.
    Version version = no_version;
    /// What an update wrote, or an association: that is settled as an update.
    MemberValues<R> patch{};
    /// What a creation wrote, with the key that the source gave it.
    R record{};
    /// Of a creation: the source's answer showed that this is all of the record. See `WriteOutcome::complete`.
    bool complete = false;
};

/// What a replica made of a settlement.
enum class Settled : std::uint8_t {
    /// The row shows the write.
    shown,
    /// The row was marked dirty: whoever asks next reads it from the source.
    hinted,
};

/// The signatures of what a writer asks of a replica.
using SettleSignature = void(boost::system::error_code, std::vector<Settled>);
template<Record R>
using MarkedSignature = void(boost::system::error_code, std::vector<key_t<R>>);

/// A replica that shows the writes of ours before they are read back.
///
///     replica.async_settle(std::vector<Settlement<R>>, token)      -> SettleSignature
///     replica.async_find_marked(std::size_t limit, token)          -> MarkedSignature<R>
///
/// `async_settle` decides each settlement by itself, in one transaction, and answers in the order given. If its ticket
/// is later than the row's, the write is shown: an update's members replace those of a row that is live and not dirty,
/// the row keeps its `as_of` and is `patched`; a creation becomes a live row, `patched` (`clean` if it is `complete`),
/// as of the ticket; an archiving makes the row archived, `patched`, as of the ticket. The row gets a new ticket, and
/// the later of both versions. In every other case the key is hinted at; a creation whose row is not there yet, or
/// unknown, then becomes live and dirty, as of `no_ticket`, so that sets that it belongs to are in doubt of it and do
/// not miss it. A row that is shown live removes the notes that said that nothing answers to its values; the values
/// that a hinted update or creation wrote are noted as learned of, so that no reader joins an older load by them.
/// Settled twice is hinted at: nothing worse.
///
/// Covered sets stay covered: a record that was created, archived or moved to another parent joins and leaves them at
/// once. Since a row's `as_of` stands for all its members, an update does not move it, not even one that writes the
/// parent: else it would end the doubts that other sets have about the row. A record that moves into a set which was
/// read after the record is therefore in doubt there, until it is read by id. A set into which a hinted update moves a
/// record is hinted at as well, since no row names it.
///
/// `async_find_marked` names rows that are dirty or patched, those marked longest ago first.
template<class S>
concept SettlingReplica = Replica<S> &&
    requires(S& replica, std::vector<Settlement<typename S::record_type>> settlements,
             detail::ArchetypeHandler<SettleSignature> on_settled,
             detail::ArchetypeHandler<MarkedSignature<typename S::record_type>> on_found) {
    replica.async_settle(std::move(settlements), on_settled);
    replica.async_find_marked(std::size_t{}, on_found);
};

} // namespace understudy
