-- The kinds of entities that have these roles.
INSERT INTO provenance_generation_description_entity (generation_description_id, entity_description_id)
SELECT role.id, e.id
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    activity_name text, version text, role text, entity text
)
JOIN provenance_activity_description AS d
    ON d.name = r.activity_name AND d.version IS NOT DISTINCT FROM r.version
JOIN provenance_generation_description AS role
    ON role.activity_description_id = d.id AND role.role = r.role
JOIN provenance_entity_description AS e ON e.name = r.entity
ON CONFLICT DO NOTHING
