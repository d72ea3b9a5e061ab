"""The server's own role in ingests, once ``ingest``, is ``software``, as in all else that it does."""

from django.db import migrations

SOFTWARE = """
DELETE FROM provenance_was_associated_with AS old
USING provenance_was_associated_with AS today
WHERE old.role = 'ingest' AND today.role = 'software' AND today.agent_id = old.agent_id
  AND today.activity_id = old.activity_id;
UPDATE provenance_was_associated_with SET role = 'software' WHERE role = 'ingest';
"""


class Migration(migrations.Migration):
    dependencies = [("provenance", "0008_words_of_the_model")]

    operations = [migrations.RunSQL(SOFTWARE, migrations.RunSQL.noop)]
