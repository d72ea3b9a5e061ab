-- Kinds of activities as they are declared now.
INSERT INTO provenance_activity_description (name, version, description, docurl, type, subtype)
SELECT r.name, r.version, r.description, r.docurl, r.type, r.subtype
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    name text, version text, description text, docurl text, type text, subtype text
)
ON CONFLICT (name, version) DO UPDATE SET
    description = EXCLUDED.description,
    docurl = EXCLUDED.docurl,
    type = EXCLUDED.type,
    subtype = EXCLUDED.subtype
