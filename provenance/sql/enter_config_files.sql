-- Files of settings, each as public as its activity, with the relation to its activity.
WITH file AS (
    SELECT nextval(pg_get_serial_sequence('provenance_config_file', 'id')) AS id,
           a.id AS activity_id, a.public, r.name, r.location, r.comment,
           d.id AS config_file_description_id
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
        activity text, name text, location text, comment text, place integer
    )
    JOIN provenance_activity AS a ON a.identifier = r.activity
    LEFT JOIN provenance_config_file_description AS d
        ON d.activity_description_id = a.activity_description_id AND d.name = r.name
    ORDER BY r.place
), entered AS (
    INSERT INTO provenance_config_file
        (id, name, location, comment, config_file_description_id, public)
    SELECT id, name, location, comment, config_file_description_id, public FROM file
)
INSERT INTO provenance_was_configured_by (activity_id, artefact_type, config_file_id, public)
SELECT activity_id, 'Configfile', id, public FROM file ORDER BY id
