"""Views that show rows which are marked as public themselves, relations among them.

A condition of a query that reads a relation's role or time, and raises an error or takes its time,
told whether hidden relations have such a value: PostgreSQL may try it before it joins the ends of
the relation and finds them hidden. Now each relation with such columns has a mark of its own, and
in a scan PostgreSQL tries the cheapest condition first: none is cheaper than a boolean column.

Lineages may share rows (`provenance.models.lineage`). Hosts' names move out of public comments.
"""

from django.db import migrations

WHOLE_LINEAGE = """
    SELECT m.ancestor_id, s.descendant_id, s.distance + m.depth AS depth
    FROM provenance_lineage_source AS s
    JOIN provenance_lineage AS m ON m.descendant_id = s.block_id
    WHERE s.distance = 0 OR (
        SELECT own.depth FROM provenance_lineage AS own
        WHERE own.descendant_id = s.descendant_id AND own.ancestor_id = m.ancestor_id
    ) IS NULL
"""

VIEWS = {
    "used": """
        SELECT a.identifier AS activity_id, e.identifier AS entity_id, u.role,
               u.time AT TIME ZONE 'UTC' AS time, u.usage_description_id
        FROM provenance_used AS u
        JOIN provenance_activity AS a ON a.id = u.activity_id
        JOIN provenance_entity AS e ON e.id = u.entity_id
        WHERE u.public AND a.public AND a.status IS NOT NULL AND e.public
    """,
    "was_generated_by": """
        SELECT e.identifier AS entity_id, a.identifier AS activity_id, w.role,
               w.generation_description_id
        FROM provenance_was_generated_by AS w
        JOIN provenance_activity AS a ON a.id = w.activity_id
        JOIN provenance_entity AS e ON e.id = w.entity_id
        WHERE w.public AND a.public AND a.status IS NOT NULL AND e.public
    """,
    "was_associated_with": """
        SELECT a.identifier AS activity_id, g.identifier AS agent_id, w.role
        FROM provenance_was_associated_with AS w
        JOIN provenance_activity AS a ON a.id = w.activity_id
        JOIN provenance_agent AS g ON g.id = w.agent_id
        WHERE w.public AND a.public AND a.status IS NOT NULL AND g.public
    """,
    "was_attributed_to": """
        SELECT e.identifier AS entity_id, g.identifier AS agent_id, w.role
        FROM provenance_was_attributed_to AS w
        JOIN provenance_entity AS e ON e.id = w.entity_id
        JOIN provenance_agent AS g ON g.id = w.agent_id
        WHERE w.public AND e.public AND g.public
    """,
    "was_configured_by": """
        SELECT a.identifier AS activity_id, w.artefact_type, w.parameter_id, w.config_file_id
        FROM provenance_was_configured_by AS w
        JOIN provenance_activity AS a ON a.id = w.activity_id
        WHERE w.public AND a.public AND a.status IS NOT NULL
    """,
    "lineage": """
        SELECT a.identifier AS ancestor, d.identifier AS descendant, s.distance + m.depth AS depth
        FROM provenance_lineage_source AS s
        JOIN provenance_lineage AS m ON m.descendant_id = s.block_id
        JOIN provenance_entity AS a ON a.id = m.ancestor_id
        JOIN provenance_entity AS d ON d.id = s.descendant_id
        WHERE s.public AND m.public AND a.public AND d.public AND (
            s.distance = 0 OR (
                SELECT own.depth FROM provenance_lineage AS own
                WHERE own.descendant_id = s.descendant_id AND own.ancestor_id = m.ancestor_id
            ) IS NULL
        )
    """,
}

MARK = """
    UPDATE provenance_used AS r SET public = true
    FROM provenance_activity AS a, provenance_entity AS e
    WHERE a.id = r.activity_id AND e.id = r.entity_id AND a.public AND e.public;
    UPDATE provenance_was_generated_by AS r SET public = true
    FROM provenance_activity AS a, provenance_entity AS e
    WHERE a.id = r.activity_id AND e.id = r.entity_id AND a.public AND e.public;
    UPDATE provenance_was_associated_with AS r SET public = true
    FROM provenance_activity AS a WHERE a.id = r.activity_id AND a.public;
    UPDATE provenance_was_configured_by AS r SET public = true
    FROM provenance_activity AS a WHERE a.id = r.activity_id AND a.public;
    UPDATE provenance_was_attributed_to AS r SET public = true
    FROM provenance_entity AS e WHERE e.id = r.entity_id AND e.public;
    UPDATE provenance_lineage AS r SET public = true
    FROM provenance_entity AS e WHERE e.id = r.ancestor_id AND e.public;
    INSERT INTO provenance_lineage_source (descendant_id, block_id, distance, public)
    SELECT e.id, e.id, 0, e.public FROM provenance_entity AS e
    WHERE EXISTS (SELECT 1 FROM provenance_lineage AS m WHERE m.descendant_id = e.id);
    UPDATE provenance_activity
    SET private_comment = comment,
        comment = regexp_replace(comment, '^Ran on [^,]+, Python', 'Ran with Python')
    WHERE comment LIKE 'Ran on %, Python %';
"""


class Migration(migrations.Migration):
    dependencies = [("provenance", "0004_public_relations")]

    operations = [
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        migrations.RunSQL(
            f"CREATE VIEW provenance_whole_lineage AS {WHOLE_LINEAGE}",
            "DROP VIEW provenance_whole_lineage",
        ),
        *(
            migrations.RunSQL(
                f"CREATE OR REPLACE VIEW provenance_public_{name} AS {query}",
                migrations.RunSQL.noop,
            )
            for name, query in VIEWS.items()
        ),
    ]
