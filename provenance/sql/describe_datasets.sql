-- What kinds of datasets have beyond their entity description.
INSERT INTO provenance_dataset_description (entity_description_id, content_type)
SELECT d.id, r.content_type
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (name text, content_type text)
JOIN provenance_entity_description AS d ON d.name = r.name
ON CONFLICT (entity_description_id) DO UPDATE SET content_type = EXCLUDED.content_type
