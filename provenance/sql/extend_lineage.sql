-- A new step leads from each of the children to each of the parents. Whatever comes from a child
-- now also comes from all that a parent comes from; the shortest way counts. A shortest way takes
-- the new step once at most, so looking at what was known before it is enough, in any order.
WITH above AS (
    SELECT id, 0 AS depth FROM provenance_entity WHERE identifier = ANY (%(parents)s)
    UNION ALL
    SELECT l.ancestor_id, l.depth
    FROM provenance_lineage AS l
    JOIN provenance_entity AS e ON e.id = l.descendant_id
    WHERE e.identifier = ANY (%(parents)s)
), below AS (
    SELECT id, 0 AS depth FROM provenance_entity WHERE identifier = ANY (%(children)s)
    UNION ALL
    SELECT l.descendant_id, l.depth
    FROM provenance_lineage AS l
    JOIN provenance_entity AS e ON e.id = l.ancestor_id
    WHERE e.identifier = ANY (%(children)s)
)
INSERT INTO provenance_lineage AS known (ancestor_id, descendant_id, depth)
SELECT a.id, d.id, a.depth + 1 + d.depth
FROM (SELECT id, min(depth) AS depth FROM above GROUP BY id) AS a
CROSS JOIN (SELECT id, min(depth) AS depth FROM below GROUP BY id) AS d
WHERE a.id <> d.id
ON CONFLICT (descendant_id, ancestor_id) DO UPDATE SET depth = EXCLUDED.depth
    WHERE known.depth > EXCLUDED.depth
