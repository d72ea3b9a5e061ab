-- The job is done; what expired is nobody's. Locked in one order with `renew_holds`.
WITH released AS (
    SELECT id FROM analysis_stephold
    WHERE job = %(job)s OR expires_at < clock_timestamp()
    ORDER BY identity, job
    FOR UPDATE
)
DELETE FROM analysis_stephold AS hold
USING released
WHERE hold.id = released.id
