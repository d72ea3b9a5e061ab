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
), above AS (
    SELECT id, min(depth) AS depth
    FROM (SELECT id, 1 AS depth FROM parent
          UNION ALL SELECT id, depth FROM reached) AS reached
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
), block AS (
    SELECT t.id, t.distance, r.rows
    FROM told AS t
    JOIN (SELECT block AS id, count(*) AS rows FROM reached
          GROUP BY block HAVING count(*) >= %(worth)s) AS r ON r.id = t.id
    WHERE NOT EXISTS (SELECT 1 FROM provenance_lineage_source AS other
                      WHERE other.descendant_id = t.id AND other.distance > 0)
), choice AS (
    SELECT 'largest' AS name, id, distance
    FROM (SELECT id, distance FROM block ORDER BY rows DESC, id LIMIT 1) AS largest
    UNION ALL
    SELECT 'all', id, distance FROM block
), shared AS (
    -- what a choice tells as it is: what one block has, at the shortest way
    SELECT s.name, s.id
    FROM (SELECT c.name, r.id, min(r.depth) AS depth
          FROM choice AS c JOIN reached AS r ON r.block = c.id
          GROUP BY c.name, r.id HAVING count(*) = 1) AS s
    JOIN above AS a ON a.id = s.id AND a.depth = s.depth
), best AS (
    SELECT name FROM shared
    WHERE NOT EXISTS (SELECT 1 FROM child AS c
                      JOIN provenance_lineage_source AS s ON s.descendant_id = c.id)
      AND NOT EXISTS (SELECT 1 FROM child AS c JOIN parent AS p ON p.id = c.id)
      AND (SELECT count(*) FROM below) = (SELECT count(*) FROM child)
    GROUP BY name HAVING count(*) * 2 >= (SELECT count(*) FROM above)
    ORDER BY count(*) DESC, name DESC
    LIMIT 1
), written AS (
    SELECT id, depth FROM above
    WHERE id NOT IN (SELECT s.id FROM shared AS s JOIN best AS b ON b.name = s.name)
), sources AS (
    INSERT INTO provenance_lineage_source (descendant_id, block_id, distance, public)
    SELECT e.id, from_block.id, from_block.distance, e.public
    FROM below AS b
    JOIN provenance_entity AS e ON e.id = b.id
    CROSS JOIN LATERAL (SELECT e.id, 0 AS distance
                        UNION ALL
                        SELECT c.id, c.distance FROM choice AS c
                        WHERE c.name = (SELECT name FROM best)) AS from_block
    ON CONFLICT DO NOTHING
)
INSERT INTO provenance_lineage AS known (ancestor_id, descendant_id, depth, public)
SELECT w.id, b.id, LEAST(w.depth + b.depth, shared.depth), e.public
FROM written AS w
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
