-- Collections and what they hold; gives the pairs that are new.
INSERT INTO provenance_had_member AS h (collection_id, entity_id)
SELECT c.id, e.id
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (descendant text, ancestor text)
JOIN provenance_entity AS c ON c.identifier = r.descendant
JOIN provenance_entity AS e ON e.identifier = r.ancestor
ON CONFLICT DO NOTHING
RETURNING (SELECT identifier FROM provenance_entity WHERE id = h.collection_id),
          (SELECT identifier FROM provenance_entity WHERE id = h.entity_id)
