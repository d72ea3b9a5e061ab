-- Results in the order in which they are given up: what cost little to make, was wanted seldom and
-- long ago, and takes much room goes first.
SELECT identity, kind, label, size
FROM analysis_cachedstep AS step
WHERE NOT EXISTS (
    SELECT FROM analysis_steppin AS pin WHERE pin.identity = step.identity
) AND NOT EXISTS (
    SELECT FROM analysis_stephold AS hold
    WHERE hold.identity = step.identity AND hold.expires_at > clock_timestamp()
)
ORDER BY seconds * demand * exp(greatest(-600.0,
        -ln(2.0) * extract(epoch FROM clock_timestamp() - last_used_at) / %(half_life_s)s))
    / greatest(size, 1), last_used_at
