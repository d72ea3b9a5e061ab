-- New steps lead from each of the children to each of the parents, none of which is that child, by
-- relations of these kinds. Whatever comes from a child now also comes from all that a parent comes
-- from; the shortest ways count, with the kinds of all that are as short (240: those of no step at
-- all). A shortest way takes one new step at most, so looking at what was known before is enough, in
-- any order.
--
-- Children that are new share blocks of rows that their parents have or share: all blocks of
-- %(worth)s rows at least, or the largest alone, whichever leaves less to be written out, if that
-- spares half of the rows. Written out is what no shared block has, or a shared block has further
-- away or by fewer kinds, or several have. Only complete blocks are shared: their owner shares none.
WITH parent AS (
    SELECT e.id, p.kinds
    FROM unnest(%(parents)s::text[], %(kinds)s::smallint[]) AS p (identifier, kinds)
    JOIN provenance_entity AS e ON e.identifier = p.identifier
), child AS (
    SELECT id FROM provenance_entity WHERE identifier = ANY (%(children)s)
), told AS (
    -- the blocks that tell what the parents come from, each once, the shortest way from the child
    SELECT DISTINCT ON (s.block_id)
           s.block_id AS id, s.distance + 1 AS distance, bit_or(provenance_along(p.kinds, s.kinds)) AS kinds
    FROM parent AS p
    JOIN provenance_lineage_source AS s ON s.descendant_id = p.id
    GROUP BY s.block_id, s.distance
    ORDER BY s.block_id, s.distance
), reached AS (
    SELECT t.id AS block, m.ancestor_id AS id, t.distance + m.depth AS depth,
           provenance_along(t.kinds, m.kinds) AS kinds
    FROM told AS t
    JOIN provenance_lineage AS m ON m.descendant_id = t.id
), block AS (
    SELECT t.id, t.distance, t.kinds, row_number() OVER (ORDER BY r.rows DESC, t.id) = 1 AS largest
    FROM told AS t
    JOIN (SELECT block AS id, count(*) AS rows FROM reached
          GROUP BY block HAVING count(*) >= %(worth)s) AS r ON r.id = t.id
    WHERE NOT EXISTS (SELECT 1 FROM provenance_lineage_source AS other
                      WHERE other.descendant_id = t.id AND other.distance > 0)
), above AS (
    -- by_all, by_largest: whether sharing all blocks, or the largest, tells it as it is
    SELECT id, depth, bit_or(kinds) FILTER (WHERE nearest) AS kinds,
           count(*) FILTER (WHERE largest IS NOT NULL) = 1
               AND COALESCE(bit_or(kinds) FILTER (WHERE nearest AND largest IS NOT NULL)
                            = bit_or(kinds) FILTER (WHERE nearest), false) AS by_all,
           COALESCE(bit_or(kinds) FILTER (WHERE nearest AND largest)
                    = bit_or(kinds) FILTER (WHERE nearest), false) AS by_largest
    FROM (SELECT way.id, way.kinds, way.largest, min(way.depth) OVER ways AS depth,
                 way.depth = min(way.depth) OVER ways AS nearest
          FROM (SELECT id, 1 AS depth, kinds, NULL::boolean AS largest FROM parent
                UNION ALL
                SELECT r.id, r.depth, r.kinds, b.largest
                FROM reached AS r LEFT JOIN block AS b ON b.id = r.block) AS way
          WINDOW ways AS (PARTITION BY way.id)) AS reached
    GROUP BY id, depth
), below AS (
    SELECT DISTINCT ON (id) id, depth, bit_or(kinds) AS kinds,
           (SELECT count(*) FROM provenance_lineage_source AS s
            WHERE s.descendant_id = reached.id AND s.distance > 0) AS blocks
    FROM (SELECT id, 0 AS depth, 240::smallint AS kinds FROM child
          UNION ALL
          SELECT s.descendant_id, s.distance + m.depth, provenance_along(s.kinds, m.kinds)
          FROM child AS c
          JOIN provenance_lineage AS m ON m.ancestor_id = c.id
          JOIN provenance_lineage_source AS s ON s.block_id = m.descendant_id) AS reached
    GROUP BY id, depth
    ORDER BY id, depth
), spared AS (
    -- nothing where a child was known before
    SELECT count(*) AS rows, count(*) FILTER (WHERE by_all) AS by_all,
           count(*) FILTER (WHERE by_largest) AS by_largest
    FROM above
    WHERE NOT EXISTS (SELECT 1 FROM child AS c
                      JOIN provenance_lineage_source AS s ON s.descendant_id = c.id)
      AND (SELECT count(*) FROM below) = (SELECT count(*) FROM child)
), choice AS (
    SELECT by_all > by_largest AND by_all * 2 >= rows AS every,
           by_largest >= greatest(by_all, 1) AND by_largest * 2 >= rows AS largest
    FROM spared
), sources AS (
    INSERT INTO provenance_lineage_source (descendant_id, block_id, distance, kinds, public)
    SELECT e.id, from_block.id, from_block.distance, from_block.kinds, e.public
    FROM below AS b
    JOIN provenance_entity AS e ON e.id = b.id
    CROSS JOIN LATERAL (SELECT e.id, 0 AS distance, 240::smallint AS kinds
                        UNION ALL
                        SELECT s.id, s.distance, s.kinds FROM block AS s, choice AS c
                        WHERE c.every OR (c.largest AND s.largest)) AS from_block
    ON CONFLICT DO NOTHING
)
INSERT INTO provenance_lineage AS known (ancestor_id, descendant_id, depth, kinds, public)
SELECT w.id, b.id, LEAST(way.depth, shared.depth),
       CASE WHEN shared.depth < way.depth THEN shared.kinds
            WHEN shared.depth = way.depth THEN way.kinds | shared.kinds
            ELSE way.kinds END,
       e.public
FROM choice AS c
JOIN above AS w ON NOT (c.every AND w.by_all) AND NOT (c.largest AND w.by_largest)
CROSS JOIN below AS b
CROSS JOIN LATERAL (SELECT w.depth + b.depth AS depth, provenance_along(w.kinds, b.kinds) AS kinds) AS way
JOIN provenance_entity AS e ON e.id = w.id
LEFT JOIN LATERAL (
    SELECT s.distance + m.depth AS depth, bit_or(provenance_along(s.kinds, m.kinds)) AS kinds
    FROM provenance_lineage_source AS s
    JOIN provenance_lineage AS m ON m.descendant_id = s.block_id AND m.ancestor_id = w.id
    WHERE b.blocks > 0 AND s.descendant_id = b.id AND s.distance > 0
    GROUP BY s.distance + m.depth
    ORDER BY s.distance + m.depth
    LIMIT 1
) AS shared ON true
WHERE w.id <> b.id
  -- A row of one's own counts more than a shared one: it must not be further, nor say less. Where
  -- several blocks are shared, it is written all the same: more than one of them may have it now.
  AND (shared.depth IS NULL OR shared.depth > way.depth OR b.blocks > 1
       OR (shared.depth = way.depth AND shared.kinds | way.kinds <> shared.kinds))
ON CONFLICT (descendant_id, ancestor_id) DO UPDATE
    SET depth = EXCLUDED.depth,
        kinds = CASE WHEN known.depth = EXCLUDED.depth THEN known.kinds | EXCLUDED.kinds
                     ELSE EXCLUDED.kinds END
    WHERE known.depth > EXCLUDED.depth
       OR (known.depth = EXCLUDED.depth AND known.kinds | EXCLUDED.kinds <> known.kinds)
