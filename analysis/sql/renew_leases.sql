-- Whoever waits for the run of a lease keeps it, and so does who joined it.
UPDATE analysis_steplease AS lease
SET expires_at = clock_timestamp() + %(lease_s)s * interval '1 second'
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (identity text, fence bigint)
WHERE lease.identity = r.identity AND lease.fence = r.fence
