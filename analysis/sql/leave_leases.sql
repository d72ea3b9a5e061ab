-- The job has no more part in these. A lease ends with the last of those that share its run; where
-- one of them died, it runs out. Locked in the order of identity.
WITH left_now AS (
    SELECT lease.identity
    FROM analysis_steplease AS lease
    JOIN jsonb_to_recordset(%(rows)s::jsonb) AS r (identity text, fence bigint)
        ON lease.identity = r.identity AND lease.fence = r.fence
    ORDER BY lease.identity
    FOR UPDATE OF lease
)
UPDATE analysis_steplease AS lease
SET jobs = array_remove(jobs, %(job)s::text)
FROM left_now
WHERE lease.identity = left_now.identity;
DELETE FROM analysis_steplease AS lease
USING jsonb_to_recordset(%(rows)s::jsonb) AS r (identity text, fence bigint)
WHERE lease.identity = r.identity AND lease.fence = r.fence AND lease.jobs = '{}'
