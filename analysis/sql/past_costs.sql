-- What the latest runs of these kinds of steps took: medians, which one bad run doesn't move, of all
-- runs and of those of each breadth (how many Science Windows were joined). Kinds whose results were
-- all evicted are judged by the mean of all their runs.
SELECT wanted.engine, wanted.kind,
       coalesce(latest.seconds, timing.seconds / timing.runs),
       latest.size, coalesce(latest.runs, timing.runs), latest.by_breadth
FROM unnest(%(engines)s::text[], %(kinds)s::text[]) AS wanted (engine, kind)
LEFT JOIN LATERAL (
    WITH recent AS (
        SELECT seconds, size, breadth
        FROM analysis_cachedstep AS step
        WHERE step.engine = wanted.engine AND step.kind = wanted.kind
        ORDER BY last_used_at DESC
        LIMIT 500
    )
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY size) AS size,
           nullif(count(*), 0) AS runs,
           (
               SELECT jsonb_agg(jsonb_build_array(breadth, seconds) ORDER BY breadth)
               FROM (
                   SELECT breadth, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds
                   FROM recent
                   WHERE breadth > 0
                   GROUP BY breadth
               ) AS of_breadth
           ) AS by_breadth
    FROM recent
) AS latest ON true
LEFT JOIN analysis_steptiming AS timing
    ON timing.engine = wanted.engine AND timing.kind = wanted.kind
WHERE latest.runs IS NOT NULL OR timing.runs > 0
