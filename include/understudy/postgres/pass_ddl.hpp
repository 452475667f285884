#pragma once

#include <string_view>

namespace understudy::postgres {

/// What a `Store` keeps the passes of a reconciler in: for a migration, with the pool's schema first on the search
/// path.
///
/// Row level security is on, without a policy: nobody sees a row but the table's owner, and roles that bypass it.
inline constexpr std::string_view pass_ddl = R"(
-- Who brings the replica up to date, and how far that is. Times are this database's.
CREATE TABLE understudy_passes (
    name TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT COLLATE "C" NOT NULL,
    fence BIGINT NOT NULL CHECK (fence > 0),
    alive_until TIMESTAMPTZ NOT NULL,
    position TEXT NOT NULL DEFAULT ''
);
COMMENT ON COLUMN understudy_passes.holder IS 'who carries it out, or did so last';
COMMENT ON COLUMN understudy_passes.fence IS 'grows each time that it changes hands';
COMMENT ON COLUMN understudy_passes.alive_until IS 'when its lease runs out, unless it is prolonged before';
COMMENT ON COLUMN understudy_passes.position IS 'where it goes on; empty for a new beginning';

ALTER TABLE understudy_passes ENABLE ROW LEVEL SECURITY;
)";

} // namespace understudy::postgres
