-- Sets: all records that name one parent. They are decided by the records' own rows; what is kept beside them is of which
-- sets the source's whole answer was read, so that an empty set is told from one that was never asked for.
CREATE TABLE understudy_sets (
    kind TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C" NOT NULL,
    ticket BIGINT NOT NULL,
    as_of BIGINT NOT NULL,
    mark SMALLINT NOT NULL CHECK (mark BETWEEN 0 AND 2),
    synced_at TIMESTAMPTZ,
    PRIMARY KEY (kind, parent),
    CHECK ((as_of = 0) = (synced_at IS NULL))
);
COMMENT ON COLUMN understudy_sets.kind IS 'table and relation, such as bookings.bookings_of_exam';
COMMENT ON COLUMN understudy_sets.parent IS 'what the members name; empty for all records of the table';
COMMENT ON COLUMN understudy_sets.ticket IS 'when anything was last learned of or hinted at the set';
COMMENT ON COLUMN understudy_sets.as_of IS
    'drawn before the read whose whole answer the rows reflect; 0 if there was none: not covered';
COMMENT ON COLUMN understudy_sets.mark IS '0 clean; 2 dirty: the set may have changed since';
COMMENT ON COLUMN understudy_sets.synced_at IS 'when the source said so, by this database''s clock';

ALTER TABLE understudy_sets ENABLE ROW LEVEL SECURITY;

-- A member of a covered set whose columns were read before the set was is in doubt.
ALTER TABLE hubspot_contact_credits ADD COLUMN as_of BIGINT NOT NULL DEFAULT 0;
COMMENT ON COLUMN hubspot_contact_credits.as_of IS
    'drawn before the read that the columns come from, or that last confirmed them';
