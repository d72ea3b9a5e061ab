-- Count a use of these results, locked in the order of identity. A use counts half after each
-- half-life.
WITH used AS (
    SELECT identity FROM analysis_cachedstep
    WHERE identity = ANY(%(identities)s)
    ORDER BY identity
    FOR UPDATE
)
UPDATE analysis_cachedstep AS step
SET hits = hits + 1,
    demand = 1 + demand * exp(greatest(-700.0,
        -ln(2.0) * extract(epoch FROM clock_timestamp() - last_used_at) / %(half_life_s)s)),
    last_used_at = clock_timestamp()
FROM used
WHERE step.identity = used.identity
