-- Students and the credits that bookings spend, as the source has them. Every column but the key may be NULL: a key that
-- was only hinted at has a row and no values. hubspot_id is the only unique key: staff may type in two contacts with one
-- student_id and one e-mail, and both must fit.
CREATE TABLE hubspot_contact_credits (
    hubspot_id TEXT COLLATE "C" PRIMARY KEY,
    student_id TEXT,
    email TEXT,
    firstname TEXT,
    lastname TEXT,
    hs_additional_emails TEXT,
    sj_credits INTEGER,
    cs_credits INTEGER,
    sjmini_credits INTEGER,
    mock_discussion_token INTEGER,
    shared_mock_credits INTEGER,
    ndecc_exam_date TEXT,

    version BIGINT NOT NULL,
    ticket BIGINT NOT NULL,
    mark SMALLINT NOT NULL CHECK (mark BETWEEN 0 AND 2),
    state SMALLINT NOT NULL CHECK (state BETWEEN 0 AND 5),
    merged_into TEXT COLLATE "C",
    synced_at TIMESTAMPTZ,
    lag_reads SMALLINT NOT NULL DEFAULT 0 CHECK (lag_reads BETWEEN 0 AND 3),
    lag_version BIGINT,
    lag_since TIMESTAMPTZ,

    CHECK ((state = 4) = (merged_into IS NOT NULL)),
    CHECK ((state = 0) = (synced_at IS NULL)),
    CHECK (lag_reads = 0 OR (lag_version IS NOT NULL AND lag_since IS NOT NULL))
);
COMMENT ON COLUMN hubspot_contact_credits.hs_additional_emails IS 'further addresses: a;b;c';
COMMENT ON COLUMN hubspot_contact_credits.version IS
    'the source''s stamp of this state in ms since 1970, 0 if it had none: betrays servers that lag, orders nothing';
COMMENT ON COLUMN hubspot_contact_credits.ticket IS 'when anything was last learned of or hinted at the row';
COMMENT ON COLUMN hubspot_contact_credits.mark IS
    '0 clean; 1 patched: carries a write of ours on top of what was read; 2 dirty: a newer state is known or suspected';
COMMENT ON COLUMN hubspot_contact_credits.state IS
    '0 unknown: only hinted at; 1 live; 2 absent; 3 archived; 4 merged into merged_into; 5 erased';
COMMENT ON COLUMN hubspot_contact_credits.synced_at IS 'when the source said so, by this database''s clock';
COMMENT ON COLUMN hubspot_contact_credits.lag_reads IS
    'how many reads in a row brought lag_version, older than version, the first of them at lag_since';

CREATE INDEX hubspot_contact_credits_student ON hubspot_contact_credits (student_id, email);
CREATE INDEX hubspot_contact_credits_email ON hubspot_contact_credits (lower(email COLLATE "C"));
-- Few contacts have further addresses: only those are indexed. Without fast updates, for every look-up would read the
-- whole list of updates that are still to be done.
CREATE INDEX hubspot_contact_credits_additional_emails ON hubspot_contact_credits
    USING GIN (string_to_array(lower(hs_additional_emails COLLATE "C"), ';')) WITH (fastupdate = off)
    WHERE hs_additional_emails IS NOT NULL;
-- What is to be read again, oldest first.
CREATE INDEX hubspot_contact_credits_unclean ON hubspot_contact_credits (ticket) WHERE mark <> 0;

ALTER TABLE hubspot_contact_credits ENABLE ROW LEVEL SECURITY;
