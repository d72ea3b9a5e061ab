-- What records say of their parameters, where these aren't described yet.
INSERT INTO provenance_parameter_description
    (activity_description_id, name, value_type, unit, ucd, description)
SELECT d.id, r.name, r.value_type, r.unit, r.ucd, r.description
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    activity_name text, version text, name text, value_type text, unit text, ucd text,
    description text
)
JOIN provenance_activity_description AS d
    ON d.name = r.activity_name AND d.version IS NOT DISTINCT FROM r.version
ON CONFLICT DO NOTHING
