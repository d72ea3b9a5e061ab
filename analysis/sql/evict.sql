-- Give up these results, except such as have been pinned or are held by now; locked in the order of
-- identity. In the transaction in which their files go, so that whoever has them held afterwards
-- finds neither.
SELECT pg_advisory_xact_lock(hashtext('analysis_evict'));
WITH evicted AS (
    SELECT identity FROM analysis_cachedstep AS step
    WHERE identity = ANY(%(identities)s) AND NOT EXISTS (
        SELECT FROM analysis_steppin AS pin WHERE pin.identity = step.identity
    ) AND NOT EXISTS (
        SELECT FROM analysis_stephold AS hold
        WHERE hold.identity = step.identity AND hold.expires_at > clock_timestamp()
    )
    ORDER BY identity
    FOR UPDATE OF step
)
DELETE FROM analysis_cachedstep AS step
USING evicted
WHERE step.identity = evicted.identity
RETURNING step.identity, step.size
