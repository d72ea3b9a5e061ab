-- Write the lineages of these entities, which have none now, from what the relations say. They share
-- no rows with others: what comes from any of them is among them.
WITH RECURSIVE step AS (
    SELECT child_id AS child, parent_id AS parent, bit_or(kinds) AS kinds
    FROM provenance_step
    WHERE child_id = ANY (%(entities)s)
    GROUP BY child_id, parent_id
), reached (descendant, id, depth, kinds) AS (
    SELECT child, parent, 1, kinds FROM step
    UNION
    SELECT r.descendant, s.parent, r.depth + 1, provenance_along(r.kinds, s.kinds)
    FROM reached AS r
    JOIN step AS s ON s.child = r.id
    -- no way through them is longer, should one lead in a circle
    WHERE r.depth < cardinality(%(entities)s)
), above AS (
    SELECT DISTINCT ON (descendant, id) descendant, id, depth, bit_or(kinds) AS kinds
    FROM reached
    GROUP BY descendant, id, depth
    ORDER BY descendant, id, depth
), pair AS (
    SELECT DISTINCT ON (descendant, ancestor) descendant, ancestor, depth, bit_or(kinds) AS kinds
    FROM (SELECT descendant, id AS ancestor, depth, kinds FROM above
          UNION ALL
          SELECT a.descendant, l.ancestor_id, a.depth + l.depth, provenance_along(a.kinds, l.kinds)
          FROM above AS a
          JOIN provenance_whole_lineage AS l ON l.descendant_id = a.id) AS way
    WHERE descendant <> ancestor
    GROUP BY descendant, ancestor, depth
    ORDER BY descendant, ancestor, depth
), sources AS (
    INSERT INTO provenance_lineage_source (descendant_id, block_id, distance, kinds, public)
    SELECT e.id, e.id, 0, 240, e.public
    FROM (SELECT DISTINCT descendant FROM pair) AS p
    JOIN provenance_entity AS e ON e.id = p.descendant
)
INSERT INTO provenance_lineage (ancestor_id, descendant_id, depth, kinds, public)
SELECT e.id, p.descendant, p.depth, p.kinds, e.public
FROM pair AS p
JOIN provenance_entity AS e ON e.id = p.ancestor
