-- An exam that is deleted, or gets fewer places, leaves so many places to bookings at most until its operation ends. It
-- is decided where bookings are, under the lock of the exam's row: none slips in between the look and the write.
CREATE TABLE exam_limits (
    operation TEXT COLLATE "C" PRIMARY KEY,
    exam TEXT COLLATE "C" NOT NULL,
    places_at_most BIGINT NOT NULL
);
COMMENT ON COLUMN exam_limits.operation IS 'the operation that changes the exam: see understudy_operations';
CREATE INDEX exam_limits_exam ON exam_limits (exam);

ALTER TABLE exam_limits ENABLE ROW LEVEL SECURITY;

-- Which reservations are not to be had, and why. Those of bookings are decided by reserve_bookings, once the exam's
-- limits leave them a place: as long as they do not, it is NOT_COVERED, for what becomes of the exam is not known yet.
-- {"exam","places_at_most"} limits an exam:
--   HAS_BOOKINGS  bookings hold more places, or are getting them
--   NOT_COVERED   the rows do not say for sure: read the exam and its bookings, and ask again
CREATE FUNCTION reserve_places(ids text[], reservations text[]) RETURNS TABLE (id text, objection text)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $reserve$
#variable_conflict use_column
DECLARE
    wanted record;
    allowed_ids text[] := '{}';
    allowed_reservations text[] := '{}';
BEGIN
    PERFORM FROM hubspot_mock_exams e
    WHERE e.hubspot_id IN (SELECT r::jsonb ->> 'exam' FROM unnest(reservations) AS r)
    ORDER BY e.hubspot_id FOR NO KEY UPDATE;

    FOR wanted IN
        WITH asked AS MATERIALIZED (
            SELECT a.operation, a.reservation, a.n, r.exam COLLATE "C" AS exam, r.places_at_most
            FROM unnest(ids, reservations) WITH ORDINALITY AS a (operation, reservation, n)
            CROSS JOIN LATERAL jsonb_to_record(a.reservation::jsonb) AS r (exam text, places_at_most bigint)
        )
        SELECT a.*, h.held,
               coalesce(e.state = 1 AND e.mark <> 2 AND s.as_of > 0 AND s.mark <> 2 AND h.doubts = 0, false) AS known,
               row_number() OVER (PARTITION BY a.exam, a.places_at_most IS NULL ORDER BY a.n) AS place
        FROM asked a
        LEFT JOIN hubspot_mock_exams e ON e.hubspot_id = a.exam
        LEFT JOIN understudy_sets s ON s.kind = 'hubspot_bookings.bookings_of_exam' AND s.parent = a.exam
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE b.is_active IN ('Active', 'Completed')) + (
                       SELECT count(*) FROM booking_reservations r
                       WHERE r.exam = a.exam AND NOT EXISTS (
                           SELECT FROM hubspot_bookings m
                           WHERE m.state = 1 AND m.associated_mock_exam = a.exam
                             AND m.idempotency_key = r.idempotency_key)
                   ) AS held,
                   count(*) FILTER (WHERE b.mark = 2 OR b.as_of < s.as_of) AS doubts
            FROM hubspot_bookings b WHERE b.state = 1 AND b.associated_mock_exam = a.exam
        ) h
        -- Limits first.
        ORDER BY a.places_at_most IS NULL, a.n
    LOOP
        id := wanted.operation;
        IF wanted.places_at_most IS NULL THEN
            IF wanted.held + wanted.place > (SELECT min(l.places_at_most) FROM exam_limits l WHERE l.exam = wanted.exam)
            THEN
                objection := 'NOT_COVERED';
                RETURN NEXT;
            ELSE
                allowed_ids := allowed_ids || wanted.operation;
                allowed_reservations := allowed_reservations || wanted.reservation;
            END IF;
        ELSIF NOT wanted.known THEN
            objection := 'NOT_COVERED';
            RETURN NEXT;
        ELSIF wanted.held > wanted.places_at_most THEN
            objection := 'HAS_BOOKINGS';
            RETURN NEXT;
        ELSE
            INSERT INTO exam_limits (operation, exam, places_at_most)
            VALUES (wanted.operation, wanted.exam, wanted.places_at_most);
        END IF;
    END LOOP;
    RETURN QUERY SELECT b.id, b.objection FROM reserve_bookings(allowed_ids, allowed_reservations) AS b;
END
$reserve$;

-- A limit lasts as long as the reservation of its operation.
CREATE FUNCTION end_limit() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $ended$
BEGIN
    DELETE FROM exam_limits l WHERE l.operation = OLD.id;
    RETURN NULL;
END
$ended$;
CREATE TRIGGER understudy_operations_limit_ended AFTER UPDATE OF reservation ON understudy_operations
    FOR EACH ROW WHEN (OLD.reservation <> '' AND NEW.reservation = '') EXECUTE FUNCTION end_limit();
CREATE TRIGGER understudy_operations_limit_forgotten AFTER DELETE ON understudy_operations
    FOR EACH ROW WHEN (OLD.reservation <> '') EXECUTE FUNCTION end_limit();

-- Exams that wait for their time.
CREATE INDEX hubspot_mock_exams_scheduled ON hubspot_mock_exams (scheduled_activation_datetime)
    WHERE state = 1 AND is_active = 'scheduled';
