-- These are made, or can't be; nobody needs to wait any longer. Locked in the order of identity.
WITH ended AS (
    SELECT lease.identity
    FROM analysis_steplease AS lease
    JOIN jsonb_to_recordset(%(rows)s::jsonb) AS r (identity text, fence bigint)
        ON lease.identity = r.identity AND lease.fence <= r.fence
    ORDER BY lease.identity
    FOR UPDATE OF lease
)
DELETE FROM analysis_steplease AS lease
USING ended
WHERE lease.identity = ended.identity
