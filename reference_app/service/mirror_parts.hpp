#pragma once

#include "config.hpp"

#include <understudy/hubspot/client.hpp>
#include <understudy/operations.hpp>
#include <understudy/postgres/journal.hpp>
#include <understudy/postgres/pool.hpp>
#include <understudy/rate_budget.hpp>

namespace service {

using Operations = understudy::Operations<understudy::postgres::Journal>;

/// What all mirrors share. References live as long as the making of a mirror.
struct MirrorParts {
    const understudy::hubspot::Client& client;
    const understudy::RateBudget& budget;
    const understudy::postgres::Pool& pool;
    const Operations& operations;
    const ReadingParams& reading;
    const SourceTypes& types;
    const understudy::ReconcilerSchedule& schedule;
    const understudy::ReconcilerParams& passes;
};

} // namespace service
