#pragma once

#include "exam_totals.hpp"
#include "note.hpp"
#include "type_writer.hpp"

#include <understudy/postgres/pool.hpp>

#include <memory>

namespace service {

struct MirrorParts;

/// Writes notes to HubSpot; no replica holds them.
std::unique_ptr<TypeWriter<Note>> write_notes(const MirrorParts& parts);

/// The marks in the replica's database.
std::unique_ptr<TotalsLedger> totals_in(const understudy::postgres::Pool& pool);

} // namespace service
