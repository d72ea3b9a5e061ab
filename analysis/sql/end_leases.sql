-- These are made, or can't be; nobody needs to wait any longer.
DELETE FROM analysis_steplease AS lease
USING jsonb_to_recordset(%(rows)s::jsonb) AS r (identity text, fence bigint)
WHERE lease.identity = r.identity AND lease.fence <= r.fence
