-- Entities said to be made by one activity that another one has made.
SELECT DISTINCT r.entity
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (activity text, entity text)
JOIN provenance_entity AS e ON e.identifier = r.entity
JOIN provenance_was_generated_by AS w ON w.entity_id = e.id
JOIN provenance_activity AS a ON a.id = w.activity_id
WHERE a.identifier <> r.activity
ORDER BY r.entity
