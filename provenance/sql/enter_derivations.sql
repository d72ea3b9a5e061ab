-- Entities that come from others; gives the pairs that are new.
INSERT INTO provenance_was_derived_from AS w (generated_entity_id, used_entity_id)
SELECT g.id, u.id
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (descendant text, ancestor text)
JOIN provenance_entity AS g ON g.identifier = r.descendant
JOIN provenance_entity AS u ON u.identifier = r.ancestor
ON CONFLICT DO NOTHING
RETURNING (SELECT identifier FROM provenance_entity WHERE id = w.generated_entity_id),
          (SELECT identifier FROM provenance_entity WHERE id = w.used_entity_id)
