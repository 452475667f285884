#pragma once

#include "type_reconciler.hpp"
#include "type_writer.hpp"

#include <understudy/coalescing_stats.hpp>
#include <understudy/error.hpp>
#include <understudy/read_through_stats.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace service {

/// What was asked for of one record type, and what it took.
struct MirrorStats {
    understudy::ReadThroughStats reads;
    understudy::CoalescingStats source;
};

/// The records of one type: at the source, in the replica, and read and written through both. Each type is compiled by
/// itself. Belongs to one executor; each handler is called once, from its thread.
template<class R>
class RecordMirror {
public:
    using Done = std::function<void(understudy::error_code)>;
    using MissingHandler = std::function<void(understudy::error_code, std::vector<std::string> missing)>;

    virtual ~RecordMirror() = default;

    virtual TypeWriter<R>& writer() = 0;
    virtual TypeReconciler& reconciler() = 0;

    virtual const std::string& object_type() const = 0;
    /// The replica's table, without its schema.
    virtual std::string table() const = 0;
    /// Which properties the source's type lacks; see `hubspot::Store::async_check_properties`.
    virtual void check_properties(std::chrono::milliseconds timeout, MissingHandler handler) = 0;
    /// Whether the source answers nobody at the moment.
    virtual bool source_fails() const = 0;
    /// Whether the source is not asked for a moment.
    virtual bool circuit_open() const = 0;
    /// Says that records may have changed, in one transaction; see `Replica`. Unknown ones too are read from then on.
    virtual void hint(std::vector<std::string> ids, Done done) = 0;
    /// Waits for the loads under way.
    virtual void drain(Done done) = 0;
    virtual MirrorStats stats() const = 0;
};

} // namespace service
