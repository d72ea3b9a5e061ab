-- What activities made.
INSERT INTO provenance_was_generated_by 
    (entity_id, activity_id, role, generation_description_id, public)
SELECT e.id, a.id, r.role, d.id, a.public AND e.public
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    activity text, entity text, role text, place integer
)
JOIN provenance_activity AS a ON a.identifier = r.activity
JOIN provenance_entity AS e ON e.identifier = r.entity
LEFT JOIN provenance_generation_description AS d
    ON d.activity_description_id = a.activity_description_id AND d.role = r.role
ORDER BY r.place
ON CONFLICT DO NOTHING
