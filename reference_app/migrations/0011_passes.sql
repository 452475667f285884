-- Passes that bring the mirrored tables up to date with what changed at the source behind their back.

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

-- What the source does not list any more. It lists by number, the shorter ones first. (Of live rows alone, these indexes
-- would serve to go over all of them, and plans made while a table is small would do so for every question.)
CREATE INDEX hubspot_contact_credits_listed ON hubspot_contact_credits (length(hubspot_id), hubspot_id);
CREATE INDEX hubspot_mock_exams_listed ON hubspot_mock_exams (length(hubspot_id), hubspot_id);
CREATE INDEX hubspot_bookings_listed ON hubspot_bookings (length(hubspot_id), hubspot_id);
