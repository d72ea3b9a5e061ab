-- A new step leads from each of the children to each of the parents. Whatever comes from a child
-- now also comes from all that a parent comes from; the shortest way counts. A shortest way takes
-- the new step once at most, so looking at what was known before it is enough, in any order.
--
-- Children that are new share blocks of rows that their parents have or share: all blocks of
-- %(worth)s rows at least, or the largest alone, whichever leaves less to be written out, if that
-- spares half of the rows. Written out is what no shared block has, or a shared block has further
-- away, or several have. Only complete blocks are shared: their owner shares none.
WITH parent AS (
    SELECT id FROM provenance_entity WHERE identifier = ANY (%(parents)s)
), child AS (
    SELECT id FROM provenance_entity WHERE identifier = ANY (%(children)s)
), told AS (
    -- the blocks that tell what the parents come from, each once, the shortest way from the child
    SELECT s.block_id AS id, min(s.distance) + 1 AS distance
    FROM parent AS p
    JOIN provenance_lineage_source AS s ON s.descendant_id = p.id
    GROUP BY s.block_id
), reached AS (
    SELECT t.id AS block, m.ancestor_id AS id, t.distance + m.depth AS depth
    FROM told AS t
    JOIN provenance_lineage AS m ON m.descendant_id = t.id
), block AS (
    SELECT t.id, t.distance, row_number() OVER (ORDER BY r.rows DESC, t.id) = 1 AS largest
    FROM told AS t
    JOIN (SELECT block AS id, count(*) AS rows FROM reached
          GROUP BY block HAVING count(*) >= %(worth)s) AS r ON r.id = t.id
    WHERE NOT EXISTS (SELECT 1 FROM provenance_lineage_source AS other
                      WHERE other.descendant_id = t.id AND other.distance > 0)
), above AS (
    -- by_all, by_largest: whether sharing all blocks, or the largest, tells it as it is
    SELECT id, min(depth) AS depth,
           count(*) FILTER (WHERE largest IS NOT NULL) = 1
               AND min(depth) FILTER (WHERE largest IS NOT NULL) = min(depth) AS by_all,
           COALESCE(min(depth) FILTER (WHERE largest) = min(depth), false) AS by_largest
    FROM (SELECT id, 1 AS depth, NULL::boolean AS largest FROM parent
          UNION ALL
          SELECT r.id, r.depth, b.largest
          FROM reached AS r LEFT JOIN block AS b ON b.id = r.block) AS reached
    GROUP BY id
), below AS (
    SELECT id, min(depth) AS depth,
           (SELECT count(*) FROM provenance_lineage_source AS s
            WHERE s.descendant_id = reached.id AND s.distance > 0) AS blocks
    FROM (SELECT id, 0 AS depth FROM child
          UNION ALL
          SELECT s.descendant_id, s.distance + m.depth
          FROM child AS c
          JOIN provenance_lineage AS m ON m.ancestor_id = c.id
          JOIN provenance_lineage_source AS s ON s.block_id = m.descendant_id) AS reached
    GROUP BY id
), spared AS (
    -- nothing where a child was known before
    SELECT count(*) AS rows, count(*) FILTER (WHERE by_all) AS by_all,
           count(*) FILTER (WHERE by_largest) AS by_largest
    FROM above
    WHERE NOT EXISTS (SELECT 1 FROM child AS c
                      JOIN provenance_lineage_source AS s ON s.descendant_id = c.id)
      AND NOT EXISTS (SELECT 1 FROM child AS c JOIN parent AS p ON p.id = c.id)
      AND (SELECT count(*) FROM below) = (SELECT count(*) FROM child)
), choice AS (
    SELECT by_all > by_largest AND by_all * 2 >= rows AS every,
           by_largest >= greatest(by_all, 1) AND by_largest * 2 >= rows AS largest
    FROM spared
), sources AS (
    INSERT INTO provenance_lineage_source (descendant_id, block_id, distance, public)
    SELECT e.id, from_block.id, from_block.distance, e.public
    FROM below AS b
    JOIN provenance_entity AS e ON e.id = b.id
    CROSS JOIN LATERAL (SELECT e.id, 0 AS distance
                        UNION ALL
                        SELECT s.id, s.distance FROM block AS s, choice AS c
                        WHERE c.every OR (c.largest AND s.largest)) AS from_block
    ON CONFLICT DO NOTHING
)
INSERT INTO provenance_lineage AS known (ancestor_id, descendant_id, depth, public)
SELECT w.id, b.id, LEAST(w.depth + b.depth, shared.depth), e.public
FROM choice AS c
JOIN above AS w ON NOT (c.every AND w.by_all) AND NOT (c.largest AND w.by_largest)
CROSS JOIN below AS b
JOIN provenance_entity AS e ON e.id = w.id
LEFT JOIN LATERAL (
    SELECT min(s.distance + m.depth) AS depth
    FROM provenance_lineage_source AS s
    JOIN provenance_lineage AS m ON m.descendant_id = s.block_id AND m.ancestor_id = w.id
    WHERE b.blocks > 0 AND s.descendant_id = b.id AND s.distance > 0
) AS shared ON true
WHERE w.id <> b.id
  -- A row of one's own counts more than a shared one: it must not be further. Where several blocks
  -- are shared, it is written all the same: more than one of them may have it now.
  AND (shared.depth IS NULL OR shared.depth > w.depth + b.depth OR b.blocks > 1)
ON CONFLICT (descendant_id, ancestor_id) DO UPDATE SET depth = EXCLUDED.depth
    WHERE known.depth > EXCLUDED.depth
