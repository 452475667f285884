#pragma once

#include <understudy/record.hpp>

namespace understudy {

/// Stands where a replica would, for records that are written and that nobody reads:
///
///     WriteThroughSync notes{source, NoReplica<Note>{}, operations};
template<Record R>
struct NoReplica {
    using record_type = R;
};

} // namespace understudy
