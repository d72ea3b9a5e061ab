-- What kinds of values have beyond their entity description.
INSERT INTO provenance_value_description (entity_description_id, value_type, unit, ucd, utype)
SELECT d.id, r.value_type, r.unit, r.ucd, r.utype
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    name text, value_type text, unit text, ucd text, utype text
)
JOIN provenance_entity_description AS d ON d.name = r.name
ON CONFLICT (entity_description_id) DO UPDATE SET
    value_type = EXCLUDED.value_type,
    unit = EXCLUDED.unit,
    ucd = EXCLUDED.ucd,
    utype = EXCLUDED.utype
