-- Parameters, each as public as its activity, with the relation to its activity.
WITH parameter AS (
    SELECT nextval(pg_get_serial_sequence('provenance_parameter', 'id')) AS id,
           a.id AS activity_id, a.public, r.name, r.value, e.id AS value_entity_id,
           d.id AS parameter_description_id
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
        activity text, name text, value text, value_entity text, place integer
    )
    JOIN provenance_activity AS a ON a.identifier = r.activity
    LEFT JOIN provenance_entity AS e ON e.identifier = r.value_entity
    LEFT JOIN provenance_parameter_description AS d
        ON d.activity_description_id = a.activity_description_id AND d.name = r.name
    ORDER BY r.place
), entered AS (
    INSERT INTO provenance_parameter
        (id, name, value, value_entity_id, parameter_description_id, public)
    SELECT id, name, value, value_entity_id, parameter_description_id, public FROM parameter
)
INSERT INTO provenance_was_configured_by (activity_id, artefact_type, parameter_id, public)
SELECT activity_id, 'Parameter', id, public FROM parameter ORDER BY id
