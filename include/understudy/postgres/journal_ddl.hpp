#pragma once

#include <string_view>

namespace understudy::postgres {

/// What a `Journal` keeps its operations in: for a migration, with the pool's schema first on the search path.
///
/// Row level security is on, without a policy: nobody sees a row but the tables' owner, and roles that bypass it.
inline constexpr std::string_view journal_ddl = R"(
-- Who carries operations out. Times are this database's.
CREATE TABLE understudy_sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    alive_until TIMESTAMPTZ NOT NULL,
    over BOOLEAN NOT NULL DEFAULT false
);
COMMENT ON COLUMN understudy_sessions.alive_until IS 'when its lease runs out, unless it is renewed before';
COMMENT ON COLUMN understudy_sessions.over IS 'what it held is being taken over: it is never renewed again';
CREATE INDEX understudy_sessions_age ON understudy_sessions (alive_until);

-- Places in line are drawn one at a time, under the locks of the line.
CREATE SEQUENCE understudy_operation_seq AS BIGINT CACHE 1 NO CYCLE;

CREATE TABLE understudy_operations (
    id TEXT COLLATE "C" PRIMARY KEY,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    keys TEXT[] COLLATE "C" NOT NULL,
    request TEXT NOT NULL,
    plan TEXT NOT NULL,
    state SMALLINT NOT NULL CHECK (state BETWEEN 0 AND 4),
    fence BIGINT NOT NULL CHECK (fence > 0),
    holder TEXT COLLATE "C",
    reservation TEXT COLLATE "C",
    cause TEXT NOT NULL DEFAULT '',
    ended_at TIMESTAMPTZ,
    CHECK (state < 2 OR (holder IS NULL AND ended_at IS NOT NULL))
);
COMMENT ON COLUMN understudy_operations.seq IS 'its place in the line of each of its keys';
COMMENT ON COLUMN understudy_operations.request IS 'what was asked for: the same id with another request is a mistake';
COMMENT ON COLUMN understudy_operations.plan IS 'its writes, empty while they are not decided';
COMMENT ON COLUMN understudy_operations.state IS
    '0 open: not decided; 1 planned: may have been sent; 2 done; 3 undone; 4 dead: waits for somebody to look at it';
COMMENT ON COLUMN understudy_operations.fence IS 'grows each time that it changes hands';
COMMENT ON COLUMN understudy_operations.holder IS 'the session that carries it out';
COMMENT ON COLUMN understudy_operations.reservation IS
    'what it needs beside its keys; NULL before it was decided, empty for nothing or nothing any more';
COMMENT ON COLUMN understudy_operations.ended_at IS 'when it was done, undone or dead';

-- To be carried out, by holder; dead ones; finished ones, oldest first; what is reserved.
CREATE INDEX understudy_operations_unfinished ON understudy_operations (holder) WHERE state < 2;
CREATE INDEX understudy_operations_dead ON understudy_operations (seq) WHERE state = 4;
CREATE INDEX understudy_operations_finished ON understudy_operations (ended_at) WHERE state IN (2, 3);
CREATE INDEX understudy_operations_reservation ON understudy_operations (reservation) WHERE reservation <> '';

-- The lines: whoever is first for a key may write to it.
CREATE TABLE understudy_operation_keys (
    key TEXT COLLATE "C",
    seq BIGINT,
    PRIMARY KEY (key, seq)
);

ALTER TABLE understudy_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE understudy_operations ENABLE ROW LEVEL SECURITY;
ALTER TABLE understudy_operation_keys ENABLE ROW LEVEL SECURITY;
)";

} // namespace understudy::postgres
