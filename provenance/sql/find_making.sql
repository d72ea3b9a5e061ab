-- Keys of the named entities, of all that they come from and all that told how, back to the
-- beginning: those of entities and those of activities.
WITH RECURSIVE reached (kind, id) AS (
    SELECT 'entity', id FROM provenance_entity WHERE identifier = ANY (%(identifiers)s)
    UNION
    SELECT step.kind, step.id
    FROM reached
    CROSS JOIN LATERAL (
        SELECT 'activity', w.activity_id FROM provenance_was_generated_by AS w
        WHERE reached.kind = 'entity' AND w.entity_id = reached.id
        UNION ALL
        SELECT 'entity', w.used_entity_id FROM provenance_was_derived_from AS w
        WHERE reached.kind = 'entity' AND w.generated_entity_id = reached.id
        UNION ALL
        SELECT 'entity', h.entity_id FROM provenance_had_member AS h
        WHERE reached.kind = 'entity' AND h.collection_id = reached.id
        UNION ALL
        SELECT 'entity', u.entity_id FROM provenance_used AS u
        WHERE reached.kind = 'activity' AND u.activity_id = reached.id
        UNION ALL
        SELECT 'activity', w.informant_id FROM provenance_was_informed_by AS w
        WHERE reached.kind = 'activity' AND w.informed_id = reached.id
        UNION ALL
        SELECT 'entity', p.value_entity_id
        FROM provenance_was_configured_by AS w
        JOIN provenance_parameter AS p ON p.id = w.parameter_id
        WHERE reached.kind = 'activity' AND w.activity_id = reached.id
          AND p.value_entity_id IS NOT NULL
    ) AS step (kind, id)
)
SELECT kind, id FROM reached
