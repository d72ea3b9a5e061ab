-- Make agents public that are responsible for any of these activities or entities that is.
UPDATE provenance_agent AS g SET public = true
WHERE NOT g.public AND g.identifier = ANY (%(agents)s) AND (
    EXISTS (SELECT 1 FROM provenance_was_associated_with AS w
            JOIN provenance_activity AS a ON a.id = w.activity_id
            WHERE w.agent_id = g.id AND a.public AND a.identifier = ANY (%(activities)s))
    OR EXISTS (SELECT 1 FROM provenance_was_attributed_to AS w
               JOIN provenance_entity AS e ON e.id = w.entity_id
               WHERE w.agent_id = g.id AND e.public AND e.identifier = ANY (%(entities)s))
)
