-- What the latest runs of these kinds of steps took: medians, which one bad run doesn't move. Kinds
-- whose results were all evicted are judged by the mean of all their runs.
SELECT wanted.engine, wanted.kind,
       coalesce(latest.seconds, timing.seconds / timing.runs),
       latest.size, coalesce(latest.runs, timing.runs)
FROM unnest(%(engines)s::text[], %(kinds)s::text[]) AS wanted (engine, kind)
LEFT JOIN LATERAL (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY size) AS size,
           nullif(count(*), 0) AS runs
    FROM (
        SELECT seconds, size
        FROM analysis_cachedstep AS step
        WHERE step.engine = wanted.engine AND step.kind = wanted.kind
        ORDER BY last_used_at DESC
        LIMIT 500
    ) AS recent
) AS latest ON true
LEFT JOIN analysis_steptiming AS timing
    ON timing.engine = wanted.engine AND timing.kind = wanted.kind
WHERE latest.runs IS NOT NULL OR timing.runs > 0
