-- Files of settings that kinds of activities read.
INSERT INTO provenance_config_file_description
    (activity_description_id, name, content_type, description)
SELECT d.id, r.name, r.content_type, r.description
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    activity_name text, version text, name text, content_type text, description text
)
JOIN provenance_activity_description AS d
    ON d.name = r.activity_name AND d.version IS NOT DISTINCT FROM r.version
ON CONFLICT (activity_description_id, name) DO UPDATE SET
    content_type = EXCLUDED.content_type, description = EXCLUDED.description
