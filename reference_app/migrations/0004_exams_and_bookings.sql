-- Exams and the bookings of their places, as the source has them. As in contacts' table every column but the key may be
-- NULL, and hubspot_id is the only unique key: what may not be booked twice is decided elsewhere.
CREATE TABLE hubspot_mock_exams (
    hubspot_id TEXT COLLATE "C" PRIMARY KEY,
    mock_exam_name TEXT,
    mock_type TEXT,
    location TEXT,
    mock_set TEXT,
    exam_date DATE,
    start_time TIMESTAMPTZ,
    end_time TIMESTAMPTZ,
    scheduled_activation_datetime TIMESTAMPTZ,
    capacity INTEGER,
    total_bookings INTEGER,
    is_active TEXT,
    prerequisite_exam_ids TEXT[],

    version BIGINT NOT NULL,
    ticket BIGINT NOT NULL,
    as_of BIGINT NOT NULL DEFAULT 0,
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
COMMENT ON TABLE hubspot_mock_exams IS 'the sync columns are explained at hubspot_contact_credits';
COMMENT ON COLUMN hubspot_mock_exams.exam_date IS 'the day in Toronto';
COMMENT ON COLUMN hubspot_mock_exams.total_bookings IS
    'what somebody wrote at the source last; places are counted in hubspot_bookings, never taken from here';
COMMENT ON COLUMN hubspot_mock_exams.is_active IS 'true, false or scheduled';
COMMENT ON COLUMN hubspot_mock_exams.prerequisite_exam_ids IS 'exams that a Mock Discussion requires';
COMMENT ON COLUMN hubspot_mock_exams.as_of IS
    'the ticket of the read that the columns come from, or that confirmed them last';

-- Exams on offer.
CREATE INDEX hubspot_mock_exams_active ON hubspot_mock_exams (mock_type, exam_date)
    WHERE state = 1 AND is_active = 'true';
-- What a covered set may not rest on: rows as of an earlier read.
CREATE INDEX hubspot_mock_exams_as_of ON hubspot_mock_exams (as_of) WHERE state = 1;
-- What is to be read again, oldest first.
CREATE INDEX hubspot_mock_exams_unclean ON hubspot_mock_exams (ticket) WHERE mark <> 0;

-- The exam's date, kind, place and times, and the student's number, are calculated at the source: they are not kept
-- here, questions join the exam and the contact.
CREATE TABLE hubspot_bookings (
    hubspot_id TEXT COLLATE "C" PRIMARY KEY,
    booking_id TEXT,
    name TEXT,
    email TEXT,
    token_used TEXT,
    idempotency_key TEXT,
    attending_location TEXT,
    dominant_hand BOOLEAN,
    is_active TEXT,
    attendance TEXT,
    token_refunded BOOLEAN,
    token_refunded_at TIMESTAMPTZ,
    token_refund_admin TEXT,
    associated_contact_id TEXT COLLATE "C",
    associated_mock_exam TEXT COLLATE "C",

    version BIGINT NOT NULL,
    ticket BIGINT NOT NULL,
    as_of BIGINT NOT NULL DEFAULT 0,
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
COMMENT ON TABLE hubspot_bookings IS 'the sync columns are explained at hubspot_contact_credits';
COMMENT ON COLUMN hubspot_bookings.dominant_hand IS 'true is right';
COMMENT ON COLUMN hubspot_bookings.is_active IS 'Active, Completed or Cancelled';
COMMENT ON COLUMN hubspot_bookings.attendance IS 'Yes, No or nothing';
COMMENT ON COLUMN hubspot_bookings.as_of IS
    'the ticket of the read that the columns come from, or that confirmed them last';

-- A student's bookings, an exam's bookings.
CREATE INDEX hubspot_bookings_contact ON hubspot_bookings (associated_contact_id) WHERE state = 1;
CREATE INDEX hubspot_bookings_exam ON hubspot_bookings (associated_mock_exam) WHERE state = 1;
CREATE INDEX hubspot_bookings_unclean ON hubspot_bookings (ticket) WHERE mark <> 0;

ALTER TABLE hubspot_mock_exams ENABLE ROW LEVEL SECURITY;
ALTER TABLE hubspot_bookings ENABLE ROW LEVEL SECURITY;
