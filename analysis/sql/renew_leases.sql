-- Whoever waits for the run of a lease keeps it, and so does who joined it. Jobs have leases in
-- common: they are locked in the order of identity, lest two jobs wait for each other.
WITH ours AS (
    SELECT lease.identity
    FROM analysis_steplease AS lease
    JOIN jsonb_to_recordset(%(rows)s::jsonb) AS r (identity text, fence bigint)
        ON lease.identity = r.identity AND lease.fence = r.fence
    ORDER BY lease.identity
    FOR UPDATE OF lease
)
UPDATE analysis_steplease AS lease
SET expires_at = clock_timestamp() + %(lease_s)s * interval '1 second'
FROM ours
WHERE lease.identity = ours.identity
