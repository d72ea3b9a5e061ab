-- Parents, the kinds of the steps to them, and all children that have just these, parents first.
SELECT e.parents, e.kinds, array_agg(c.identifier ORDER BY c.id)
FROM (SELECT s.child_id, g.generation,
             array_agg(p.identifier ORDER BY s.parent_id) AS parents,
             array_agg(s.kinds ORDER BY s.parent_id) AS kinds
      FROM lineage_step AS s
      JOIN lineage_generation AS g ON g.entity_id = s.child_id
      JOIN provenance_entity AS p ON p.id = s.parent_id
      GROUP BY s.child_id, g.generation) AS e
JOIN provenance_entity AS c ON c.id = e.child_id
GROUP BY e.generation, e.parents, e.kinds
ORDER BY e.generation, min(c.id)
