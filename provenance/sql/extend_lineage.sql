-- A new step leads from each of the children to each of the parents. Whatever comes from a child
-- now also comes from all that a parent comes from; the shortest way counts. A shortest way takes
-- the new step once at most, so looking at what was known before it is enough, in any order.
--
-- Children that are new share the rows of the parent (or of the block that it shares) that has
-- most, where that spares half of the rows and %(worth)s at least; what is nearer or not in these
-- is written out. Only complete blocks are shared: their owner shares none.
WITH parent AS (
    SELECT id FROM provenance_entity WHERE identifier = ANY (%(parents)s)
), child AS (
    SELECT id FROM provenance_entity WHERE identifier = ANY (%(children)s)
), told AS (
    SELECT p.id AS parent, s.block_id, s.distance, m.ancestor_id, s.distance + m.depth AS depth
    FROM parent AS p
    JOIN provenance_lineage_source AS s ON s.descendant_id = p.id
    JOIN provenance_lineage AS m ON m.descendant_id = s.block_id
), above AS (
    SELECT id, min(depth) + 1 AS depth
    FROM (SELECT id, 0 AS depth FROM parent
          UNION ALL SELECT ancestor_id, depth FROM told) AS reached
    GROUP BY id
), below AS (
    SELECT id, min(depth) AS depth
    FROM (SELECT id, 0 AS depth FROM child
          UNION ALL
          SELECT s.descendant_id, s.distance + m.depth
          FROM child AS c
          JOIN provenance_lineage AS m ON m.ancestor_id = c.id
          JOIN provenance_lineage_source AS s ON s.block_id = m.descendant_id) AS reached
    GROUP BY id
), block AS (
    SELECT t.block_id AS id, min(t.distance) + 1 AS distance
    FROM told AS t
    WHERE t.distance > 0 OR NOT EXISTS (
        SELECT 1 FROM provenance_lineage_source AS other
        WHERE other.descendant_id = t.parent AND other.distance > 0)
    GROUP BY t.block_id
    HAVING count(DISTINCT t.ancestor_id) >= %(worth)s
    ORDER BY count(DISTINCT t.ancestor_id) DESC, t.block_id
    LIMIT 1
), shared AS (
    SELECT m.ancestor_id AS id, b.distance + m.depth AS depth
    FROM block AS b JOIN provenance_lineage AS m ON m.descendant_id = b.id
), missing AS (
    SELECT a.id, a.depth FROM above AS a LEFT JOIN shared AS s ON s.id = a.id
    WHERE s.id IS NULL OR s.depth > a.depth
), chosen AS (
    SELECT b.id, b.distance FROM block AS b
    WHERE (SELECT count(*) FROM missing) * 2 <= (SELECT count(*) FROM above)
      AND (SELECT count(*) FROM below) = (SELECT count(*) FROM child)
      AND NOT EXISTS (SELECT 1 FROM child AS c JOIN parent AS p ON p.id = c.id)
      AND NOT EXISTS (SELECT 1 FROM child AS c
                      JOIN provenance_lineage_source AS s ON s.descendant_id = c.id)
), written AS (
    SELECT id, depth FROM missing WHERE EXISTS (SELECT 1 FROM chosen)
    UNION ALL
    SELECT id, depth FROM above WHERE NOT EXISTS (SELECT 1 FROM chosen)
), sources AS (
    INSERT INTO provenance_lineage_source (descendant_id, block_id, distance, public)
    SELECT e.id, from_block.id, from_block.distance, e.public
    FROM below AS b
    JOIN provenance_entity AS e ON e.id = b.id
    CROSS JOIN LATERAL (SELECT e.id, 0 AS distance
                        UNION ALL SELECT c.id, c.distance FROM chosen AS c) AS from_block
    ON CONFLICT DO NOTHING
)
INSERT INTO provenance_lineage AS known (ancestor_id, descendant_id, depth, public)
SELECT w.id, b.id, w.depth + b.depth, e.public
FROM written AS w
CROSS JOIN below AS b
JOIN provenance_entity AS e ON e.id = w.id
WHERE w.id <> b.id
  -- a row of one's own counts more than a shared one: it must not be further
  AND NOT EXISTS (
      SELECT 1 FROM provenance_lineage_source AS s
      JOIN provenance_lineage AS m ON m.descendant_id = s.block_id AND m.ancestor_id = w.id
      WHERE s.descendant_id = b.id AND s.distance > 0
        AND s.distance + m.depth <= w.depth + b.depth)
ON CONFLICT (descendant_id, ancestor_id) DO UPDATE SET depth = EXCLUDED.depth
    WHERE known.depth > EXCLUDED.depth
