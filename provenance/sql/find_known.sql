-- Of these activities those that have their records, and of these entities those that are hidden.
SELECT 'activity', id, identifier, public FROM provenance_activity
WHERE identifier = ANY (%(activities)s) AND status IS NOT NULL
UNION ALL
SELECT 'entity', id, identifier, public FROM provenance_entity
WHERE identifier = ANY (%(entities)s) AND NOT public
