#pragma once

#include <understudy/patch.hpp>
#include <understudy/store.hpp>
#include <understudy/write_options.hpp>
#include <understudy/write_outcome.hpp>

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace understudy {

/// An update of one record. Only the members of the patch are written.
template<Record R>
struct Change {
    key_t<R> key{};
    Patch<R> patch{};
    /// Names the write, for good: the source keeps it with the record, where it can (`async_find_operations`). Not
    /// empty, and no two writes have the same.
    std::string operation{};
};

/// A change of what one record is linked with. Of the links that are set, each then has exactly that value; written
/// twice, it changes nothing.
template<Record R>
struct Relinking {
    key_t<R> key{};
    Links<R> links{};
};

/// A record to be made. Its key is the source's to give. Members that a patch may not write count only where the source
/// takes them from a new record, as one of associations takes their ends.
template<Record R>
struct Creation {
    R record{};
    /// See `Change`.
    std::string operation{};
};

/// A write that may have been sent, and the record that it was meant for.
template<Record R>
struct SentOperation {
    key_t<R> key{};
    std::string operation{};
};

/// Whether a write that was sent took effect, as the record itself says.
enum class Landed : std::uint8_t {
    yes,
    /// Not so far. A request that is still under way may yet take effect.
    no,
    /// The source could not be asked, or keeps no names of writes.
    unknown,
};

/// The signature with which writes complete: one outcome for each write, in the order given. The error code is
/// `operation_aborted` or success; what failed is in the outcomes.
template<Record R>
using WriteSignature = void(boost::system::error_code, std::vector<WriteOutcome<R>>);
using LandedSignature = void(boost::system::error_code, std::vector<Landed>);

/// A source that can be written to.
///
///     source.async_update(std::vector<Change<R>>, WriteOptions, token)                    -> WriteSignature<R>
///     source.async_create(std::vector<Creation<R>>, WriteOptions, token)                  -> WriteSignature<R>
///     source.async_archive(std::vector<key_t<R>>, WriteOptions, token)                    -> WriteSignature<R>
///     source.async_find_operations(std::vector<SentOperation<R>>, WriteOptions, token)    -> LandedSignature
///
/// Every write is accounted for by itself: one bad write refuses no other, and nothing is `refused` that the source did
/// not refuse by name. No write is sent twice by one call once it may have taken effect. No two writes of one call are
/// for one key.
///
/// *Cancellation*: terminal, partial and total; what was sent may still take effect.
template<class S>
concept WritableSource = Source<S> &&
    requires(S& source, std::vector<Change<typename S::record_type>> changes,
             std::vector<Creation<typename S::record_type>> creations, std::vector<key_t<typename S::record_type>> keys,
             std::vector<SentOperation<typename S::record_type>> sent, WriteOptions options,
             detail::ArchetypeHandler<WriteSignature<typename S::record_type>> on_written,
             detail::ArchetypeHandler<LandedSignature> on_found) {
    source.async_update(std::move(changes), options, on_written);
    source.async_create(std::move(creations), options, on_written);
    source.async_archive(std::move(keys), options, on_written);
    source.async_find_operations(std::move(sent), options, on_found);
};

/// A source whose records can be linked anew.
///
///     source.async_associate(std::vector<Relinking<R>>, WriteOptions, token)              -> WriteSignature<R>
///
/// As the writes of a `WritableSource`, but that one may be sent again though it may have taken effect. A link is
/// refused whole: if one of the records that it names is not there, all of them stay as they were.
template<class S>
concept AssociatingSource = WritableSource<S> &&
    requires(S& source, std::vector<Relinking<typename S::record_type>> relinkings, WriteOptions options,
             detail::ArchetypeHandler<WriteSignature<typename S::record_type>> on_written) {
    source.async_associate(std::move(relinkings), options, on_written);
};

} // namespace understudy
