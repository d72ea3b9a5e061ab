-- The job still runs. Locked in one order with `release_holds`, which ends what has expired.
WITH held AS (
    SELECT id FROM analysis_stephold
    WHERE job = %(job)s
    ORDER BY identity, job
    FOR UPDATE
)
UPDATE analysis_stephold AS hold
SET expires_at = clock_timestamp() + %(seconds)s * interval '1 second'
FROM held
WHERE hold.id = held.id
