-- Which bookings are not to be had, and why:
--   EXAM_FULL          every place is taken or reserved
--   DUPLICATE_BOOKING  the student has, or is getting, another booking of the kind on that day
--   NOT_COVERED        the rows do not say for sure: read the exam, its bookings and the contact's, and ask again
-- What an admin books over the number of places (`override_capacity` in the reservation) is never EXAM_FULL.
-- Places are counted under the lock of the exam's row. `reservations` are JSON objects with
-- the columns of booking_reservations.
CREATE OR REPLACE FUNCTION reserve_bookings(ids text[], reservations text[]) RETURNS TABLE (id text, objection text)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $reserve$
#variable_conflict use_column
DECLARE
    wanted record;
    exam_before text := '';
    given integer := 0;
BEGIN
    PERFORM FROM hubspot_mock_exams e
    WHERE e.hubspot_id IN (SELECT r::jsonb ->> 'exam' FROM unnest(reservations) AS r)
    ORDER BY e.hubspot_id FOR NO KEY UPDATE;

    FOR wanted IN
        WITH asked AS MATERIALIZED (
            SELECT a.operation, a.n, r.exam, r.contact, r.student, r.mock_type, r.date, r.booking_id, r.key,
                   coalesce(r.override_capacity, false) AS over_capacity
            FROM unnest(ids, reservations) WITH ORDINALITY AS a (operation, reservation, n)
            CROSS JOIN LATERAL jsonb_to_record(a.reservation::jsonb) AS r (
                exam text, contact text, student text, mock_type text, date date, booking_id text, key text,
                override_capacity boolean)
        ),
        places AS MATERIALIZED (
            SELECT x.exam,
                   e.state = 1 AND e.mark <> 2 AND s.as_of > 0 AND s.mark <> 2 AND b.doubts = 0 AS known,
                   coalesce(e.capacity, 0) - b.taken - q.reserved AS free
            FROM (SELECT DISTINCT a.exam COLLATE "C" AS exam FROM asked a) x
            JOIN hubspot_mock_exams e ON e.hubspot_id = x.exam
            JOIN understudy_sets s ON s.kind = 'hubspot_bookings.bookings_of_exam' AND s.parent = x.exam
            CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE b.is_active IN ('Active', 'Completed')) AS taken,
                       count(*) FILTER (WHERE b.mark = 2 OR b.as_of < s.as_of) AS doubts
                FROM hubspot_bookings b WHERE b.state = 1 AND b.associated_mock_exam = x.exam
            ) b
            CROSS JOIN LATERAL (
                SELECT count(*) AS reserved FROM booking_reservations r
                WHERE r.exam = x.exam AND NOT EXISTS (
                    SELECT FROM hubspot_bookings b
                    WHERE b.state = 1 AND b.associated_mock_exam = x.exam AND b.idempotency_key = r.idempotency_key)
            ) q
        )
        SELECT a.*, p.free,
               coalesce(p.known AND s.as_of > 0 AND s.mark <> 2 AND NOT EXISTS (
                   SELECT FROM hubspot_bookings b
                   WHERE b.state = 1 AND b.associated_contact_id = a.contact COLLATE "C"
                     AND (b.mark = 2 OR b.as_of < s.as_of)), false) AS known,
               EXISTS (
                   SELECT FROM hubspot_bookings b
                   LEFT JOIN hubspot_mock_exams e ON e.hubspot_id = b.associated_mock_exam AND e.state = 1
                   WHERE b.state = 1 AND b.is_active = 'Active'
                     AND b.associated_contact_id = ANY (ARRAY(
                         SELECT a.contact COLLATE "C"
                         UNION ALL
                         SELECT c.hubspot_id FROM hubspot_contact_credits c
                         WHERE c.student_id = a.student AND c.state = 1))
                     AND (b.booking_id = a.booking_id OR (e.mock_type = a.mock_type AND e.exam_date = a.date))
               ) AS duplicate
        FROM asked a
        LEFT JOIN places p ON p.exam = a.exam COLLATE "C"
        LEFT JOIN understudy_sets s ON s.kind = 'hubspot_bookings.bookings_of_contact' AND s.parent = a.contact COLLATE "C"
        ORDER BY a.exam, a.n
    LOOP
        IF wanted.exam <> exam_before THEN
            exam_before := wanted.exam;
            given := 0;
        END IF;
        id := wanted.operation;
        IF NOT wanted.known THEN
            objection := 'NOT_COVERED';
            RETURN NEXT;
        ELSIF wanted.duplicate THEN
            objection := 'DUPLICATE_BOOKING';
            RETURN NEXT;
        ELSIF given >= wanted.free AND NOT wanted.over_capacity THEN
            objection := 'EXAM_FULL';
            RETURN NEXT;
        ELSE
            INSERT INTO booking_reservations (operation, exam, contact, student, mock_type, exam_date, idempotency_key)
            VALUES (wanted.operation, wanted.exam, wanted.contact, wanted.student, wanted.mock_type, wanted.date,
                    wanted.key)
            ON CONFLICT ON CONSTRAINT booking_reservations_one_a_day DO NOTHING;
            IF FOUND THEN
                given := given + 1;
            ELSE
                objection := 'DUPLICATE_BOOKING';
                RETURN NEXT;
            END IF;
        END IF;
    END LOOP;
END
$reserve$;
