-- Count how long these runs took, for estimates.
INSERT INTO analysis_steptiming AS known (engine, kind, runs, seconds, peak_memory)
SELECT r.engine, r.kind, count(*), sum(r.seconds), max(coalesce(r.peak_memory, 0))
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    engine text, kind text, seconds float8, peak_memory bigint
)
GROUP BY r.engine, r.kind
ORDER BY r.engine, r.kind
ON CONFLICT (engine, kind) DO UPDATE SET
    runs = known.runs + EXCLUDED.runs,
    seconds = known.seconds + EXCLUDED.seconds,
    peak_memory = greatest(known.peak_memory, EXCLUDED.peak_memory)
