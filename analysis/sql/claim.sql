-- Take the leases that are free, have run out, were this job's alone, or whose run has ended without
-- a result (spent: their fencing numbers); join in those of this place; tell of all who has them.
-- The first statement locks the rows of all of them: the others see what is so, and nobody is between.
INSERT INTO analysis_steplease AS lease (identity, fence, cluster, holder, jobs, expires_at)
SELECT identity, nextval('analysis_fence'), %(cluster)s, %(holder)s, ARRAY[%(job)s],
       clock_timestamp() + %(lease_s)s * interval '1 second'
FROM unnest(%(identities)s) AS identity
ORDER BY identity
ON CONFLICT (identity) DO UPDATE SET
    fence = EXCLUDED.fence, cluster = EXCLUDED.cluster, holder = EXCLUDED.holder,
    jobs = EXCLUDED.jobs, expires_at = EXCLUDED.expires_at
WHERE lease.expires_at < clock_timestamp()
    OR lease.fence = ANY(%(spent)s::bigint[])
    OR (lease.cluster <> EXCLUDED.cluster AND lease.jobs = EXCLUDED.jobs);
UPDATE analysis_steplease
SET jobs = array_append(jobs, %(job)s::text)
WHERE identity = ANY(%(identities)s) AND cluster = %(cluster)s AND %(job)s <> ALL(jobs);
SELECT identity, fence, cluster FROM analysis_steplease WHERE identity = ANY(%(identities)s)
