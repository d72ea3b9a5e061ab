-- Write the lineages of these entities, which have none now, from what the relations say. They share
-- no rows with others: what comes from any of them is among them.
WITH RECURSIVE step AS (
    SELECT w.entity_id AS child, u.entity_id AS parent
    FROM provenance_was_generated_by AS w
    JOIN provenance_used AS u ON u.activity_id = w.activity_id
    WHERE w.entity_id = ANY (%(entities)s)
    UNION
    SELECT w.entity_id, p.value_entity_id
    FROM provenance_was_generated_by AS w
    JOIN provenance_was_configured_by AS c ON c.activity_id = w.activity_id
    JOIN provenance_parameter AS p ON p.id = c.parameter_id
    WHERE w.entity_id = ANY (%(entities)s) AND p.value_entity_id IS NOT NULL
    UNION
    SELECT w.generated_entity_id, w.used_entity_id FROM provenance_was_derived_from AS w
    WHERE w.generated_entity_id = ANY (%(entities)s)
    UNION
    SELECT h.collection_id, h.entity_id FROM provenance_had_member AS h
    WHERE h.collection_id = ANY (%(entities)s)
), reached (descendant, id, depth) AS (
    SELECT child, parent, 1 FROM step
    UNION
    SELECT r.descendant, s.parent, r.depth + 1
    FROM reached AS r
    JOIN step AS s ON s.child = r.id
    -- no way through them is longer, should one lead in a circle
    WHERE r.depth < cardinality(%(entities)s)
), above AS (
    SELECT descendant, id, min(depth) AS depth FROM reached GROUP BY descendant, id
), pair AS (
    SELECT descendant, ancestor, min(depth) AS depth
    FROM (SELECT descendant, id AS ancestor, depth FROM above
          UNION ALL
          SELECT a.descendant, l.ancestor_id, a.depth + l.depth
          FROM above AS a
          JOIN provenance_whole_lineage AS l ON l.descendant_id = a.id) AS way
    WHERE descendant <> ancestor
    GROUP BY descendant, ancestor
), sources AS (
    INSERT INTO provenance_lineage_source (descendant_id, block_id, distance, public)
    SELECT e.id, e.id, 0, e.public
    FROM (SELECT DISTINCT descendant FROM pair) AS p
    JOIN provenance_entity AS e ON e.id = p.descendant
)
INSERT INTO provenance_lineage (ancestor_id, descendant_id, depth, public)
SELECT e.id, p.descendant, p.depth, e.public
FROM pair AS p
JOIN provenance_entity AS e ON e.id = p.ancestor
