#pragma once

#include "config.hpp"
#include "journaled_type_writer.hpp"
#include "mirror_parts.hpp"
#include "periodic_type_reconciler.hpp"

#include <understudy/budgeted.hpp>
#include <understudy/coalescing.hpp>
#include <understudy/guarded.hpp>
#include <understudy/hubspot/store.hpp>
#include <understudy/postgres/journal.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/supabase/store.hpp>
#include <understudy/write_through_sync.hpp>

#include <string>
#include <utility>
#include <vector>

namespace service {

/// A mirror over HubSpot and the replica, with all that lies between: one rate budget for everybody, a circuit breaker
/// and coalescing for each type. `Interface` derives from `RecordMirror<R>`.
template<class R, class Interface>
class StackedMirror : public Interface {
    using Guard = understudy::Guarded<understudy::Budgeted<understudy::hubspot::Store<R>>>;
    using Source = understudy::Coalescing<Guard>;
    using Replica = understudy::supabase::Store<R>;
    using Reconciler = understudy::PeriodicReconciler<Source, Replica>;
    using Sync = understudy::WriteThroughSync<Source, Replica, understudy::postgres::Journal>;

public:
    TypeWriter<R>& writer() override { return writer_; }
    TypeReconciler& reconciler() override { return reconciler_; }

    const std::string& object_type() const override { return objects_.object_type(); }
    std::string table() const override { return std::string{understudy::postgres::TableTraits<R>::table}; }
    void check_properties(std::chrono::milliseconds timeout, typename Interface::MissingHandler handler) override {
        objects_.async_check_properties(timeout, std::move(handler));
    }
    bool source_fails() const override { return guard_.is_failing(); }
    bool circuit_open() const override { return guard_.is_open(); }
    void hint(std::vector<std::string> ids, typename Interface::Done done) override {
        replica_.async_hint(std::move(ids), std::move(done));
    }
    void drain(typename Interface::Done done) override { cache_.async_drain(std::move(done)); }
    MirrorStats stats() const override { return {cache_.stats(), source_.stats()}; }

protected:
    using Cache = understudy::ReadThroughCache<Replica, Source>;

    StackedMirror(const MirrorParts& parts, understudy::hubspot::ObjectParams<R> params)
        : objects_{parts.client, std::move(params)}
        , guard_{understudy::Budgeted{objects_, parts.budget}}
        , source_{guard_, coalescing()}
        , replica_{parts.pool}
        , cache_{Replica{parts.pool}, source_, cache_params(parts.reading)}
        , writer_{Sync{source_, Replica{parts.pool}, parts.operations}}
        , reconciler_{Reconciler{source_, Replica{parts.pool}, parts.schedule, parts.passes}} {}

    const Cache& cache() const noexcept { return cache_; }
    Replica& replica() noexcept { return replica_; }

private:
    // In a rush requests follow each other for a while: a batch waits for them, and goes at once when they pause.
    static understudy::CoalescingParams coalescing() {
        understudy::CoalescingParams params;
        params.max_delay = std::chrono::milliseconds{100};
        return params;
    }
    static understudy::ReadThroughParams cache_params(const ReadingParams& reading) {
        understudy::ReadThroughParams params;
        params.negative_ttl = reading.negative_ttl;
        return params;
    }

    understudy::hubspot::Store<R> objects_;
    Guard guard_;
    Source source_;
    Replica replica_;
    Cache cache_;
    JournaledTypeWriter<Sync> writer_;
    PeriodicTypeReconciler<Reconciler> reconciler_;
};

} // namespace service
