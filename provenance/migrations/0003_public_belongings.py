"""What belongs to something public is marked as public itself, so that views need no barrier.

A security barrier (0002) keeps conditions of a query from rows that its asker may not see, but
also keeps PostgreSQL from joining two views by their indexes: walking the lineage took seconds.
Without it, the mark on the row itself protects: PostgreSQL tries the cheapest condition first,
and none is cheaper than a boolean column. Relations hold nothing but keys, roles and times.
"""

from django.db import migrations, models

VIEWS = (
    "activity", "entity", "agent", "used", "was_generated_by", "was_derived_from",
    "was_informed_by", "was_associated_with", "was_attributed_to", "had_member",
    "was_configured_by", "parameter", "config_file", "lineage",
)

MARKED = {
    "agent": """
        SELECT identifier AS id, name, type, comment, affiliation, url
        FROM provenance_agent
        WHERE public
    """,
    "parameter": """
        SELECT p.id, p.name, p.value, e.identifier AS value_entity_id, p.parameter_description_id
        FROM provenance_parameter AS p
        LEFT JOIN provenance_entity AS e ON e.id = p.value_entity_id AND e.public
        WHERE p.public
    """,
    "config_file": """
        SELECT id, name, location, comment, config_file_description_id
        FROM provenance_config_file
        WHERE public
    """,
}

MARK = """
    UPDATE provenance_parameter SET public = true
    WHERE id IN (SELECT w.parameter_id FROM provenance_was_configured_by AS w
                 JOIN provenance_activity AS a ON a.id = w.activity_id WHERE a.public);
    UPDATE provenance_config_file SET public = true
    WHERE id IN (SELECT w.config_file_id FROM provenance_was_configured_by AS w
                 JOIN provenance_activity AS a ON a.id = w.activity_id WHERE a.public);
    UPDATE provenance_agent SET public = true
    WHERE id IN (SELECT w.agent_id FROM provenance_was_associated_with AS w
                 JOIN provenance_activity AS a ON a.id = w.activity_id WHERE a.public)
       OR id IN (SELECT w.agent_id FROM provenance_was_attributed_to AS w
                 JOIN provenance_entity AS e ON e.id = w.entity_id WHERE e.public);
"""


class Migration(migrations.Migration):
    dependencies = [("provenance", "0002_public_views")]

    operations = [
        migrations.AddField("agent", "public", models.BooleanField(default=False)),
        migrations.AddField("configfile", "public", models.BooleanField(default=False)),
        migrations.AddField("parameter", "public", models.BooleanField(default=False)),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        *(
            migrations.RunSQL(
                f"ALTER VIEW provenance_public_{name} RESET (security_barrier)",
                f"ALTER VIEW provenance_public_{name} SET (security_barrier)",
            )
            for name in VIEWS
        ),
        *(
            migrations.RunSQL(
                f"CREATE OR REPLACE VIEW provenance_public_{name} AS {query}",
                migrations.RunSQL.noop,
            )
            for name, query in MARKED.items()
        ),
    ]
