-- Parameters of kinds of activities.
INSERT INTO provenance_parameter_description
    (activity_description_id, name, value_type, unit, ucd, utype, min, max, "default", options,
     description)
SELECT d.id, r.name, r.value_type, r.unit, r.ucd, r.utype, r.min, r.max, r."default", r.options,
       r.description
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    activity_name text, version text, name text, value_type text, unit text, ucd text, utype text,
    min text, max text, "default" text, options text, description text
)
JOIN provenance_activity_description AS d
    ON d.name = r.activity_name AND d.version IS NOT DISTINCT FROM r.version
ON CONFLICT (activity_description_id, name) DO UPDATE SET
    value_type = EXCLUDED.value_type,
    unit = EXCLUDED.unit,
    ucd = EXCLUDED.ucd,
    utype = EXCLUDED.utype,
    min = EXCLUDED.min,
    max = EXCLUDED.max,
    "default" = EXCLUDED."default",
    options = EXCLUDED.options,
    description = EXCLUDED.description
