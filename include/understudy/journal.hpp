#pragma once

#include <understudy/store.hpp>

#include <boost/describe/enum.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace understudy {

// A journal keeps what was promised until it is done. An *operation* is a few writes to a few records that belong
// together; as long as it is unfinished it is also the lock on its keys: one operation at a time for each key, the
// others in the order in which they came, whichever process they came to.
//
// Whoever carries operations out does so as a *session* with the journal: a lease on everything that it holds, renewed
// while it lives. What a session held whose lease has run out is taken over by another one, with a higher fence;
// nothing that the former holder says of the operation counts from then on.

/// Grows each time that an operation changes hands.
enum class Fence : std::uint64_t {};

/// An operation that is to be carried out.
struct Intent {
    /// Names the operation, for good.
    std::string id{};
    /// What kind of operation it is, for people.
    std::string kind{};
    /// What it locks, without repetitions.
    std::vector<std::string> keys{};
    /// What was asked for: the same id with another request is a mistake.
    std::string request{};
    /// The writes; empty if they are yet to be decided, under the lock.
    std::string plan{};
};

enum class OperationState : std::uint8_t {
    /// Not decided yet: nothing was sent to the source.
    open,
    /// Its writes may have been sent.
    planned,
    /// All of it took effect, and the replica knows.
    done,
    /// None of it did, or what did was undone.
    undone,
    /// It cannot be finished without somebody who looks at it. It keeps its keys.
    dead,
};
BOOST_DESCRIBE_ENUM(OperationState, open, planned, done, undone, dead)

/// An operation as a journal keeps it.
struct JournalEntry {
    Intent intent{};
    OperationState state = OperationState::open;
    Fence fence{};
    /// Why it is undone or dead.
    std::string cause{};
    /// Of an operation that was taken over: how long ago, at least, its former holder sent anything for it. Of one that
    /// is listed as dead: for how long it has been.
    std::chrono::milliseconds silent_for{0};
};

/// What became of an intent that was handed in.
struct Admitted {
    enum class Kind : std::uint8_t {
        /// It is first for all its keys, and this session holds it.
        granted,
        /// Others are before it; this session holds it and waits.
        queued,
        /// There was an operation with its id already: see `known`.
        known,
        /// There was one, for another request.
        mistaken,
    };
    Kind kind = Kind::queued;
    Fence fence{};
    JournalEntry known{};
};

/// The writes of an operation, decided.
struct Decision {
    std::string id{};
    Fence fence{};
    std::string plan{};
    /// What the operation needs beside its locks, in words that the journal's `reserve` understands; empty for nothing.
    std::string reservation{};
};

/// What became of a decision.
struct Verdict {
    enum class Kind : std::uint8_t {
        /// It is journaled.
        recorded,
        /// What it reserves is not to be had; nothing is journaled, see `objection`.
        objected,
        /// The operation is not this session's any more.
        lost,
    };
    Kind kind = Kind::lost;
    std::string objection{};
};

/// The end of an operation.
struct Ending {
    std::string id{};
    Fence fence{};
    /// `done`, `undone` or `dead`.
    OperationState state = OperationState::done;
    std::string plan{};
    std::string cause{};
    /// Operations that begin in the moment in which this one ends, decided already.
    std::vector<Intent> followers{};
};

using BeginSignature = void(boost::system::error_code, std::vector<Admitted>);
using DecideSignature = void(boost::system::error_code, std::vector<Verdict>);
/// For each operation whether it was this session's to end.
using EndSignature = void(boost::system::error_code, std::vector<bool>);
/// For each operation whether it is first for all its keys now.
using AskSignature = void(boost::system::error_code, std::vector<bool>);
using EntriesSignature = void(boost::system::error_code, std::vector<JournalEntry>);
/// How long the session's lease lasts from the moment in which the call was made.
using RenewSignature = void(boost::system::error_code, std::chrono::milliseconds);
/// Whether there was such a dead operation.
using FoundSignature = void(boost::system::error_code, bool);

/// Keeps operations.
///
///     journal.async_begin(std::vector<Intent>, token)                                    -> BeginSignature
///     journal.async_decide(std::vector<Decision>, token)                                 -> DecideSignature
///     journal.async_end(std::vector<Ending>, std::vector<settlement_type>, token)        -> EndSignature
///     journal.async_ask(std::vector<std::string> ids, token)                             -> AskSignature
///     journal.async_renew(token)                                                         -> RenewSignature
///     journal.async_take_over(std::size_t limit, token)                                  -> EntriesSignature
///     journal.async_list_dead(std::size_t limit, token)                                  -> EntriesSignature
///     journal.async_replay(std::string id, token)                                        -> FoundSignature
///     journal.async_drop(std::string id, token)                                          -> FoundSignature
///     journal.async_count(token)                                   -> void(error_code, std::size_t unfinished)
///
/// (`async_count` leaves out dead operations.)
///
/// Each call is one transaction: when its handler is called without an error, what it says is on disk (if the journal
/// has one). Each element is decided by itself, in the order given (but see `async_end`); one that is not this
/// session's any more changes nothing. Before the first `async_renew`, and after the lease was lost, calls that would
/// hold something fail with `Errc::lease_lost`.
///
/// `async_begin` gives an intent its place in the line of each of its keys. One with a plan is `planned`.
///
/// `async_decide` is lost on a session whose lease has run out, also if nobody took over yet: what is decided may be
/// sent. It may be called again for the same operation, to replace its plan; a reservation counts the first time only.
/// What was reserved is free again when the operation ends.
///
/// `async_end` lets the operation's keys go, unless it is dead, and runs the settlements: with a journal in the
/// replica's own database in the same transaction, so that either both are done or neither; otherwise before it, and
/// nothing is written down if one fails. If one of the operations is not this session's to end, the call changes
/// nothing, and says which: call again without it. The journal keeps what it knows of a finished operation for some
/// time, for `Admitted::known`; one that ends undone with an empty plan, since nothing was sent for it, is forgotten at
/// once.
///
/// `async_renew` opens the session, and renews its lease. `Errc::lease_lost` says that the lease had run out before:
/// whatever the session held is not its own any more, and the next call opens another one.
///
/// `async_take_over` makes this session the holder of operations whose holders' leases ran out, and of those that were
/// replayed, up to `limit`, and returns those that are `planned` and first for all their keys. Those that were `open`
/// are forgotten: nothing was sent for them.
///
/// `async_replay` makes a dead operation `planned` again, `async_drop` makes it `undone` as it is.
///
/// A handle: copies share one session. *Thread safety*: the journal's executor only. *Cancellation*: none.
template<class J>
concept Journal = std::copy_constructible<J> &&
    requires(J& journal, std::vector<Intent> intents, std::vector<Decision> decisions, std::vector<Ending> endings,
             std::vector<typename J::settlement_type> settlements, std::vector<std::string> ids, std::string id,
             detail::ArchetypeHandler<BeginSignature> on_begun, detail::ArchetypeHandler<DecideSignature> on_decided,
             detail::ArchetypeHandler<EndSignature> on_ended, detail::ArchetypeHandler<RenewSignature> on_renewed,
             detail::ArchetypeHandler<EntriesSignature> on_entries, detail::ArchetypeHandler<FoundSignature> on_found,
             detail::ArchetypeHandler<void(boost::system::error_code, std::size_t)> on_counted) {
    journal.get_executor();
    journal.async_begin(std::move(intents), on_begun);
    journal.async_decide(std::move(decisions), on_decided);
    journal.async_end(std::move(endings), std::move(settlements), on_ended);
    journal.async_ask(std::move(ids), on_ended);
    journal.async_renew(on_renewed);
    journal.async_take_over(std::size_t{}, on_entries);
    journal.async_list_dead(std::size_t{}, on_entries);
    journal.async_replay(id, on_found);
    journal.async_drop(id, on_found);
    journal.async_count(on_counted);
};

} // namespace understudy
