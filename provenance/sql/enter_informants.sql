-- Activities that records name as informants, and the relations to them.
WITH relation AS (
    SELECT DISTINCT r.informed, r.informant
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (informed text, informant text)
), named AS (
    INSERT INTO provenance_activity (identifier, public)
    SELECT DISTINCT informant, false FROM relation
    ON CONFLICT (identifier) DO NOTHING
    RETURNING id, identifier
), activity AS (
    SELECT id, identifier FROM named
    UNION ALL
    SELECT id, identifier FROM provenance_activity
)
INSERT INTO provenance_was_informed_by (informed_id, informant_id)
SELECT informed.id, informant.id
FROM relation
JOIN provenance_activity AS informed ON informed.identifier = relation.informed
JOIN activity AS informant ON informant.identifier = relation.informant
ON CONFLICT DO NOTHING
