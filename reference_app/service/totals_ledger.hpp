#pragma once

#include "exam_totals.hpp"
#include "replica_database.hpp"

#include <memory>

namespace service {

/// The marks in the replica's database.
std::unique_ptr<TotalsLedger> totals_in(ReplicaDatabase database);

} // namespace service
