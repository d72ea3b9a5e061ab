-- The kinds of entities that records name, where they aren't described yet.
INSERT INTO provenance_entity_description (name)
SELECT DISTINCT r.name
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (name text)
ON CONFLICT DO NOTHING
