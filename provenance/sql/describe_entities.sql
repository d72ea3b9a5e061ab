-- Kinds of entities as they are declared now.
INSERT INTO provenance_entity_description (name, description, docurl, type)
SELECT r.name, r.description, r.docurl, r.type
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    name text, description text, docurl text, type text
)
ON CONFLICT (name) DO UPDATE SET
    description = EXCLUDED.description, docurl = EXCLUDED.docurl, type = EXCLUDED.type
