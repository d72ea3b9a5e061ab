-- Entities; of a known one, only what wasn't known yet is filled in.
INSERT INTO provenance_entity AS known
    (identifier, entity_class, name, location, generated_at_time, invalidated_at_time, comment,
     value, content_type, checksum, step_identity, public, entity_description_id)
SELECT r.identifier, r.entity_class, r.name, r.location, r.generated_at_time,
       r.invalidated_at_time, r.comment, r.value, r.content_type, r.checksum, r.step_identity,
       r.public, d.id
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    identifier text, entity_class text, name text, location text, generated_at_time timestamptz,
    invalidated_at_time timestamptz, comment text, value text, content_type text, checksum text,
    step_identity text, public boolean, description text
)
LEFT JOIN provenance_entity_description AS d ON d.name = r.description
ON CONFLICT (identifier) DO UPDATE SET
    entity_class = CASE WHEN known.entity_class = 'Entity'
        THEN EXCLUDED.entity_class ELSE known.entity_class END,
    name = COALESCE(known.name, EXCLUDED.name),
    location = COALESCE(known.location, EXCLUDED.location),
    generated_at_time = COALESCE(known.generated_at_time, EXCLUDED.generated_at_time),
    invalidated_at_time = COALESCE(known.invalidated_at_time, EXCLUDED.invalidated_at_time),
    comment = COALESCE(known.comment, EXCLUDED.comment),
    value = COALESCE(known.value, EXCLUDED.value),
    content_type = COALESCE(known.content_type, EXCLUDED.content_type),
    checksum = COALESCE(known.checksum, EXCLUDED.checksum),
    step_identity = COALESCE(known.step_identity, EXCLUDED.step_identity),
    public = known.public OR EXCLUDED.public,
    entity_description_id = COALESCE(known.entity_description_id, EXCLUDED.entity_description_id)
-- Most mentions tell nothing new: don't write the row again for these.
WHERE (known.entity_class = 'Entity' AND EXCLUDED.entity_class <> 'Entity')
   OR (known.name IS NULL AND EXCLUDED.name IS NOT NULL)
   OR (known.location IS NULL AND EXCLUDED.location IS NOT NULL)
   OR (known.generated_at_time IS NULL AND EXCLUDED.generated_at_time IS NOT NULL)
   OR (known.invalidated_at_time IS NULL AND EXCLUDED.invalidated_at_time IS NOT NULL)
   OR (known.comment IS NULL AND EXCLUDED.comment IS NOT NULL)
   OR (known.value IS NULL AND EXCLUDED.value IS NOT NULL)
   OR (known.content_type IS NULL AND EXCLUDED.content_type IS NOT NULL)
   OR (known.checksum IS NULL AND EXCLUDED.checksum IS NOT NULL)
   OR (known.step_identity IS NULL AND EXCLUDED.step_identity IS NOT NULL)
   OR (EXCLUDED.public AND NOT known.public)
   OR (known.entity_description_id IS NULL AND EXCLUDED.entity_description_id IS NOT NULL)
