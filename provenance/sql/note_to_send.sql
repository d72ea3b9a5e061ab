-- Put activities, by their keys, into the outbox. What waits there already is noted once more, and
-- keeps its time: it may be on its way. In the order of keys, in which all lock these rows.
INSERT INTO provenance_outgoing AS known (activity_id, attempts)
SELECT key, 0 FROM unnest(%(activities)s::bigint[]) AS key
ORDER BY key
ON CONFLICT (activity_id) DO UPDATE SET times_noted = known.times_noted + 1
