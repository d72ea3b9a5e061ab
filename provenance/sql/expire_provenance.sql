-- Remove the oldest ends of hidden history: activities that ended before the cutoff, of whose
-- results none is public, none a product, and none used, built upon or held by anything that is
-- still recorded; with their results, parameters and files of settings. Gives how many.
WITH leaf AS (
    SELECT a.id FROM provenance_activity AS a
    WHERE NOT a.public AND a.status IS NOT NULL AND a.end_time < %(cutoff)s::timestamptz
      AND NOT EXISTS (SELECT 1 FROM provenance_was_informed_by AS w WHERE w.informant_id = a.id)
      AND NOT EXISTS (
          SELECT 1 FROM provenance_was_generated_by AS g
          JOIN provenance_entity AS e ON e.id = g.entity_id
          WHERE g.activity_id = a.id AND (
              e.public OR e.identifier LIKE %(products)s
              OR EXISTS (SELECT 1 FROM provenance_used AS u
                         WHERE u.entity_id = e.id AND u.activity_id <> a.id)
              OR EXISTS (SELECT 1 FROM provenance_was_derived_from AS w
                         WHERE w.used_entity_id = e.id AND w.generated_entity_id NOT IN (
                             SELECT s.entity_id FROM provenance_was_generated_by AS s
                             WHERE s.activity_id = a.id))
              OR EXISTS (SELECT 1 FROM provenance_had_member AS h
                         WHERE h.entity_id = e.id AND h.collection_id NOT IN (
                             SELECT s.entity_id FROM provenance_was_generated_by AS s
                             WHERE s.activity_id = a.id))
              OR EXISTS (SELECT 1 FROM provenance_parameter AS p WHERE p.value_entity_id = e.id)
          )
      )
    ORDER BY a.end_time
    LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
), result AS (
    SELECT g.entity_id AS id FROM provenance_was_generated_by AS g
    JOIN leaf ON leaf.id = g.activity_id
), artefacts AS (
    DELETE FROM provenance_was_configured_by AS w USING leaf WHERE w.activity_id = leaf.id
    RETURNING w.parameter_id, w.config_file_id
), parameters AS (
    DELETE FROM provenance_parameter WHERE id IN (SELECT parameter_id FROM artefacts)
), config_files AS (
    DELETE FROM provenance_config_file WHERE id IN (SELECT config_file_id FROM artefacts)
), uses AS (
    DELETE FROM provenance_used AS u USING leaf WHERE u.activity_id = leaf.id
), makings AS (
    DELETE FROM provenance_was_generated_by AS g USING leaf WHERE g.activity_id = leaf.id
), associations AS (
    DELETE FROM provenance_was_associated_with AS w USING leaf WHERE w.activity_id = leaf.id
), tellings AS (
    DELETE FROM provenance_was_informed_by AS w USING leaf WHERE w.informed_id = leaf.id
), attributions AS (
    DELETE FROM provenance_was_attributed_to AS w USING result WHERE w.entity_id = result.id
), derivations AS (
    DELETE FROM provenance_was_derived_from AS w USING result
    WHERE w.generated_entity_id = result.id
), memberships AS (
    DELETE FROM provenance_had_member AS h USING result WHERE h.collection_id = result.id
), sources AS (
    DELETE FROM provenance_lineage_source AS s USING result WHERE s.descendant_id = result.id
), pairs AS (
    DELETE FROM provenance_lineage AS l USING result WHERE l.descendant_id = result.id
), outgoing AS (
    DELETE FROM provenance_outgoing AS o USING leaf WHERE o.activity_id = leaf.id
), entities AS (
    DELETE FROM provenance_entity AS e USING result WHERE e.id = result.id
)
DELETE FROM provenance_activity AS a USING leaf WHERE a.id = leaf.id
RETURNING a.id
