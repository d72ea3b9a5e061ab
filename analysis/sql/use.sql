-- Count a use of these results. A use counts half after each half-life.
UPDATE analysis_cachedstep
SET hits = hits + 1,
    demand = 1 + demand * exp(greatest(-700.0,
        -ln(2.0) * extract(epoch FROM clock_timestamp() - last_used_at) / %(half_life_s)s)),
    last_used_at = clock_timestamp()
WHERE identity = ANY(%(identities)s)
