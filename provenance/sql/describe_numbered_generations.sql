-- Roles beyond the first of those that are numbered, in the words of the first.
WITH role AS (
    SELECT DISTINCT d.id AS first_id, d.activity_description_id, r.role, d.description, d.type
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (activity text, role text, first text)
    JOIN provenance_activity AS a ON a.identifier = r.activity
    JOIN provenance_generation_description AS d
        ON d.activity_description_id = a.activity_description_id AND d.role = r.first
), entered AS (
    INSERT INTO provenance_generation_description AS g
        (activity_description_id, role, description, type, multiplicity)
    SELECT activity_description_id, role, description, type, '0..1' FROM role
    ON CONFLICT DO NOTHING
    RETURNING g.id, g.activity_description_id, g.role
)
INSERT INTO provenance_generation_description_entity
    (generation_description_id, entity_description_id)
SELECT entered.id, known.entity_description_id
FROM entered
JOIN role USING (activity_description_id, role)
JOIN provenance_generation_description_entity AS known
    ON known.generation_description_id = role.first_id
ON CONFLICT DO NOTHING
