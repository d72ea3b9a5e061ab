-- The job still runs.
UPDATE analysis_stephold SET expires_at = clock_timestamp() + %(seconds)s * interval '1 second'
WHERE job = %(job)s
