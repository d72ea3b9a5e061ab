"""Views of what everybody may see: rows marked public, and relations between such rows only.

They are what TAP publishes (`provenance.tables`): columns named as published, identifiers instead
of keys, times in UTC without a zone. They are security barriers, so that no condition of a query
is tried on a row that its asker may not see.
"""

from django.db import migrations

VIEWS = {
    "activity": """
        SELECT a.identifier AS id, a.name, d.version,
               a.start_time AT TIME ZONE 'UTC' AS start_time,
               a.end_time AT TIME ZONE 'UTC' AS end_time,
               a.comment, a.status, a.activity_description_id
        FROM provenance_activity AS a
        LEFT JOIN provenance_activity_description AS d ON d.id = a.activity_description_id
        WHERE a.public AND a.status IS NOT NULL
    """,
    "entity": """
        SELECT identifier AS id, entity_class AS class, name, location,
               generated_at_time AT TIME ZONE 'UTC' AS generated_at_time,
               invalidated_at_time AT TIME ZONE 'UTC' AS invalidated_at_time,
               comment, value, content_type, checksum, step_identity, entity_description_id
        FROM provenance_entity
        WHERE public
    """,
    "agent": """
        SELECT g.identifier AS id, g.name, g.type, g.comment, g.affiliation, g.url
        FROM provenance_agent AS g
        WHERE EXISTS (SELECT 1 FROM provenance_was_associated_with AS w
                      JOIN provenance_activity AS a ON a.id = w.activity_id
                      WHERE w.agent_id = g.id AND a.public AND a.status IS NOT NULL)
           OR EXISTS (SELECT 1 FROM provenance_was_attributed_to AS w
                      JOIN provenance_entity AS e ON e.id = w.entity_id
                      WHERE w.agent_id = g.id AND e.public)
    """,
    "used": """
        SELECT a.identifier AS activity_id, e.identifier AS entity_id, u.role,
               u.time AT TIME ZONE 'UTC' AS time, u.usage_description_id
        FROM provenance_used AS u
        JOIN provenance_activity AS a ON a.id = u.activity_id
        JOIN provenance_entity AS e ON e.id = u.entity_id
        WHERE a.public AND a.status IS NOT NULL AND e.public
    """,
    "was_generated_by": """
        SELECT e.identifier AS entity_id, a.identifier AS activity_id, w.role,
               w.generation_description_id
        FROM provenance_was_generated_by AS w
        JOIN provenance_activity AS a ON a.id = w.activity_id
        JOIN provenance_entity AS e ON e.id = w.entity_id
        WHERE a.public AND a.status IS NOT NULL AND e.public
    """,
    "was_derived_from": """
        SELECT g.identifier AS generated_entity_id, u.identifier AS used_entity_id
        FROM provenance_was_derived_from AS w
        JOIN provenance_entity AS g ON g.id = w.generated_entity_id
        JOIN provenance_entity AS u ON u.id = w.used_entity_id
        WHERE g.public AND u.public
    """,
    "was_informed_by": """
        SELECT i.identifier AS informed_id, o.identifier AS informant_id
        FROM provenance_was_informed_by AS w
        JOIN provenance_activity AS i ON i.id = w.informed_id
        JOIN provenance_activity AS o ON o.id = w.informant_id
        WHERE i.public AND i.status IS NOT NULL AND o.public AND o.status IS NOT NULL
    """,
    "was_associated_with": """
        SELECT a.identifier AS activity_id, g.identifier AS agent_id, w.role
        FROM provenance_was_associated_with AS w
        JOIN provenance_activity AS a ON a.id = w.activity_id
        JOIN provenance_agent AS g ON g.id = w.agent_id
        WHERE a.public AND a.status IS NOT NULL
    """,
    "was_attributed_to": """
        SELECT e.identifier AS entity_id, g.identifier AS agent_id, w.role
        FROM provenance_was_attributed_to AS w
        JOIN provenance_entity AS e ON e.id = w.entity_id
        JOIN provenance_agent AS g ON g.id = w.agent_id
        WHERE e.public
    """,
    "had_member": """
        SELECT c.identifier AS collection_id, e.identifier AS entity_id
        FROM provenance_had_member AS h
        JOIN provenance_entity AS c ON c.id = h.collection_id
        JOIN provenance_entity AS e ON e.id = h.entity_id
        WHERE c.public AND e.public
    """,
    "was_configured_by": """
        SELECT a.identifier AS activity_id, w.artefact_type, w.parameter_id, w.config_file_id
        FROM provenance_was_configured_by AS w
        JOIN provenance_activity AS a ON a.id = w.activity_id
        WHERE a.public AND a.status IS NOT NULL
    """,
    "parameter": """
        SELECT p.id, p.name, p.value, e.identifier AS value_entity_id, p.parameter_description_id
        FROM provenance_parameter AS p
        JOIN provenance_was_configured_by AS w ON w.parameter_id = p.id
        JOIN provenance_activity AS a ON a.id = w.activity_id
        LEFT JOIN provenance_entity AS e ON e.id = p.value_entity_id AND e.public
        WHERE a.public AND a.status IS NOT NULL
    """,
    "config_file": """
        SELECT c.id, c.name, c.location, c.comment, c.config_file_description_id
        FROM provenance_config_file AS c
        JOIN provenance_was_configured_by AS w ON w.config_file_id = c.id
        JOIN provenance_activity AS a ON a.id = w.activity_id
        WHERE a.public AND a.status IS NOT NULL
    """,
    "lineage": """
        SELECT a.identifier AS ancestor, d.identifier AS descendant, l.depth
        FROM provenance_lineage AS l
        JOIN provenance_entity AS a ON a.id = l.ancestor_id
        JOIN provenance_entity AS d ON d.id = l.descendant_id
        WHERE a.public AND d.public
    """,
}


class Migration(migrations.Migration):
    dependencies = [("provenance", "0001_provenance_model")]

    operations = [
        migrations.RunSQL(
            f"CREATE VIEW provenance_public_{name} WITH (security_barrier) AS {query}",
            f"DROP VIEW provenance_public_{name}",
        )
        for name, query in VIEWS.items()
    ]
