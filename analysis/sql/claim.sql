-- Take the leases that are free, have run out, were this job's own, or whose run has ended without
-- a result (spent: their fencing numbers); tell of all who has them.
WITH taken AS (
    INSERT INTO analysis_steplease AS lease (identity, fence, cluster, holder, expires_at)
    SELECT identity, nextval('analysis_fence'), %(cluster)s, %(holder)s,
           clock_timestamp() + %(lease_s)s * interval '1 second'
    FROM unnest(%(identities)s) AS identity
    ORDER BY identity
    ON CONFLICT (identity) DO UPDATE SET
        fence = EXCLUDED.fence, cluster = EXCLUDED.cluster, holder = EXCLUDED.holder,
        expires_at = EXCLUDED.expires_at
    WHERE lease.expires_at < clock_timestamp()
        OR lease.fence = ANY(%(spent)s::bigint[])
        OR (lease.cluster <> EXCLUDED.cluster
            AND split_part(lease.holder, ' ', 1) = split_part(EXCLUDED.holder, ' ', 1))
    RETURNING identity, fence, cluster
)
SELECT identity, fence, cluster FROM taken
UNION ALL
SELECT identity, fence, cluster FROM analysis_steplease
WHERE identity = ANY(%(identities)s) AND identity NOT IN (SELECT identity FROM taken)
