#pragma once

/// The core: records, the concepts of stores, the templates and the decorators. No SQL, no HTTP.

#include <understudy/budgeted.hpp>
#include <understudy/coalescing.hpp>
#include <understudy/covered_sets.hpp>
#include <understudy/cron_expression.hpp>
#include <understudy/date_time.hpp>
#include <understudy/error.hpp>
#include <understudy/freshness.hpp>
#include <understudy/guarded.hpp>
#include <understudy/index.hpp>
#include <understudy/journal.hpp>
#include <understudy/listing.hpp>
#include <understudy/memory/journal.hpp>
#include <understudy/memory/store.hpp>
#include <understudy/observation.hpp>
#include <understudy/operations.hpp>
#include <understudy/partial.hpp>
#include <understudy/pass_step.hpp>
#include <understudy/patch.hpp>
#include <understudy/periodic_reconciler.hpp>
#include <understudy/plan.hpp>
#include <understudy/rate_budget.hpp>
#include <understudy/read_through_cache.hpp>
#include <understudy/record.hpp>
#include <understudy/record_json.hpp>
#include <understudy/relation.hpp>
#include <understudy/schedule.hpp>
#include <understudy/settlement.hpp>
#include <understudy/store.hpp>
#include <understudy/time_zone.hpp>
#include <understudy/writable_source.hpp>
#include <understudy/write_through_sync.hpp>
