-- Forget all lineages, and list all steps of them, from which they are written anew, with a table for
-- the order in which that is done.
TRUNCATE provenance_lineage, provenance_lineage_source;
CREATE TEMP TABLE lineage_step ON COMMIT DROP AS
SELECT child_id, parent_id, bit_or(kinds) AS kinds
FROM provenance_step
WHERE child_id <> parent_id
GROUP BY child_id, parent_id;
CREATE TEMP TABLE lineage_generation (entity_id bigint PRIMARY KEY, generation integer)
ON COMMIT DROP;
CREATE INDEX ON lineage_step (child_id);
ANALYZE lineage_step;
