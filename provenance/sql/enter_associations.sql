-- Agents responsible for activities.
INSERT INTO provenance_was_associated_with (activity_id, agent_id, role, public)
SELECT a.id, g.id, r.role, a.public
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    activity text, agent text, role text, place integer
)
JOIN provenance_activity AS a ON a.identifier = r.activity
JOIN provenance_agent AS g ON g.identifier = r.agent
ORDER BY r.place
ON CONFLICT DO NOTHING
