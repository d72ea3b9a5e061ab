-- Agents responsible for entities.
INSERT INTO provenance_was_attributed_to (entity_id, agent_id, role, public)
SELECT e.id, g.id, r.role, e.public
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    entity text, agent text, role text, place integer
)
JOIN provenance_entity AS e ON e.identifier = r.entity
JOIN provenance_agent AS g ON g.identifier = r.agent
ORDER BY r.place
ON CONFLICT DO NOTHING
