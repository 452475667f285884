-- Exams whose number of bookings may have changed: `total_bookings` at the source is to be brought up to date. A mark
-- is made in the transaction that changes the bookings, so that no crash loses it; nothing is unique, so that no
-- transaction waits for another.
CREATE TABLE exam_totals_due (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    exam_id TEXT COLLATE "C" NOT NULL
);

ALTER TABLE exam_totals_due ENABLE ROW LEVEL SECURITY;

-- A booking that was reserved is there now, or is not to come any more.
CREATE FUNCTION mark_reserved_exam() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $marked$
BEGIN
    INSERT INTO exam_totals_due (exam_id) VALUES (OLD.exam);
    RETURN NULL;
END
$marked$;
CREATE TRIGGER booking_reservations_total_due AFTER DELETE ON booking_reservations
    FOR EACH ROW EXECUTE FUNCTION mark_reserved_exam();

-- A booking that was known has changed, whoever changed it. Bookings that are read for the first time change nothing.
CREATE FUNCTION mark_booked_exams() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $marked$
BEGIN
    INSERT INTO exam_totals_due (exam_id)
    SELECT DISTINCT x.exam
    FROM (VALUES (OLD.associated_mock_exam), (NEW.associated_mock_exam)) x (exam) WHERE x.exam IS NOT NULL;
    RETURN NULL;
END
$marked$;
CREATE TRIGGER hubspot_bookings_total_due AFTER UPDATE ON hubspot_bookings FOR EACH ROW
    WHEN (OLD.state = 1 AND (OLD.state, OLD.is_active, OLD.associated_mock_exam)
          IS DISTINCT FROM (NEW.state, NEW.is_active, NEW.associated_mock_exam))
    EXECUTE FUNCTION mark_booked_exams();
