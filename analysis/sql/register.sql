-- Enter results that lie in the cache; what is in stays as it is: the first one stands.
INSERT INTO analysis_cachedstep AS known
    (identity, kind, engine, label, file_name, content_type, size, checksum, entity_id, entity_name,
     activity_id, seconds, breadth, demand, made_at, last_used_at, data_rights, release_date)
SELECT r.identity, r.kind, r.engine, r.label, r.file_name, r.content_type, r.size, r.checksum,
       r.entity_id, r.entity_name, r.activity_id, r.seconds, r.breadth, 1, r.made_at,
       clock_timestamp(), r.data_rights, r.release_date
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    identity text, kind text, engine text, label text, file_name text, content_type text,
    size bigint, checksum text, entity_id text, entity_name text, activity_id text, seconds float8,
    breadth integer, made_at timestamptz, data_rights text, release_date timestamptz
)
ORDER BY r.identity
ON CONFLICT (identity) DO NOTHING
RETURNING identity
