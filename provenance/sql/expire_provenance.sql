-- Remove the oldest ends of hidden history: activities that ended before the cutoff, of whose
-- results none is public, none a product, none still had by another room (the query held), and none
-- used, built upon or held by anything that is still recorded; with their results, parameters and
-- files of settings. What public activities took in of it goes with it: who had a product made again
-- isn't kept for ever because the comparison is. Gives the keys of the removed activities, and of
-- the entities that are left but came from what was removed, whose lineage has to be written anew.
WITH leaf AS (
    SELECT a.id FROM provenance_activity AS a
    WHERE NOT a.public AND a.status IS NOT NULL AND a.end_time < %(cutoff)s::timestamptz
      AND NOT EXISTS (SELECT 1 FROM provenance_was_informed_by AS w
                      JOIN provenance_activity AS i ON i.id = w.informed_id
                      WHERE w.informant_id = a.id AND NOT i.public)
      AND NOT EXISTS (
          SELECT 1 FROM provenance_was_generated_by AS g
          JOIN provenance_entity AS e ON e.id = g.entity_id
          WHERE g.activity_id = a.id AND (
              e.public OR e.identifier LIKE %(products)s
              OR EXISTS (SELECT 1 FROM ({held}) AS held (identifier)
                         WHERE held.identifier = e.identifier)
              OR EXISTS (SELECT 1 FROM provenance_used AS u
                         JOIN provenance_activity AS b ON b.id = u.activity_id
                         WHERE u.entity_id = e.id AND b.id <> a.id AND NOT b.public)
              OR EXISTS (SELECT 1 FROM provenance_was_derived_from AS w
                         WHERE w.used_entity_id = e.id AND w.generated_entity_id NOT IN (
                             SELECT s.entity_id FROM provenance_was_generated_by AS s
                             WHERE s.activity_id = a.id))
              OR EXISTS (
                  -- A collection of nothing but these results, of which nobody else knows, goes
                  -- with them.
                  SELECT 1 FROM provenance_had_member AS h
                  JOIN provenance_entity AS c ON c.id = h.collection_id
                  LEFT JOIN provenance_was_generated_by AS s ON s.entity_id = c.id
                  WHERE h.entity_id = e.id AND s.activity_id IS DISTINCT FROM a.id AND (
                      c.public OR s.activity_id IS NOT NULL
                      OR EXISTS (SELECT 1 FROM provenance_used AS u WHERE u.entity_id = c.id)
                      OR EXISTS (SELECT 1 FROM provenance_was_derived_from AS w
                                 WHERE w.used_entity_id = c.id)
                      OR EXISTS (SELECT 1 FROM provenance_had_member AS o
                                 WHERE o.entity_id = c.id)
                      OR EXISTS (SELECT 1 FROM provenance_parameter AS p
                                 WHERE p.value_entity_id = c.id)
                      OR EXISTS (SELECT 1 FROM provenance_had_member AS o
                                 WHERE o.collection_id = c.id AND o.entity_id NOT IN (
                                     SELECT s.entity_id FROM provenance_was_generated_by AS s
                                     WHERE s.activity_id = a.id))))
              OR EXISTS (SELECT 1 FROM provenance_parameter AS p WHERE p.value_entity_id = e.id)
          )
      )
    ORDER BY a.end_time
    LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
), made AS (
    SELECT g.entity_id AS id FROM provenance_was_generated_by AS g
    JOIN leaf ON leaf.id = g.activity_id
), result AS (
    SELECT id FROM made
    UNION
    SELECT h.collection_id FROM provenance_had_member AS h JOIN made ON made.id = h.entity_id
), heir AS (
    SELECT s.descendant_id AS id
    FROM result AS r
    JOIN provenance_lineage AS m ON m.ancestor_id = r.id
    JOIN provenance_lineage_source AS s ON s.block_id = m.descendant_id
    EXCEPT
    SELECT id FROM result
), without_lineage AS (
    SELECT id FROM result UNION ALL SELECT id FROM heir
), artefacts AS (
    DELETE FROM provenance_was_configured_by AS w USING leaf WHERE w.activity_id = leaf.id
    RETURNING w.parameter_id, w.config_file_id
), parameters AS (
    DELETE FROM provenance_parameter WHERE id IN (SELECT parameter_id FROM artefacts)
), config_files AS (
    DELETE FROM provenance_config_file WHERE id IN (SELECT config_file_id FROM artefacts)
), uses AS (
    DELETE FROM provenance_used AS u USING leaf WHERE u.activity_id = leaf.id
), uses_of_results AS (
    DELETE FROM provenance_used AS u USING result WHERE u.entity_id = result.id
), makings AS (
    DELETE FROM provenance_was_generated_by AS g USING leaf WHERE g.activity_id = leaf.id
), associations AS (
    DELETE FROM provenance_was_associated_with AS w USING leaf WHERE w.activity_id = leaf.id
), tellings AS (
    DELETE FROM provenance_was_informed_by AS w USING leaf WHERE w.informed_id = leaf.id
), told AS (
    DELETE FROM provenance_was_informed_by AS w USING leaf WHERE w.informant_id = leaf.id
), attributions AS (
    DELETE FROM provenance_was_attributed_to AS w USING result WHERE w.entity_id = result.id
), derivations AS (
    DELETE FROM provenance_was_derived_from AS w USING result
    WHERE w.generated_entity_id = result.id
), memberships AS (
    DELETE FROM provenance_had_member AS h USING result WHERE h.collection_id = result.id
), sources AS (
    DELETE FROM provenance_lineage_source AS s USING without_lineage AS w WHERE s.descendant_id = w.id
), pairs AS (
    DELETE FROM provenance_lineage AS l USING without_lineage AS w WHERE l.descendant_id = w.id
), outgoing AS (
    DELETE FROM provenance_outgoing AS o USING leaf WHERE o.activity_id = leaf.id
), entities AS (
    DELETE FROM provenance_entity AS e USING result WHERE e.id = result.id
), activities AS (
    DELETE FROM provenance_activity AS a USING leaf WHERE a.id = leaf.id
    RETURNING a.id
)
SELECT 'activity', id FROM activities
UNION ALL
SELECT 'heir', id FROM heir
