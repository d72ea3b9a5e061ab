-- Mark relations as public whose ends have both become so, and lineages of what has become public.
WITH uses AS (
    UPDATE provenance_used AS r SET public = true
    FROM provenance_activity AS a, provenance_entity AS e
    WHERE a.id = r.activity_id AND e.id = r.entity_id AND NOT r.public AND a.public AND e.public
      AND (r.activity_id = ANY (%(activities)s) OR r.entity_id = ANY (%(entities)s))
), makings AS (
    UPDATE provenance_was_generated_by AS r SET public = true
    FROM provenance_activity AS a, provenance_entity AS e
    WHERE a.id = r.activity_id AND e.id = r.entity_id AND NOT r.public AND a.public AND e.public
      AND (r.activity_id = ANY (%(activities)s) OR r.entity_id = ANY (%(entities)s))
), associations AS (
    UPDATE provenance_was_associated_with AS r SET public = true
    FROM provenance_activity AS a
    WHERE a.id = r.activity_id AND NOT r.public AND a.public
      AND r.activity_id = ANY (%(activities)s)
), settings AS (
    UPDATE provenance_was_configured_by AS r SET public = true
    FROM provenance_activity AS a
    WHERE a.id = r.activity_id AND NOT r.public AND a.public
      AND r.activity_id = ANY (%(activities)s)
), attributions AS (
    UPDATE provenance_was_attributed_to AS r SET public = true
    FROM provenance_entity AS e
    WHERE e.id = r.entity_id AND NOT r.public AND e.public AND r.entity_id = ANY (%(entities)s)
), descendants AS (
    UPDATE provenance_lineage_source SET public = true
    WHERE NOT public AND descendant_id = ANY (%(entities)s)
)
UPDATE provenance_lineage SET public = true
WHERE NOT public AND ancestor_id = ANY (%(entities)s)
