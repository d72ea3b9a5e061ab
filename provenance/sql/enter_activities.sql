-- Activities. One that so far was only named as an informant gets its record.
INSERT INTO provenance_activity AS named
    (identifier, name, start_time, end_time, comment, private_comment, status, public,
     activity_description_id)
SELECT r.identifier, r.name, r.start_time, r.end_time, r.comment, r.private_comment, r.status,
       r.public, d.id
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    identifier text, name text, version text, start_time timestamptz, end_time timestamptz,
    comment text, private_comment text, status text, public boolean
)
JOIN provenance_activity_description AS d
    ON d.name = r.name AND d.version IS NOT DISTINCT FROM r.version
ON CONFLICT (identifier) DO UPDATE SET
    name = EXCLUDED.name,
    start_time = EXCLUDED.start_time,
    end_time = EXCLUDED.end_time,
    comment = EXCLUDED.comment,
    private_comment = EXCLUDED.private_comment,
    status = EXCLUDED.status,
    public = named.public OR EXCLUDED.public,
    activity_description_id = EXCLUDED.activity_description_id
