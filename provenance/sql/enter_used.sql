-- What activities took in.
INSERT INTO provenance_used (activity_id, entity_id, role, time, usage_description_id, public)
SELECT a.id, e.id, r.role, r.time, d.id, a.public AND e.public
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    activity text, entity text, role text, time timestamptz, place integer
)
JOIN provenance_activity AS a ON a.identifier = r.activity
JOIN provenance_entity AS e ON e.identifier = r.entity
LEFT JOIN provenance_usage_description AS d
    ON d.activity_description_id = a.activity_description_id AND d.role = r.role
ORDER BY r.place
ON CONFLICT DO NOTHING
