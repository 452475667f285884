-- A value that a write of ours gave to a record whose row does not show it yet: whoever asks for it reads the source.
ALTER TABLE understudy_lookups ADD COLUMN mark SMALLINT NOT NULL DEFAULT 0 CHECK (mark BETWEEN 0 AND 2);
COMMENT ON COLUMN understudy_lookups.mark IS
    '0: no record answers to the value; 2: one may, that was not read yet. In both cases as of the ticket';
