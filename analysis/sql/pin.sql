-- Published products were made from these.
INSERT INTO analysis_steppin (identity)
SELECT identity FROM unnest(%(identities)s::text[]) AS identity
ORDER BY identity
ON CONFLICT (identity) DO NOTHING
