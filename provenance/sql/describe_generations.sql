-- Roles in which kinds of activities make entities.
INSERT INTO provenance_generation_description
    (activity_description_id, role, description, type, multiplicity)
SELECT d.id, r.role, r.description, r.type, r.multiplicity
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    activity_name text, version text, role text, description text, type text, multiplicity text
)
JOIN provenance_activity_description AS d
    ON d.name = r.activity_name AND d.version IS NOT DISTINCT FROM r.version
ON CONFLICT (activity_description_id, role) DO UPDATE SET
    description = EXCLUDED.description,
    type = EXCLUDED.type,
    multiplicity = EXCLUDED.multiplicity
