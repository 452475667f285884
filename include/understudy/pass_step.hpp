#pragma once

#include <understudy/observation.hpp>
#include <understudy/store.hpp>

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace understudy {

/// The right to carry a pass out, until it runs out. Nobody else has it meanwhile.
struct PassLease {
    /// Grows each time that the pass changes hands.
    std::uint64_t fence = 0;
    /// What the last step, or the end, of the pass of that name left; empty if there was none.
    std::string position{};
    /// The live rows of the replica.
    std::size_t live_rows = 0;
};

/// A part of a source's list that was read whole.
template<Record R>
struct ListedRange {
    /// The first key that belongs to it; without a value, no key is too small.
    std::optional<key_t<R>> from{};
    /// The first key that does not; without a value, no key is too great.
    std::optional<key_t<R>> until{};
    /// Drawn before the list was asked for.
    Ticket ticket = no_ticket;
    /// What the list named, ascending.
    std::vector<key_t<R>> keys{};
};

/// A part of a pass that is written to the replica at once.
template<Record R>
struct PassStep {
    std::string pass{};
    std::uint64_t fence = 0;
    /// From when the replica gets the step on.
    std::chrono::milliseconds lease{0};
    /// Where to go on if this is the last that is heard of the pass. It does not count the step itself: a step that is
    /// done again does no harm.
    std::string position{};
    std::vector<Observation<R>> observations{};
    /// Keys that could not be read: hinted at, as `async_hint` does.
    std::vector<key_t<R>> hints{};
    std::vector<ListedRange<R>> ranges{};
};

/// What became of a step.
template<Record R>
struct PassStepped {
    /// One for each observation.
    std::vector<Applied> outcomes{};
    /// The live rows within the ranges that were not listed, and of which nothing was learned since the range's ticket
    /// was drawn. To be read by id: absence from a list proves nothing.
    std::vector<key_t<R>> missing{};
};

using PassLeaseSignature = void(boost::system::error_code, PassLease);
template<Record R>
using PassStepSignature = void(boost::system::error_code, PassStepped<R>);

/// A replica that a reconciler brings up to date. It keeps where each pass stands, beside the rows, so that a restore
/// rewinds both together.
///
///     replica.async_begin_pass(std::string pass, std::string holder, std::chrono::milliseconds lease, token)
///                                                                                  -> PassLeaseSignature
///     replica.async_step_pass(PassStep<R>, token)                                  -> PassStepSignature<R>
///     replica.async_end_pass(std::string pass, std::uint64_t fence, std::string position, token) -> DoneSignature
///
/// `async_begin_pass` fails with `Errc::lease_held` while somebody else has the pass, by the replica's clock. `holder`
/// names who begins; one who begins again what it has gets another fence.
///
/// `async_step_pass` applies the observations as `async_apply` does, hints at the `hints`, writes down the position and
/// prolongs the lease, all in one transaction. If the fence is not the pass's any more, or the lease ran out, it fails
/// with `Errc::lease_lost` and nothing is written. With any other error some of it may have been.
///
/// `async_end_pass` writes the position down and gives the lease back; it fails with `Errc::lease_lost` likewise.
template<class S>
concept ReconcilableReplica = Replica<S> &&
    requires(S& replica, std::string text, std::uint64_t fence, std::chrono::milliseconds lease,
             PassStep<typename S::record_type> step, detail::ArchetypeHandler<PassLeaseSignature> on_begun,
             detail::ArchetypeHandler<PassStepSignature<typename S::record_type>> on_stepped,
             detail::ArchetypeHandler<DoneSignature> on_done) {
    replica.async_begin_pass(text, text, lease, on_begun);
    replica.async_step_pass(std::move(step), on_stepped);
    replica.async_end_pass(text, fence, text, on_done);
};

} // namespace understudy
