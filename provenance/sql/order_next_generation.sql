-- The entities of which all parents are in earlier generations, or come from nothing; where there
-- are none of them but others are left, which come from themselves, all of these. Gives how many.
WITH waiting AS (
    SELECT s.child_id AS id, bool_and(
               g.entity_id IS NOT NULL
               OR NOT EXISTS (SELECT 1 FROM lineage_step AS up WHERE up.child_id = s.parent_id)
           ) AS ready
    FROM lineage_step AS s
    LEFT JOIN lineage_generation AS g ON g.entity_id = s.parent_id
    WHERE NOT EXISTS (SELECT 1 FROM lineage_generation AS done WHERE done.entity_id = s.child_id)
    GROUP BY s.child_id
), next AS (
    INSERT INTO lineage_generation (entity_id, generation)
    SELECT id, %(generation)s FROM waiting
    WHERE ready OR NOT EXISTS (SELECT 1 FROM waiting WHERE ready)
    RETURNING 1
)
SELECT count(*) FROM next
