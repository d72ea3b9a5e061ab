"""Roles of agents and types of descriptions that were entered in other words than the model's.

Roles were written in lower case; where both words stand, the model's stays. Kinds of activities and
entities that are still declared get their type from their declaration; these are the others: jobs
and steps of versions that are no more.
"""

from django.db import migrations

ROLES = """
DELETE FROM provenance_{table} AS old
USING provenance_{table} AS today
WHERE old.role = '{old}' AND today.role = '{today}' AND today.agent_id = old.agent_id
  AND today.{subject} = old.{subject};
UPDATE provenance_{table} SET role = '{today}' WHERE role = '{old}';
"""

TYPES = """
UPDATE provenance_activity_description
SET type = 'Analysis', subtype = coalesce(subtype, 'job')
WHERE type = 'analysis';
UPDATE provenance_activity_description AS old
SET type = coalesce((SELECT other.type FROM provenance_activity_description AS other
                     WHERE other.name = old.name AND other.subtype = old.subtype
                       AND other.type <> 'step'
                     ORDER BY other.version DESC LIMIT 1), 'Analysis')
WHERE type = 'step';
UPDATE provenance_entity_description AS e
SET type = CASE (SELECT split_part(d.content_type, '/', 1)
                 FROM provenance_dataset_description AS d WHERE d.entity_description_id = e.id)
           WHEN 'image' THEN 'visualization' WHEN 'text' THEN 'document' ELSE 'data' END
WHERE type IN ('raw', 'step');
"""


class Migration(migrations.Migration):
    dependencies = [("provenance", "0007_hidden_activities_by_their_end")]

    operations = [
        migrations.RunSQL(
            ROLES.format(
                table="was_associated_with",
                subject="activity_id",
                old="operator",
                today="Operator",
            ),
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            ROLES.format(
                table="was_attributed_to", subject="entity_id", old="creator", today="Creator"
            ),
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(TYPES, migrations.RunSQL.noop),
    ]
