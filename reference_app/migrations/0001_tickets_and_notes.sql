-- What every mirrored table shares. Each file runs once, in one transaction, with the chosen schema first on the search
-- path; a file that was applied must never change.

-- What was learned from the source is ordered by the number drawn here before asking. One number at a time: a session
-- that kept numbers for later would hand out old ones.
CREATE SEQUENCE understudy_ticket AS BIGINT CACHE 1 NO CYCLE;

-- Values of which the source said that no record answers to them: an e-mail address nobody has.
CREATE TABLE understudy_lookups (
    kind TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    ticket BIGINT NOT NULL,
    synced_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (kind, value)
);
CREATE INDEX understudy_lookups_age ON understudy_lookups (synced_at);
COMMENT ON COLUMN understudy_lookups.kind IS 'table and index, such as hubspot_contact_credits.email';
COMMENT ON COLUMN understudy_lookups.ticket IS 'drawn before the source was asked';

-- Facts about the whole replica: which database it was last seen in, which portal it mirrors.
CREATE TABLE understudy_meta (
    key TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Nobody but the owner, and roles that bypass row level security as Supabase's service role does, sees a row.
ALTER TABLE understudy_lookups ENABLE ROW LEVEL SECURITY;
ALTER TABLE understudy_meta ENABLE ROW LEVEL SECURITY;
