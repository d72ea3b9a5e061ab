-- Keep these results for a job, or renew its hold. Evictions wait for this, and this for them:
-- whatever is there after it stays.
SELECT pg_advisory_xact_lock_shared(hashtext('analysis_evict'));
INSERT INTO analysis_stephold AS known (job, identity, expires_at)
SELECT %(job)s, identity, clock_timestamp() + %(seconds)s * interval '1 second'
FROM unnest(%(identities)s) AS identity
ORDER BY identity
ON CONFLICT (job, identity) DO UPDATE SET expires_at = EXCLUDED.expires_at
