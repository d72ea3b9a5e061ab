-- The kinds of activities that records name, where they aren't described yet.
INSERT INTO provenance_activity_description (name, version)
SELECT DISTINCT r.name, r.version
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (name text, version text)
ON CONFLICT DO NOTHING
